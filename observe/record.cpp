#include "gradus/observe/record.h"

#include <cmath>

namespace gradus::observe {

double LayerRecord::dead_share() const {
  if (steps.empty() || std::isnan(steps.back().dead_units)) return 0;
  return steps.back().dead_units;
}

double LayerRecord::saturated_share() const {
  if (steps.empty()) return 0;
  return static_cast<double>(steps.back().saturated_low) +
         static_cast<double>(steps.back().saturated_high);
}

double ParameterStep::update_ratio() const {
  if (change.rms == 0) return 0;
  return static_cast<double>(change.rms) / static_cast<double>(value.rms);
}

double Cost::share() const {
  const double others = total_seconds - observing_seconds - setup_seconds;
  return others > 0 ? observing_seconds / others : 0;
}

std::vector<std::size_t> RunRecord::hidden_layers() const {
  std::vector<std::size_t> hidden;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const bool around =
        structure && i < structure->layers.size() && structure->layers[i].holds_layers;
    const LayerRecord& layer = layers[i];
    if (!layer.normalizes && !layer.is_activation && !layer.is_output && !around) {
      hidden.push_back(i);
    }
  }
  // Without a structure nothing is known to be the output: it is the last layer, then.
  if (!structure && !hidden.empty()) hidden.pop_back();
  return hidden;
}

std::optional<double> RunRecord::gradient_ratio() const {
  std::optional<double> first, last;
  for (std::size_t i : hidden_layers()) {
    const LayerRecord& layer = layers[i];
    if (layer.steps.empty() || !layer.steps.back().grad) continue;
    if (!first) {
      first = layer.steps.back().grad.rms;
    } else {
      last = layer.steps.back().grad.rms;
    }
  }
  if (!first || !last || !(*last > 0)) return std::nullopt;
  return *first / *last;
}

}  // namespace gradus::observe
