#include <limits>

#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/ops.h"

namespace gradus {
namespace {

/// `repeats` copies of x next to each other along dimension d.
Tensor repeat_along(const Tensor& x, int d, std::int64_t repeats, Where at) {
  std::int64_t before = 1;
  std::int64_t rest = 1;
  for (int i = 0; i < x.dim(); ++i) (i < d ? before : rest) *= x.shape()[i];
  Tensor copies = broadcast_to(reshape(x, {before, 1, rest}, at), {before, repeats, rest}, at);
  Shape shape = x.shape();
  shape[d] *= repeats;
  return reshape(contiguous(copies, at), shape, at);
}

}  // namespace

Tensor cat(const std::vector<Tensor>& tensors, std::int64_t dim, Where at) {
  Op op("cat", at);
  Tensor out = kernel::cat(tensors, dim);
  int d = wrap_dim(dim, out.dim());
  std::vector<Shape> shapes;
  for (const Tensor& x : tensors) shapes.push_back(x.shape());
  return op.record(out, joint(tensors, [d, shapes](const Tensor& g, const Needs& needs) {
                     std::vector<Tensor> gradients(shapes.size());
                     std::int64_t start = 0;
                     for (std::size_t i = 0; i < shapes.size(); ++i) {
                       if (shapes[i].size() != g.dim()) continue;  // an empty vector among others
                       if (needs[i]) gradients[i] = narrow(g, d, start, shapes[i][d]);
                       start += shapes[i][d];
                     }
                     return gradients;
                   }));
}

Tensor stack(const std::vector<Tensor>& tensors, std::int64_t dim, Where at) {
  Op op("stack", at);
  check(!tensors.empty(), "needs at least one tensor");
  const int d = wrap_dim(dim, tensors[0].dim() + 1);
  std::vector<Tensor> slices;
  for (const Tensor& x : tensors) {
    check(x.shape() == tensors[0].shape(), "tensor {} has shape {}, tensor 0 has {}", slices.size(),
          x.shape(), tensors[0].shape());
    slices.push_back(unsqueeze(x, d, at));
  }
  return cat(slices, d, at);
}

Tensor flip(const Tensor& x, const Dims& dims, Where at) {
  return Op("flip", at).record(kernel::flip(x, dims), wrt(x, [dims](const Tensor& g) {
                                 return flip(g, dims);
                               }));
}

Tensor pad(const Tensor& x, const std::vector<std::int64_t>& padding, Scalar value, Where at) {
  return Op("pad", at).given(value).record(kernel::pad(x, padding, value),
                                           wrt(x, [padding](const Tensor& g) {
                                             std::vector<std::int64_t> crop;
                                             for (std::int64_t n : padding) crop.push_back(-n);
                                             return pad(g, crop);
                                           }));
}

Tensor repeat(const Tensor& x, const Dims& repeats, Where at) {
  Op op("repeat", at);
  int added = repeats.size() - x.dim();
  check(added >= 0, "{} repeats for shape {}: needs one for each dimension", repeats.size(),
        x.shape());
  for (std::int64_t n : repeats) check(n >= 0, "a repeat cannot be negative, got {}", n);

  Shape shape = Dims::filled(added, 1);
  for (std::int64_t size : x.shape()) shape.push_back(size);
  Shape whole = shape;
  for (int d = 0; d < shape.size(); ++d) {
    check(shape[d] == 0 || repeats[d] <= std::numeric_limits<std::int64_t>::max() / shape[d],
          "{} repeats of {} have more elements than memory can address", repeats, x.shape());
    whole[d] *= repeats[d];
  }
  Layout::contiguous(whole);  // checks the sizes' product
  Tensor y = reshape(x, shape, at);
  bool copied = false;
  for (int d = 0; d < shape.size(); ++d) {
    if (repeats[d] == 1) continue;
    y = repeat_along(y, d, repeats[d], at);
    copied = true;
  }
  return copied ? y : clone(y, at);
}

}  // namespace gradus
