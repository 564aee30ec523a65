#include <algorithm>

#include "gradus/tensor/creation.h"
#include "gradus/tensor/ops.h"

namespace gradus::kernel {
namespace {

/// A legacy of PyTorch's first years that programs lean on: an empty vector is the neutral element
/// of cat, whatever the shapes of the others.
bool is_skipped(const Tensor& x) { return x.dim() == 1 && x.numel() == 0; }

Tensor range_of(const Tensor& x, int dim, std::int64_t start, std::int64_t length) {
  return x.alias(x.layout().slice(dim, start, start + length, 1));
}

}  // namespace

Tensor cat(const std::vector<Tensor>& tensors, std::int64_t dim) {
  check(!tensors.empty(), "needs at least one tensor");
  DType dtype = tensors[0].dtype();
  const Tensor* first = &tensors[0];
  for (const Tensor& x : tensors) {
    dtype = promote(dtype, x.dtype());
    if (is_skipped(*first)) first = &x;
  }
  check(first->dim() > 0, "a tensor without dimensions cannot be joined; use stack");
  int d = wrap_dim(dim, first->dim());
  Shape shape = first->shape();
  shape[d] = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (is_skipped(tensors[i])) continue;
    Shape other = tensors[i].shape();
    bool fits = other.size() == shape.size();
    for (int k = 0; fits && k < shape.size(); ++k) fits = k == d || other[k] == shape[k];
    check(fits, "tensor {} has shape {}, which differs from {} elsewhere than in dimension {}", i,
          other, first->shape(), d);
    shape[d] += other[d];
  }

  Tensor out = empty(shape, dtype);
  std::int64_t start = 0;
  for (const Tensor& x : tensors) {
    if (is_skipped(x)) continue;
    copy_into(range_of(out, d, start, x.shape()[d]), x);
    start += x.shape()[d];
  }
  return out;
}

Tensor pad(const Tensor& x, const std::vector<std::int64_t>& padding, Scalar value) {
  auto pairs = static_cast<int>(padding.size() / 2);
  check(
      padding.size() % 2 == 0 && pairs <= x.dim(),
      "{} numbers of padding for shape {}: needs a pair (before, after) for each dimension padded",
      padding.size(), x.shape());
  Shape shape = x.shape();
  Tensor source = x;
  Dims before = Dims::filled(x.dim(), 0);
  for (int i = 0; i < pairs; ++i) {
    int d = x.dim() - 1 - i;
    std::int64_t left = padding[static_cast<std::size_t>(2 * i)];
    std::int64_t right = padding[static_cast<std::size_t>(2 * i + 1)];
    shape[d] += left + right;
    check(shape[d] >= 0, "padding ({}, {}) leaves dimension {} of {} with a negative size", left,
          right, d, x.shape());
    std::int64_t start = std::min(std::max<std::int64_t>(-left, 0), x.shape()[d]);
    std::int64_t kept =
        std::max<std::int64_t>(x.shape()[d] - start - std::max<std::int64_t>(-right, 0), 0);
    source = range_of(source, d, start, kept);
    before[d] = std::max<std::int64_t>(left, 0);
  }
  Tensor out = full(shape, value, x.dtype());
  Tensor middle = out;
  for (int d = 0; d < x.dim(); ++d) middle = range_of(middle, d, before[d], source.shape()[d]);
  copy_into(middle, source);
  return out;
}

Tensor flip(const Tensor& x, const Dims& dims) {
  if (dims.empty() || x.numel() == 0) return clone(x);
  Layout layout = x.layout();
  for (std::int64_t d : wrap_dims(dims, x.dim())) {
    if (x.dim() == 0) break;
    layout.offset += (layout.shape[d] - 1) * layout.strides[d];
    layout.strides[d] = -layout.strides[d];
  }
  return clone(x.alias(layout));
}

}  // namespace gradus::kernel
