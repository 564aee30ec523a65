#include "gradus/autograd/anomaly.h"

#include <algorithm>

#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/node.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/finite.h"

namespace gradus {

NonFiniteObserver::NonFiniteObserver() : next_(detail::result_checks.observer) {
  detail::result_checks.observer = this;
}

NonFiniteObserver::~NonFiniteObserver() {
  NonFiniteObserver** at = &detail::result_checks.observer;
  while (*at != nullptr && *at != this) at = &(*at)->next_;
  if (*at == this) *at = next_;
}

namespace {

bool shares_memory(const Tensor& a, const Tensor& b) {
  return a.defined() && a.storage() == b.storage();
}

}  // namespace

void check_output(const Tensor& output, std::span<const Tensor* const> inputs, bool declared) {
  const bool anomaly = anomaly_enabled();
  if (!anomaly && !grad_enabled() && context.backward_of == nullptr) return;
  auto viewed = [&](const Tensor* x) { return shares_memory(*x, output); };
  if (std::ranges::any_of(inputs, viewed) || kernel::all_finite(output)) return;
  for (auto* o = detail::result_checks.observer; o != nullptr; o = o->next_) {
    o->on_output(output, inputs, declared);
  }
  auto finite = [](const Tensor* x) { return kernel::all_finite(*x); };
  if (anomaly && !declared && std::ranges::all_of(inputs, finite)) {
    fail("its result is NaN or infinite, though its inputs are finite");
  }
}

void check_gradient(Node& node, std::span<const Tensor> gradients, const Edge& to,
                    const Tensor& gradient) {
  // Handed on as it was. A leaf is told of nonetheless, since it may keep a copy.
  auto same = [&](const Tensor& g) { return shares_memory(g, gradient); };
  if (!to.node->is_leaf() && std::ranges::any_of(gradients, same)) return;
  if (kernel::all_finite(gradient)) return;
  for (auto* o = detail::result_checks.observer; o != nullptr; o = o->next_) {
    o->on_gradient(node, gradients, to, gradient);
  }
  if (anomaly_enabled() && std::ranges::all_of(gradients, kernel::all_finite)) {
    fail("its gradient is NaN or infinite, though the gradient it was given is finite");
  }
}

}  // namespace gradus
