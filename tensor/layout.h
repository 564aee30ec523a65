#pragma once

#include <optional>

#include "gradus/tensor/dims.h"

namespace gradus {

/// How a tensor's elements lie in its storage: element (i, j, ...) is at offset + i * strides[0] +
/// j * strides[1] + ..., counted in elements. Views are Layout -> Layout; a dimension may be
/// negative (counted from the end), and a bad argument throws IndexError or Error.
struct Layout {
  Shape shape;
  Dims strides;
  std::int64_t offset = 0;

  /// Row-major. Throws Error on a negative size or more than 2^63 elements.
  static Layout contiguous(const Shape& shape);

  int rank() const { return shape.size(); }
  std::int64_t numel() const { return shape.product(); }
  bool is_contiguous() const {
    std::int64_t expected = 1;
    bool in_order = true;
    for (int d = rank() - 1; d >= 0; --d) {
      in_order = in_order && (shape[d] == 1 || strides[d] == expected);
      expected *= shape[d];
    }
    return in_order || expected == 0;
  }

  Layout permute(const Dims& dims) const;
  Layout transpose(std::int64_t dim0, std::int64_t dim1) const;
  Layout broadcast_to(const Shape& target) const;
  Layout unsqueeze(std::int64_t dim) const;
  /// Drops `dim`, which must have size 1.
  Layout squeeze(std::int64_t dim) const;
  Layout select(std::int64_t dim, std::int64_t index) const;
  /// start and stop may be negative and are clamped as in Python; step >= 1.
  Layout slice(std::int64_t dim, std::int64_t start, std::int64_t stop, std::int64_t step) const;
  /// Elements with index(dim0) + offset == index(dim1); the diagonal becomes the last dimension.
  Layout diagonal(std::int64_t offset, std::int64_t dim0, std::int64_t dim1) const;
  /// The same elements in the same order under `target` (no -1), or nothing where only a copy can.
  std::optional<Layout> reshape(const Shape& target) const;
};

/// `dim` in [0, rank); IndexError where it lies outside [-rank, rank). Rank 0 counts as 1.
int wrap_dim(std::int64_t dim, int rank);

/// wrap_dim of each; Error on a repeated one. An empty list stands for all dimensions.
Dims wrap_dims(const Dims& dims, int rank);

/// The shape that a and b broadcast to, by NumPy's rules; Error where they do not.
Shape broadcast(const Shape& a, const Shape& b);

/// `target` with its one -1, if any, replaced so that it holds `numel` elements.
Shape infer_size(const Shape& target, std::int64_t numel);

/// `shape` with `dims` (wrapped) reduced: removed, or kept with size 1.
Shape reduced(const Shape& shape, const Dims& dims, bool keepdim);

}  // namespace gradus
