#include <cmath>
#include <vector>

#include "gradus/tensor/channels.h"
#include "gradus/tensor/columns.h"
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

template <class T>
std::vector<T> per_channel(const Channels& shape) {
  return std::vector<T>(static_cast<std::size_t>(shape.channels));
}

struct Sums {
  std::vector<double> g;     // sum g
  std::vector<double> g_dx;  // sum g (x - mean)
};

/// Each channel is summed by one thread in one order.
template <class T>
Sums channel_sums(const Channels& shape, const T* g, const T* x, const double* mean) {
  Sums sums{per_channel<double>(shape), per_channel<double>(shape)};
  double* sum_g = sums.g.data();
  double* sum_g_dx = sums.g_dx.data();
  std::int64_t channel_grain =
      std::max<std::int64_t>(grain / std::max<std::int64_t>(shape.n * shape.inner, 1), 1);
  const columns::Loops<T>& loops = columns::loops<T>();
  parallel_for(0, shape.channels, channel_grain, [&](std::int64_t begin, std::int64_t end) {
    if (shape.inner == 1) {
      loops.dots(shape.n, end - begin, g + begin, x + begin, shape.channels, mean + begin,
                 sum_g + begin, sum_g_dx + begin);
      return;
    }
    for (std::int64_t i = 0; i < shape.n; ++i) {
      for (std::int64_t c = begin; c < end; ++c) {
        std::int64_t at = (i * shape.channels + c) * shape.inner;
        sum_g[c] += line::sum(shape.inner, g + at);
        sum_g_dx[c] += line::dot_minus(shape.inner, g + at, x + at, mean[c]);
      }
    }
  });
  return sums;
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Moments& stats, const Tensor& weight, const Tensor& bias,
                  double eps) {
  Tensor out = empty(x.shape(), x.dtype());
  if (x.numel() == 0) return out;
  Tensor dense = contiguous(x);
  Tensor means = contiguous(stats.mean);
  Tensor variances = contiguous(stats.var);
  Tensor weights = weight.defined() ? contiguous(weight) : weight;
  Tensor biases = bias.defined() ? contiguous(bias) : bias;
  Channels shape(x);
  visit_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const double* mean = means.data<double>();
    const double* var = variances.data<double>();
    const T* w = weights.defined() ? weights.data<T>() : nullptr;
    const T* b = biases.defined() ? biases.data<T>() : nullptr;
    // y = (x - center) scale + shift; what rounding takes from the mean is put into the shift.
    auto center = per_channel<T>(shape), scale = center, shift = center;
    for (std::size_t c = 0; c < center.size(); ++c) {
      double factor = 1 / std::sqrt(var[c] + eps);
      if (w != nullptr) factor *= static_cast<double>(w[c]);
      center[c] = static_cast<T>(mean[c]);
      scale[c] = static_cast<T>(factor);
      double rest = (static_cast<double>(center[c]) - mean[c]) * factor;
      shift[c] = static_cast<T>(rest + (b != nullptr ? static_cast<double>(b[c]) : 0));
    }
    const T* from = dense.data<T>();
    T* to = out.data<T>();
    const channels::Loops<T>& loops = channels::loops<T>();
    shape.for_runs([&](std::int64_t at, std::int64_t first, std::int64_t n, bool over_channels) {
      auto c = static_cast<std::size_t>(first);
      if (over_channels) {
        loops.row(n, from + at, center.data(), scale.data(), shift.data(), to + at);
      } else {
        loops.channel(n, from + at, center[c], scale[c], shift[c], to + at);
      }
    });
  });
  return out;
}

std::array<Tensor, 3> batch_norm_backward(const Tensor& g, const Tensor& x, const Moments& stats,
                                          const Tensor& weight, double eps) {
  Tensor dense_g = contiguous(g);
  Tensor dense_x = contiguous(x);
  Tensor weights = weight.defined() ? contiguous(weight) : weight;
  Channels shape(x);
  Tensor dx = empty(x.shape(), x.dtype());
  Tensor dweight = empty(shape.channels, x.dtype());
  Tensor dbias = empty(shape.channels, x.dtype());
  visit_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* gs = dense_g.data<T>();
    const T* xs = dense_x.data<T>();
    const double* mean = stats.mean.data<double>();
    const double* var = stats.var.data<double>();
    const T* w = weights.defined() ? weights.data<T>() : nullptr;
    T* to_weight = dweight.data<T>();
    T* to_bias = dbias.data<T>();
    Sums sums = channel_sums(shape, gs, xs, mean);
    auto count = static_cast<double>(std::max<std::int64_t>(shape.n * shape.inner, 1));
    // dx = scale g - slope (x - center) - shift, which is
    // weight rstd (g - E[g] - xhat E[g xhat]) with xhat = (x - mean) rstd.
    auto scale = per_channel<T>(shape), slope = scale, center = scale, shift = scale;
    for (std::size_t c = 0; c < scale.size(); ++c) {
      double rstd = 1 / std::sqrt(var[c] + eps);
      double factor = rstd * (w != nullptr ? static_cast<double>(w[c]) : 1);
      double tilt = factor * rstd * rstd * sums.g_dx[c] / count;
      scale[c] = static_cast<T>(factor);
      slope[c] = static_cast<T>(tilt);
      center[c] = static_cast<T>(mean[c]);
      double rest = (static_cast<double>(center[c]) - mean[c]) * tilt;
      shift[c] = static_cast<T>(factor * sums.g[c] / count + rest);
      to_weight[c] = static_cast<T>(rstd * sums.g_dx[c]);
      to_bias[c] = static_cast<T>(sums.g[c]);
    }
    T* to = dx.data<T>();
    const channels::Loops<T>& loops = channels::loops<T>();
    shape.for_runs([&](std::int64_t at, std::int64_t first, std::int64_t n, bool over_channels) {
      auto c = static_cast<std::size_t>(first);
      if (over_channels) {
        loops.row_backward(n, gs + at, xs + at, scale.data(), slope.data(), center.data(),
                           shift.data(), to + at);
      } else {
        loops.channel_backward(n, gs + at, xs + at, scale[c], slope[c], center[c], shift[c],
                               to + at);
      }
    });
  });
  return {dx, dweight, dbias};
}

void update_running(const Tensor& running, const Tensor& batch, double momentum, double factor) {
  visit_floating(running.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const double* from = batch.data<double>();
    Tensor values = contiguous(running);
    T* value = values.data<T>();
    for (std::int64_t c = 0; c < values.numel(); ++c) {
      value[c] = static_cast<T>((1 - momentum) * static_cast<double>(value[c]) +
                                momentum * factor * from[c]);
    }
    if (!values.is_same(running)) copy_into(running, values);
  });
  running.storage()->mark_written();
}

}  // namespace gradus::kernel
