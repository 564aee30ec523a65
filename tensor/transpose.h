#pragma once

#include <cstdint>

namespace gradus::kernel {

/// to[c * to_stride + r] = from[r * from_stride + c] for r < rows, c < columns. `streaming` writes
/// past the cache where it can: the way for results that do not fit it. Quickest with few rows at a
/// time.
void transpose(std::int64_t rows, std::int64_t columns, const float* from, std::int64_t from_stride,
               float* to, std::int64_t to_stride, bool streaming);
void transpose(std::int64_t rows, std::int64_t columns, const double* from,
               std::int64_t from_stride, double* to, std::int64_t to_stride, bool streaming);
void transpose(std::int64_t rows, std::int64_t columns, const std::int64_t* from,
               std::int64_t from_stride, std::int64_t* to, std::int64_t to_stride, bool streaming);

}  // namespace gradus::kernel
