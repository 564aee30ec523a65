#pragma once

#include "gradus/nn/any_module.h"
#include "gradus/nn/sequential.h"

namespace gradus::nn {

struct ResidualOptions {
  AnyModule projection = {};    ///< on the shortcut, where the body changes the shape
  AnyModule activation = {};    ///< of the block as a whole
  bool pre_activation = false;  ///< the activation comes first, and the sum stays as it is
};

/// A body and a shortcut around it (He et al. 2016):
///   y = x + f(x), or with an activation
///   y = act(x + f(x)), or with pre_activation
///   y = x + f(act(x)).
/// A projection stands for x on the shortcut: p(x), and p(act(x)) with pre_activation.
///
///   nn::Residual{nn::Linear(50, 50), nn::Tanh(), nn::Linear(50, 50)}
///   nn::Residual{{.projection = nn::Linear(64, 50), .activation = nn::ReLU()}, nn::Linear(64, 50)}
class Residual : public Module {
 public:
  template <std::derived_from<Module>... M>
  requires(sizeof...(M) > 0) explicit Residual(M... body)
      : Residual(ResidualOptions{}, std::move(body)...) {}

  template <std::derived_from<Module>... M>
  requires(sizeof...(M) > 0) explicit Residual(const ResidualOptions& options, M... body) {
    if constexpr (sizeof...(M) == 1) {
      set_up(options, AnyModule(std::move(body)...));
    } else {
      set_up(options, Sequential(std::move(body)...));
    }
  }

  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

 private:
  void set_up(const ResidualOptions& options, const AnyModule& body);

  std::shared_ptr<Module> body_;
  std::shared_ptr<Module> projection_;
  std::shared_ptr<Module> activation_;
  bool pre_activation_ = false;
};

}  // namespace gradus::nn
