#pragma once

// The engine of the reductions, for the sources of kernels only.

#include <memory>
#include <type_traits>

#include "gradus/tensor/iterate.h"
#include "gradus/tensor/tensor.h"

namespace gradus::kernel {

/// How many elements become one result:
///   Acc init(k)                       result k before any element, neutral under merge; k numbers
///                                     the results in row-major order
///   Acc fold(Acc, In value, position) takes in one element; `position` numbers the reduced
///                                     elements in row-major order if `ordered`, and means nothing
///                                     otherwise
///   Acc merge(Acc before, Acc after)  associative
///   void store(k, Acc)                keeps result k
/// and, where there are faster ways, for a dense run and for the columns of a matrix,
///   Acc fold_dense(k, n, const In*)
///   void fold_columns(rows, n, const In*, stride, Acc*)
template <class R>
concept Reducer = requires(const R& r, typename R::Acc acc, typename R::In value, std::int64_t i) {
  { R::ordered } -> std::convertible_to<bool>;
  { r.init(i) } -> std::same_as<typename R::Acc>;
  { r.fold(acc, value, i) } -> std::same_as<typename R::Acc>;
  { r.merge(acc, acc) } -> std::same_as<typename R::Acc>;
  r.store(i, acc);
};

namespace detail {

inline constexpr std::int64_t elements_per_block = 1 << 16;
inline constexpr std::int64_t lanes = 8;
inline constexpr std::int64_t tile = 512;

/// The kept and the reduced dimensions of `layout`, each as a layout of its own with offset 0.
struct Split {
  Layout kept;
  Layout reduced;
  bool unit_is_kept = false;  ///< the dimension of the smallest stride stays

  Split(const Layout& layout, const Dims& dims) {
    std::int64_t smallest = 0;
    for (int d = 0; d < layout.rank(); ++d) {
      bool is_kept = !dims.contains(d);
      Layout& part = is_kept ? kept : reduced;
      part.shape.push_back(layout.shape[d]);
      part.strides.push_back(layout.strides[d]);
      std::int64_t stride = layout.strides[d] < 0 ? -layout.strides[d] : layout.strides[d];
      if (layout.shape[d] > 1 && stride > 0 && (smallest == 0 || stride < smallest)) {
        smallest = stride;
        unit_is_kept = is_kept;
      }
    }
  }
};

template <class R, class Stride>
typename R::Acc fold_run(const R& r, std::int64_t k, typename R::Acc acc, const typename R::In* p,
                         std::int64_t n, Stride stride, std::int64_t position) {
  std::int64_t i = 0;
  if constexpr (!R::ordered) {
    // Independent chains hide the latency of an addition, can be vectorised, and as a pairwise sum
    // of sorts lose fewer digits than one chain does.
    if (n >= 2 * lanes) {
      typename R::Acc lane[lanes];
      for (auto& each : lane) each = r.init(k);
      for (; i + lanes <= n; i += lanes) {
        for (std::int64_t l = 0; l < lanes; ++l) lane[l] = r.fold(lane[l], p[(i + l) * stride], 0);
      }
      for (std::int64_t width = lanes / 2; width > 0; width /= 2) {
        for (std::int64_t l = 0; l < width; ++l) lane[l] = r.merge(lane[l], lane[l + width]);
      }
      acc = r.merge(acc, lane[0]);
    }
  }
  for (; i < n; ++i) acc = r.fold(acc, p[i * stride], position + i);
  return acc;
}

/// Folds n elements, `stride` apart, into acc, which belongs to result k.
template <class R>
typename R::Acc fold_any_run(const R& r, std::int64_t k, typename R::Acc acc,
                             const typename R::In* p, std::int64_t n, std::int64_t stride,
                             std::int64_t position) {
  using One = std::integral_constant<std::int64_t, 1>;
  if constexpr (requires { r.fold_dense(k, n, p); }) {
    if (stride == 1 && n >= 2 * lanes) return r.merge(acc, r.fold_dense(k, n, p));
  }
  return stride == 1 ? fold_run(r, k, acc, p, n, One{}, position)
                     : fold_run(r, k, acc, p, n, stride, position);
}

/// A reduction of strided data, by rows (each result folds runs of its own elements) or by columns
/// (a tile of neighbouring results advances together, so that memory is read in its order).
template <class R>
class Walk {
 public:
  using Acc = typename R::Acc;
  using In = typename R::In;

  Walk(const R& r, const In* data, const Split& split)
      : r_(r),
        data_(data),
        kept_(
            Nest::any_order(split.kept.shape, {split.kept, Layout::contiguous(split.kept.shape)})),
        reduced_(R::ordered ? Nest::in_order(split.reduced.shape, {split.reduced})
                            : Nest::any_order(split.reduced.shape, {split.reduced})),
        by_columns_(split.unit_is_kept && kept_.run() >= lanes) {}

  /// Folds the reduced elements [rb, re) of the results [kb, ke) and calls sink(k, acc) for each.
  template <class Sink>
  void run(std::int64_t kb, std::int64_t ke, std::int64_t rb, std::int64_t re, Sink&& sink) const {
    kept_.walk(kb, ke, [&](std::int64_t n, const std::int64_t* at, const std::int64_t* by) {
      if (by_columns_) {
        for (std::int64_t j = 0; j < n; j += tile) {
          columns(std::min(tile, n - j), data_ + at[0] + j * by[0], by[0], at[1] + j * by[1], by[1],
                  rb, re, sink);
        }
      } else {
        for (std::int64_t j = 0; j < n; ++j) {
          std::int64_t k = at[1] + j * by[1];
          sink(k, row(k, data_ + at[0] + j * by[0], rb, re));
        }
      }
    });
  }

 private:
  Acc row(std::int64_t k, const In* p, std::int64_t rb, std::int64_t re) const {
    Acc acc = r_.init(k);
    std::int64_t position = rb;
    reduced_.walk(rb, re, [&](std::int64_t n, const std::int64_t* at, const std::int64_t* by) {
      acc = fold_any_run(r_, k, acc, p + at[0], n, by[0], position);
      position += n;
    });
    return acc;
  }

  template <class Sink>
  void columns(std::int64_t count, const In* p, std::int64_t stride, std::int64_t k,
               std::int64_t k_stride, std::int64_t rb, std::int64_t re, Sink&& sink) const {
    Acc acc[tile];
    for (std::int64_t j = 0; j < count; ++j) acc[j] = r_.init(k + j * k_stride);
    std::int64_t position = rb;
    reduced_.walk(rb, re, [&](std::int64_t n, const std::int64_t* at, const std::int64_t* by) {
      if constexpr (requires { r_.fold_columns(n, count, p, by[0], acc); }) {
        if (stride == 1) return r_.fold_columns(n, count, p + at[0], by[0], acc);
      }
      for (std::int64_t i = 0; i < n; ++i, ++position) {
        const In* from = p + at[0] + i * by[0];
        if (stride == 1) {
          for (std::int64_t j = 0; j < count; ++j) acc[j] = r_.fold(acc[j], from[j], position);
        } else {
          for (std::int64_t j = 0; j < count; ++j) {
            acc[j] = r_.fold(acc[j], from[j * stride], position);
          }
        }
      }
    });
    for (std::int64_t j = 0; j < count; ++j) sink(k + j * k_stride, acc[j]);
  }

  const R& r_;
  const In* data_;
  Nest kept_;
  Nest reduced_;
  bool by_columns_;
};

/// Folds [0, count) in blocks whose number depends on the sizes alone, so that the result does not
/// depend on the number of threads: fold(k_begin, k_end, begin, end, sink).
template <class R, class Fold>
void in_blocks(const R& r, std::int64_t results, std::int64_t count, Fold&& fold) {
  using Acc = typename R::Acc;
  std::int64_t blocks = results < 1024 ? std::min(results * count / elements_per_block, count) : 1;
  if (blocks <= 1) {
    std::int64_t grain =
        std::max<std::int64_t>(elements_per_block / std::max<std::int64_t>(count, 1), 1);
    parallel_for(0, results, grain, [&](std::int64_t b, std::int64_t e) {
      fold(b, e, 0, count, [&](std::int64_t k, const Acc& acc) { r.store(k, acc); });
    });
    return;
  }
  auto partial = std::make_unique_for_overwrite<Acc[]>(static_cast<std::size_t>(blocks * results));
  std::int64_t size = (count + blocks - 1) / blocks;
  blocks = (count + size - 1) / size;
  parallel_for(0, blocks, 1, [&](std::int64_t b, std::int64_t e) {
    for (; b < e; ++b) {
      Acc* to = partial.get() + b * results;
      fold(0, results, b * size, std::min((b + 1) * size, count),
           [&](std::int64_t k, const Acc& acc) { to[k] = acc; });
    }
  });
  for (std::int64_t k = 0; k < results; ++k) {
    Acc acc = partial[static_cast<std::size_t>(k)];
    for (std::int64_t b = 1; b < blocks; ++b) {
      acc = r.merge(acc, partial[static_cast<std::size_t>(b * results + k)]);
    }
    r.store(k, acc);
  }
}

}  // namespace detail

/// Reduces the dimensions `dims` (wrapped) of x. Deterministic: the same for any number of threads.
template <Reducer R>
void reduce(const Tensor& x, const Dims& dims, const R& r) {
  const auto* data = x.data<typename R::In>();
  if (dims.size() == x.dim() && x.is_contiguous()) {  // the common case, without its nests
    detail::in_blocks(r, 1, x.numel(),
                      [&](std::int64_t, std::int64_t, std::int64_t b, std::int64_t e, auto&& sink) {
                        sink(0, detail::fold_any_run(r, 0, r.init(0), data + b, e - b, 1, b));
                      });
    return;
  }
  detail::Split split(x.layout(), dims);
  detail::Walk<R> walk(r, data, split);
  detail::in_blocks(r, split.kept.numel(), split.reduced.numel(),
                    [&](std::int64_t kb, std::int64_t ke, std::int64_t rb, std::int64_t re,
                        auto&& sink) { walk.run(kb, ke, rb, re, sink); });
}

}  // namespace gradus::kernel
