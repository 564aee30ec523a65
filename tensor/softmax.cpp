#include <algorithm>
#include <cmath>
#include <limits>

#include "gradus/tensor/creation.h"
#include "gradus/tensor/line.h"
#include "gradus/tensor/lines-inl.h"
#include "gradus/tensor/ops.h"

namespace gradus::kernel {
namespace {

/// A line whose maximum is not finite has no softmax: all of it becomes NaN, as in PyTorch.
template <class T>
bool fill_if_undefined(std::int64_t n, T top, T* y) {
  if (std::isfinite(top)) return false;
  std::fill(y, y + n, std::numeric_limits<T>::quiet_NaN());
  return true;
}

template <class F>
Tensor along(const Tensor& x, std::int64_t dim, F&& run) {
  check(x.is_floating(), "needs floating-point numbers, got {}; convert with to(float32) first",
        x.dtype());
  int wrapped = wrap_dim(dim, x.dim());
  Tensor out = empty(x.shape(), x.dtype());
  visit_floating(x.dtype(), [&](auto zero) { run(zero, out, wrapped); });
  return out;
}

}  // namespace

Tensor softmax(const Tensor& x, std::int64_t dim) {
  return along(x, dim, [&](auto zero, const Tensor& out, int d) {
    using T = decltype(zero);
    map_lines<T>(
        out, d,
        [](std::int64_t n, T* y, const T* line) {
          T top = line::max(n, line);
          if (fill_if_undefined(n, top, y)) return;
          auto scale = static_cast<T>(1 / line::exp_minus(n, line, top, y));
          line::maps<T>().scale(n, y, scale, y);
        },
        x);
  });
}

Tensor log_softmax(const Tensor& x, std::int64_t dim) {
  return along(x, dim, [&](auto zero, const Tensor& out, int d) {
    using T = decltype(zero);
    map_lines<T>(
        out, d,
        [](std::int64_t n, T* y, const T* line) {
          T top = line::max(n, line);
          if (fill_if_undefined(n, top, y)) return;
          auto log_sum = static_cast<T>(std::log(line::sum_exp_minus(n, line, top)));
          line::maps<T>().minus_both(n, line, top, log_sum, y);
        },
        x);
  });
}

Tensor softmax_backward(const Tensor& g, const Tensor& y, std::int64_t dim) {
  return along(y, dim, [&](auto zero, const Tensor& out, int d) {
    using T = decltype(zero);
    map_lines<T>(
        out, d,
        [](std::int64_t n, T* to, const T* gs, const T* ys) {
          auto mean = static_cast<T>(line::dot(n, gs, ys));
          line::maps<T>().scaled_minus(n, ys, gs, mean, to);
        },
        g, y);
  });
}

Tensor log_softmax_backward(const Tensor& g, const Tensor& y, std::int64_t dim) {
  return along(y, dim, [&](auto zero, const Tensor& out, int d) {
    using T = decltype(zero);
    map_lines<T>(
        out, d,
        [](std::int64_t n, T* to, const T* gs, const T* ys) {
          auto total = static_cast<T>(line::sum(n, gs));
          line::exp_minus(n, ys, T{0}, to);
          line::maps<T>().minus_scaled(n, gs, to, total, to);
        },
        g, y);
  });
}

}  // namespace gradus::kernel
