#include "gradus/tensor/sgemm.h"

#include <algorithm>
#include <optional>

#include "gradus/tensor/allocator.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gradus/tensor/sgemm.cpp"
#include "gradus/tensor/simd_targets.h"
#include "hwy/foreach_target.h"
// After foreach_target:
#include "gradus/tensor/sgemm_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace gradus::blas::HWY_NAMESPACE {
namespace {

#if GRADUS_HAS_SGEMM

/// Steps of k whose partial sums are formed in registers. A panel of b is as deep.
constexpr std::int64_t max_depth = 256;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// Rows and steps of a that one call has in use: 256 KB, for the second-level cache.
class PackedLeft {
 public:
  PackedLeft() : data_(static_cast<float*>(memory::allocate(bytes))) {}
  ~PackedLeft() { memory::deallocate(data_, bytes); }
  PackedLeft(const PackedLeft&) = delete;
  PackedLeft& operator=(const PackedLeft&) = delete;
  float* data() const { return data_; }

 private:
  static constexpr std::size_t bytes = (sgemm_rows + max_rows) * max_depth * sizeof(float);
  float* data_;
};

/// `total` cut into `parts` whose sizes differ by at most one. No division when it is read: a small
/// tile takes no longer than a few of them.
class Cut {
 public:
  Cut(std::int64_t total, std::int64_t most)
      : parts(ceil_div(total, most)), least_(total / parts), larger_(total % parts) {}
  std::int64_t at(std::int64_t part) const { return part * least_ + std::min(part, larger_); }
  std::int64_t size(std::int64_t part) const { return least_ + (part < larger_ ? 1 : 0); }

  const std::int64_t parts;

 private:
  std::int64_t least_, larger_;
};

/// A tile that is wider than what is left of c goes through memory of its own.
void narrow_tile(TileFunction tile, Tile t, std::int64_t rows, std::int64_t columns) {
  HWY_ALIGN float whole[max_rows * max_vectors * lanes];
  float* c = t.c;
  const float* addend = t.addend;
  std::int64_t step = t.c_step;
  t.c = whole;
  t.c_step = max_vectors * lanes;
  t.addend = nullptr;
  tile(t);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) {
      float sum = whole[i * t.c_step + j];
      c[i * step + j] = addend ? sum + addend[i * t.addend_step + j] : sum;
    }
  }
}

#endif

}  // namespace

#if GRADUS_HAS_SGEMM

bool sgemm_is_available() { return true; }

void sgemm_loop(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<float> a, Matrix<float> b,
                float* c, std::int64_t leading_c, Addend<float> addend) {
  const D d;
  const hn::CappedTag<float, max_rows> rows_d;
  HWY_ALIGN float panel[max_depth * max_vectors * lanes];
  const Cut rows(m, max_rows);
  const Cut vectors(ceil_div(n, lanes), max_vectors);
  // Where few tiles would use a packed copy, or the first-level cache has it all, operands are read
  // where they lie.
  const bool pack_a = vectors.parts > 8;
  const bool pack_b = rows.parts >= 8 && n * k > 8192;
  std::optional<PackedLeft> left;
  if (pack_a) left.emplace();
  // A multiple of 4, which is what pack_columns takes at a time.
  const std::int64_t depth = ceil_div(ceil_div(k, ceil_div(k, max_depth)), 4) * 4;

  for (std::int64_t p = 0; p < k; p += depth) {
    const std::int64_t steps = std::min(depth, k - p);
    if (p > 0) addend = {c, leading_c};
    for (std::int64_t i = 0; pack_a && i < rows.parts; ++i) {
      float* to = left->data() + i * steps * max_rows;
      if (a.transposed) {
        pack_rows(rows_d, a.data + p * a.leading + rows.at(i), a.leading, steps, rows.size(i),
                  max_rows, to);
      } else {
        pack_columns(rows_d, a.data + rows.at(i) * a.leading + p, a.leading, steps, rows.size(i),
                     max_rows, to);
      }
    }
    for (std::int64_t v = 0; v < vectors.parts; ++v) {
      const std::int64_t column = vectors.at(v) * lanes;
      const std::int64_t width = vectors.size(v) * lanes;
      const std::int64_t columns = std::min(width, n - column);
      Tile t{.steps = steps,
             .b = panel,
             .b_step = width,
             .c_step = leading_c,
             .addend_step = addend.leading};
      if (b.transposed) {
        pack_columns(d, b.data + column * b.leading + p, b.leading, steps, columns, width, panel);
      } else if (pack_b || columns < width) {
        pack_rows(d, b.data + p * b.leading + column, b.leading, steps, columns, width, panel);
      } else {
        t.b = b.data + p * b.leading + column;
        t.b_step = b.leading;
      }
      for (std::int64_t i = 0; i < rows.parts; ++i) {
        const std::int64_t row = rows.at(i);
        t.a = pack_a         ? left->data() + i * steps * max_rows
              : a.transposed ? a.data + p * a.leading + row
                             : a.data + row * a.leading + p;
        t.a_step = pack_a ? max_rows : a.leading;
        t.c = c + row * leading_c + column;
        t.addend = addend.data ? addend.data + row * addend.leading + column : nullptr;
        TileFunction tile = tile_function(vectors.size(v), pack_a || a.transposed, rows.size(i));
        if (columns == width) {
          tile(t);
        } else {
          narrow_tile(tile, t, rows.size(i), columns);
        }
      }
    }
  }
}

#else

bool sgemm_is_available() { return false; }

void sgemm_loop(std::int64_t, std::int64_t, std::int64_t, Matrix<float>, Matrix<float>, float*,
                std::int64_t, Addend<float>) {}

#endif

}  // namespace gradus::blas::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradus::blas {
namespace {

HWY_EXPORT(sgemm_is_available);
HWY_EXPORT(sgemm_loop);

}  // namespace

bool sgemm_pays(std::int64_t m, std::int64_t n, std::int64_t k, bool a_transposed,
                bool b_transposed) {
  // OpenBLAS has kernels of its own for products of a few rows or columns. On AVX-512 it also reads
  // the operands of up to 1e6 multiply-adds in place, except for b where only b is transposed and
  // not tiny; it stays ahead there while all of b fits the first-level cache.
  if (std::min(m, n) < 4) return false;
  const std::int64_t work = m * n * k;
  if (b_transposed && !a_transposed) {
    if (work <= 1'000'000 && n * k <= 4096) return false;
  } else if (work <= 500'000 || (work <= 1'000'000 && n * k <= 8192)) {
    return false;
  }
  return HWY_DYNAMIC_DISPATCH(sgemm_is_available)();
}

void sgemm(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<float> a, Matrix<float> b,
           float* c, std::int64_t leading_c, Addend<float> addend) {
  HWY_DYNAMIC_DISPATCH(sgemm_loop)(m, n, k, a, b, c, leading_c, addend);
}

}  // namespace gradus::blas
#endif
