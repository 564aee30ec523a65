#include <cmath>
#include <vector>

#include "gradus/tensor/creation.h"
#include "gradus/tensor/iterate.h"
#include "gradus/tensor/line.h"
#include "gradus/tensor/ops.h"

namespace gradus::kernel {
namespace {

constexpr std::int64_t grain = 1 << 15;  // elements

/// x as n * channels runs of `inner` elements.
struct Channels {
  std::int64_t n, channels, inner;
  explicit Channels(const Tensor& x)
      : n(x.shape()[0]),
        channels(x.shape()[1]),
        inner(x.numel() / std::max<std::int64_t>(n * channels, 1)) {}

  /// Calls run(offset, c, count, runs_over_channels): with one element a channel, a run goes over
  /// all channels of a row, from c = 0; otherwise over the elements of channel c.
  template <class F>
  void for_runs(F&& run) const {
    if (inner == 1) {
      parallel_for(0, n, std::max<std::int64_t>(grain / channels, 1),
                   [&](std::int64_t b, std::int64_t e) {
                     for (; b < e; ++b) run(b * channels, 0, channels, true);
                   });
    } else {
      parallel_for(0, n * channels,
                   std::max<std::int64_t>(grain / std::max<std::int64_t>(inner, 1), 1),
                   [&](std::int64_t b, std::int64_t e) {
                     for (; b < e; ++b) run(b * inner, b % channels, inner, false);
                   });
    }
  }
};

struct Sums {
  std::vector<double> g;     // sum g
  std::vector<double> g_dx;  // sum g (x - mean)
};

/// Each channel is summed by one thread in one order.
template <class T>
Sums channel_sums(const Channels& shape, const T* g, const T* x, const double* mean) {
  auto size = static_cast<std::size_t>(shape.channels);
  Sums sums{std::vector<double>(size), std::vector<double>(size)};
  double* sum_g = sums.g.data();
  double* sum_g_dx = sums.g_dx.data();
  std::int64_t channel_grain =
      std::max<std::int64_t>(grain / std::max<std::int64_t>(shape.n * shape.inner, 1), 1);
  parallel_for(0, shape.channels, channel_grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = 0; i < shape.n; ++i) {
      if (shape.inner == 1) {
        const T* gs = g + i * shape.channels;
        const T* xs = x + i * shape.channels;
        for (std::int64_t c = begin; c < end; ++c) {
          auto value = static_cast<double>(gs[c]);
          sum_g[c] += value;
          sum_g_dx[c] += value * (static_cast<double>(xs[c]) - mean[c]);
        }
      } else {
        for (std::int64_t c = begin; c < end; ++c) {
          std::int64_t at = (i * shape.channels + c) * shape.inner;
          sum_g[c] += line::sum(shape.inner, g + at);
          sum_g_dx[c] += line::dot_minus(shape.inner, g + at, x + at, mean[c]);
        }
      }
    }
  });
  return sums;
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Moments& stats, const Tensor& weight, const Tensor& bias,
                  double eps) {
  Tensor dense = contiguous(x);
  Tensor out = empty(x.shape(), x.dtype());
  if (x.numel() == 0) return out;
  Channels shape(x);
  visit_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    // y = (x - center) scale + shift; what rounding takes from the mean is put into the shift.
    std::vector<T> center, scale, shift;
    for (std::int64_t c = 0; c < shape.channels; ++c) {
      double mean = stats.mean.at<double>(c);
      double factor = 1 / std::sqrt(stats.var.at<double>(c) + eps);
      if (weight.defined()) factor *= static_cast<double>(weight.at<T>(c));
      center.push_back(static_cast<T>(mean));
      scale.push_back(static_cast<T>(factor));
      double rest = (static_cast<double>(center.back()) - mean) * factor;
      shift.push_back(static_cast<T>(rest + (bias.defined() ? bias.at(c) : 0)));
    }
    const T* from = dense.data<T>();
    T* to = out.data<T>();
    shape.for_runs(
        [&](std::int64_t at, std::int64_t first, std::int64_t count, bool over_channels) {
          auto c = static_cast<std::size_t>(first);
          const T* xs = from + at;
          T* ys = to + at;
          if (over_channels) {
            const T *m = center.data(), *s = scale.data(), *b = shift.data();
            for (std::int64_t i = 0; i < count; ++i) ys[i] = (xs[i] - m[i]) * s[i] + b[i];
          } else {
            const T m = center[c], s = scale[c], b = shift[c];
            for (std::int64_t i = 0; i < count; ++i) ys[i] = (xs[i] - m) * s + b;
          }
        });
  });
  return out;
}

std::array<Tensor, 3> batch_norm_backward(const Tensor& g, const Tensor& x, const Moments& stats,
                                          const Tensor& weight, double eps) {
  Tensor dense_g = contiguous(g);
  Tensor dense_x = contiguous(x);
  Channels shape(x);
  Tensor dx = empty(x.shape(), x.dtype());
  Tensor dweight = empty(shape.channels, x.dtype());
  Tensor dbias = empty(shape.channels, x.dtype());
  visit_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* gs = dense_g.data<T>();
    const T* xs = dense_x.data<T>();
    Sums sums = channel_sums(shape, gs, xs, stats.mean.data<double>());
    auto count = static_cast<double>(std::max<std::int64_t>(shape.n * shape.inner, 1));
    // dx = scale g - slope (x - center) - shift, which is
    // weight rstd (g - E[g] - xhat E[g xhat]) with xhat = (x - mean) rstd.
    std::vector<T> scale, slope, center, shift;
    for (std::int64_t c = 0; c < shape.channels; ++c) {
      auto k = static_cast<std::size_t>(c);
      double mean = stats.mean.at<double>(c);
      double rstd = 1 / std::sqrt(stats.var.at<double>(c) + eps);
      double factor = rstd * (weight.defined() ? static_cast<double>(weight.at<T>(c)) : 1);
      double tilt = factor * rstd * rstd * sums.g_dx[k] / count;
      scale.push_back(static_cast<T>(factor));
      slope.push_back(static_cast<T>(tilt));
      center.push_back(static_cast<T>(mean));
      double rest = (static_cast<double>(center.back()) - mean) * tilt;
      shift.push_back(static_cast<T>(factor * sums.g[k] / count + rest));
      dweight.at<T>(c) = static_cast<T>(rstd * sums.g_dx[k]);
      dbias.at<T>(c) = static_cast<T>(sums.g[k]);
    }
    T* to = dx.data<T>();
    shape.for_runs([&](std::int64_t at, std::int64_t first, std::int64_t n, bool over_channels) {
      auto c = static_cast<std::size_t>(first);
      const T* gr = gs + at;
      const T* xr = xs + at;
      T* out = to + at;
      if (over_channels) {
        const T *a = scale.data(), *k = slope.data(), *m = center.data(), *b = shift.data();
        for (std::int64_t i = 0; i < n; ++i) out[i] = a[i] * gr[i] - k[i] * (xr[i] - m[i]) - b[i];
      } else {
        const T a = scale[c], k = slope[c], m = center[c], b = shift[c];
        for (std::int64_t i = 0; i < n; ++i) out[i] = a * gr[i] - k * (xr[i] - m) - b;
      }
    });
  });
  return {dx, dweight, dbias};
}

void update_running(const Tensor& running, const Tensor& batch, double momentum, double factor) {
  visit_floating(running.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t c = 0; c < running.numel(); ++c) {
      T& value = running.at<T>(c);
      value = static_cast<T>((1 - momentum) * static_cast<double>(value) +
                             momentum * factor * batch.at<double>(c));
    }
  });
  running.storage()->mark_written();
}

}  // namespace gradus::kernel
