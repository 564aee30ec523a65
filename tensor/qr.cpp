#include <algorithm>
#include <cmath>

#include "gradus/tensor/blas.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/ops.h"
#include "gradus/tensor/parallel.h"

namespace gradus::kernel {
namespace {

/// Householder reflections of an (m, n) matrix held column after column (Golub and Van Loan,
/// Matrix Computations, 5.1-5.2). Reflector j is v = (1, x[j + 1], ..., x[m - 1]) of column j,
/// below the diagonal of R.
class Reflections {
 public:
  Reflections(double* columns, std::int64_t m, std::int64_t n)
      : columns_(columns), m_(m), n_(n), factors_(static_cast<std::size_t>(std::min(m, n))) {
    for (std::int64_t j = 0; j < count(); ++j) reflect_column(j);
  }

  std::int64_t count() const { return static_cast<std::int64_t>(factors_.size()); }

  /// Makes the first columns of the identity into those of Q.
  void apply_to_identity(double* q) const {
    for (std::int64_t j = 0; j < count(); ++j) {
      std::fill_n(q + j * m_, m_, 0.0);
      q[j * m_ + j] = 1;
    }
    for (std::int64_t j = count() - 1; j >= 0; --j) apply(j, q, j, count());
  }

 private:
  void reflect_column(std::int64_t j) {
    double* x = columns_ + j * m_ + j;
    std::int64_t tail = m_ - j - 1;
    double square = blas::dot(tail, x + 1, x + 1);
    if (square == 0) return;  // already zero below the diagonal: factor 0, H = I
    double norm = std::sqrt(x[0] * x[0] + square);
    double beta = x[0] > 0 ? -norm : norm;
    factors_[static_cast<std::size_t>(j)] = (beta - x[0]) / beta;
    for (std::int64_t i = 1; i <= tail; ++i) x[i] /= x[0] - beta;
    x[0] = beta;
    apply(j, columns_, j + 1, n_);
  }

  /// H = I - factor v v^T from the left to the columns [first, last) of `target`.
  void apply(std::int64_t j, double* target, std::int64_t first, std::int64_t last) const {
    const double* v = columns_ + j * m_ + j;
    double factor = factors_[static_cast<std::size_t>(j)];
    std::int64_t tail = m_ - j - 1;
    std::int64_t grain = 50'000 / (tail + 1) + 1;
    parallel_for(first, last, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t c = begin; c < end; ++c) {
        double* x = target + c * m_ + j;
        double projection = factor * (x[0] + blas::dot(tail, v + 1, x + 1));
        x[0] -= projection;
        blas::axpy(tail, -projection, v + 1, x + 1);
      }
    });
  }

  double* columns_;
  std::int64_t m_, n_;
  std::vector<double> factors_;
};

}  // namespace

std::array<Tensor, 2> qr(const Tensor& x) {
  check(x.dim() == 2, "needs a matrix, got shape {}", x.shape());
  check(x.is_floating(), "needs a floating dtype, got {}", x.dtype());
  std::int64_t m = x.shape()[0];
  std::int64_t n = x.shape()[1];
  std::int64_t k = std::min(m, n);

  Tensor columns = clone(to(x.alias(x.layout().transpose(0, 1)), float64));
  Reflections reflections(columns.data<double>(), m, n);
  Tensor q = empty({k, m}, float64);
  reflections.apply_to_identity(q.data<double>());
  Tensor r = columns.alias(columns.layout().slice(1, 0, k, 1).transpose(0, 1));
  return {to(contiguous(q.alias(q.layout().transpose(0, 1))), x.dtype()),
          to(triu(r, 0), x.dtype())};
}

}  // namespace gradus::kernel
