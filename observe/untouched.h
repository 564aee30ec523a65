#pragma once

#include <utility>
#include <vector>

#include "gradus/nn/module.h"
#include "gradus/tensor/generator.h"

namespace gradus::observe {

/// While it lives, `net` may be run at will: at the end of the scope its buffers (running
/// statistics), the modes of its modules and the default generator are as they were. Buffers
/// write to copies meanwhile, so that not even their versions change.
class Untouched {
 public:
  explicit Untouched(nn::Module& net);
  ~Untouched();
  Untouched(const Untouched&) = delete;
  Untouched& operator=(const Untouched&) = delete;

  /// Puts the buffers and the generator back at once, for another run from the same state.
  void restore();

  /// Whether one lives on this thread: what runs is a rehearsal, which a Monitor must not take for
  /// training.
  static bool is_active();

 private:
  struct Buffer {
    Tensor tensor;
    Ref<Storage> storage;
    Layout layout;
  };
  void use_copies();

  std::vector<Buffer> buffers_;
  std::vector<std::pair<nn::Module*, bool>> modes_;  ///< parents first
  Generator::State random_;
};

}  // namespace gradus::observe
