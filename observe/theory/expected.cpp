#include "gradus/observe/theory/expected.h"

#include <algorithm>
#include <cmath>

namespace gradus::observe {

std::optional<double> ExpectedProfile::grad_rms(std::size_t layer, double measured_top) const {
  const std::optional<double>& relative = relative_grad_rms[layer];
  if (!relative || !std::isfinite(measured_top) || measured_top <= 0) return std::nullopt;
  return *relative * measured_top;
}

ExpectedProfile expected_profile(const RunRecord& record) {
  ExpectedProfile profile;
  profile.z_rms.resize(record.layers.size());
  profile.relative_grad_rms.resize(record.layers.size());
  if (!record.expected) return profile;
  std::size_t last_number = 0;
  for (const LayerPrediction& predicted : record.expected->layers) {
    const auto layer = std::ranges::find_if(record.layers, [&](const LayerRecord& candidate) {
      return candidate.path == predicted.path && candidate.call == predicted.call;
    });
    if (layer == record.layers.end()) continue;
    const auto i = static_cast<std::size_t>(layer - record.layers.begin());
    if (predicted.q) profile.z_rms[i] = std::sqrt(*predicted.q);
    profile.relative_grad_rms[i] = predicted.grad_rms;
    if (predicted.number > last_number) {
      last_number = predicted.number;
      profile.top = i;
    }
  }
  return profile;
}

std::string label(const LayerRecord& layer) {
  std::string name = layer.path.empty() ? layer.type : layer.path;
  if (name.find_first_not_of("0123456789") == std::string::npos) name += " " + layer.type;
  return layer.call > 0 ? fmt::format("{} #{}", name, layer.call + 1) : name;
}

}  // namespace gradus::observe
