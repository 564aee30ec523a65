#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "gradus/observe/record.h"

namespace gradus::observe {

/// What theory expected of a recorded run, layer by layer: RunRecord::expected matched to
/// RunRecord::layers. All absent where nothing was predicted.
struct ExpectedProfile {
  std::vector<std::optional<double>> z_rms;  ///< of the pre-activation
  /// RMS dL/dz over that of layer `top`, the last linear one: theory knows no loss, so one measured
  /// value is needed to compare with.
  std::vector<std::optional<double>> relative_grad_rms;
  std::optional<std::size_t> top;

  /// RMS dL/dz of a layer, given what was measured of `top`.
  std::optional<double> grad_rms(std::size_t layer, double measured_top) const;
};

ExpectedProfile expected_profile(const RunRecord& record);

/// "blocks.3.linear"; "0 Linear" where the path is a mere number; the type where the layer is the
/// network itself; "head #2" for a second call.
std::string label(const LayerRecord& layer);

}  // namespace gradus::observe
