#include "tests/ops/rows.h"

#include "gradus/tensor/creation.h"

namespace gradus::table {
namespace {

// Row-major index of `position` in `shape`.
std::vector<std::int64_t> index_of(std::int64_t position, const Shape& shape) {
  std::vector<std::int64_t> index(static_cast<std::size_t>(shape.size()));
  for (int d = shape.size() - 1; d >= 0; --d) {
    index[static_cast<std::size_t>(d)] = position % shape[d];
    position /= shape[d];
  }
  return index;
}

// The element of x that broadcasting puts at `index` of a larger shape.
double broadcast_value(const Tensor& x, const std::vector<std::int64_t>& index) {
  std::int64_t offset = 0;
  std::size_t shift = index.size() - static_cast<std::size_t>(x.dim());
  for (int d = 0; d < x.dim(); ++d) {
    if (x.shape()[d] != 1) offset += index[shift + static_cast<std::size_t>(d)] * x.strides()[d];
  }
  return x.data<double>()[offset];
}

}  // namespace

Function pointwise(std::function<double(double)> f) {
  return [f](const std::vector<Tensor>& x) {
    std::vector<double> values = x[0].to_vector<double>();
    Tensor result = empty(x[0].shape(), float64);
    for (std::size_t i = 0; i < values.size(); ++i) result.data<double>()[i] = f(values[i]);
    return result;
  };
}

Function pointwise2(std::function<double(double, double)> f) {
  return [f](const std::vector<Tensor>& x) {
    Tensor result = empty(broadcast(x[0].shape(), x[1].shape()), float64);
    for (std::int64_t i = 0; i < result.numel(); ++i) {
      auto index = index_of(i, result.shape());
      result.data<double>()[i] = f(broadcast_value(x[0], index), broadcast_value(x[1], index));
    }
    return result;
  };
}

Function along(std::int64_t dim, std::function<double(const std::vector<double>&)> f) {
  return [dim, f](const std::vector<Tensor>& x) {
    int d = wrap_dim(dim, x[0].dim());
    Tensor result = empty(reduced(x[0].shape(), {d}, false), float64);
    for (std::int64_t i = 0; i < result.numel(); ++i) {
      auto index = index_of(i, result.shape());
      index.insert(index.begin() + d, 0);
      std::vector<double> values;
      for (std::int64_t k = 0; k < x[0].shape()[d]; ++k) {
        index[static_cast<std::size_t>(d)] = k;
        values.push_back(broadcast_value(x[0], index));
      }
      result.data<double>()[i] = f(values);
    }
    return result;
  };
}

const std::vector<Row>& all_rows() {
  static const std::vector<Row> rows = [] {
    std::vector<Row> all;
    for (auto family : {pointwise_rows, activation_rows, reduce_rows, norm_rows, linalg_rows,
                        index_rows, view_rows}) {
      for (Row& row : family()) all.push_back(std::move(row));
    }
    return all;
  }();
  return rows;
}

}  // namespace gradus::table
