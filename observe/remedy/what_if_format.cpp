#include "gradus/observe/what_if.h"

#include <cmath>

#include "gradus/observe/wrapped.h"

namespace gradus::observe {
namespace {

std::string ratio(const std::optional<double>& value) {
  return value ? fmt::format("{:.2g}", *value) : "-";
}

std::string row(const Outcome& o) {
  const std::string share =
      o.finite ? fmt::format("{:.0f} %", std::round(100 * o.learned()) + 0.0) : std::string("-");
  return fmt::format("{:<30} {:>9} {:>9} {:>9.4g} {:>9} {:>8}\n", o.title, ratio(o.first_ratio),
                     ratio(o.last_ratio), o.first_loss,
                     o.finite ? fmt::format("{:.4g}", o.last_loss) : "diverged", share);
}

}  // namespace

std::string to_string(const WhatIf& result) {
  const std::string rule(79, '-');
  std::string text = fmt::format(
      "{:<30} {:>19} {:>19} {:>8}\n{:<30} {:>9} {:>9} {:>9} {:>9} {:>8}\n{}\n",
      fmt::format("{} steps on {} samples", result.steps, result.samples), "dL/dz, first/last",
      "loss", "learned", "", "at first", "after", "at first", "after", "", rule);
  text += row(result.untouched) + rule + "\n";
  for (const Outcome& o : result.outcomes) {
    if (o.not_applicable.empty()) text += row(o);
  }
  text += rule;
  if (!result.untouched.not_applicable.empty()) {
    text += "\n" + wrapped("as it is: " + result.untouched.not_applicable, 2);
  }
  for (const Outcome& o : result.outcomes) {
    if (o.not_applicable.empty()) continue;
    text += "\n" + wrapped(fmt::format("not tried: {}: {}", o.title, o.not_applicable), 2);
  }
  return text;
}

}  // namespace gradus::observe
