#include "gradus/autograd/leaf.h"

#include "gradus/autograd/engine.h"
#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/hooks.h"
#include "gradus/autograd/ops.h"
#include "gradus/autograd/reuse.h"

namespace gradus {

Leaf::Leaf(TensorImpl& owner)
    : Node("leaf"), owner_(&owner), info_{owner.dtype, owner.layout.shape} {
  outputs_ = {&info_, 1};
}

void Leaf::run(std::span<Tensor> gradients, Pass& pass) {
  const Tensor& gradient = gradients[0];
  if (!gradient.defined()) return;
  {
    std::lock_guard lock(mutex_);
    if (grad_.defined() && !pass.create_graph()) {
      NoGrad no_grad;
      add_(grad_, gradient);
    } else if (grad_.defined()) {
      grad_ = grad_ + gradient;
    } else {
      // The gradient becomes the leaf's own only where nobody else can see it: rules pass the same
      // tensor on to several inputs.
      grad_ = pass.create_graph() || is_sole_owner(gradient) ? gradient : clone(gradient);
    }
  }
  NodeHooks* hooks = hooks_if_any();
  if (hooks == nullptr || hooks->accumulated.empty()) return;
  const Tensor leaf = tensor();
  if (!leaf.defined()) return;
  hooks->accumulated.for_each([&](const AccumulateHook& hook) { hook(leaf); });
}

void Leaf::on_owner_gone() { owner_ = nullptr; }

Tensor Leaf::grad() const {
  std::lock_guard lock(mutex_);
  return grad_;
}

void Leaf::set_grad(const Tensor& grad) {
  check(!grad.defined() || (grad.shape() == info_.shape && grad.dtype() == info_.dtype),
        "a {} tensor of shape {} cannot have a {} gradient of shape {}", info_.dtype, info_.shape,
        grad.defined() ? grad.dtype() : info_.dtype, grad.defined() ? grad.shape() : Shape());
  std::lock_guard lock(mutex_);
  grad_ = grad;
}

}  // namespace gradus
