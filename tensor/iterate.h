#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>

#include "gradus/tensor/layout.h"
#include "gradus/tensor/parallel.h"

namespace gradus {

/// The loop nest over several operands of one (broadcast) shape. Adjacent dimensions that every
/// operand can step through at one stride are collapsed, so contiguous operands make one long run.
/// Kernels see runs of the innermost dimension and never compute an index of their own.
class Nest {
 public:
  static constexpr int max_operands = 5;

  /// For kernels without an order of their own: dimensions are arranged so that the first operand
  /// (by habit the output) is walked in the order of its memory.
  static Nest any_order(const Shape& shape, std::initializer_list<Layout> operands);
  /// Dimensions stay in their order: elements are met in row-major order of `shape`.
  static Nest in_order(const Shape& shape, std::initializer_list<Layout> operands);

  std::int64_t numel() const { return sizes_.product(); }
  /// Elements of a full innermost run.
  std::int64_t run() const { return sizes_.empty() ? 1 : sizes_.back(); }
  /// Stride of an operand along the innermost dimension.
  std::int64_t run_stride(int operand) const {
    return inner_stride_[static_cast<std::size_t>(operand)];
  }

  /// Meets the elements [begin, end) of the nest as `f(n, offsets, strides)`: n elements, of which
  /// the i-th of operand k is at offsets[k] + i * strides[k] from the start of its storage.
  template <class F>
  void walk(std::int64_t begin, std::int64_t end, F&& f) const {
    if (begin >= end) return;
    std::array<std::int64_t, max_rank> index{};
    std::array<std::int64_t, max_operands> offset = start(begin, index);
    const int inner = sizes_.size() - 1;
    while (true) {
      std::int64_t n = std::min(
          end - begin, inner < 0 ? 1 : sizes_[inner] - index[static_cast<std::size_t>(inner)]);
      f(n, offset.data(), inner_stride_.data());
      begin += n;
      if (begin >= end) return;
      next_run(index, offset);
    }
  }

  /// walk() over everything, shared among threads where there are more than `grain` elements.
  template <class F>
  void parallel_walk(std::int64_t grain, F&& f) const {
    parallel_for(0, numel(), grain,
                 [&](std::int64_t begin, std::int64_t end) { walk(begin, end, f); });
  }

 private:
  static Nest make(const Shape& shape, std::initializer_list<Layout> operands, bool reorder);
  std::array<std::int64_t, max_operands> start(std::int64_t begin,
                                               std::array<std::int64_t, max_rank>& index) const;
  void next_run(std::array<std::int64_t, max_rank>& index,
                std::array<std::int64_t, max_operands>& offset) const;

  int operands_ = 0;
  Dims sizes_;
  std::array<Dims, max_operands> strides_;
  std::array<std::int64_t, max_operands> base_{};
  std::array<std::int64_t, max_operands> inner_stride_{};
};

}  // namespace gradus
