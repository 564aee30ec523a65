#include "autotrainer.h"

#include <algorithm>
#include <cmath>

namespace clinic {
namespace {

double norm_of(const observe::Sample& gradient) {
  return static_cast<double>(gradient.rms) * std::sqrt(static_cast<double>(gradient.count));
}

/// Of the gradients at one step.
struct Gradients {
  double first = 0, last = 0;  ///< norms of the weights' gradients
  double entries = 0, zeros = 0;
  bool finite = true;
};

Gradients gradients_at(const observe::RunRecord& record, std::size_t entry) {
  Gradients found;
  bool seen = false;
  for (const observe::ParameterRecord& p : record.parameters) {
    if (entry >= p.steps.size() || !p.steps[entry].gradient) continue;
    const observe::Sample& gradient = p.steps[entry].gradient;
    const double count = gradient.count;
    found.entries += count;
    found.zeros += count * static_cast<double>(gradient.zero_share);
    found.finite = found.finite && gradient.nonfinite == 0;
    if (p.shape.size() < 2) continue;
    found.last = norm_of(gradient);
    if (!seen) found.first = found.last;
    seen = true;
  }
  return found;
}

}  // namespace

Flow autotrainer(const observe::RunRecord& record) {
  bool vanishing = false, exploding = false, dying = false;
  std::size_t entries = 0;
  for (const auto& p : record.parameters) entries = std::max(entries, p.steps.size());
  for (std::size_t entry = 0; entry < entries; entry += 10) {
    const Gradients g = gradients_at(record, entry);
    if (!g.finite) return Flow::Exploding;
    vanishing = vanishing || (g.first < 1e-3 * g.last && g.first < 1e-4);
    exploding = exploding || g.first > 70 * g.last;
    dying = dying || (g.entries > 0 && g.zeros >= 0.7 * g.entries);
  }
  if (dying) return Flow::DyingReLU;
  if (exploding) return Flow::Exploding;
  return vanishing ? Flow::Vanishing : Flow::None;
}

}  // namespace clinic
