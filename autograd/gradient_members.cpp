#include "gradus/autograd/hooks.h"
#include "gradus/autograd/leaf.h"
#include "gradus/autograd/record.h"

// The members of Tensor that look into its gradient state; backward() is in backward.cpp.
namespace gradus {

const Tensor& Tensor::requires_grad_(bool requires_grad, Where at) const {
  Op op("requires_grad_", at);
  const Node* node = node_of(*this);
  if (requires_grad == (node != nullptr)) return *this;
  if (requires_grad) {
    check(is_floating(), "only floating-point tensors have gradients, this one is {}", dtype());
    impl_->grad_state = make_ref<Leaf>(*impl_);
    impl_->output_nr = 0;
  } else {
    check(node->is_leaf(), "this tensor is the result of {}; use detach() to cut it off",
          node->name());
    impl_->grad_state->on_owner_gone();
    impl_->grad_state = nullptr;
  }
  return *this;
}

bool Tensor::is_leaf() const {
  const Node* node = node_of(*this);
  return node == nullptr || node->is_leaf();
}

Tensor Tensor::detach(Where at) const {
  Op op("detach", at);
  return alias(layout());
}

Tensor Tensor::grad() const {
  const Node* node = node_of(*this);
  if (node == nullptr) return {};
  if (node->is_leaf()) return static_cast<const Leaf*>(node)->grad();
  const NodeHooks* hooks = node->hooks_if_any();
  return hooks != nullptr && impl_->output_nr < hooks->retained.size()
             ? hooks->retained[impl_->output_nr]
             : Tensor();
}

void Tensor::set_grad(const Tensor& grad) const {
  Op op("set_grad", {});
  Node* node = node_of(*this);
  if (node == nullptr && !grad.defined()) return;
  check(node != nullptr && node->is_leaf(), "only a leaf that requires a gradient has one to set");
  static_cast<Leaf*>(node)->set_grad(grad);
}

void Tensor::retain_grad(Where at) const {
  Op op("retain_grad", at);
  Node* node = node_of(*this);
  check(node != nullptr, "this tensor (shape {}) requires no gradient", shape());
  if (node->is_leaf()) return;
  NodeHooks& hooks = node->hooks();
  hooks.retains.resize(node->outputs().size());
  hooks.retained.resize(node->outputs().size());
  hooks.retains[impl_->output_nr] = true;
}

}  // namespace gradus
