#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "gradus/tensor/creation.h"
#include "gradus/tensor/iterate.h"
#include "gradus/tensor/map.h"
#include "gradus/tensor/ops.h"
#include "gradus/tensor/transpose.h"

namespace gradus::kernel {
namespace {

/// C++ leaves the conversion of a NaN or an out-of-range number to an integer undefined; here it is
/// the least int64, which is what PyTorch gives on x86.
template <class To, class From>
To cast(From value) {
  if constexpr (std::is_floating_point_v<From> && std::same_as<To, std::int64_t>) {
    if (!(value >= From(-0x1p63) && value < From(0x1p63))) {
      return std::numeric_limits<std::int64_t>::min();
    }
  }
  return static_cast<To>(value);
}

/// The dimension of the smallest step through memory, or -1 where there is nothing to step over.
int fastest_dim(const Layout& layout) {
  int fastest = -1;
  for (int d = 0; d < layout.rank(); ++d) {
    if (layout.shape[d] == 1 || layout.strides[d] == 0) continue;
    if (fastest < 0 || std::abs(layout.strides[d]) <= std::abs(layout.strides[fastest])) {
      fastest = d;
    }
  }
  return fastest;
}

Layout without(Layout layout, int d, int e) {
  for (int drop : {std::max(d, e), std::min(d, e)}) {
    layout.shape.erase(drop);
    layout.strides.erase(drop);
  }
  return layout;
}

/// Results of more bytes would drive everything else out of the cache, and are written past it.
constexpr std::int64_t streaming_bytes = 4 << 20;

/// Source and destination are contiguous along different dimensions `rows` and `columns`: copies
/// square tiles, whose lines on both sides stay in the cache.
template <class To, class From>
void copy_tiles(const Tensor& dst, const Layout& src_layout, const From* src, int rows,
                int columns) {
  constexpr std::int64_t tile = 32;
  const Layout& to = dst.layout();
  const std::int64_t height = to.shape[rows];
  const std::int64_t width = to.shape[columns];
  const std::int64_t to_row = to.strides[rows];
  const std::int64_t to_column = to.strides[columns];
  const std::int64_t from_row = src_layout.strides[rows];
  const std::int64_t from_column = src_layout.strides[columns];
  To* out = dst.data<To>() - to.offset;

  const bool streaming = dst.numel() * std::int64_t{sizeof(To)} > streaming_bytes;

  // A band is a few lines of the source, read in the order of memory.
  const Layout outer = without(to, rows, columns);
  const Nest nest = Nest::in_order(outer.shape, {outer, without(src_layout, rows, columns)});
  const std::int64_t bands = (width + tile - 1) / tile;
  const std::int64_t grain = std::max<std::int64_t>(1, map_grain / (tile * height));
  parallel_for(0, nest.numel() * bands, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t item = begin; item < end; ++item) {
      const std::int64_t left = item % bands * tile;
      const std::int64_t right = std::min(left + tile, width);
      nest.walk(item / bands, item / bands + 1,
                [&](std::int64_t, const std::int64_t* offsets, const std::int64_t*) {
                  if constexpr (std::same_as<To, From> && !std::same_as<To, bool>) {
                    if (to_column == 1 && from_row == 1) {
                      transpose(right - left, height, src + offsets[1] + left * from_column,
                                from_column, out + offsets[0] + left, to_row, streaming);
                      return;
                    }
                  }
                  for (std::int64_t top = 0; top < height; top += tile) {
                    const std::int64_t bottom = std::min(top + tile, height);
                    for (std::int64_t r = top; r < bottom; ++r) {
                      To* line = out + offsets[0] + r * to_row;
                      const From* column = src + offsets[1] + r * from_row;
                      for (std::int64_t c = left; c < right; ++c) {
                        line[c * to_column] = cast<To>(column[c * from_column]);
                      }
                    }
                  }
                });
    }
  });
}

template <class To, class From>
void copy_as(const Tensor& dst, const Tensor& src) {
  if constexpr (std::same_as<To, From>) {
    if (dst.is_contiguous() && src.is_contiguous() && src.shape() == dst.shape()) {
      To* const to = dst.data<To>();
      const To* const values = src.data<To>();
      parallel_for(0, dst.numel(), map_grain, [=](std::int64_t begin, std::int64_t end) {
        std::copy(values + begin, values + end, to + begin);
      });
      return;
    }
  }
  const Layout from = src.layout().broadcast_to(dst.shape());
  const int columns = fastest_dim(dst.layout());
  const int rows = fastest_dim(from);
  if (rows >= 0 && columns >= 0 && rows != columns && from.strides[columns] != 0 &&
      dst.strides()[rows] != 0 && std::min(dst.shape()[rows], dst.shape()[columns]) >= 8) {
    copy_tiles<To, From>(dst, from, src.data<From>() - src.layout().offset, rows, columns);
  } else {
    map_elements<To, From>(
        dst, [](From value) { return cast<To>(value); }, src);
  }
}

}  // namespace

void copy_into(const Tensor& dst, const Tensor& src) {
  if (dst.numel() == 0) {
    static_cast<void>(src.layout().broadcast_to(dst.shape()));  // for its check
    return;
  }
  visit(dst.dtype(), [&](auto to) {
    visit(src.dtype(), [&](auto from) { copy_as<decltype(to), decltype(from)>(dst, src); });
  });
}

void fill_into(const Tensor& dst, Scalar value) {
  check(dst.dtype() != DType::Int64 || !is_floating(value.dtype()) ||
            std::abs(value.to<double>()) < 0x1p63,
        "{} is not a value of int64; give a floating dtype", value.to<double>());
  visit(dst.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T v = is_floating(value.dtype()) ? cast<T>(value.to<double>()) : value.to<T>();
    map_elements<T>(dst, [v] { return v; });
  });
}

Tensor to(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  Tensor out = empty(x.shape(), dtype);
  copy_into(out, x);
  return out;
}

Tensor clone(const Tensor& x) {
  Tensor out = empty(x.shape(), x.dtype());
  copy_into(out, x);
  return out;
}

Tensor contiguous(const Tensor& x) { return x.is_contiguous() ? x : clone(x); }

Tensor apart(const Tensor& in, const Tensor& out) {
  const bool overlaps = in.storage() == out.storage();
  const bool same = overlaps && in.layout().offset == out.layout().offset &&
                    in.shape() == out.shape() && in.strides() == out.strides();
  return overlaps && !same ? clone(in) : in;
}

Tensor scalar(Scalar value, const Tensor& like) {
  Tensor out = empty({}, result_type(like, value));
  fill_into(out, value);
  return out;
}

}  // namespace gradus::kernel
