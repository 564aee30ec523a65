#pragma once

#include <optional>
#include <span>

#include "gradus/observe/record.h"

/// The numbers of a record under the names by which every export calls them.
namespace gradus::observe {

template <class Entry>
struct Quantity {
  const char* name;
  /// Absent where it was not observed, or is not known. May be NaN or infinite.
  std::optional<double> (*of)(const Entry& entry);
};

/// loss, grad_norm, clipped_norm, update_norm.
std::span<const Quantity<RunStep>> run_quantities();

/// Of z, activation and grad each _rms, _mean, _abs_max, _zero_share and _nonfinite; then
/// saturated_low, saturated_high, dead_units and signal_to_noise.
std::span<const Quantity<LayerStep>> layer_quantities();

/// Of value, gradient and change each _rms, _mean, _abs_max, _zero_share and _nonfinite; then
/// update_ratio.
std::span<const Quantity<ParameterStep>> parameter_quantities();

}  // namespace gradus::observe
