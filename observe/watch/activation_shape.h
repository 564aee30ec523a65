#pragma once

#include "gradus/observe/trace.h"

namespace gradus::observe {

/// Where an activation is flat.
struct ActivationShape {
  /// Flat at both ends: phi' < .05 max phi' below `low` and above `high`.
  bool saturates = false;
  double low = 0, high = 0;
  /// Exactly 0, with slope 0, up to `zero_to`.
  bool rectifies = false;
  double zero_to = 0;
};

/// Of an activation found by a trace: measured on the function itself, be it one of the library or
/// a user's module. Nothing is known (all false) of a function that cannot be called on its own.
ActivationShape shape_of(const TracedOp& activation);

}  // namespace gradus::observe
