#include "gradus/autograd/fold.h"
#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/ops.h"

namespace gradus {
namespace {

// A vector on the left is a row, one on the right a column; the product lacks their dimension.

Tensor as_row(const Tensor& a) { return a.dim() == 1 ? unsqueeze(a, 0) : a; }

Tensor as_column(const Tensor& b) { return b.dim() == 1 ? unsqueeze(b, 1) : b; }

/// The product's gradient as a (batch of) matrices (m, n).
Tensor as_matrix(Tensor g, bool a_is_vector, bool b_is_vector) {
  if (b_is_vector) g = unsqueeze(g, -1);
  if (a_is_vector) g = unsqueeze(g, -2);
  return g;
}

/// g b^T: (..., m, k).
Tensor left_gradient(const Tensor& g, const Tensor& b, bool a_is_vector) {
  Tensor matrices = as_matrix(g, a_is_vector, b.dim() == 1);
  Tensor gradient = matmul(matrices, transpose(as_column(b), -2, -1));
  return a_is_vector ? squeeze(gradient, -2) : gradient;
}

/// a^T g: (..., k, n). Where one matrix b met a batch, the sum over the batch is part of one
/// product.
Tensor right_gradient(const Tensor& g, const Tensor& a, int b_rank) {
  Tensor rows = as_row(a);
  Tensor matrices = as_matrix(g, a.dim() == 1, b_rank == 1);
  if (b_rank <= 2 && rows.dim() > 2) {
    rows = fold(rows);
    matrices = fold(matrices);
  }
  Tensor gradient = matmul(transpose(rows, -2, -1), matrices);
  return b_rank == 1 ? squeeze(gradient, -1) : gradient;
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, Where at) {
  return Op("matmul", at)
      .record(kernel::matmul(a, b),
              wrt(a, [b = saved(b), a_is_vector = a.dim() == 1](
                         const Tensor& g) { return left_gradient(g, b, a_is_vector); }),
              wrt(b, [a = saved(a), b_rank = b.dim()](const Tensor& g) {
                return right_gradient(g, a, b_rank);
              }));
}

Tensor dot(const Tensor& a, const Tensor& b, Where at) {
  return Op("dot", at).record(kernel::dot(a, b),
                              wrt(a, [b = saved(b)](const Tensor& g) { return g * b; }),
                              wrt(b, [a = saved(a)](const Tensor& g) { return g * a; }));
}

Tensor outer(const Tensor& a, const Tensor& b, Where at) {
  Op op("outer", at);
  check(a.dim() == 1 && b.dim() == 1, "needs two vectors, got {} and {}", a.shape(), b.shape());
  return mul(unsqueeze(a, 1, at), unsqueeze(b, 0, at), at);
}

}  // namespace gradus
