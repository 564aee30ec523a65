#pragma once

#include "gradus/tensor/blas.h"

/// gradus's own float32 product. It packs one panel of b at a time, where OpenBLAS first packs both
/// operands, so it is ahead where a batch of rows meets a layer's weight.
namespace gradus::blas {

/// Whether sgemm() is there for this processor and faster than OpenBLAS at this product.
bool sgemm_pays(std::int64_t m, std::int64_t n, std::int64_t k, bool a_transposed,
                bool b_transposed);

/// The most rows of one call, and the columns at whose multiples a product is best split.
inline constexpr std::int64_t sgemm_rows = 256;
inline constexpr std::int64_t sgemm_columns = 48;

/// c = a b + addend, on one thread; m <= sgemm_rows, k > 0. An element is computed the same way
/// wherever it lies, so a product may be split between rows and columns in any way.
void sgemm(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<float> a, Matrix<float> b,
           float* c, std::int64_t leading_c, Addend<float> addend);

}  // namespace gradus::blas
