#include <cmath>
#include <memory>
#include <vector>

#include "gradus/tensor/creation.h"
#include "gradus/tensor/iterate.h"
#include "gradus/tensor/line.h"
#include "gradus/tensor/ops.h"

namespace gradus::kernel {
namespace {

constexpr std::int64_t grain = 1 << 15;  // elements

std::int64_t row_grain(std::int64_t inner) {
  return std::max<std::int64_t>(grain / std::max<std::int64_t>(inner, 1), 1);
}

}  // namespace

LayerNorm layer_norm(const Tensor& x, std::int64_t inner, const Tensor& weight, const Tensor& bias,
                     double eps) {
  Tensor dense = contiguous(x);
  std::int64_t rows = inner == 0 ? 0 : x.numel() / inner;
  LayerNorm result{empty(x.shape(), x.dtype()), empty(rows, float64), empty(rows, float64)};
  if (x.numel() == 0) return result;
  Tensor dense_weight = weight.defined() ? contiguous(weight) : weight;
  Tensor dense_bias = bias.defined() ? contiguous(bias) : bias;
  double* means = result.mean.data<double>();
  double* rstds = result.rstd.data<double>();
  visit_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = dense.data<T>();
    const T* w = weight.defined() ? dense_weight.data<T>() : nullptr;
    const T* b = bias.defined() ? dense_bias.data<T>() : nullptr;
    T* to = result.y.data<T>();
    parallel_for(0, rows, row_grain(inner), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        const T* xs = from + r * inner;
        T* ys = to + r * inner;
        means[r] = line::sum(inner, xs) / static_cast<double>(inner);
        double var = line::squares_minus(inner, xs, means[r]) / static_cast<double>(inner);
        rstds[r] = 1 / std::sqrt(var + eps);
        // What rounding takes from the mean is given back after scaling.
        auto center = static_cast<T>(means[r]);
        auto scale = static_cast<T>(rstds[r]);
        auto rest = static_cast<T>((static_cast<double>(center) - means[r]) * rstds[r]);
        for (std::int64_t i = 0; i < inner; ++i) ys[i] = (xs[i] - center) * scale + rest;
        if (w != nullptr) {
          for (std::int64_t i = 0; i < inner; ++i) ys[i] *= w[i];
        }
        if (b != nullptr) {
          for (std::int64_t i = 0; i < inner; ++i) ys[i] += b[i];
        }
      }
    });
  });
  return result;
}

std::array<Tensor, 3> layer_norm_backward(const Tensor& g, const Tensor& x, const Tensor& mean,
                                          const Tensor& rstd, const Shape& normalized,
                                          const Tensor& weight) {
  std::int64_t inner = normalized.product();
  std::int64_t rows = mean.numel();
  Tensor dense_g = contiguous(g);
  Tensor dense_x = contiguous(x);
  Tensor dense_weight = weight.defined() ? contiguous(weight) : weight;
  Tensor dx = empty(x.shape(), x.dtype());
  Tensor dweight = empty(normalized, x.dtype());
  Tensor dbias = empty(normalized, x.dtype());
  const double* means = mean.data<double>();
  const double* rstds = rstd.data<double>();

  // The gradients of weight and bias add up over rows, in blocks that depend on sizes alone.
  std::int64_t block = std::max({row_grain(inner), (rows + 31) / 32, std::int64_t{1}});
  std::int64_t blocks = (rows + block - 1) / block;
  std::vector<double> sums(static_cast<std::size_t>(2 * std::max<std::int64_t>(blocks, 1) * inner));

  visit_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* gradient = dense_g.data<T>();
    const T* from = dense_x.data<T>();
    const T* w = weight.defined() ? dense_weight.data<T>() : nullptr;
    T* to = dx.data<T>();
    parallel_for(0, blocks, 1, [&](std::int64_t first, std::int64_t last) {
      auto scaled = std::make_unique_for_overwrite<T[]>(static_cast<std::size_t>(inner));
      for (std::int64_t r = first * block; r < std::min(last * block, rows); ++r) {
        double* weight_sum = sums.data() + 2 * (r / block) * inner;
        double* bias_sum = weight_sum + inner;
        const T* gs = gradient + r * inner;
        const T* xs = from + r * inner;
        const T* us = gs;  // the gradient of xhat = (x - mean) rstd
        if (w != nullptr) {
          for (std::int64_t i = 0; i < inner; ++i)
            scaled[static_cast<std::size_t>(i)] = gs[i] * w[i];
          us = scaled.get();
        }
        auto count = static_cast<double>(inner);
        double tilt =
            line::dot_minus(inner, us, xs, means[r]) * rstds[r] * rstds[r] * rstds[r] / count;
        auto center = static_cast<T>(means[r]);
        double rest = (static_cast<double>(center) - means[r]);
        auto scale = static_cast<T>(rstds[r]);
        auto slope = static_cast<T>(tilt);
        auto shift = static_cast<T>(line::sum(inner, us) * rstds[r] / count + rest * tilt);
        T* out = to + r * inner;
        for (std::int64_t i = 0; i < inner; ++i) {
          out[i] = scale * us[i] - slope * (xs[i] - center) - shift;
        }
        for (std::int64_t i = 0; i < inner; ++i) {
          auto value = static_cast<double>(gs[i]);
          weight_sum[i] += value * ((static_cast<double>(xs[i]) - means[r]) * rstds[r]);
          bias_sum[i] += value;
        }
      }
    });
    T* to_weight = dweight.data<T>();
    T* to_bias = dbias.data<T>();
    for (std::int64_t i = 0; i < inner; ++i) {
      double weight_total = 0;
      double bias_total = 0;
      for (std::int64_t b = 0; b < blocks; ++b) {
        weight_total += sums[static_cast<std::size_t>(2 * b * inner + i)];
        bias_total += sums[static_cast<std::size_t>((2 * b + 1) * inner + i)];
      }
      to_weight[i] = static_cast<T>(weight_total);
      to_bias[i] = static_cast<T>(bias_total);
    }
  });
  return {dx, dweight, dbias};
}

}  // namespace gradus::kernel
