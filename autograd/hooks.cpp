#include "gradus/autograd/hooks.h"

#include "gradus/autograd/leaf.h"
#include "gradus/tensor/context.h"

namespace gradus {
namespace {

template <class Hook>
Node& node_for_hook(const Tensor& x, const Hook& hook) {
  check(static_cast<bool>(hook), "the hook is empty: pass something to call");
  Node* node = node_of(x);
  check(node != nullptr, "a hook needs a tensor that requires a gradient (shape {})", x.shape());
  return *node;
}

}  // namespace

void HookHandle::remove() {
  if (const auto entry = entry_.lock()) take_out_(entry.get());
  entry_.reset();
}

HookHandle register_hook(const Tensor& x, GradientHook hook) {
  ContextScope scope(entering("register_hook", {}));
  return node_for_hook(x, hook).hooks().gradient.add({x.impl().output_nr, std::move(hook)});
}

HookHandle register_post_accumulate_grad_hook(const Tensor& x, AccumulateHook hook) {
  ContextScope scope(entering("register_post_accumulate_grad_hook", {}));
  Node& node = node_for_hook(x, hook);
  check(node.is_leaf(), "a post-accumulate hook needs a leaf; this tensor is the result of {}",
        node.name());
  return node.hooks().accumulated.add(std::move(hook));
}

ObserverNode::ObserverNode(std::span<const Tensor> inputs) : Node("observer") {
  for (const Tensor& x : inputs) {
    Node* node = node_of(x);
    watched.push_back(node == nullptr ? Watched{0, 0}
                                      : Watched{node->sequence(), x.impl().output_nr});
  }
}

GradientObserver::GradientObserver(std::span<const Tensor> inputs)
    : marker_(make_ref<ObserverNode>(inputs)) {}

void GradientObserver::attach(std::span<const Tensor> outputs, ModuleGradientHook hook) const {
  marker_->end_sequence = next_sequence();
  marker_->output_count = outputs.size();
  marker_->hook = std::move(hook);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (Node* node = node_of(outputs[i])) {
      node->hooks().markers.push_back({outputs[i].impl().output_nr, i, marker_});
    }
  }
}

}  // namespace gradus
