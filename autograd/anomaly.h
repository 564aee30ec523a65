#pragma once

#include <span>

#include "gradus/tensor/tensor.h"

namespace gradus {

namespace detail {
inline thread_local constinit bool anomaly_enabled = false;
}

inline bool anomaly_enabled() { return detail::anomaly_enabled; }

/// In its scope, the first op on this thread, forward or backward, that makes a NaN or an infinity
/// from finite inputs throws an Error naming the op, the layer and the user's line. Costs a pass
/// over every result.
class DetectAnomaly {
 public:
  explicit DetectAnomaly(bool enabled = true) : before_(detail::anomaly_enabled) {
    detail::anomaly_enabled = enabled;
  }
  ~DetectAnomaly() { detail::anomaly_enabled = before_; }
  DetectAnomaly(const DetectAnomaly&) = delete;
  DetectAnomaly& operator=(const DetectAnomaly&) = delete;

 private:
  bool before_;
};

/// Throws Error where `output` holds a non-finite number and no input does.
void check_finite(const Tensor& output, std::span<const Tensor* const> inputs);

}  // namespace gradus
