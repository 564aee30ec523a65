#pragma once

#include <concepts>
#include <cstdint>

#include "gradus/tensor/dtype.h"

namespace gradus {

/// A C++ number on its way into an op. Its category (bool, integer, floating) takes part in dtype
/// promotion, its width does not: `float_tensor * 2.0` stays float32.
class Scalar {
 public:
  template <class T>
  requires std::integral<T> || std::floating_point<T>
  constexpr Scalar(T value) {  // NOLINT: numbers convert
    if constexpr (std::same_as<T, bool>) {
      dtype_ = DType::Bool;
      integer_ = value;
    } else if constexpr (std::integral<T>) {
      dtype_ = DType::Int64;
      integer_ = static_cast<std::int64_t>(value);
    } else {
      dtype_ = DType::Float64;
      floating_ = static_cast<double>(value);
    }
  }

  /// Bool, Int64 or Float64.
  constexpr DType dtype() const { return dtype_; }

  template <class T>
  constexpr T to() const {
    return dtype_ == DType::Float64 ? static_cast<T>(floating_) : static_cast<T>(integer_);
  }

 private:
  DType dtype_;
  union {
    std::int64_t integer_;
    double floating_;
  };
};

}  // namespace gradus
