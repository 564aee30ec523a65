#include <algorithm>
#include <cmath>

#include "gradus/observe/terminal.h"
#include "gradus/observe/theory/expected.h"

namespace gradus::observe {
namespace {

constexpr std::size_t kMostBars = 40;
constexpr std::size_t kWidth = 80;
constexpr std::size_t kNameWidth = 22;

struct Bar {
  std::string name;
  double measured = 0;             ///< may be 0 or not finite
  std::optional<double> expected;  ///< positive
  std::size_t layers = 1;
};

std::vector<Bar> bars_of(const RunRecord& record, std::int64_t step) {
  const ExpectedProfile profile = expected_profile(record);
  const auto measured = [](const LayerRecord& layer) {
    const Sample& grad = layer.last().grad;
    return grad.nonfinite > 0 ? std::nan("") : double{grad.rms};
  };
  const LayerRecord* top = profile.top ? &record.layers[*profile.top] : nullptr;
  const double measured_top = top && !top->steps.empty() ? measured(*top) : 0;
  std::vector<Bar> bars;
  for (std::size_t i = 0; i < record.layers.size(); ++i) {
    const LayerRecord& layer = record.layers[i];
    if (layer.steps.empty() || layer.last().step != step || !layer.last().grad) continue;
    Bar bar{label(layer), measured(layer), profile.grad_rms(i, measured_top)};
    if (bar.expected && !(*bar.expected > 0)) bar.expected.reset();
    bars.push_back(std::move(bar));
  }
  return bars;
}

/// Neighbours as one: geometric means, so that a group of one is itself.
Bar merged(std::span<const Bar> bars) {
  double log_measured = 0;
  double log_expected = 0;
  std::size_t expected = 0;
  for (const Bar& bar : bars) {
    log_measured += std::log(bar.measured);
    if (!bar.expected) continue;
    log_expected += std::log(*bar.expected);
    ++expected;
  }
  Bar group{bars.front().name, std::exp(log_measured / static_cast<double>(bars.size())),
            std::nullopt, bars.size()};
  if (bars.size() > 1) group.name += fmt::format(" (+{})", bars.size() - 1);
  if (expected > 0) group.expected = std::exp(log_expected / static_cast<double>(expected));
  return group;
}

std::vector<Bar> grouped(const std::vector<Bar>& bars) {
  const std::size_t size = (bars.size() + kMostBars - 1) / kMostBars;
  std::vector<Bar> groups;
  for (std::size_t i = 0; i < bars.size(); i += size) {
    groups.push_back(merged(std::span(bars).subspan(i, std::min(size, bars.size() - i))));
  }
  return groups;
}

/// Whole decades around all positive values; low == high where there is none.
struct Decades {
  int low = 0;
  int high = 0;

  explicit Decades(const std::vector<Bar>& bars) {
    double least = HUGE_VAL;
    double greatest = 0;
    const auto take = [&](double value) {
      if (!(value > 0) || std::isinf(value)) return;
      least = std::min(least, value);
      greatest = std::max(greatest, value);
    };
    for (const Bar& bar : bars) {
      take(bar.measured);
      take(bar.expected.value_or(0));
    }
    if (greatest == 0) return;
    // Powers of ten are not exact in float32: 1e-4 must not open the decade below.
    low = static_cast<int>(std::floor(std::log10(least) + 1e-6));
    high = std::max(static_cast<int>(std::ceil(std::log10(greatest) - 1e-6)), low + 1);
  }

  /// The column of a positive value among `width`.
  std::size_t column(double value, std::size_t width) const {
    const double share = std::clamp((std::log10(value) - low) / (high - low), 0.0, 1.0);
    return static_cast<std::size_t>(std::lround(share * static_cast<double>(width - 1)));
  }
};

std::string drawn(const Bar& bar, const Decades& decades, std::size_t width) {
  const std::string some = bar.layers > 1 ? " in some" : "";
  if (bar.measured == 0) return "exactly 0" + some;
  if (!std::isfinite(bar.measured)) return "not finite" + some;
  std::string line(width, ' ');
  std::fill_n(line.begin(), decades.column(bar.measured, width) + 1, '#');
  if (bar.expected) line[decades.column(*bar.expected, width)] = '|';
  return line.substr(0, line.find_last_not_of(' ') + 1);
}

/// The end of a name tells more than its start.
std::string cut(const std::string& name, std::size_t width) {
  return name.size() <= width ? name : "..." + name.substr(name.size() - width + 3);
}

}  // namespace

std::string gradient_chart(const RunRecord& record) {
  std::int64_t step = -1;
  for (const LayerRecord& layer : record.layers) {
    if (!layer.steps.empty()) step = std::max(step, layer.last().step);
  }
  const std::vector<Bar> all = bars_of(record, step);
  if (all.empty()) return "RMS of dL/dz: no gradient has been observed";
  const std::vector<Bar> bars = grouped(all);
  const Decades decades(bars);
  std::size_t names = 0;
  bool expects = false;
  for (const Bar& bar : bars) {
    names = std::max(names, std::min(bar.name.size(), kNameWidth));
    expects = expects || bar.expected;
  }
  const std::size_t width = kWidth - names - 10;
  std::string text =
      fmt::format("RMS of dL/dz at step {}, {} layer{}{}\n", step, all.size(),
                  all.size() == 1 ? "" : "s", expects ? " (# measured, | expected by theory)" : "");
  if (decades.low < decades.high) {
    const std::string low = fmt::format("1e{}", decades.low);
    text += fmt::format("{:{}}{}{:>{}}\n", "", names + 10, low, fmt::format("1e{}", decades.high),
                        width - low.size());
  }
  for (const Bar& bar : bars) {
    text += fmt::format("{:<{}}  {:>7.1e} {}\n", cut(bar.name, names), names, bar.measured,
                        drawn(bar, decades, width));
  }
  text.pop_back();
  return text;
}

}  // namespace gradus::observe
