#pragma once

#include "gradus/nn/module.h"

namespace gradus::nn {

/// What all handles of one module share.
struct Module::State {
  std::vector<std::pair<std::string, Tensor>> parameters;
  std::vector<std::pair<std::string, Tensor>> buffers;
  std::vector<std::pair<std::string, std::shared_ptr<Module>>> children;
  std::vector<State*> parents;  ///< who registered it, first first; they unregister when they die
  bool training = true;
  const char* path = "";  ///< lives forever, since graphs keep it

  HookList<ForwardPreHook> pre_hooks;
  HookList<ForwardHook> forward_hooks;
  HookList<BackwardHook> backward_hooks;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  bool has_hooks() const {
    return !pre_hooks.empty() || !forward_hooks.empty() || !backward_hooks.empty();
  }
  /// Whether `other` is this module or one of its descendants.
  bool contains(const State* other) const;
  /// Sets the path from the first parent's, and those of the children that go by this module.
  void update_path();
};

}  // namespace gradus::nn
