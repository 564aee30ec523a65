#include "gradus/optim/clip.h"

#include <algorithm>
#include <limits>

#include "gradus/optim/gradients.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/line.h"
#include "gradus/tensor/parallel.h"

namespace gradus::optim {
namespace {

constexpr std::int64_t chunk = 1 << 14;  // elements summed at a time
constexpr std::int64_t grain = 1 << 16;  // elements that make a thread worth its while

/// The p-norm of all entries as one vector of `scale` times their values. The sum is taken in
/// chunks of a fixed size, so it does not depend on the number of threads.
double total_norm(const std::vector<Gradient>& gradients, double p, double scale) {
  double total = 0;
  auto add = [&](double part) {
    if (!std::isinf(p)) total += part;
    if (std::isinf(p) && (part > total || std::isnan(part)) && !std::isnan(total)) total = part;
  };
  std::vector<double> parts;
  for (const Gradient& gradient : gradients) {
    const Tensor& g = gradient.elements;
    const std::int64_t n = g.numel();
    parts.assign(static_cast<std::size_t>((n + chunk - 1) / chunk), 0);
    visit_floating(g.dtype(), [&](auto zero) {
      const auto* x = g.data<decltype(zero)>();
      parallel_for(0, std::ssize(parts), grain / chunk, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t c = begin; c < end; ++c) {
          parts[static_cast<std::size_t>(c)] =
              power_sum(x + c * chunk, std::min(chunk, n - c * chunk), p, scale);
        }
      });
    });
    for (double part : parts) add(part);
  }
  return std::isinf(p) ? total : std::pow(total, 1 / p);
}

std::vector<std::string> nonfinite_of(const std::vector<Gradient>& gradients) {
  std::vector<std::string> names;
  for (const Gradient& gradient : gradients) {
    const bool finite = visit_floating(gradient.elements.dtype(), [&](auto zero) {
      auto all = gradient.elements.span<decltype(zero)>();
      return std::all_of(all.begin(), all.end(), [](auto v) { return std::isfinite(v); });
    });
    if (!finite) names.push_back(*gradient.name);
  }
  return names;
}

double norm_of(const std::vector<Gradient>& gradients, double p) {
  double norm = total_norm(gradients, p, 1);
  if (std::isfinite(norm) || !nonfinite_of(gradients).empty()) return norm;
  // Every entry is finite, so a power of one overflowed.
  double largest = total_norm(gradients, std::numeric_limits<double>::infinity(), 1);
  return largest * total_norm(gradients, p, 1 / largest);
}

void scale(const Tensor& x, double factor) {
  visit_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* values = x.data<T>();
    parallel_for(0, x.numel(), grain, [&](std::int64_t begin, std::int64_t end) {
      T* from = values + begin;
      kernel::line::maps<T>().scale(end - begin, from, static_cast<T>(factor), from);
    });
  });
}

std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

ClipResult clip_grad_norm_(const NamedParameters& params, double max_norm, double norm_type,
                           NonFinite nonfinite, Where at) {
  ContextScope scope({.op = "clip_grad_norm_", .at = at});
  check(max_norm > 0, "max_norm must be positive, got {}", max_norm);
  check(norm_type > 0, "norm_type must be positive, got {}", norm_type);
  std::vector<Gradient> gradients = gradients_of(params);
  ClipResult result;
  result.norm = norm_of(gradients, norm_type);
  if (!std::isfinite(result.norm)) {
    result.nonfinite = nonfinite_of(gradients);
    check(
        nonfinite != NonFinite::Throw,
        "the gradients' norm is {}: not finite in {}; nothing was clipped. Find the first op with "
        "DetectAnomaly, or pass NonFinite::Skip to go on",
        result.norm, join(result.nonfinite));
    if (nonfinite == NonFinite::Skip) return result;
  }
  const double factor = max_norm / (result.norm + 1e-6);
  result.clipped = !(factor >= 1);  // also where it is NaN
  if (result.clipped) overwrite(gradients, [&](const Gradient& g) { scale(g.elements, factor); });
  return result;
}

ClipResult clip_grad_norm_(const std::vector<Tensor>& params, double max_norm, double norm_type,
                           NonFinite nonfinite, Where at) {
  ContextScope scope({.op = "clip_grad_norm_", .at = at});
  return clip_grad_norm_(numbered(params), max_norm, norm_type, nonfinite, at);
}

std::int64_t clip_grad_value_(const std::vector<Tensor>& params, double limit, Where at) {
  ContextScope scope({.op = "clip_grad_value_", .at = at});
  check(limit > 0, "the limit must be positive, got {}", limit);
  std::int64_t changed = 0;
  overwrite(gradients_of(numbered(params)), [&](const Gradient& gradient) {
    visit_floating(gradient.elements.dtype(), [&](auto zero) {
      using T = decltype(zero);
      const T high = static_cast<T>(limit);
      for (T& g : gradient.elements.span<T>()) {
        changed += g > high || g < -high;
        g = std::clamp(g, -high, high);
      }
    });
  });
  return changed;
}

}  // namespace gradus::optim
