#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>

#include "gradus/tensor/creation.h"
#include "gradus/tensor/iterate.h"
#include "gradus/tensor/ops.h"

namespace gradus::kernel {
namespace {

template <class T>
struct Entry {
  T value;
  std::int64_t index;
};

/// NaN counts as greater than any number, as in PyTorch.
template <class T>
bool less(T a, T b) {
  if constexpr (std::floating_point<T>) {
    if (std::isnan(b)) return !std::isnan(a);
  }
  return a < b;
}

/// Before another entry in the wanted order; equal values keep their order, so it is a total one.
template <class T>
bool precedes(const Entry<T>& a, const Entry<T>& b, bool descending) {
  if (less(a.value, b.value)) return !descending;
  if (less(b.value, a.value)) return descending;
  return a.index < b.index;
}

Layout line_starts(const Tensor& x, int dim) {
  Layout layout = x.dim() == 0 ? x.layout().unsqueeze(0) : x.layout();
  layout.shape.erase(dim);
  layout.strides.erase(dim);
  return layout;
}

std::int64_t stride_along(const Tensor& x, int dim) { return x.dim() == 0 ? 1 : x.strides()[dim]; }

/// The first k of each line along `dim` in the wanted order.
std::array<Tensor, 2> first_in_order(const Tensor& x, std::int64_t k, int dim, bool descending) {
  std::int64_t length = x.dim() == 0 ? 1 : x.shape()[dim];
  Shape shape = x.shape();
  if (x.dim() > 0) shape[dim] = k;
  Tensor values_out = empty(shape, x.dtype());
  Tensor indices_out = empty(shape, int64);
  std::int64_t step_x = stride_along(x, dim);
  std::int64_t step_values = stride_along(values_out, dim);
  std::int64_t step_indices = stride_along(indices_out, dim);
  Layout starts = line_starts(x, dim);
  Nest lines = Nest::any_order(
      starts.shape, {line_starts(values_out, dim), line_starts(indices_out, dim), starts});
  if (k == 0) return {values_out, indices_out};

  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto* from = static_cast<const T*>(x.storage()->data());
    T* values = values_out.data<T>();
    std::int64_t* indices = indices_out.data<std::int64_t>();
    auto sort_line = [&](std::vector<Entry<T>>& line, std::int64_t to_values,
                         std::int64_t to_indices, std::int64_t start) {
      for (std::int64_t i = 0; i < length; ++i) {
        line[static_cast<std::size_t>(i)] = {from[start + i * step_x], i};
      }
      auto order = [&](const auto& a, const auto& b) { return precedes(a, b, descending); };
      if (k < length) {
        std::partial_sort(line.begin(), line.begin() + k, line.end(), order);
      } else {
        std::sort(line.begin(), line.end(), order);
      }
      for (std::int64_t i = 0; i < k; ++i) {
        values[to_values + i * step_values] = line[static_cast<std::size_t>(i)].value;
        indices[to_indices + i * step_indices] = line[static_cast<std::size_t>(i)].index;
      }
    };
    lines.parallel_walk(
        2'000 / length + 1, [&](std::int64_t n, const std::int64_t* at, const std::int64_t* by) {
          std::vector<Entry<T>> line(static_cast<std::size_t>(length));
          for (std::int64_t i = 0; i < n; ++i) {
            sort_line(line, at[0] + i * by[0], at[1] + i * by[1], at[2] + i * by[2]);
          }
        });
  });
  return {values_out, indices_out};
}

/// x where `keep(column - row)`, else 0.
template <class Keep>
Tensor triangle(const Tensor& x, Keep keep) {
  check(x.dim() >= 2, "needs at least 2 dimensions, got shape {}", x.shape());
  Tensor out = empty(x.shape(), x.dtype());
  // A third operand whose offsets are column - row.
  Layout distance{x.shape(), Dims::filled(x.dim(), 0), 0};
  distance.strides[x.dim() - 2] = -1;
  distance.strides[x.dim() - 1] = 1;
  Nest nest = Nest::any_order(x.shape(), {out.layout(), x.layout(), distance});
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* to = out.data<T>();
    const auto* from = static_cast<const T*>(x.storage()->data());
    nest.parallel_walk(65'536, [&](std::int64_t n, const std::int64_t* at, const std::int64_t* by) {
      for (std::int64_t i = 0; i < n; ++i) {
        to[at[0] + i * by[0]] = keep(at[2] + i * by[2]) ? from[at[1] + i * by[1]] : T(0);
      }
    });
  });
  return out;
}

}  // namespace

std::array<Tensor, 2> sort(const Tensor& x, std::int64_t dim, bool descending) {
  int d = wrap_dim(dim, x.dim());
  return first_in_order(x, x.dim() == 0 ? 1 : x.shape()[d], d, descending);
}

std::array<Tensor, 2> topk(const Tensor& x, std::int64_t k, std::int64_t dim, bool largest) {
  int d = wrap_dim(dim, x.dim());
  std::int64_t size = x.dim() == 0 ? 1 : x.shape()[d];
  check(0 <= k && k <= size, "k = {} is out of range for dimension {} of {}", k, d, x.shape());
  check(x.dim() > 0 || k == 1, "k = {} of an input without dimensions", k);
  return first_in_order(x, k, d, largest);
}

Tensor triu(const Tensor& x, std::int64_t diagonal) {
  return triangle(x, [=](std::int64_t distance) { return distance >= diagonal; });
}

Tensor tril(const Tensor& x, std::int64_t diagonal) {
  return triangle(x, [=](std::int64_t distance) { return distance <= diagonal; });
}

}  // namespace gradus::kernel
