#include "gradus/tensor/creation.h"
#include "gradus/tensor/iterate.h"
#include "gradus/tensor/ops.h"

// Note [Indexed access]
// Reading or writing x at index along a dimension is a loop nest over the index in which x is given
// stride 0 along that dimension: the nest yields the offset of x's element 0 there, and the index
// times the dimension's stride is added to it. index_select is the case of an index that is
// constant across the other dimensions, that is, one broadcast with stride 0.
namespace gradus::kernel {
namespace {

/// A tensor without dimensions counts as a vector of one.
Layout at_least_vector(const Layout& layout) {
  return layout.rank() == 0 ? layout.unsqueeze(0) : layout;
}

Layout without_dim(Layout layout, int dim) {
  layout.shape.erase(dim);
  layout.strides.erase(dim);
  return layout;
}

/// `layout` with the sizes of `shape`, all of its strides kept but that of `dim`, which becomes 0.
Layout pinned(Layout layout, const Shape& shape, int dim) {
  layout.shape = shape;
  layout.strides[dim] = 0;
  return layout;
}

template <class T>
T* base(const Tensor& x) {
  return static_cast<T*>(x.storage()->data());
}

/// Throws unless all of `index` lie in [0, size). Runs before any worker thread touches the data,
/// since an error is labelled with the context of the thread that throws it.
void check_index(const Tensor& index, std::int64_t dim, std::int64_t size) {
  check(index.dtype() == DType::Int64, "an index must be int64, got {}; convert it with to(int64)",
        index.dtype());
  Nest nest = Nest::any_order(index.shape(), {index.layout()});
  const auto* values = base<const std::int64_t>(index);
  nest.walk(0, nest.numel(), [&](std::int64_t n, const std::int64_t* at, const std::int64_t* by) {
    for (std::int64_t i = 0; i < n; ++i) {
      std::int64_t value = values[at[0] + i * by[0]];
      check<IndexError>(0 <= value && value < size,
                        "index {} is out of range for dimension {} of size {}", value, dim, size);
    }
  });
}

void check_fits(const Shape& index, const Shape& x, int dim, const Tensor& original_index,
                const Tensor& original_x) {
  check(index.size() == x.size(), "index {} and the input {} differ in rank",
        original_index.shape(), original_x.shape());
  for (int d = 0; d < x.size(); ++d) {
    check(d == dim || index[d] <= x[d], "index {} exceeds the input {} in dimension {}",
          original_index.shape(), original_x.shape(), d);
  }
}

/// out[...] = x[..., index[...], ...]. Layouts as in Note [Indexed access], all of out's shape.
void read_at(const Tensor& out, const Layout& out_layout, const Tensor& x, const Layout& x_layout,
             std::int64_t step, const Tensor& index, const Layout& index_layout) {
  Nest nest = Nest::any_order(out_layout.shape, {out_layout, x_layout, index_layout});
  const auto* indices = base<const std::int64_t>(index);
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* to = base<T>(out);
    const T* from = base<const T>(x);
    nest.parallel_walk(32'768, [&](std::int64_t n, const std::int64_t* at, const std::int64_t* by) {
      if (by[2] == 0 && by[0] == 1 && by[1] == 1) {
        std::copy_n(from + at[1] + indices[at[2]] * step, n, to + at[0]);
        return;
      }
      for (std::int64_t i = 0; i < n; ++i) {
        to[at[0] + i * by[0]] = from[at[1] + i * by[1] + indices[at[2] + i * by[2]] * step];
      }
    });
  });
}

/// out[..., index[...], ...] += source[...], in the order of `dim` for each element of out. Work is
/// shared along the other dimensions, so no two threads meet in one element.
void add_at(const Tensor& out, const Layout& out_layout, const Tensor& source,
            const Layout& source_layout, const Tensor& index, const Layout& index_layout, int dim) {
  std::int64_t count = index_layout.shape[dim];
  std::int64_t step_out = out_layout.strides[dim];
  std::int64_t step_source = source_layout.strides[dim];
  std::int64_t step_index = index_layout.strides[dim];
  Layout outer = without_dim(pinned(out_layout, index_layout.shape, dim), dim);
  Nest nest = Nest::any_order(
      outer.shape, {outer, without_dim(source_layout, dim), without_dim(index_layout, dim)});
  const auto* indices = base<const std::int64_t>(index);
  visit(out.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* to = base<T>(out);
    const T* from = base<const T>(source);
    nest.parallel_walk(32'768 / std::max<std::int64_t>(count, 1) + 1,
                       [&](std::int64_t n, const std::int64_t* at, const std::int64_t* by) {
                         for (std::int64_t j = 0; j < count; ++j) {
                           const std::int64_t* which = indices + at[2] + j * step_index;
                           const T* values = from + at[1] + j * step_source;
                           for (std::int64_t i = 0; i < n; ++i) {
                             T& sum = to[at[0] + i * by[0] + which[i * by[2]] * step_out];
                             sum = static_cast<T>(sum + values[i * by[1]]);
                           }
                         }
                       });
  });
}

/// The index of index_select over a whole shape: constant but along `dim`.
Layout spread_along(const Layout& vector, const Shape& shape, int dim) {
  Layout layout{shape, Dims::filled(shape.size(), 0), vector.offset};
  layout.strides[dim] = vector.strides[0];
  return layout;
}

}  // namespace

Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index) {
  int d = wrap_dim(dim, x.dim());
  Layout from = at_least_vector(x.layout());
  Layout which = at_least_vector(index.layout());
  check_fits(which.shape, from.shape, d, index, x);
  check_index(index, d, from.shape[d]);
  Tensor out = empty(index.shape(), x.dtype());
  read_at(out, at_least_vector(out.layout()), x, pinned(from, which.shape, d), from.strides[d],
          index, which);
  return out;
}

Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index) {
  int d = wrap_dim(dim, x.dim());
  check(index.dim() <= 1, "index must be a vector, got shape {}", index.shape());
  Layout from = at_least_vector(x.layout());
  check_index(index, d, from.shape[d]);
  Shape shape = from.shape;
  shape[d] = index.numel();
  check(x.dim() > 0 || index.numel() == 1, "{} indices into an input without dimensions",
        index.numel());
  Tensor out = empty(x.dim() == 0 ? Shape() : shape, x.dtype());
  read_at(out, at_least_vector(out.layout()), x, pinned(from, shape, d), from.strides[d], index,
          spread_along(at_least_vector(index.layout()), shape, d));
  return out;
}

Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source) {
  int d = wrap_dim(dim, x.dim());
  check(x.dtype() == source.dtype(), "the input is {} and source {}; convert one with to()",
        x.dtype(), source.dtype());
  Layout which = at_least_vector(index.layout());
  Layout values = at_least_vector(source.layout());
  check_fits(which.shape, at_least_vector(x.layout()).shape, d, index, x);
  check(values.rank() == which.rank(), "index {} and source {} differ in rank", index.shape(),
        source.shape());
  for (int i = 0; i < which.rank(); ++i) {
    check(which.shape[i] <= values.shape[i], "index {} exceeds source {} in dimension {}",
          index.shape(), source.shape(), i);
  }
  check_index(index, d, at_least_vector(x.layout()).shape[d]);
  values.shape = which.shape;
  Tensor out = clone(x);
  add_at(out, at_least_vector(out.layout()), source, values, index, which, d);
  return out;
}

Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source) {
  int d = wrap_dim(dim, x.dim());
  check(x.dtype() == source.dtype(), "the input is {} and source {}; convert one with to()",
        x.dtype(), source.dtype());
  check(index.dim() <= 1, "index must be a vector, got shape {}", index.shape());
  Layout values = at_least_vector(source.layout());
  Shape expected = at_least_vector(x.layout()).shape;
  check_index(index, d, expected[d]);
  expected[d] = index.numel();
  check(values.shape == expected,
        "source must have shape {} to be added at {} indices of {}, got {}", expected,
        index.numel(), x.shape(), source.shape());
  Tensor out = clone(x);
  add_at(out, at_least_vector(out.layout()), source, values, index,
         spread_along(at_least_vector(index.layout()), values.shape, d), d);
  return out;
}

Tensor embedding(const Tensor& weight, const Tensor& index) {
  check(weight.dim() == 2, "weight must have shape (rows, features), got {}", weight.shape());
  Tensor rows = contiguous(index);
  Tensor out = index_select(weight, 0, rows.alias(*rows.layout().reshape(rows.numel())));
  Shape shape = index.shape();
  shape.push_back(weight.shape()[1]);
  return out.alias(Layout::contiguous(shape));
}

Tensor one_hot(const Tensor& index, std::int64_t classes) {
  check(index.dtype() == DType::Int64, "an index must be int64, got {}; convert it with to(int64)",
        index.dtype());
  if (classes == -1) {
    check(index.numel() > 0, "cannot infer the number of classes from an empty index; give it");
    for (std::int64_t i : index.to_vector<std::int64_t>()) classes = std::max(classes, i + 1);
    classes = std::max<std::int64_t>(classes, 1);
  }
  check(classes > 0, "the number of classes must be positive, got {}", classes);
  Tensor flat = contiguous(index);
  Shape shape = index.shape();
  shape.push_back(classes);
  check_index(flat, index.dim(), classes);
  Tensor out = zeros(shape, int64);
  std::int64_t* row = out.data<std::int64_t>();
  for (std::int64_t i : flat.span<std::int64_t>()) {
    row[i] = 1;
    row += classes;
  }
  return out;
}

}  // namespace gradus::kernel
