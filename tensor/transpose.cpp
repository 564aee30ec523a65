#include "gradus/tensor/transpose.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gradus/tensor/transpose.cpp"
#include "gradus/tensor/simd_targets.h"
#include "hwy/foreach_target.h"
// After foreach_target:
#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace gradus::kernel::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
void transpose_plainly(std::int64_t rows, std::int64_t columns, const T* from,
                       std::int64_t from_stride, T* to, std::int64_t to_stride) {
  for (std::int64_t c = 0; c < columns; ++c) {
    for (std::int64_t r = 0; r < rows; ++r) to[c * to_stride + r] = from[r * from_stride + c];
  }
}

#if HWY_TARGET == HWY_SCALAR

template <class T>
void transpose_any(std::int64_t rows, std::int64_t columns, const T* from, std::int64_t from_stride,
                   T* to, std::int64_t to_stride, bool) {
  transpose_plainly(rows, columns, from, from_stride, to, to_stride);
}

#else

/// The elements of a cache line.
template <class T>
inline constexpr std::int64_t side = 64 / sizeof(T);

/// A vector of 16-byte blocks, the next one `stride` elements further on.
template <class D, class T = hn::TFromD<D> >
HWY_INLINE hn::Vec<D> load_blocks(D d, const T* from, std::int64_t stride) {
  constexpr std::int64_t blocks = hn::MaxLanes(d) * sizeof(T) / 16;
  if constexpr (blocks <= 1) {
    return hn::LoadU(d, from);
  } else {
    const hn::Half<D> half;
    return hn::Combine(d, load_blocks(half, from + blocks / 2 * stride, stride),
                       load_blocks(half, from, stride));
  }
}

/// The first 16 bytes of as many rows as a vector has lanes, as columns.
template <bool streaming, class D, class T = hn::TFromD<D> >
HWY_INLINE void transpose_strip(D d, const T* from, std::int64_t stride, T* to,
                                std::int64_t to_stride) {
  const auto store = [&](std::int64_t c, hn::Vec<D> v) HWY_ATTR {
    if constexpr (streaming) {
      hn::Stream(v, d, to + c * to_stride);
    } else {
      hn::StoreU(v, d, to + c * to_stride);
    }
  };
  if constexpr (sizeof(T) == 8) {
    const auto a = load_blocks(d, from, 2 * stride);
    const auto b = load_blocks(d, from + stride, 2 * stride);
    store(0, hn::InterleaveLower(d, a, b));
    store(1, hn::InterleaveUpper(d, a, b));
  } else {
    const hn::Repartition<double, D> pairs;
    const auto row = [&](std::int64_t i)
                         HWY_ATTR { return load_blocks(d, from + i * stride, 4 * stride); };
    const auto ab_low = hn::BitCast(pairs, hn::InterleaveLower(d, row(0), row(1)));
    const auto ab_high = hn::BitCast(pairs, hn::InterleaveUpper(d, row(0), row(1)));
    const auto cd_low = hn::BitCast(pairs, hn::InterleaveLower(d, row(2), row(3)));
    const auto cd_high = hn::BitCast(pairs, hn::InterleaveUpper(d, row(2), row(3)));
    store(0, hn::BitCast(d, hn::InterleaveLower(pairs, ab_low, cd_low)));
    store(1, hn::BitCast(d, hn::InterleaveUpper(pairs, ab_low, cd_low)));
    store(2, hn::BitCast(d, hn::InterleaveLower(pairs, ab_high, cd_high)));
    store(3, hn::BitCast(d, hn::InterleaveUpper(pairs, ab_high, cd_high)));
  }
}

/// By squares whose sides are cache lines. A square is first copied to a place of its own: rows
/// that are a power of two apart would drive each other out of the cache while its columns are
/// picked up.
template <bool streaming, class T>
void transpose_squares(std::int64_t rows, std::int64_t columns, const T* from,
                       std::int64_t from_stride, T* to, std::int64_t to_stride) {
  constexpr std::int64_t strip = 16 / sizeof(T);
  const hn::ScalableTag<T> d;
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(d));
  HWY_ALIGN T square[side<T> * side<T>];
  for (std::int64_t r = 0; r < rows; r += side<T>) {
    for (std::int64_t c = 0; c < columns; c += side<T>) {
      for (std::int64_t i = 0; i < side<T>; ++i) {
        std::copy_n(from + (r + i) * from_stride + c, side<T>, square + i * side<T>);
      }
      for (std::int64_t j = 0; j < side<T>; j += strip) {
        for (std::int64_t i = 0; i < side<T>; i += lanes) {
          transpose_strip<streaming>(d, square + i * side<T> + j, side<T>,
                                     to + (c + j) * to_stride + r + i, to_stride);
        }
      }
    }
  }
  if constexpr (streaming) hwy::FlushStream();
}

template <class T>
void transpose_any(std::int64_t rows, std::int64_t columns, const T* from, std::int64_t from_stride,
                   T* to, std::int64_t to_stride, bool streaming) {
  const std::int64_t full_rows = rows - rows % side<T>;
  const std::int64_t full_columns = columns - columns % side<T>;
  const bool lines_match =
      reinterpret_cast<std::uintptr_t>(to) % 64 == 0 && to_stride % side<T> == 0;
  if (streaming && lines_match) {
    transpose_squares<true>(full_rows, full_columns, from, from_stride, to, to_stride);
  } else {
    transpose_squares<false>(full_rows, full_columns, from, from_stride, to, to_stride);
  }
  transpose_plainly(full_rows, columns - full_columns, from + full_columns, from_stride,
                    to + full_columns * to_stride, to_stride);
  transpose_plainly(rows - full_rows, columns, from + full_rows * from_stride, from_stride,
                    to + full_rows, to_stride);
}

#endif

void transpose_float(std::int64_t rows, std::int64_t columns, const float* from,
                     std::int64_t from_stride, float* to, std::int64_t to_stride, bool streaming) {
  transpose_any(rows, columns, from, from_stride, to, to_stride, streaming);
}
void transpose_double(std::int64_t rows, std::int64_t columns, const double* from,
                      std::int64_t from_stride, double* to, std::int64_t to_stride,
                      bool streaming) {
  transpose_any(rows, columns, from, from_stride, to, to_stride, streaming);
}
void transpose_int64(std::int64_t rows, std::int64_t columns, const std::int64_t* from,
                     std::int64_t from_stride, std::int64_t* to, std::int64_t to_stride,
                     bool streaming) {
  transpose_any(rows, columns, from, from_stride, to, to_stride, streaming);
}

}  // namespace gradus::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradus::kernel {

HWY_EXPORT(transpose_float);
HWY_EXPORT(transpose_double);
HWY_EXPORT(transpose_int64);

void transpose(std::int64_t rows, std::int64_t columns, const float* from, std::int64_t from_stride,
               float* to, std::int64_t to_stride, bool streaming) {
  HWY_DYNAMIC_DISPATCH(transpose_float)(rows, columns, from, from_stride, to, to_stride, streaming);
}
void transpose(std::int64_t rows, std::int64_t columns, const double* from,
               std::int64_t from_stride, double* to, std::int64_t to_stride, bool streaming) {
  HWY_DYNAMIC_DISPATCH(transpose_double)
  (rows, columns, from, from_stride, to, to_stride, streaming);
}
void transpose(std::int64_t rows, std::int64_t columns, const std::int64_t* from,
               std::int64_t from_stride, std::int64_t* to, std::int64_t to_stride, bool streaming) {
  HWY_DYNAMIC_DISPATCH(transpose_int64)(rows, columns, from, from_stride, to, to_stride, streaming);
}

}  // namespace gradus::kernel
#endif
