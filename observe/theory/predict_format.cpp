#include <algorithm>

#include "gradus/observe/predict.h"
#include "gradus/observe/wrapped.h"

namespace gradus::observe {
namespace {

/// Three digits in at most 8 columns, "-" where there is nothing to tell.
std::string number(std::optional<double> value) {
  return value ? fmt::format("{:.3g}", *value) : "-";
}

std::string label(const LayerPrediction& layer, std::size_t width) {
  std::string text = layer.path.empty() ? layer.type : layer.path + " " + layer.type;
  if (layer.call > 0) text += fmt::format(" #{}", layer.call + 1);
  if (text.size() > width) text = "..." + text.substr(text.size() - width + 3);
  return text;
}

}  // namespace

std::string to_string(const Prediction& p) {
  std::size_t width = 5;
  for (const LayerPrediction& layer : p.layers) width = std::max(width, label(layer, 22).size());
  const std::string rule(width + 57, '-');
  std::string text = fmt::format(
      "{0:<{1}}                q of z                     RMS of dL/dz\n"
      "{2:<{1}} {3:>6} {4:>9} {5:>8} {6:>6} {7:>6} {8:>8} {9:>8}\n{10}\n",
      "", width, "layer", "n VarW", "expected", "measured", "chi", "xi", "expected", "measured",
      rule);
  bool started = false;
  for (const LayerPrediction& layer : p.layers) {
    const std::string q = number(layer.q_is_measured ? layer.measured_q : layer.q);
    started = started || layer.q_is_measured;
    text += fmt::format("{:<{}} {:>6} {:>9} {:>8} {:>6} {:>6} {:>8} {:>8}\n", label(layer, 22),
                        width, number(layer.weight_gain), layer.q_is_measured ? "*" : q,
                        number(layer.measured_q), number(layer.chi), number(layer.depth_scale),
                        number(layer.grad_rms), number(layer.measured_grad_rms));
  }
  text += rule + "\n";
  if (started) text += "* theory starts here, from the measured value\n";
  for (const LayerPrediction& layer : p.layers) {
    if (!layer.not_covered.empty()) {
      text +=
          wrapped(fmt::format("not covered: what leads to '{}': {}", layer.path, layer.not_covered),
                  2) +
          "\n";
    }
    if (!layer.note.empty())
      text += wrapped(fmt::format("'{}' is {}", layer.path, layer.note), 2) + "\n";
  }
  if (!p.end_not_covered.empty()) {
    text += wrapped("not covered: what follows the last layer: " + p.end_not_covered, 2) + "\n";
  }
  return text + p.verdict();
}

}  // namespace gradus::observe
