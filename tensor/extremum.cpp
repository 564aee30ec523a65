#include <limits>

#include "gradus/tensor/columns.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/line.h"
#include "gradus/tensor/ops.h"
#include "gradus/tensor/reduce-inl.h"

namespace gradus::kernel {
namespace {

template <class T, bool Max>
constexpr T neutral() {
  using Limits = std::numeric_limits<T>;
  if constexpr (Limits::has_infinity) return Max ? -Limits::infinity() : Limits::infinity();
  return Max ? Limits::lowest() : Limits::max();
}

/// Whether b replaces a as the extremum: a NaN beats every number, and the first of equals stays.
template <class T, bool Max>
bool beats(T b, T a) {
  if constexpr (std::is_floating_point_v<T>) {
    if (a != a) return false;
    return Max ? !(b <= a) : !(b >= a);
  } else {
    return Max ? b > a : b < a;
  }
}

template <class T, bool Max>
struct Extremum {
  using In = T;
  using Acc = T;
  static constexpr bool ordered = false;

  T* out;

  T init(std::int64_t) const { return neutral<T, Max>(); }
  T fold(T acc, T value, std::int64_t) const { return beats<T, Max>(value, acc) ? value : acc; }
  T fold_dense(std::int64_t, std::int64_t n,
               const T* x) const requires std::is_floating_point_v<T> {
    return Max ? line::max(n, x) : line::min(n, x);
  }
  void fold_columns(std::int64_t rows, std::int64_t n, const T* x, std::int64_t stride,
                    T* acc) const requires std::is_floating_point_v<T> {
    const columns::Loops<T>& loops = columns::loops<T>();
    (Max ? loops.max : loops.min)(rows, n, x, stride, acc);
  }
  T merge(T a, T b) const { return fold(a, b, 0); }
  void store(std::int64_t k, T acc) const { out[k] = acc; }
};

template <class T, bool Max>
struct IndexedExtremum {
  using In = T;
  struct Acc {
    T value;
    std::int64_t index;  // -1 before the first element
  };
  static constexpr bool ordered = true;

  T* values;  // may be null
  std::int64_t* indices;

  Acc init(std::int64_t) const { return {T{}, -1}; }
  Acc fold(Acc acc, T value, std::int64_t position) const {
    return acc.index < 0 || beats<T, Max>(value, acc.value) ? Acc{value, position} : acc;
  }
  Acc merge(Acc a, Acc b) const { return b.index < 0 ? a : fold(a, b.value, b.index); }
  void store(std::int64_t k, Acc acc) const {
    if (values != nullptr) values[k] = acc.value;
    indices[k] = acc.index;
  }
};

void check_not_empty(const Tensor& x, const Dims& dims) {
  check(reduced_count(x, dims) > 0, "no elements to choose from: shape {} over dimensions {}",
        x.shape(), dims);
}

template <bool Max>
Tensor extremum(const Tensor& x, const Dims& dims, bool keepdim) {
  Dims wrapped = wrap_dims(dims, x.dim());
  check_not_empty(x, wrapped);
  Tensor out = empty(reduced(x.shape(), wrapped, keepdim), x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    reduce(x, wrapped, Extremum<T, Max>{out.data<T>()});
  });
  return out;
}

template <bool Max>
std::array<Tensor, 2> indexed_extremum(const Tensor& x, const Dims& dims, bool keepdim,
                                       bool with_values) {
  Dims wrapped = wrap_dims(dims, x.dim());
  check_not_empty(x, wrapped);
  Shape shape = reduced(x.shape(), wrapped, keepdim);
  Tensor values = with_values ? empty(shape, x.dtype()) : Tensor();
  Tensor indices = empty(shape, int64);
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    reduce(x, wrapped,
           IndexedExtremum<T, Max>{with_values ? values.data<T>() : nullptr,
                                   indices.data<std::int64_t>()});
  });
  return {values, indices};
}

}  // namespace

Tensor amax(const Tensor& x, const Dims& dims, bool keepdim) {
  return extremum<true>(x, dims, keepdim);
}

Tensor amin(const Tensor& x, const Dims& dims, bool keepdim) {
  return extremum<false>(x, dims, keepdim);
}

Tensor argmax(const Tensor& x, const Dims& dims, bool keepdim) {
  return indexed_extremum<true>(x, dims, keepdim, false)[1];
}

Tensor argmin(const Tensor& x, const Dims& dims, bool keepdim) {
  return indexed_extremum<false>(x, dims, keepdim, false)[1];
}

std::array<Tensor, 2> max(const Tensor& x, std::int64_t dim, bool keepdim) {
  return indexed_extremum<true>(x, dim, keepdim, true);
}

std::array<Tensor, 2> min(const Tensor& x, std::int64_t dim, bool keepdim) {
  return indexed_extremum<false>(x, dim, keepdim, true);
}

}  // namespace gradus::kernel
