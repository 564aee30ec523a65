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

/// The hidden linear layer nearest to the output at which, and at all before it, dL/dz lies below
/// the noise of its own mini-batch: the square of its mean over the samples is less than twice what
/// noise alone gives, so that the noise makes up more than half of it (LayerStep::signal_to_noise <
/// 2). Taken is each layer's median over the last `window` observed steps that know it. Absent
/// where the first hidden layer is above, or nothing is known. A layer's signal falls in healthy
/// training too, as the loss is minimised: it is its fall from layer to layer that tells of depth.
std::optional<NoiseFloor> noise_floor(const RunRecord& record, std::size_t window = 10);

/// The median over the last `window` observed steps that know it; absent where none does.
std::optional<double> signal_to_noise(const LayerRecord& layer, std::size_t window = 10);

}  // namespace gradus::observe
