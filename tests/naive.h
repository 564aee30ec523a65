#pragma once

#include <random>
#include <vector>

#include "gradus/tensor/creation.h"
#include "gradus/tensor/parallel.h"
#include "gradus/tensor/tensor.h"

/// What naive references are written with: loops over indices, one element at a time.
namespace gradus::naive {

using Position = std::vector<std::int64_t>;

/// Calls f(index) for each index of `shape` in row-major order.
template <class F>
void for_each(const Shape& shape, F&& f) {
  Position index(static_cast<std::size_t>(shape.size()), 0);
  for (std::int64_t left = shape.product(); left > 0; --left) {
    f(index);
    for (int d = shape.size() - 1; d >= 0; --d) {
      if (++index[static_cast<std::size_t>(d)] < shape[d]) break;
      index[static_cast<std::size_t>(d)] = 0;
    }
  }
}

/// The element of x at `index`, aligned at the last dimension: leading indices that x lacks are
/// dropped, and a dimension of size 1 has its element everywhere.
inline double value(const Tensor& x, const Position& index) {
  std::int64_t offset = 0;
  std::size_t shift = index.size() - static_cast<std::size_t>(x.dim());
  for (int d = 0; d < x.dim(); ++d) {
    if (x.shape()[d] != 1) offset += index[shift + static_cast<std::size_t>(d)] * x.strides()[d];
  }
  return visit(x.dtype(),
               [&](auto zero) { return static_cast<double>(x.data<decltype(zero)>()[offset]); });
}

/// A float64 tensor of `shape` whose element at each index is f(index).
template <class F>
Tensor build(const Shape& shape, F&& f) {
  Tensor result = empty(shape, float64);
  double* next = result.data<double>();
  for_each(shape, [&](const Position& index) { *next++ = f(index); });
  return result;
}

/// Uniform in [-1, 1), or integers in [-9, 9].
inline Tensor draw(const Shape& shape, DType dtype = float32, std::uint32_t seed = 1) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::uniform_int_distribution<int> whole(-9, 9);
  Tensor x = empty(shape, dtype);
  visit(dtype, [&](auto zero) {
    using T = decltype(zero);
    for (T& element : x.span<T>()) {
      element = dtype == int64 ? static_cast<T>(whole(engine)) : static_cast<T>(uniform(engine));
    }
  });
  return x;
}

/// A tensor of x's values whose memory has gaps and runs in the opposite order of dimensions.
inline Tensor scattered(const Tensor& x) {
  Shape block;
  Dims reversed;
  for (int d = x.dim() - 1; d >= 0; --d) {
    block.push_back(x.shape()[d]);
    reversed.push_back(d);
  }
  block.push_back(2);
  Tensor memory = empty(block, x.dtype());
  Tensor view = memory.alias(memory.layout().select(-1, 1).permute(reversed));
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for_each(x.shape(), [&](const Position& index) {
      std::int64_t to = 0;
      for (int d = 0; d < x.dim(); ++d)
        to += index[static_cast<std::size_t>(d)] * view.strides()[d];
      view.data<T>()[to] = static_cast<T>(value(x, index));
    });
  });
  return view;
}

/// Equal shapes, and |got - expected| <= tolerance (1 + |expected|) everywhere.
inline bool close(const Tensor& got, const Tensor& expected, double tolerance) {
  if (got.shape() != expected.shape()) return false;
  bool all = true;
  for_each(got.shape(), [&](const Position& index) {
    double want = value(expected, index);
    double difference = value(got, index) - want;
    all = all && (difference <= tolerance * (1 + (want < 0 ? -want : want))) &&
          (-difference <= tolerance * (1 + (want < 0 ? -want : want)));
  });
  return all;
}

/// The number of threads for the length of a scope.
class Threads {
 public:
  explicit Threads(int count) : before_(num_threads()) { set_num_threads(count); }
  ~Threads() { set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

}  // namespace gradus::naive
