#pragma once

#include "gradus/optim/optimizer.h"

namespace gradus::optim {

struct AdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  bool amsgrad = false;
};
struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 1e-2;
  bool amsgrad = false;
};
/// Throws Error on a negative number, or a beta outside [0, 1).
void validate(const AdamOptions& options);
void validate(const AdamWOptions& options);
std::vector<Option> describe(AdamOptions& options);
std::vector<Option> describe(AdamWOptions& options);

/// Adam (Kingma & Ba 2015), as torch.optim.Adam: with g = grad + weight_decay p, at step t,
///   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
///   p = p - lr / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + eps)
/// amsgrad (Reddi et al. 2018) divides by the greatest v so far.
class Adam final : public OptimizerOf<AdamOptions> {
 public:
  explicit Adam(const std::vector<Tensor>& params, const AdamOptions& options = {},
                Where at = Where::here());
  explicit Adam(const std::vector<Group>& groups, Where at = Where::here());

 private:
  BufferSet buffers_for(const AdamOptions& options) const override;
  void update(const Slot& slot, const Tensor& param, const Tensor& grad, std::int64_t begin,
              std::int64_t n) const override;
};

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019), as torch.optim.AdamW: g = grad, and
/// p = (1 - lr weight_decay) p comes first.
class AdamW final : public OptimizerOf<AdamWOptions> {
 public:
  explicit AdamW(const std::vector<Tensor>& params, const AdamWOptions& options = {},
                 Where at = Where::here());
  explicit AdamW(const std::vector<Group>& groups, Where at = Where::here());

 private:
  BufferSet buffers_for(const AdamWOptions& options) const override;
  void update(const Slot& slot, const Tensor& param, const Tensor& grad, std::int64_t begin,
              std::int64_t n) const override;
};

}  // namespace gradus::optim
