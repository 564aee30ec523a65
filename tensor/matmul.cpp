#include "gradus/tensor/blas.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/iterate.h"
#include "gradus/tensor/ops.h"

namespace gradus::kernel {
namespace {

/// An operand as a stack of matrices: the batch dimensions, then rows and columns.
struct Stack {
  Tensor tensor;
  Layout batch;
  std::int64_t rows, columns;
  std::int64_t row_stride, column_stride;
};

Stack as_stack(const Tensor& x) {
  Layout batch = x.layout();
  int rank = batch.rank();
  Stack s{x,
          {},
          batch.shape[rank - 2],
          batch.shape[rank - 1],
          batch.strides[rank - 2],
          batch.strides[rank - 1]};
  for (int d = rank - 1; d >= rank - 2; --d) {
    batch.shape.erase(d);
    batch.strides.erase(d);
  }
  s.batch = batch;
  return s;
}

/// Whether BLAS can read the matrices where they lie, as rows or as a transpose.
bool suits_blas(const Stack& s, bool transposed) {
  std::int64_t inner = transposed ? s.row_stride : s.column_stride;
  std::int64_t outer = transposed ? s.column_stride : s.row_stride;
  std::int64_t run = transposed ? s.rows : s.columns;
  std::int64_t runs = transposed ? s.columns : s.rows;
  return (inner == 1 || run == 1) && (outer >= run || runs == 1);
}

template <class T>
blas::Matrix<T> matrix(const Stack& s, std::int64_t offset) {
  bool transposed = !suits_blas(s, false);
  std::int64_t leading = transposed ? s.column_stride : s.row_stride;
  std::int64_t run = transposed ? s.rows : s.columns;
  return {static_cast<const T*>(s.tensor.storage()->data()) + offset, std::max(leading, run),
          transposed};
}

Stack blas_stack(const Tensor& x) {
  Stack s = as_stack(x);
  return suits_blas(s, false) || suits_blas(s, true) ? s : as_stack(contiguous(x));
}

/// c = a b for integers, row by row.
void multiply_integers(const Stack& a, std::int64_t offset_a, const Stack& b, std::int64_t offset_b,
                       std::int64_t* c) {
  const auto* x = static_cast<const std::int64_t*>(a.tensor.storage()->data()) + offset_a;
  const auto* y = static_cast<const std::int64_t*>(b.tensor.storage()->data()) + offset_b;
  std::int64_t grain = 50'000 / std::max<std::int64_t>(a.columns * b.columns, 1);
  parallel_for(0, a.rows, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::int64_t* row = c + i * b.columns;
      std::fill_n(row, b.columns, 0);
      for (std::int64_t k = 0; k < a.columns; ++k) {
        std::int64_t factor = x[i * a.row_stride + k * a.column_stride];
        for (std::int64_t j = 0; j < b.columns; ++j) {
          row[j] += factor * y[k * b.row_stride + j * b.column_stride];
        }
      }
    }
  });
}

/// a: (..., m, k), b: (..., k, n), batch dimensions that broadcast.
Tensor multiply(const Tensor& a, const Tensor& b) {
  bool floating = a.is_floating();
  Stack x = floating ? blas_stack(a) : as_stack(a);
  Stack y = floating ? blas_stack(b) : as_stack(b);
  Shape batch = broadcast(x.batch.shape, y.batch.shape);
  Shape shape = batch;
  shape.push_back(x.rows);
  shape.push_back(y.columns);
  Tensor out = empty(shape, a.dtype());

  Nest products = Nest::in_order(batch, {as_stack(out).batch, x.batch, y.batch});
  constexpr std::int64_t grain_work = 4'000'000;
  std::int64_t work = std::max<std::int64_t>(x.rows * x.columns * y.columns, 1);
  products.parallel_walk(std::max<std::int64_t>(grain_work / work, 1),
                         [&](std::int64_t count, const std::int64_t* at, const std::int64_t* by) {
                           for (std::int64_t i = 0; i < count; ++i) {
                             std::int64_t to = at[0] + i * by[0];
                             std::int64_t from_a = at[1] + i * by[1];
                             std::int64_t from_b = at[2] + i * by[2];
                             if (floating) {
                               visit_floating(a.dtype(), [&](auto zero) {
                                 using T = decltype(zero);
                                 blas::gemm<T>(x.rows, y.columns, x.columns, matrix<T>(x, from_a),
                                               matrix<T>(y, from_b), out.data<T>() + to, y.columns);
                               });
                             } else {
                               multiply_integers(x, from_a, y, from_b,
                                                 out.data<std::int64_t>() + to);
                             }
                           }
                         });
  return out;
}

/// a's batch as more rows of one product with the one matrix b, where a's memory allows it.
std::optional<Layout> folded(const Tensor& a, const Tensor& b) {
  if (a.dim() < 3 || b.dim() != 2 || a.numel() == 0) return {};
  return a.layout().reshape({a.numel() / a.shape().back(), a.shape().back()});
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  check(a.dim() > 0 && b.dim() > 0, "both operands need a dimension: {} x {}; use * for a scalar",
        a.shape(), b.shape());
  check(a.dtype() == b.dtype(), "dtypes differ: {} x {}; convert one with to()", a.dtype(),
        b.dtype());
  check(a.dtype() != DType::Bool, "no product of bool matrices; convert them with to()");
  std::int64_t inner_b = b.shape()[b.dim() == 1 ? 0 : b.dim() - 2];
  check(a.shape().back() == inner_b, "inner sizes differ: {} x {}", a.shape(), b.shape());

  for (int d = 3; d <= std::min(a.dim(), b.dim()); ++d) {
    const std::int64_t p = a.shape()[a.dim() - d];
    const std::int64_t q = b.shape()[b.dim() - d];
    check(p == q || p == 1 || q == 1, "batches do not broadcast: {} x {}", a.shape(), b.shape());
  }

  Tensor x = a.dim() == 1 ? a.alias(a.layout().unsqueeze(0)) : a;
  Tensor y = b.dim() == 1 ? b.alias(b.layout().unsqueeze(1)) : b;
  Shape shape;
  Tensor out;
  if (auto rows = folded(x, y)) {
    shape = x.shape();
    shape[shape.size() - 1] = y.shape().back();
    out = multiply(x.alias(*rows), y);
  } else {
    out = multiply(x, y);
    shape = out.shape();
  }
  if (b.dim() == 1) shape.erase(shape.size() - 1);
  if (a.dim() == 1) shape.erase(shape.size() - (b.dim() == 1 ? 1 : 2));
  return shape == out.shape() ? out : out.alias(Layout::contiguous(shape));
}

Tensor dot(const Tensor& a, const Tensor& b) {
  check(a.dim() == 1 && b.dim() == 1, "needs two vectors, got {} and {}", a.shape(), b.shape());
  return matmul(a, b);
}

}  // namespace gradus::kernel
