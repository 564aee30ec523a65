#include "gradus/tensor/layout.h"

#include <algorithm>
#include <limits>

#include "gradus/tensor/error.h"

namespace gradus {

Layout Layout::contiguous(const Shape& shape) {
  Layout layout;  // no braces: g++ would clear all of it first
  layout.shape = shape;
  layout.strides = shape;
  std::int64_t stride = 1;
  for (int d = shape.size() - 1; d >= 0; --d) {
    check(shape[d] >= 0, "sizes cannot be negative: {}", shape);
    layout.strides[d] = stride;
    const bool overflows =
        __builtin_mul_overflow(stride, std::max<std::int64_t>(shape[d], 1), &stride);
    check(!overflows && stride <= std::numeric_limits<std::int64_t>::max() / 8,
          "{} has more elements than memory can address", shape);
  }
  return layout;
}

Layout Layout::permute(const Dims& dims) const {
  check(dims.size() == rank(), "permutation {} does not name the {} dimensions of {}", dims, rank(),
        shape);
  Layout result{shape, strides, offset};
  if (dims.empty()) return result;
  Dims from = wrap_dims(dims, rank());
  for (int d = 0; d < rank(); ++d) {
    result.shape[d] = shape[from[d]];
    result.strides[d] = strides[from[d]];
  }
  return result;
}

Layout Layout::transpose(std::int64_t dim0, std::int64_t dim1) const {
  int a = wrap_dim(dim0, rank());
  int b = wrap_dim(dim1, rank());
  Layout result = *this;
  if (rank() == 0) return result;
  std::swap(result.shape[a], result.shape[b]);
  std::swap(result.strides[a], result.strides[b]);
  return result;
}

Layout Layout::broadcast_to(const Shape& target) const {
  check(target.size() >= rank(), "cannot broadcast {} to {}", shape, target);
  Layout result{target, Dims::filled(target.size(), 0), offset};
  int shift = target.size() - rank();
  for (int d = 0; d < target.size(); ++d) {
    if (target[d] == -1 && d >= shift) result.shape[d] = shape[d - shift];
    check(result.shape[d] >= 0, "cannot broadcast {} to {}", shape, target);
    if (d < shift) continue;
    check(shape[d - shift] == result.shape[d] || shape[d - shift] == 1, "cannot broadcast {} to {}",
          shape, target);
    if (shape[d - shift] == result.shape[d]) result.strides[d] = strides[d - shift];
  }
  return result;
}

Layout Layout::unsqueeze(std::int64_t dim) const {
  int d = wrap_dim(dim, rank() + 1);
  Layout result = *this;
  std::int64_t stride = d < rank() ? strides[d] * shape[d] : 1;
  result.shape.insert(d, 1);
  result.strides.insert(d, stride);
  return result;
}

Layout Layout::squeeze(std::int64_t dim) const {
  int d = wrap_dim(dim, rank());
  check(shape[d] == 1, "dimension {} of {} has size {}, not 1", dim, shape, shape[d]);
  Layout result = *this;
  result.shape.erase(d);
  result.strides.erase(d);
  return result;
}

Layout Layout::select(std::int64_t dim, std::int64_t index) const {
  check<IndexError>(rank() > 0, "cannot index a tensor without dimensions");
  int d = wrap_dim(dim, rank());
  check<IndexError>(-shape[d] <= index && index < shape[d],
                    "index {} is out of range for dimension {} of {}", index, dim, shape);
  Layout result = *this;
  result.offset += (index < 0 ? index + shape[d] : index) * strides[d];
  result.shape.erase(d);
  result.strides.erase(d);
  return result;
}

Layout Layout::slice(std::int64_t dim, std::int64_t start, std::int64_t stop,
                     std::int64_t step) const {
  check<IndexError>(rank() > 0, "cannot slice a tensor without dimensions");
  check(step != 0, "a slice's step cannot be zero");
  check(step > 0, "a slice's step must be positive, got {}: use flip() to reverse a dimension",
        step);
  int d = wrap_dim(dim, rank());
  std::int64_t size = shape[d];
  auto clamped = [size](std::int64_t i) {
    return std::clamp<std::int64_t>(i < 0 ? i + size : i, 0, size);
  };
  std::int64_t first = clamped(start);
  std::int64_t last = std::max(clamped(stop), first);
  Layout result = *this;
  result.shape[d] = last == first ? 0 : (last - first - 1) / step + 1;
  result.offset += result.shape[d] == 0 ? 0 : first * strides[d];
  result.strides[d] = size <= 1 ? strides[d] : strides[d] * std::min(step, size);
  return result;
}

Layout Layout::diagonal(std::int64_t diagonal_offset, std::int64_t dim0, std::int64_t dim1) const {
  check(rank() >= 2, "a diagonal needs two dimensions, got {}", shape);
  int a = wrap_dim(dim0, rank());
  int b = wrap_dim(dim1, rank());
  check(a != b, "a diagonal needs two different dimensions, got {} twice", dim0);
  std::int64_t row = std::max<std::int64_t>(-diagonal_offset, 0);
  std::int64_t column = std::max<std::int64_t>(diagonal_offset, 0);
  std::int64_t length = std::max<std::int64_t>(std::min(shape[a] - row, shape[b] - column), 0);
  Layout result = *this;
  if (length > 0) result.offset += row * strides[a] + column * strides[b];
  result.shape.erase(std::max(a, b));
  result.shape.erase(std::min(a, b));
  result.strides.erase(std::max(a, b));
  result.strides.erase(std::min(a, b));
  result.shape.push_back(length);
  result.strides.push_back(strides[a] + strides[b]);
  return result;
}

std::optional<Layout> Layout::reshape(const Shape& target) const {
  Layout result = contiguous(target);
  result.offset = offset;
  if (numel() == 0 || is_contiguous()) return result;
  // Walk both shapes from the back. A block of source dimensions that is contiguous in itself can
  // be cut into any target dimensions of the same product.
  int t = target.size() - 1;
  for (int d = rank() - 1; d >= 0;) {
    std::int64_t block = shape[d];
    std::int64_t stride = strides[d];
    while (d > 0 && (shape[d - 1] == 1 || block == 1 || strides[d - 1] == block * stride)) {
      --d;
      if (block == 1) stride = strides[d];
      block *= shape[d];
    }
    --d;
    std::int64_t filled = 1;
    for (; t >= 0 && (filled < block || target[t] == 1); --t) {
      if (filled * target[t] > block) return std::nullopt;
      result.strides[t] = stride * filled;
      filled *= target[t];
    }
    if (filled != block) return std::nullopt;
  }
  return result;
}

int wrap_dim(std::int64_t dim, int rank) {
  std::int64_t n = std::max(rank, 1);
  check<IndexError>(-n <= dim && dim < n,
                    "dimension {} is out of range for {} dimension{}: needs one in [{}, {}]", dim,
                    rank, rank == 1 ? "" : "s", -n, n - 1);
  return static_cast<int>(dim < 0 ? dim + n : dim);
}

Dims wrap_dims(const Dims& dims, int rank) {
  Dims wrapped;
  if (dims.empty()) {
    for (int d = 0; d < rank; ++d) wrapped.push_back(d);
    return wrapped;
  }
  for (std::int64_t dim : dims) {
    int d = wrap_dim(dim, rank);
    check(!wrapped.contains(d), "dimension {} appears twice in {}", dim, dims);
    wrapped.push_back(d);
  }
  return wrapped;
}

Shape broadcast(const Shape& a, const Shape& b) {
  if (a == b) return a;
  Shape result = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  int shift = result.size() - shorter.size();
  for (int d = 0; d < shorter.size(); ++d) {
    std::int64_t& size = result[d + shift];
    check(size == shorter[d] || size == 1 || shorter[d] == 1, "shapes do not broadcast: {} and {}",
          a, b);
    if (size == 1) size = shorter[d];
  }
  return result;
}

Shape infer_size(const Shape& target, std::int64_t numel) {
  Shape result = target;
  int unknown = -1;
  std::int64_t known = 1;
  for (int d = 0; d < target.size(); ++d) {
    check(target[d] >= -1, "invalid size {} in {}", target[d], target);
    if (target[d] == -1) {
      check(unknown < 0, "only one size can be inferred: {}", target);
      unknown = d;
    } else {
      known *= target[d];
    }
  }
  if (unknown >= 0) {
    check(known != 0 && numel % known == 0, "{} elements do not fill {}", numel, target);
    result[unknown] = numel / known;
  } else {
    check(known == numel, "{} elements do not fill {}", numel, target);
  }
  return result;
}

Shape reduced(const Shape& shape, const Dims& dims, bool keepdim) {
  Shape result;
  for (int d = 0; d < shape.size(); ++d) {
    if (!dims.contains(d)) {
      result.push_back(shape[d]);
    } else if (keepdim) {
      result.push_back(1);
    }
  }
  return result;
}

}  // namespace gradus
