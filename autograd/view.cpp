#include <algorithm>
#include <numeric>

#include "gradus/autograd/ops.h"
#include "gradus/autograd/partial_view.h"

namespace gradus {
namespace {

/// A view of all of x's elements in their order: the gradient takes x's shape back.
Tensor reshaped(const Op& op, const Tensor& x, const Layout& layout) {
  return op.record(x.alias(layout),
                   wrt(x, [shape = x.shape()](const Tensor& g) { return reshape(g, shape); }));
}

Tensor broadcast_view(const Op& op, const Tensor& x, const Shape& shape) {
  return op.record(x.alias(x.layout().broadcast_to(shape)),
                   wrt(x, [](const Tensor& g) { return g; }));  // the engine sums it to x's shape
}

}  // namespace

Tensor view(const Tensor& x, const Shape& shape, Where at) {
  Op op("view", at);
  std::optional<Layout> layout = x.layout().reshape(infer_size(shape, x.numel()));
  check(layout.has_value(),
        "shape {} with strides {} cannot be seen as {} without a copy; use reshape()", x.shape(),
        x.strides(), shape);
  return reshaped(op, x, *layout);
}

Tensor reshape(const Tensor& x, const Shape& shape, Where at) {
  Op op("reshape", at);
  Shape target = infer_size(shape, x.numel());
  if (std::optional<Layout> layout = x.layout().reshape(target)) return reshaped(op, x, *layout);
  return view(clone(x, at), target, at);
}

Tensor flatten(const Tensor& x, std::int64_t start, std::int64_t end, Where at) {
  Op op("flatten", at);
  int first = wrap_dim(start, x.dim());
  int last = wrap_dim(end, x.dim());
  check(first <= last, "dimension {} does not come before {} in {}", start, end, x.shape());
  Shape shape;
  for (int d = 0; d < std::max(x.dim(), 1); ++d) {
    std::int64_t size = x.dim() == 0 ? 1 : x.size(d);
    if (d > first && d <= last) {
      shape[first] *= size;
    } else {
      shape.push_back(size);
    }
  }
  return reshape(x, shape, at);
}

Tensor transpose(const Tensor& x, std::int64_t dim0, std::int64_t dim1, Where at) {
  return Op("transpose", at)
      .record(x.alias(x.layout().transpose(dim0, dim1)),
              wrt(x, [dim0, dim1](const Tensor& g) { return transpose(g, dim0, dim1); }));
}

Tensor permute(const Tensor& x, const Dims& dims, Where at) {
  Op op("permute", at);
  Layout layout = x.layout().permute(dims);
  Dims inverse = dims;
  for (int d = 0; d < dims.size(); ++d) inverse[wrap_dim(dims[d], x.dim())] = d;
  return op.record(x.alias(layout),
                   wrt(x, [inverse](const Tensor& g) { return permute(g, inverse); }));
}

Tensor t(const Tensor& x, Where at) {
  Op op("t", at);
  check(x.dim() <= 2, "needs at most 2 dimensions, got {}; use transpose() or permute()",
        x.shape());
  Layout layout = x.dim() == 2 ? x.layout().transpose(0, 1) : x.layout();
  return op.record(x.alias(layout), wrt(x, [](const Tensor& g) { return t(g); }));
}

Tensor squeeze(const Tensor& x, Where at) {
  Op op("squeeze", at);
  Layout layout = x.layout();
  for (int d = layout.rank() - 1; d >= 0; --d) {
    if (layout.shape[d] == 1) layout = layout.squeeze(d);
  }
  return reshaped(op, x, layout);
}

Tensor squeeze(const Tensor& x, std::int64_t dim, Where at) {
  Op op("squeeze", at);
  int d = wrap_dim(dim, x.dim());
  bool drops = x.dim() > 0 && x.size(d) == 1;
  return reshaped(op, x, drops ? x.layout().squeeze(d) : x.layout());
}

Tensor unsqueeze(const Tensor& x, std::int64_t dim, Where at) {
  Op op("unsqueeze", at);
  return reshaped(op, x, x.layout().unsqueeze(dim));
}

Tensor broadcast_to(const Tensor& x, const Shape& shape, Where at) {
  return broadcast_view(Op("broadcast_to", at), x, shape);
}

Tensor expand(const Tensor& x, const Shape& shape, Where at) {
  return broadcast_view(Op("expand", at), x, shape);
}

Tensor select(const Tensor& x, std::int64_t dim, std::int64_t index, Where at) {
  return partial_view(
      {"select", "select_backward"}, x,
      [=](const Layout& layout) { return layout.select(dim, index); }, at);
}

Tensor slice(const Tensor& x, std::int64_t dim, Slice range, Where at) {
  return partial_view(
      {"slice", "slice_backward"}, x,
      [=](const Layout& layout) { return layout.slice(dim, range.start, range.stop, range.step); },
      at);
}

Tensor diagonal(const Tensor& x, std::int64_t offset, std::int64_t dim0, std::int64_t dim1,
                Where at) {
  return partial_view(
      {"diagonal", "diagonal_backward"}, x,
      [=](const Layout& layout) { return layout.diagonal(offset, dim0, dim1); }, at);
}

Tensor narrow(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length,
              Where at) {
  Op op("narrow", at);
  std::int64_t size = x.size(dim);
  std::int64_t first = start < 0 ? start + size : start;
  check<IndexError>(0 <= first && first <= size && 0 <= length && length <= size - first,
                    "start {} and length {} lie outside dimension {} of {}", start, length, dim,
                    x.shape());
  return slice(x, dim, {first, first + length}, at);
}

std::vector<Tensor> split(const Tensor& x, const std::vector<std::int64_t>& sizes, std::int64_t dim,
                          Where at) {
  Op op("split", at);
  std::int64_t start = 0;
  for (std::int64_t size : sizes) {
    check(size >= 0, "sizes cannot be negative, got {}", size);
    start += size;
  }
  check(start == x.size(dim), "sizes that add up to {} do not split dimension {} of {}", start, dim,
        x.shape());
  std::vector<Tensor> parts;
  start = 0;
  for (std::int64_t size : sizes) {
    parts.push_back(slice(x, dim, {start, start + size}, at));
    start += size;
  }
  return parts;
}

std::vector<Tensor> split(const Tensor& x, std::int64_t size, std::int64_t dim, Where at) {
  Op op("split", at);
  check(size > 0, "needs a size >= 1, got {}", size);
  std::int64_t left = x.size(dim);
  std::vector<std::int64_t> sizes;
  do {
    sizes.push_back(std::min(size, left));
    left -= sizes.back();
  } while (left > 0);
  return split(x, sizes, dim, at);
}

std::vector<Tensor> chunk(const Tensor& x, std::int64_t chunks, std::int64_t dim, Where at) {
  Op op("chunk", at);
  check(chunks > 0, "needs at least 1 chunk, got {}", chunks);
  std::int64_t size = x.size(dim);
  if (size == 0) {
    return split(x, std::vector<std::int64_t>(static_cast<std::size_t>(chunks), 0), dim, at);
  }
  return split(x, (size + chunks - 1) / chunks, dim, at);
}

std::vector<Tensor> unbind(const Tensor& x, std::int64_t dim, Where at) {
  Op op("unbind", at);
  std::vector<Tensor> parts;
  for (std::int64_t i = 0, size = x.size(dim); i < size; ++i) {
    parts.push_back(select(x, dim, i, at));
  }
  return parts;
}

}  // namespace gradus
