#include "gradus/autograd/engine.h"

#include <algorithm>

#include "gradus/autograd/anomaly.h"
#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"
#include "gradus/autograd/reuse.h"

namespace gradus {
namespace {

bool broadcasts_to(const Shape& from, const Shape& to) {
  int shift = to.size() - from.size();
  if (shift < 0) return false;
  for (int d = 0; d < from.size(); ++d) {
    if (from[d] != 1 && from[d] != to[d + shift]) return false;
  }
  return true;
}

[[noreturn]] void fail_released(const Node& node) {
  ContextScope scope({.op = "backward", .at = {}, .layer = node.layer(), .backward_of = nullptr});
  fail(fmt::format(
      "the graph was freed by an earlier backward pass, which went through {} recorded at "
      "{}:{}; pass {{.retain_graph = true}} to that one, or compute the result anew",
      node.name(), node.at().file_name(), node.at().line));
}

}  // namespace

Tensor Pass::sum_of(Tensor a, const Tensor& b) const {
  if (!options_.create_graph && is_sole_owner(a)) {
    add_(a, b);
    return a;
  }
  return a + b;
}

void Pass::add(const Edge& to, Tensor gradient) {
  Tensor& sum = pending_[to.node].gradient(to.output);
  sum = sum.defined() ? sum_of(std::move(sum), gradient) : std::move(gradient);
}

void Pass::deliver(const Node& from, std::size_t i, Tensor gradient) {
  if (!gradient.defined()) return;
  const Edge& edge = from.inputs()[i];
  const OutputInfo& info = edge.node->outputs()[edge.output];
  if (gradient.shape() != info.shape) {
    check(broadcasts_to(info.shape, gradient.shape()),
          "its rule made a gradient of shape {} for input {} of shape {}", gradient.shape(), i + 1,
          info.shape);
    gradient = sum_to(gradient, info.shape);
  }
  if (gradient.dtype() != info.dtype) gradient = to(gradient, info.dtype);
  if (!observations_.empty()) notice_edge(from, edge, gradient);
  add(edge, std::move(gradient));
}

void Pass::run() {
  GradMode mode(options_.create_graph);
  while (!pending_.empty()) {
    Pending pending = pending_.take_newest();
    if (!observations_.empty() && finish_observation(*pending.node)) continue;
    std::vector<Tensor> buffer;
    run_node(*pending.node, pending.gather(buffer));
  }
}

void Pass::run_node(Node& node, std::span<Tensor> gradients) {
  ContextScope scope(node.backward_context());
  if (node.hooks_if_any() != nullptr) call_hooks(node, gradients);
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    if (targets_[i].node.get() == &node) captured_[i] = gradients[targets_[i].output];
  }
  if (node.is_leaf()) {
    if (!restricted_ || use_ == Targets::Accumulate) node.run(gradients, *this);
    return;
  }
  auto wanted = [&](const Edge& edge) { return needs(edge); };
  if (restricted_ && !node.is_opaque() && std::ranges::none_of(node.inputs(), wanted)) return;
  if (node.released()) fail_released(node);
  // Of a large graph the next nodes have left the cache; they arrive while the rules run.
  for (const Edge& edge : node.inputs()) {
    __builtin_prefetch(edge.node.get(), 1);
    __builtin_prefetch(reinterpret_cast<const std::byte*>(edge.node.get()) + 128);
  }
  if (checks_results()) {
    run_checked(node, gradients);
  } else {
    node.run(gradients, *this);
  }
  if (!options_.retain_graph) node.release_saved();
}

void Pass::run_checked(Node& node, std::span<Tensor> gradients) {
  std::vector<Tensor> given(gradients.begin(), gradients.end());  // rules may overwrite their own
  {
    UncheckedResults off;  // the ops of the rule answer for the node as a whole
    node.run(given, *this);
  }
  for (const Edge& edge : node.inputs()) {
    Pending* next = edge.node ? pending_.find(edge.node) : nullptr;
    if (next == nullptr) continue;
    const Tensor& gradient = next->gradient(edge.output);
    if (gradient.defined()) check_gradient(node, gradients, edge, gradient);
  }
}

void Pass::call_hooks(Node& node, std::span<Tensor> gradients) {
  NodeHooks& hooks = *node.hooks_if_any();
  hooks.gradient.for_each([&](const NodeHooks::OnOutput& hook) {
    Tensor& gradient = gradients[hook.output];
    if (!gradient.defined()) return;
    Tensor replaced = hook.call(gradient);
    if (!replaced.defined()) return;
    ContextScope scope({.op = "register_hook", .at = context.at, .layer = context.layer});
    check(replaced.shape() == gradient.shape() && replaced.dtype() == gradient.dtype(),
          "a hook replaced a {} gradient of shape {} by a {} tensor of shape {}", gradient.dtype(),
          gradient.shape(), replaced.dtype(), replaced.shape());
    gradient = std::move(replaced);
  });
  for (std::size_t i = 0; i < hooks.retains.size(); ++i) {
    if (hooks.retains[i]) hooks.retained[i] = gradients[i];
  }
  notice_outputs(node, gradients);
}

void Pass::notice_outputs(const Node& node, std::span<const Tensor> gradients) {
  for (const NodeHooks::Marker& marker : node.hooks_if_any()->markers) {
    auto same = [&](const Observation& o) { return o.marker == marker.node; };
    auto active = std::find_if(observations_.begin(), observations_.end(), same);
    if (active == observations_.end()) {
      observations_.push_back({marker.node, std::vector<Tensor>(marker.node->watched.size()),
                               std::vector<Tensor>(marker.node->output_count)});
      active = std::prev(observations_.end());
      pending_[marker.node];
    }
    const Tensor& gradient = gradients[marker.output];
    active->grad_outputs[marker.observed_as] = gradient;
    // An output that is an input too, as of an identity.
    for (std::size_t i = 0; i < active->grad_inputs.size(); ++i) {
      const ObserverNode::Watched& input = marker.node->watched[i];
      if (input.sequence == node.sequence() && input.output == marker.output) {
        active->grad_inputs[i] = gradient;
      }
    }
  }
}

void Pass::notice_edge(const Node& from, const Edge& edge, const Tensor& gradient) {
  for (Observation& observation : observations_) {
    if (!observation.marker->covers(from)) continue;
    for (std::size_t i = 0; i < observation.grad_inputs.size(); ++i) {
      const ObserverNode::Watched& input = observation.marker->watched[i];
      if (input.sequence != edge.node->sequence() || input.output != edge.output) continue;
      Tensor& sum = observation.grad_inputs[i];
      sum = sum.defined() ? sum + gradient : gradient;
    }
  }
}

bool Pass::finish_observation(const Node& marker) {
  auto same = [&](const Observation& o) { return o.marker.get() == &marker; };
  auto active = std::find_if(observations_.begin(), observations_.end(), same);
  if (active == observations_.end()) return false;
  Observation observation = std::move(*active);
  observations_.erase(active);
  ContextScope scope(marker.backward_context());
  observation.marker->hook(observation.grad_inputs, observation.grad_outputs);
  return true;
}

void Pass::restrict_to(std::vector<Edge> targets, Targets use) {
  restricted_ = true;
  use_ = use;
  targets_ = std::move(targets);
  captured_.assign(targets_.size(), Tensor());
  for (const Edge& target : targets_) leads_[target.node.get()] = true;
}

// Depth first with a stack of its own: a graph may be a million nodes deep.
bool Pass::leads_to_target(Node* root) {
  if (auto known = leads_.find(root); known != leads_.end()) return known->second;
  std::vector<Node*> stack{root};
  while (!stack.empty()) {
    Node* node = stack.back();
    if (leads_.contains(node)) {
      stack.pop_back();
      continue;
    }
    bool leads = node->is_opaque();
    bool complete = true;
    for (const Edge& edge : node->inputs()) {
      if (!edge.node) continue;
      auto known = leads_.find(edge.node.get());
      if (known == leads_.end()) {
        stack.push_back(edge.node.get());
        complete = false;
      } else {
        leads = leads || known->second;
      }
    }
    if (complete) {
      leads_[node] = leads;
      stack.pop_back();
    }
  }
  return leads_[root];
}

}  // namespace gradus
