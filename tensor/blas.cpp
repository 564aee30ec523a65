#include "gradus/tensor/blas.h"

#include <cblas.h>

#include <algorithm>
#include <limits>
#include <type_traits>

#include "gradus/tensor/error.h"
#include "gradus/tensor/parallel.h"
#include "gradus/tensor/sgemm.h"

namespace gradus::blas {
namespace {

/// Runs once, before the first product.
void prepare() {
  [[maybe_unused]] static const bool once = [] {
    detail::correct_core();
    openblas_set_num_threads(1);
    return true;
  }();
}

blasint narrow(std::int64_t size) {
  check(size <= std::numeric_limits<blasint>::max(), "a matrix of size {} is too large for BLAS",
        size);
  return static_cast<blasint>(size);
}

CBLAS_TRANSPOSE flag(bool transposed) { return transposed ? CblasTrans : CblasNoTrans; }

void cblas_gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, blasint m, blasint n, blasint k,
                const float* a, blasint lda, const float* b, blasint ldb, float beta, float* c,
                blasint ldc) {
  cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
}
void cblas_gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, blasint m, blasint n, blasint k,
                const double* a, blasint lda, const double* b, blasint ldb, double beta, double* c,
                blasint ldc) {
  cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
}
void cblas_gemv(CBLAS_TRANSPOSE ta, blasint rows, blasint columns, const float* a, blasint lda,
                const float* x, blasint step_x, float beta, float* y, blasint step_y) {
  cblas_sgemv(CblasRowMajor, ta, rows, columns, 1, a, lda, x, step_x, beta, y, step_y);
}
void cblas_gemv(CBLAS_TRANSPOSE ta, blasint rows, blasint columns, const double* a, blasint lda,
                const double* x, blasint step_x, double beta, double* y, blasint step_y) {
  cblas_dgemv(CblasRowMajor, ta, rows, columns, 1, a, lda, x, step_x, beta, y, step_y);
}

/// The block of `x` that starts at (row, column) of the operand.
template <class T>
Matrix<T> block(Matrix<T> x, std::int64_t row, std::int64_t column) {
  if (x.transposed) std::swap(row, column);
  return {x.data + row * x.leading + column, x.leading, x.transposed};
}

/// y (m) = a (m, k) x (k), where elements of x and y are a step apart.
template <class T>
void one_gemv(std::int64_t m, std::int64_t k, Matrix<T> a, const T* x, std::int64_t step_x, T* y,
              std::int64_t step_y, bool accumulate) {
  std::int64_t rows = a.transposed ? k : m;
  std::int64_t columns = a.transposed ? m : k;
  cblas_gemv(flag(a.transposed), narrow(rows), narrow(columns), a.data, narrow(a.leading), x,
             narrow(step_x), accumulate ? T(1) : T(0), y, narrow(step_y));
}

template <class T>
void one_gemm(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<T> a, Matrix<T> b, T* c,
              std::int64_t leading_c, bool accumulate) {
  if (n == 1) {
    one_gemv(m, k, a, b.data, b.transposed ? 1 : b.leading, c, leading_c, accumulate);
  } else if (m == 1) {
    one_gemv(n, k, {b.data, b.leading, !b.transposed}, a.data, a.transposed ? a.leading : 1, c, 1,
             accumulate);
  } else {
    cblas_gemm(flag(a.transposed), flag(b.transposed), narrow(m), narrow(n), narrow(k), a.data,
               narrow(a.leading), b.data, narrow(b.leading), accumulate ? T(1) : T(0), c,
               narrow(leading_c));
  }
}

/// How a product is cut into tiles. It depends on the shape alone: BLAS may round differently in a
/// tile of another size, and a result must not change with the number of threads.
struct Tiling {
  std::int64_t rows;
  std::int64_t columns;
};

Tiling tile(std::int64_t m, std::int64_t n, std::int64_t k) {
  constexpr std::int64_t tile_work = 8'000'000;  // multiply-adds: 0.2 ms at 40 G/s
  constexpr std::int64_t step = 64;              // a multiple of every kernel's register block
  auto halve = [](std::int64_t size) { return (size / 2 + step - 1) / step * step; };
  Tiling t{m, n};
  while (static_cast<double>(t.rows) * static_cast<double>(t.columns) * static_cast<double>(k) >
         2.0 * tile_work) {
    std::int64_t& longer = t.rows >= t.columns ? t.rows : t.columns;
    if (longer <= 4 * step) break;
    longer = halve(longer);
  }
  return t;
}

/// Tiles of OpenBLAS's, on all threads.
template <class T>
void tiled_gemm(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<T> a, Matrix<T> b, T* c,
                std::int64_t leading_c, bool accumulate) {
  prepare();
  Tiling t = tile(m, n, k);
  if (t.rows == m && t.columns == n) return one_gemm(m, n, k, a, b, c, leading_c, accumulate);
  std::int64_t down = (m + t.rows - 1) / t.rows;
  std::int64_t across = (n + t.columns - 1) / t.columns;
  parallel_for(0, down * across, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::int64_t row = i / across * t.rows;
      std::int64_t column = i % across * t.columns;
      one_gemm(std::min(t.rows, m - row), std::min(t.columns, n - column), k, block(a, row, 0),
               block(b, 0, column), c + row * leading_c + column, leading_c, accumulate);
    }
  });
}

/// sgemm() on all threads: bands of rows, each cut into columns at will.
void banded_sgemm(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<float> a, Matrix<float> b,
                  float* c, std::int64_t leading_c, Addend<float> addend) {
  std::int64_t bands = (m + sgemm_rows - 1) / sgemm_rows;
  std::int64_t rows = (m + bands - 1) / bands;
  std::int64_t across = (n + sgemm_columns - 1) / sgemm_columns;
  constexpr std::int64_t grain_work = 2'000'000;  // multiply-adds: some 15 us
  std::int64_t grain = grain_work / (rows * sgemm_columns * k) + 1;
  parallel_for(0, bands * across, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t next; begin < end; begin = next) {
      std::int64_t band = begin / across;
      next = std::min(end, (band + 1) * across);
      std::int64_t row = band * rows;
      std::int64_t column = (begin - band * across) * sgemm_columns;
      std::int64_t columns = std::min((next - band * across) * sgemm_columns, n) - column;
      const float* plus = addend.data ? addend.data + row * addend.leading + column : nullptr;
      sgemm(std::min(rows, m - row), columns, k, block(a, row, 0), block(b, 0, column),
            c + row * leading_c + column, leading_c, {plus, addend.leading});
    }
  });
}

}  // namespace

template <class T>
void gemm(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<T> a, Matrix<T> b, T* c,
          std::int64_t leading_c, Addend<T> addend) {
  if (m == 0 || n == 0) return;
  if constexpr (std::is_same_v<T, float>) {
    if (k > 0 && sgemm_pays(m, n, k, a.transposed, b.transposed)) {
      return banded_sgemm(m, n, k, a, b, c, leading_c, addend);
    }
  }
  for (std::int64_t i = 0; i < m && addend.data != c; ++i) {
    T* to = c + i * leading_c;
    if (addend.data != nullptr) {
      std::copy_n(addend.data + i * addend.leading, n, to);
    } else if (k == 0) {
      std::fill_n(to, n, T(0));
    }
  }
  if (k > 0) tiled_gemm(m, n, k, a, b, c, leading_c, addend.data != nullptr);
}

template void gemm(std::int64_t, std::int64_t, std::int64_t, Matrix<float>, Matrix<float>, float*,
                   std::int64_t, Addend<float>);
template void gemm(std::int64_t, std::int64_t, std::int64_t, Matrix<double>, Matrix<double>,
                   double*, std::int64_t, Addend<double>);

double dot(std::int64_t n, const double* x, const double* y) {
  prepare();
  return cblas_ddot(narrow(n), x, 1, y, 1);
}

void axpy(std::int64_t n, double a, const double* x, double* y) {
  prepare();
  cblas_daxpy(narrow(n), a, x, 1, y, 1);
}

}  // namespace gradus::blas
