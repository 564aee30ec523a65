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
  /// `take_out` is called with what `entry` points to, while that lives.
  HookHandle(std::weak_ptr<void> entry, void (*take_out)(void*))
      : entry_(std::move(entry)), take_out_(take_out) {}
  /// The hook will not be called again. Removing twice does nothing.
  void remove();

 private:
  std::weak_ptr<void> entry_;
  void (*take_out_)(void*) = nullptr;
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
    auto entry = std::make_shared<Entry>(std::make_shared<const F>(std::move(hook)));
    entries_.push_back(entry);
    return {entry, [](void* e) { static_cast<Entry*>(e)->reset(); }};
  }
  /// Calls visit(hook) for each hook that is still there, in order of registration.
  template <class Visit>
  void for_each(Visit&& visit) {
    std::erase_if(entries_, [](const auto& e) { return *e == nullptr; });
    auto now = entries_;  // a hook may register or remove hooks
    for (const auto& entry : now) {
      const Entry hook = *entry;  // survives its own removal
      if (hook) visit(*hook);
    }
  }
  bool empty() const { return entries_.empty(); }

 private:
  using Entry = std::shared_ptr<const F>;  ///< null when it has been removed
  std::vector<std::shared_ptr<Entry>> entries_;
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
