#include "gradus/observe/noise.h"

#include <cmath>

#include "gradus/observe/median.h"

namespace gradus::observe {

std::optional<double> signal_to_noise(const LayerRecord& layer, std::size_t window) {
  std::vector<double> known;
  for (const LayerStep& step : layer.steps.last(window)) {
    if (!std::isnan(step.signal_to_noise)) known.push_back(step.signal_to_noise);
  }
  if (known.empty()) return std::nullopt;
  return median(std::move(known));
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
