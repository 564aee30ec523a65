#include <algorithm>

#include "gradus/optim/gradients.h"
#include "gradus/tensor/context.h"

namespace gradus::optim {
namespace {

/// Rows of a matrix or more, the whole of a vector or scalar.
std::int64_t units_of(const Tensor& x) { return x.dim() < 2 || x.numel() == 0 ? 1 : x.size(0); }

template <class T>
double unit_norm(const T* x, std::int64_t n) {
  return std::sqrt(power_sum(x, n, 2));
}

/// The factor for the gradient of each unit, at most 1.
std::vector<double> factors(const Gradient& gradient, const AdaptiveClipOptions& options) {
  const Tensor weight = kernel::contiguous(gradient.param);
  const std::int64_t units = units_of(weight), n = weight.numel() / units;
  std::vector<double> result;
  visit_floating(weight.dtype(), [&](auto zero) {
    const auto* w = weight.data<decltype(zero)>();
    const auto* g = gradient.elements.data<decltype(zero)>();
    for (std::int64_t u = 0; u < units; ++u, w += n, g += n) {
      const double norm = unit_norm(g, n);
      check(std::isfinite(norm), "the gradient of {} is not finite (unit {}); nothing was clipped",
            *gradient.name, u);
      const double most = options.clipping * std::max(unit_norm(w, n), options.eps);
      result.push_back(norm > most ? most / norm : 1);
    }
  });
  return result;
}

}  // namespace

std::int64_t clip_grad_adaptive_(const NamedParameters& params, const AdaptiveClipOptions& options,
                                 Where at) {
  ContextScope scope({.op = "clip_grad_adaptive_", .at = at});
  check(options.clipping > 0, "clipping must be positive, got {}", options.clipping);
  check(options.eps > 0, "eps must be positive, got {}", options.eps);
  // All factors before the first write, so that an error leaves every gradient as it was.
  std::vector<Gradient> gradients = gradients_of(params);
  std::vector<std::vector<double>> all;
  std::int64_t clipped = 0;
  for (const Gradient& gradient : gradients) {
    all.push_back(factors(gradient, options));
    clipped += std::count_if(all.back().begin(), all.back().end(), [](double f) { return f < 1; });
  }
  if (clipped == 0) return 0;
  overwrite(gradients, [&](const Gradient& gradient) {
    const auto& scales = all[static_cast<std::size_t>(&gradient - gradients.data())];
    visit_floating(gradient.elements.dtype(), [&](auto zero) {
      using T = decltype(zero);
      auto elements = gradient.elements.span<T>();
      const std::size_t n = elements.size() / scales.size();
      for (std::size_t i = 0; i < elements.size(); ++i)
        elements[i] *= static_cast<T>(scales[i / n]);
    });
  });
  return clipped;
}

std::int64_t clip_grad_adaptive_(const std::vector<Tensor>& params,
                                 const AdaptiveClipOptions& options, Where at) {
  ContextScope scope({.op = "clip_grad_adaptive_", .at = at});
  return clip_grad_adaptive_(numbered(params), options, at);
}

}  // namespace gradus::optim
