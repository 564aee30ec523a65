#pragma once

#include "gradus/autograd/ops.h"
#include "gradus/nn/module.h"

/// Losses as functions here, in namespace gradus, and as modules below, in gradus::nn. `input` is
/// what the network says, `target` what it should say. The mean is over all elements of the loss,
/// unless a function says otherwise. cross_entropy is in autograd/ops.h.
///
/// Where input and target must have one shape, a pair of shapes that would merely broadcast, such
/// as (N, 1) and (N), is an error: it would compare every input with every target.
namespace gradus {

struct LossOptions {
  Reduction reduction = Reduction::Mean;
};

/// (input - target)^2. Both of one shape.
Tensor mse_loss(const Tensor& input, const Tensor& target, const LossOptions& options = {},
                Where at = Where::here());

/// |input - target|. Both of one shape.
Tensor l1_loss(const Tensor& input, const Tensor& target, const LossOptions& options = {},
               Where at = Where::here());

struct SmoothL1Options {
  Reduction reduction = Reduction::Mean;
  double beta = 1;  ///< where the square ends, >= 0; 0 gives l1_loss
};
/// With d = |input - target|: d^2 / (2 beta) for d < beta, else d - beta / 2. Both of one shape.
Tensor smooth_l1_loss(const Tensor& input, const Tensor& target,
                      const SmoothL1Options& options = {}, Where at = Where::here());

struct HuberOptions {
  Reduction reduction = Reduction::Mean;
  double delta = 1;  ///< where the square ends, > 0
};
/// delta times smooth_l1_loss with beta = delta (Huber 1964). Both of one shape.
Tensor huber_loss(const Tensor& input, const Tensor& target, const HuberOptions& options = {},
                  Where at = Where::here());

struct NLLOptions {
  Reduction reduction = Reduction::Mean;
  Tensor weight = {};                ///< (C), one factor a class; the mean divides by their sum
  std::int64_t ignore_index = -100;  ///< targets of this value count for nothing
};
/// -input at the target's class. input: log-probabilities, (N, C, ...) or (C); target: int64 in
/// [0, C), (N, ...) or (). A mean over ignored targets alone is NaN, as in PyTorch.
Tensor nll_loss(const Tensor& input, const Tensor& target, const NLLOptions& options = {},
                Where at = Where::here());

struct BCEOptions {
  Reduction reduction = Reduction::Mean;
  Tensor weight = {};  ///< a factor for each element, broadcastable to the input; undefined: 1
};
/// -(t log p + (1 - t) log(1 - p)) for probabilities p = input and t = target in [0, 1], both of
/// one shape. A logarithm counts as -100 at least, so that p = 0 and p = 1 give a finite loss, as
/// in PyTorch. From logits, binary_cross_entropy_with_logits is exact and stable.
Tensor binary_cross_entropy(const Tensor& input, const Tensor& target,
                            const BCEOptions& options = {}, Where at = Where::here());

struct BCEWithLogitsOptions {
  Reduction reduction = Reduction::Mean;
  Tensor weight = {};      ///< as in BCEOptions
  Tensor pos_weight = {};  ///< factor of the positive term, broadcastable to the input
};
/// binary_cross_entropy of sigmoid(input). target: in [0, 1], of the input's shape.
Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target,
                                        const BCEWithLogitsOptions& options = {},
                                        Where at = Where::here());

struct KLDivOptions {
  Reduction reduction = Reduction::Mean;
  bool log_target = false;  ///< whether the target holds log-probabilities too
};
/// target * (log target - input), elementwise, for log-probabilities `input`; 0 where target is 0.
/// The divergence of distributions is the *sum*: the mean divides by the number of elements, as in
/// PyTorch. Both of one shape.
Tensor kl_div(const Tensor& input, const Tensor& target, const KLDivOptions& options = {},
              Where at = Where::here());

struct HingeOptions {
  Reduction reduction = Reduction::Mean;
  double margin = 1;
};
/// max(0, margin - target * input), for a score and a target of 1 or -1. Both of one shape.
Tensor hinge_loss(const Tensor& input, const Tensor& target, const HingeOptions& options = {},
                  Where at = Where::here());
/// For a distance `input`: itself where the target is 1, max(0, margin - input) where it is -1, as
/// torch.nn.functional.hinge_embedding_loss. Both of one shape.
Tensor hinge_embedding_loss(const Tensor& input, const Tensor& target,
                            const HingeOptions& options = {}, Where at = Where::here());

}  // namespace gradus

namespace gradus::nn {

/// A module of two inputs: `loss(input, target)`.
class Loss : public Module {
 public:
  using Module::forward;
  virtual Tensor forward(const Tensor& input, const Tensor& target) = 0;
  Tensor operator()(const Tensor& input, const Tensor& target, Where at = Where::here());
};

/// The module of a loss function: `nn::MSELoss loss({.reduction = Reduction::Sum})`.
template <auto function, class Options>
class LossOf : public Loss {
 public:
  explicit LossOf(Options o = {}) : options(std::move(o)) {}
  using Loss::forward;
  Tensor forward(const Tensor& input, const Tensor& target) override {
    return function(input, target, options, caller());
  }

  Options options;
};

struct MSELoss : LossOf<mse_loss, LossOptions> {
  using LossOf::LossOf;
};
struct L1Loss : LossOf<l1_loss, LossOptions> {
  using LossOf::LossOf;
};
struct SmoothL1Loss : LossOf<smooth_l1_loss, SmoothL1Options> {
  using LossOf::LossOf;
};
struct HuberLoss : LossOf<huber_loss, HuberOptions> {
  using LossOf::LossOf;
};
struct CrossEntropyLoss : LossOf<cross_entropy, CrossEntropyOptions> {
  using LossOf::LossOf;
};
struct NLLLoss : LossOf<nll_loss, NLLOptions> {
  using LossOf::LossOf;
};
struct BCELoss : LossOf<binary_cross_entropy, BCEOptions> {
  using LossOf::LossOf;
};
struct BCEWithLogitsLoss : LossOf<binary_cross_entropy_with_logits, BCEWithLogitsOptions> {
  using LossOf::LossOf;
};
struct KLDivLoss : LossOf<kl_div, KLDivOptions> {
  using LossOf::LossOf;
};
struct HingeLoss : LossOf<hinge_loss, HingeOptions> {
  using LossOf::LossOf;
};
struct HingeEmbeddingLoss : LossOf<hinge_embedding_loss, HingeOptions> {
  using LossOf::LossOf;
};

}  // namespace gradus::nn
