#pragma once

#include <optional>

#include "gradus/observe/record.h"

namespace gradus::observe {

/// Where in a deep chain the gradient drowns.
struct NoiseFloor {
  std::size_t layer = 0;       ///< into RunRecord::layers: the last that is below, going up
  double signal_to_noise = 0;  ///< there
  double at_last = 0;          ///< of the last hidden layer
};

/// The hidden layer nearest to the output at which, and at all before it, dL/dz lies below the
/// noise of its own mini-batch: the square of its mean over the samples is less than twice what
/// noise alone gives (LayerStep::signal_to_noise < 2), so that the noise of that mean has a larger
/// square than the signal. Taken is each layer's median over the last `window` observed steps that
/// know it. Absent where the first hidden layer is above, or nothing is known. The signal falls in
/// healthy training too, in all layers, as the loss is minimised: what tells of depth is its fall
/// from `at_last` to here.
std::optional<NoiseFloor> noise_floor(const RunRecord& record, std::size_t window = 10);

/// The median over the last `window` observed steps that know it; absent where none does.
std::optional<double> signal_to_noise(const LayerRecord& layer, std::size_t window = 10);

}  // namespace gradus::observe
