#pragma once

#include "gradus/tensor/tensor.h"

namespace gradus {

/// What one pass over a tensor tells about its elements. Moments and extremes are of the finite
/// ones; all are 0 where there is none.
struct Statistics {
  std::int64_t count = 0;      ///< elements
  std::int64_t zeros = 0;      ///< of either sign
  std::int64_t nonfinite = 0;  ///< NaN and infinities
  double mean = 0;
  double std = 0;      ///< with divisor n - 1, as the function std(); 0 for a single element
  double rms = 0;      ///< square root of the mean square
  double norm = 0;     ///< square root of the sum of squares
  double abs_max = 0;  ///< greatest magnitude

  double zero_share() const {
    return count == 0 ? 0 : static_cast<double>(zeros) / static_cast<double>(count);
  }
};

/// Statistics of a floating tensor of any shape, summed in float64: elements of 1e-30, whose
/// squares float32 cannot hold, count in full. Records nothing. Throws Error for another dtype.
Statistics statistics(const Tensor& x, Where at = Where::here());

}  // namespace gradus
