#pragma once

#include <vector>

#include "gradus/nn/module_structure.h"
#include "gradus/observe/untouched.h"

namespace gradus::observe {

/// While it lives, `net` may be trained and rebuilt at will: at the end of the scope its parameters
/// with their gradients, hooks and versions, its structure, buffers, modes and the default
/// generator are as they were. For the time being each parameter has other memory and another
/// accumulator, so that not even a graph recorded before notices.
class Sandbox {
 public:
  explicit Sandbox(nn::Module& net);
  ~Sandbox() { put_back(); }
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  /// Puts everything back at once, for another trial from the same state.
  void restore();

 private:
  struct Parameter {
    Tensor tensor;
    Ref<Storage> storage;
    Ref<GradState> accumulator;
  };
  void use_copies();
  void put_back();

  Untouched untouched_;  // ends last: it knows modules that only the structure brings back
  nn::Module::Structure structure_;
  std::vector<Parameter> parameters_;
};

}  // namespace gradus::observe
