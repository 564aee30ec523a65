#include <cmath>

#include "gradus/tensor/columns.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/line.h"
#include "gradus/tensor/ops.h"
#include "gradus/tensor/reduce-inl.h"

namespace gradus::kernel {
namespace {

/// The first element of each group that a reduction over `dims` makes, one result after the other.
template <class T>
std::vector<double> first_of_each(const Tensor& x, const Dims& dims) {
  Layout first = x.layout();
  for (std::int64_t d : dims) {
    if (d < x.dim()) first.shape[d] = 1;
  }
  return x.numel() == 0 ? std::vector<double>() : x.alias(first).to_vector<double>();
}

/// Mean and sum of squared deviations in one pass: with d = x - pivot, n var = sum d^2 - (sum d)^2
/// / n. A pivot out of the data keeps the cancellation below a relative error of n * 1e-16, since
/// (pivot - mean)^2 <= n var.
template <class T, class Store>
struct Moment {
  using In = T;
  struct Acc {
    double pivot, sum, squares;
  };
  static constexpr bool ordered = false;

  const std::vector<double>& pivots;
  double count;
  Store keep;  // keep(k, mean, sum of squared deviations)

  Acc init(std::int64_t k) const {
    return {pivots.empty() ? 0 : pivots[static_cast<std::size_t>(k)], 0, 0};
  }
  Acc fold(Acc acc, T value, std::int64_t) const {
    double d = static_cast<double>(value) - acc.pivot;
    return {acc.pivot, acc.sum + d, acc.squares + d * d};
  }
  Acc fold_dense(std::int64_t k, std::int64_t n, const T* x) const {
    const double pivot = init(k).pivot;
    const auto [sum, squares] = line::sums<T>().moments(n, x, pivot);
    return {pivot, sum, squares};
  }
  void fold_columns(std::int64_t rows, std::int64_t n, const T* x, std::int64_t stride,
                    Acc* acc) const {
    std::array<double, detail::tile> pivot, sum, squares;
    for (std::int64_t j = 0; j < n; ++j) {
      const auto c = static_cast<std::size_t>(j);
      pivot[c] = acc[j].pivot;
      sum[c] = acc[j].sum;
      squares[c] = acc[j].squares;
    }
    columns::loops<T>().moments(rows, n, x, stride, pivot.data(), sum.data(), squares.data());
    for (std::int64_t j = 0; j < n; ++j) {
      const auto c = static_cast<std::size_t>(j);
      acc[j] = {pivot[c], sum[c], squares[c]};
    }
  }
  Acc merge(Acc a, Acc b) const { return {a.pivot, a.sum + b.sum, a.squares + b.squares}; }
  void store(std::int64_t k, Acc acc) const {
    double shift = acc.sum / count;
    double deviations = acc.squares - acc.sum * shift;
    keep(k, acc.pivot + shift, deviations < 0 ? 0 : deviations);
  }
};

template <class T, class Store>
void for_moments(const Tensor& x, const Dims& dims, const Store& keep) {
  std::vector<double> pivots = first_of_each<T>(x, dims);
  reduce(x, dims, Moment<T, Store>{pivots, static_cast<double>(reduced_count(x, dims)), keep});
}

/// f(variance)
template <class F>
Tensor spread_of(const Tensor& x, const Dims& dims, bool keepdim, double correction, F&& f) {
  check(x.is_floating(), "needs floating-point numbers, got {}; convert with to(float32) first",
        x.dtype());
  check(std::isfinite(correction), "needs a finite correction, got {}", correction);
  Dims wrapped = wrap_dims(dims, x.dim());
  Tensor out = empty(reduced(x.shape(), wrapped, keepdim), x.dtype());
  double divisor = std::max(static_cast<double>(reduced_count(x, wrapped)) - correction, 0.0);
  visit_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* to = out.data<T>();
    for_moments<T>(x, wrapped, [=](std::int64_t k, double, double deviations) {
      to[k] = static_cast<T>(f(deviations / divisor));
    });
  });
  return out;
}

}  // namespace

Moments moments(const Tensor& x, const Dims& dims) {
  Dims wrapped = wrap_dims(dims, x.dim());
  Shape shape = reduced(x.shape(), wrapped, false);
  Moments result{empty(shape, float64), empty(shape, float64)};
  auto count = static_cast<double>(reduced_count(x, wrapped));
  double* mean = result.mean.data<double>();
  double* var = result.var.data<double>();
  visit_floating(x.dtype(), [&](auto zero) {
    for_moments<decltype(zero)>(x, wrapped, [=](std::int64_t k, double m, double deviations) {
      mean[k] = m;
      var[k] = deviations / count;
    });
  });
  return result;
}

Tensor var(const Tensor& x, const Dims& dims, bool keepdim, double correction) {
  return spread_of(x, dims, keepdim, correction, [](double variance) { return variance; });
}

Tensor std(const Tensor& x, const Dims& dims, bool keepdim, double correction) {
  return spread_of(x, dims, keepdim, correction,
                   [](double variance) { return std::sqrt(variance); });
}

}  // namespace gradus::kernel
