// The inner loop of sgemm() and the packing that feeds it, for one instruction set. How the product
// is cut into panels and tiles follows Goto and van de Geijn, "Anatomy of High-Performance Matrix
// Multiplication", ACM TOMS 34(3), 2008.

#if defined(GRADUS_TENSOR_SGEMM_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRADUS_TENSOR_SGEMM_TILE_INL_H_
#undef GRADUS_TENSOR_SGEMM_TILE_INL_H_
#else
#define GRADUS_TENSOR_SGEMM_TILE_INL_H_
#endif

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "hwy/highway.h"

// Instruction sets with fused multiply-add.
#undef GRADUS_HAS_SGEMM
#if (HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2) || (HWY_ARCH_ARM_A64 && HWY_TARGET <= HWY_NEON)
#define GRADUS_HAS_SGEMM 1
#else
#define GRADUS_HAS_SGEMM 0
#endif

#if GRADUS_HAS_SGEMM
HWY_BEFORE_NAMESPACE();
namespace gradus::blas::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
inline constexpr std::int64_t lanes = hn::MaxLanes(D());

// A tile of c is summed up in registers: 24 of the 32 vector registers there are, 12 of 16 with
// AVX2. The others hold a row of b and an element of a.
inline constexpr int max_vectors = 3;
inline constexpr int max_rows = HWY_TARGET == HWY_AVX2 ? 4 : 8;

/// c = a b + addend for one tile of c. Pointers are to the tile's first elements.
struct Tile {
  std::int64_t steps;  ///< columns of a, rows of b
  const float* a = nullptr;
  std::int64_t a_step = 0;  ///< from a row in memory to the next
  const float* b;
  std::int64_t b_step;
  float* c = nullptr;
  std::int64_t c_step;
  const float* addend = nullptr;  ///< may be null
  std::int64_t addend_step;
};

using TileFunction = void (*)(const Tile&);

template <int vectors, bool a_transposed, int rows>
void multiply_tile(const Tile& t) {
  const D d;
  hn::Vec<D> sum[rows][vectors];
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) sum[i][j] = hn::Zero(d);
  }
  const float* HWY_RESTRICT a = t.a;
  const float* HWY_RESTRICT b = t.b;
  const std::int64_t a_step = t.a_step;
#pragma GCC unroll 2
  for (std::int64_t p = 0; p < t.steps; ++p) {
    hn::Vec<D> right[vectors];
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) right[j] = hn::LoadU(d, b + j * lanes);
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
      const hn::Vec<D> left = hn::Set(d, a_transposed ? a[i] : a[i * a_step]);
#pragma GCC unroll 4
      for (int j = 0; j < vectors; ++j) sum[i][j] = hn::MulAdd(left, right[j], sum[i][j]);
    }
    a += a_transposed ? a_step : 1;
    b += t.b_step;
  }
  if (const float* addend = t.addend) {
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i, addend += t.addend_step) {
#pragma GCC unroll 4
      for (int j = 0; j < vectors; ++j) {
        sum[i][j] = hn::Add(sum[i][j], hn::LoadU(d, addend + j * lanes));
      }
    }
  }
  float* c = t.c;
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i, c += t.c_step) {
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) hn::StoreU(sum[i][j], d, c + j * lanes);
  }
}

template <int vectors, bool a_transposed, int... rows>
constexpr auto with_rows(std::integer_sequence<int, rows...>) {
  return std::array<TileFunction, max_rows>{multiply_tile<vectors, a_transposed, rows + 1>...};
}

/// multiply_tile for a tile of these sizes.
inline TileFunction tile_function(std::int64_t vectors, bool a_transposed, std::int64_t rows) {
  constexpr auto each = std::make_integer_sequence<int, max_rows>();
  static constexpr std::array<std::array<TileFunction, max_rows>, 2 * max_vectors> functions = {
      with_rows<1, false>(each), with_rows<1, true>(each),  with_rows<2, false>(each),
      with_rows<2, true>(each),  with_rows<3, false>(each), with_rows<3, true>(each)};
  return functions[static_cast<std::size_t>(2 * (vectors - 1) + (a_transposed ? 1 : 0))]
                  [static_cast<std::size_t>(rows - 1)];
}

/// to[p][j] = from[p][j] for p < steps, in rows of so many vectors. With a number that the compiler
/// does not know, each row would be a call of memcpy.
template <int vectors, class D>
void pack_whole_rows(D d, const float* from, std::int64_t leading, std::int64_t steps, float* to) {
  constexpr auto n = static_cast<std::int64_t>(hn::MaxLanes(D()));
  for (std::int64_t p = 0; p < steps; ++p, from += leading, to += vectors * n) {
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) hn::Store(hn::LoadU(d, from + j * n), d, to + j * n);
  }
}

/// to[p][j] = from[p][j] for p < steps and j < columns, in rows of `width`, the rest of which is 0.
template <class D>
void pack_rows(D d, const float* from, std::int64_t leading, std::int64_t steps,
               std::int64_t columns, std::int64_t width, float* to) {
  constexpr auto n = static_cast<std::int64_t>(hn::MaxLanes(D()));
  if (columns < width) {
    for (std::int64_t p = 0; p < steps; ++p, from += leading, to += width) {
      std::fill(std::copy_n(from, columns, to), to + width, 0.0f);
    }
  } else if (width == n) {
    pack_whole_rows<1>(d, from, leading, steps, to);
  } else if (width == 2 * n) {
    pack_whole_rows<2>(d, from, leading, steps, to);
  } else {
    pack_whole_rows<max_vectors>(d, from, leading, steps, to);
  }
}

/// to[p][j] = from[j][p], likewise; the rest is arbitrary.
template <class D>
void pack_columns(D d, const float* from, std::int64_t leading, std::int64_t steps,
                  std::int64_t columns, std::int64_t width, float* to) {
  constexpr int n = static_cast<int>(hn::MaxLanes(D()));
  const hn::Repartition<double, D> pairs;
  for (std::int64_t j = 0; j < width; j += n) {
    const float* row[n];
    for (int i = 0; i < n; ++i) row[i] = from + std::min(j + i, columns - 1) * leading;
    std::int64_t p = 0;
    // Blocks of 4 x 4: v[i] has 4 steps of row i, and of row i + 4 in its next block, and so on.
    for (; p + 4 <= steps; p += 4) {
      hn::Vec<D> v[4];
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        v[i] = hn::LoadDup128(d, row[i] + p);
#pragma GCC unroll 4
        for (int block = 4; block < n; block += 4) {
          const auto before = hn::FirstN(d, static_cast<std::size_t>(block));
          v[i] = hn::IfThenElse(before, v[i], hn::LoadDup128(d, row[block + i] + p));
        }
      }
      const auto lower01 = hn::BitCast(pairs, hn::InterleaveLower(d, v[0], v[1]));
      const auto upper01 = hn::BitCast(pairs, hn::InterleaveUpper(d, v[0], v[1]));
      const auto lower23 = hn::BitCast(pairs, hn::InterleaveLower(d, v[2], v[3]));
      const auto upper23 = hn::BitCast(pairs, hn::InterleaveUpper(d, v[2], v[3]));
      float* out = to + p * width + j;
      hn::Store(hn::BitCast(d, hn::InterleaveLower(pairs, lower01, lower23)), d, out);
      hn::Store(hn::BitCast(d, hn::InterleaveUpper(pairs, lower01, lower23)), d, out + width);
      hn::Store(hn::BitCast(d, hn::InterleaveLower(pairs, upper01, upper23)), d, out + 2 * width);
      hn::Store(hn::BitCast(d, hn::InterleaveUpper(pairs, upper01, upper23)), d, out + 3 * width);
    }
    for (; p < steps; ++p) {
      for (int i = 0; i < n; ++i) to[p * width + j + i] = row[i][p];
    }
  }
}

}  // namespace gradus::blas::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // GRADUS_HAS_SGEMM

#endif  // include guard for each target
