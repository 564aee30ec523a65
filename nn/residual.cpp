#include "gradus/nn/residual.h"

#include "gradus/autograd/ops.h"
#include "gradus/tensor/context.h"

namespace gradus::nn {

void Residual::set_up(const ResidualOptions& options, const AnyModule& body) {
  body_ = body.get();
  projection_ = options.projection.get();
  activation_ = options.activation.get();
  pre_activation_ = options.pre_activation;
  check(!pre_activation_ || activation_, "Residual: pre_activation needs an activation");
  add_child("body", body_);
  if (projection_) add_child("projection", projection_);
  if (activation_) add_child("activation", activation_);
}

Tensor Residual::forward(const Tensor& x) {
  Where at = caller();
  Tensor input = pre_activation_ ? (*activation_)(x, at) : x;
  Tensor y = (*body_)(input, at);
  Tensor shortcut = projection_ ? (*projection_)(input, at) : x;
  {
    ContextScope scope(entering("Residual", at));
    check(y.shape() == shortcut.shape(), "the body turns {} into {}, but the shortcut gives {}; {}",
          x.shape(), y.shape(), shortcut.shape(),
          projection_ ? "make the projection's output fit the body's"
                      : "give it a projection of the body's output shape: "
                        "Residual({.projection = nn::Linear(in, out)}, ...)");
  }
  Tensor sum = add(shortcut, y, at);
  return activation_ && !pre_activation_ ? (*activation_)(sum, at) : sum;
}

std::string Residual::extra_repr() const { return pre_activation_ ? "pre_activation" : ""; }

}  // namespace gradus::nn
