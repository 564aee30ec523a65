#pragma once

#include "gradus/autograd/grad_mode.h"
#include "gradus/tensor/tensor.h"

namespace gradus {

/// A tensor kept for the backward pass, with the version it had. Converts to the tensor; throws
/// Error, naming both lines, where it has been overwritten in between.
class Saved {
 public:
  Saved() = default;
  explicit Saved(const Tensor& tensor)
      : tensor_(tensor), version_(tensor.defined() ? tensor.storage()->version() : 0) {}

  const Tensor& get() const {
    if (tensor_.defined() && tensor_.storage()->version() != version_) [[unlikely]]
      throw_overwritten();
    return tensor_;
  }
  operator const Tensor&() const { return get(); }  // NOLINT: reads as the tensor

 private:
  [[noreturn]] void throw_overwritten() const;

  Tensor tensor_;
  std::uint32_t version_ = 0;
};

/// For capture lists: `[b = saved(b)](const Tensor& g) { return g * b; }`. Keeps nothing where
/// recording is off, since then the rule is dropped too.
inline Saved saved(const Tensor& tensor) { return grad_enabled() ? Saved(tensor) : Saved(); }

}  // namespace gradus
