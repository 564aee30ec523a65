#pragma once

#include <cmath>
#include <string>
#include <unordered_set>

#include "gradus/optim/clip.h"
#include "gradus/tensor/line.h"
#include "gradus/tensor/ops.h"

/// What the ways of clipping share.
namespace gradus::optim {

/// "parameter 3 of shape (10, 64)" for each.
inline NamedParameters numbered(const std::vector<Tensor>& params) {
  NamedParameters named;
  for (std::size_t i = 0; i < params.size(); ++i) {
    check(params[i].defined(), "parameter {} is undefined", i);
    named.emplace_back(fmt::format("parameter {} of shape {}", i, params[i].shape()), params[i]);
  }
  return named;
}

/// A gradient with its parameter, and a contiguous form to compute on.
struct Gradient {
  const std::string* name;
  Tensor param;
  Tensor value;     ///< param.grad()
  Tensor elements;  ///< `value` itself where that is contiguous
};

inline std::vector<Gradient> gradients_of(const NamedParameters& params) {
  std::vector<Gradient> gradients;
  for (const auto& [name, param] : params) {
    check(param.defined(), "{} is undefined", name);
    Tensor value = param.grad();
    if (value.defined()) gradients.push_back({&name, param, value, kernel::contiguous(value)});
  }
  return gradients;
}

/// Calls f(gradient) to change each gradient's `elements`. One that several parameters share is
/// changed once; one that is not contiguous (an expanded one has fewer elements in memory than in
/// its shape) is replaced by its contiguous form.
template <class F>
void overwrite(const std::vector<Gradient>& gradients, F&& f) {
  std::unordered_set<const TensorImpl*> done;
  for (const Gradient& gradient : gradients) {
    if (!done.insert(&gradient.elements.impl()).second) continue;
    f(gradient);
    gradient.elements.storage()->mark_written();
    if (!gradient.elements.is_same(gradient.value)) gradient.param.set_grad(gradient.elements);
  }
}

/// The sum of |scale x|^p over n elements, or the greatest |scale x| for infinite p, in double. NaN
/// where one is among them.
template <class T>
double power_sum(const T* x, std::int64_t n, double p, double scale = 1) {
  double total = 0;
  if (p == 2 && scale == 1) {
    total = kernel::line::squares_minus(n, x, 0);
  } else if (std::isinf(p)) {
    for (std::int64_t i = 0; i < n; ++i) {
      const double v = std::abs(scale * static_cast<double>(x[i]));
      if (v > total || std::isnan(v)) total = v;
      if (std::isnan(v)) break;
    }
  } else {
    for (std::int64_t i = 0; i < n; ++i) {
      total += std::pow(std::abs(scale * static_cast<double>(x[i])), p);
    }
  }
  return total;
}

}  // namespace gradus::optim
