#include "gradus/observe/noise.h"

#include <algorithm>
#include <cmath>

namespace gradus::observe {

std::optional<double> signal_to_noise(const LayerRecord& layer, std::size_t window) {
  std::vector<double> known;
  for (const LayerStep& step : layer.steps.last(window)) {
    if (!std::isnan(step.signal_to_noise)) known.push_back(step.signal_to_noise);
  }
  if (known.empty()) return std::nullopt;
  const auto middle = known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2);
  std::nth_element(known.begin(), middle, known.end());
  return *middle;
}

std::optional<NoiseFloor> noise_floor(const RunRecord& record, std::size_t window) {
  constexpr double as_much_noise_as_signal = 2;
  std::optional<NoiseFloor> floor;
  std::optional<double> last;
  bool all_below = true;  // so far, from the input up
  for (std::size_t i : record.hidden_layers()) {
    const std::optional<double> ratio = signal_to_noise(record.layers[i], window);
    if (!ratio) continue;
    last = ratio;
    all_below = all_below && *ratio < as_much_noise_as_signal;
    if (all_below) floor = {.layer = i, .signal_to_noise = *ratio};
  }
  if (floor) floor->at_last = *last;
  return floor;
}

}  // namespace gradus::observe
