#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "gradus/autograd/node.h"

namespace gradus {

/// Sees a gradient; a defined result replaces it (same shape and dtype).
using GradientHook = std::function<Tensor(const Tensor& gradient)>;
/// Sees a leaf right after its gradient has been accumulated.
using AccumulateHook = std::function<void(const Tensor& leaf)>;
/// Sees the gradients of a module's inputs and outputs; undefined where none flowed.
using ModuleGradientHook = std::function<void(const std::vector<Tensor>& grad_inputs,
                                              const std::vector<Tensor>& grad_outputs)>;

/// Names a registered hook. Copies name the same one; outliving the hooked object is harmless.
class HookHandle {
 public:
  HookHandle() = default;
  explicit HookHandle(std::function<void()> remove)
      : remove_(std::make_shared<std::function<void()>>(std::move(remove))) {}
  /// The hook will not be called again. Removing twice does nothing.
  void remove();

 private:
  std::shared_ptr<std::function<void()>> remove_;
};

/// Removes its hook at the end of the scope.
class ScopedHook {
 public:
  explicit ScopedHook(HookHandle handle) : handle_(std::move(handle)) {}
  ScopedHook(ScopedHook&&) = default;
  ScopedHook& operator=(ScopedHook&&) = delete;
  ~ScopedHook() { handle_.remove(); }

 private:
  HookHandle handle_;
};

/// An ordered list of hooks from which a handle can remove, also while the list is being called.
template <class F>
class HookList {
 public:
  HookHandle add(F hook) {
    auto entry = std::make_shared<std::optional<F>>(std::move(hook));
    entries_.push_back(entry);
    return HookHandle([weak = std::weak_ptr(entry)] {
      if (auto e = weak.lock()) e->reset();
    });
  }
  /// Calls visit(hook) for each hook that is still there, in order of registration.
  template <class Visit>
  void for_each(Visit&& visit) {
    std::erase_if(entries_, [](const auto& e) { return !e->has_value(); });
    auto now = entries_;  // a hook may register or remove hooks
    for (const auto& entry : now) {
      if (!entry->has_value()) continue;
      F hook = **entry;  // survives its own removal
      visit(hook);
    }
  }
  bool empty() const { return entries_.empty(); }

 private:
  std::vector<std::shared_ptr<std::optional<F>>> entries_;
};

/// Calls `hook` with the gradient of x in every backward pass that reaches x, hooks in order of
/// registration. It belongs to the value x has now. Throws Error where x needs no gradient.
HookHandle register_hook(const Tensor& x, GradientHook hook);
/// For observers, which replace nothing.
template <class F>
requires std::is_void_v<std::invoke_result_t<F&, const Tensor&>> HookHandle
register_hook(const Tensor& x, F observer) {
  return register_hook(x, GradientHook([observer = std::move(observer)](const Tensor& g) mutable {
                         observer(g);
                         return Tensor();
                       }));
}

/// Throws Error unless x is a leaf that requires a gradient.
HookHandle register_post_accumulate_grad_hook(const Tensor& x, AccumulateHook hook);

/// The end of an observed stretch: older than all nodes recorded in it, it comes up in a backward
/// pass when they have all run. It has no inputs; it remembers whose edges to watch by number.
class ObserverNode final : public Node {
 public:
  struct Watched {
    std::uint64_t sequence;
    std::uint32_t output;
  };

  explicit ObserverNode(std::span<const Tensor> inputs);
  void run(std::span<Tensor>, Pass&) override {}

  /// Whether `from` was recorded within the stretch.
  bool covers(const Node& from) const {
    return from.sequence() > sequence() && from.sequence() < end_sequence;
  }

  std::vector<Watched> watched;  ///< the stretch's inputs; sequence 0 where no gradient flows
  std::uint64_t end_sequence = 0;
  std::size_t output_count = 0;
  ModuleGradientHook hook;
};

/// Observes the gradients that flow through a stretch of the program, say a module's forward,
/// without changing its graph: construct it before with the inputs, attach it after to the outputs.
/// The hook fires once in a backward pass that reaches an output, after all nodes recorded in
/// between have run, with the gradients that those nodes sent to the inputs.
class GradientObserver {
 public:
  explicit GradientObserver(std::span<const Tensor> inputs);
  /// Nothing happens where no output needs a gradient.
  void attach(std::span<const Tensor> outputs, ModuleGradientHook hook) const;

 private:
  Ref<ObserverNode> marker_;
};

/// Where a node keeps its hooks.
struct NodeHooks {
  struct OnOutput {
    std::uint32_t output;
    GradientHook call;
  };
  struct Marker {
    std::uint32_t output;     ///< of this node
    std::size_t observed_as;  ///< which of the observer's outputs that is
    Ref<ObserverNode> node;
  };

  HookList<OnOutput> gradient;
  HookList<AccumulateHook> accumulated;
  std::vector<bool> retains;     ///< by output: retain_grad was asked for
  std::vector<Tensor> retained;  ///< by output
  std::vector<Marker> markers;
};

}  // namespace gradus
