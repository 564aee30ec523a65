#pragma once

#include <utility>

#include "gradus/autograd/record.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/ops.h"

namespace gradus {

/// The names of a view and of its gradient in the graph.
struct ViewNames {
  const char* view;
  const char* backward;
};

template <class F>
Tensor place_in_zeros(ViewNames names, const Tensor& g, const Shape& shape, F restrict, Where at);

/// A view of some of x's elements. `restrict` is what it does to a Layout of x's shape.
template <class F>
Tensor partial_view(ViewNames names, const Tensor& x, F restrict, Where at) {
  Op op(names.view, at);
  Layout layout = restrict(x.layout());
  return op.record(x.alias(layout),
                   wrt(x, [names, shape = x.shape(), restrict, at](const Tensor& g) {
                     return place_in_zeros(names, g, shape, restrict, at);
                   }));
}

/// The transpose of partial_view: g where the view looks, 0 elsewhere.
template <class F>
Tensor place_in_zeros(ViewNames names, const Tensor& g, const Shape& shape, F restrict, Where at) {
  Op op(names.backward, at);
  Tensor x = zeros(shape, g.dtype());
  kernel::copy_into(x.alias(restrict(x.layout())), g);
  return op.record(x, wrt(g, [names, restrict, at](const Tensor& gg) {
                     return partial_view(names, gg, restrict, at);
                   }));
}

}  // namespace gradus
