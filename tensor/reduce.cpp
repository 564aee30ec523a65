#include "gradus/tensor/columns.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/line.h"
#include "gradus/tensor/ops.h"
#include "gradus/tensor/reduce-inl.h"

namespace gradus::kernel {
namespace {

/// Floats are added up in double: the mean of 10^7 of them is right to the last digit.
template <class T>
struct Sum {
  using In = T;
  using Acc = std::conditional_t<std::is_floating_point_v<T>, double, std::int64_t>;
  using Out = std::conditional_t<std::is_floating_point_v<T>, T, std::int64_t>;
  static constexpr bool ordered = false;

  Out* out;
  double divisor = 1;

  Acc init(std::int64_t) const { return 0; }
  Acc fold(Acc acc, T value, std::int64_t) const { return acc + static_cast<Acc>(value); }
  Acc fold_dense(std::int64_t, std::int64_t n,
                 const T* run) const requires std::is_floating_point_v<T> {
    return line::sum(n, run);
  }
  void fold_columns(std::int64_t rows, std::int64_t n, const T* x, std::int64_t stride,
                    Acc* acc) const requires std::is_floating_point_v<T> {
    columns::loops<T>().sum(rows, n, x, stride, acc);
  }
  Acc merge(Acc a, Acc b) const { return a + b; }
  void store(std::int64_t k, Acc acc) const {
    if constexpr (std::is_floating_point_v<T>) {
      out[k] = static_cast<T>(acc / divisor);
    } else {
      out[k] = acc;
    }
  }
};

template <class T>
struct Product {
  using In = T;
  using Acc = typename Sum<T>::Acc;
  using Out = typename Sum<T>::Out;
  static constexpr bool ordered = false;

  Out* out;

  Acc init(std::int64_t) const { return 1; }
  Acc fold(Acc acc, T value, std::int64_t) const { return acc * static_cast<Acc>(value); }
  Acc merge(Acc a, Acc b) const { return a * b; }
  void store(std::int64_t k, Acc acc) const { out[k] = static_cast<Out>(acc); }
};

template <class T, bool All>
struct Truth {
  using In = T;
  using Acc = bool;
  static constexpr bool ordered = false;

  bool* out;

  bool init(std::int64_t) const { return All; }
  bool fold(bool acc, T value, std::int64_t) const { return merge(acc, value != T{}); }
  bool merge(bool a, bool b) const { return All ? (a && b) : (a || b); }
  void store(std::int64_t k, bool acc) const { out[k] = acc; }
};

DType sum_dtype(DType dtype) { return is_floating(dtype) ? dtype : int64; }

Tensor sum_wrapped(const Tensor& x, const Dims& dims, bool keepdim) {
  Tensor out = empty(reduced(x.shape(), dims, keepdim), sum_dtype(x.dtype()));
  visit(x.dtype(), [&](auto zero) {
    using R = Sum<decltype(zero)>;
    reduce(x, dims, R{out.data<typename R::Out>()});
  });
  return out;
}

template <bool All>
Tensor truth(const Tensor& x, const Dims& dims, bool keepdim) {
  Dims wrapped = wrap_dims(dims, x.dim());
  Tensor out = empty(reduced(x.shape(), wrapped, keepdim), boolean);
  visit(x.dtype(),
        [&](auto zero) { reduce(x, wrapped, Truth<decltype(zero), All>{out.data<bool>()}); });
  return out;
}

}  // namespace

std::int64_t reduced_count(const Tensor& x, const Dims& dims) {
  std::int64_t count = 1;
  for (std::int64_t d : wrap_dims(dims, x.dim())) count *= x.dim() == 0 ? 1 : x.shape()[d];
  return count;
}

Tensor sum(const Tensor& x, const Dims& dims, bool keepdim) {
  return sum_wrapped(x, wrap_dims(dims, x.dim()), keepdim);
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  int leading = x.dim() - shape.size();
  bool fits = leading >= 0;
  Dims dims;
  for (int d = 0; fits && d < x.dim(); ++d) {
    if (d < leading || (shape[d - leading] == 1 && x.shape()[d] != 1)) {
      dims.push_back(d);
    } else {
      fits = shape[d - leading] == x.shape()[d];
    }
  }
  check(fits, "{} does not broadcast to {}, so that cannot be summed to it", shape, x.shape());
  // An empty list would mean all dimensions to sum, but reduces none here.
  return sum_wrapped(x, dims, true).alias(Layout::contiguous(shape));
}

Tensor mean(const Tensor& x, const Dims& dims, bool keepdim) {
  check(x.is_floating(), "needs floating-point numbers, got {}; convert with to(float32) first",
        x.dtype());
  Dims wrapped = wrap_dims(dims, x.dim());
  Tensor out = empty(reduced(x.shape(), wrapped, keepdim), x.dtype());
  visit_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    reduce(x, wrapped, Sum<T>{out.data<T>(), static_cast<double>(reduced_count(x, wrapped))});
  });
  return out;
}

Tensor prod(const Tensor& x, const Dims& dims, bool keepdim) {
  Dims wrapped = wrap_dims(dims, x.dim());
  Tensor out = empty(reduced(x.shape(), wrapped, keepdim), sum_dtype(x.dtype()));
  visit(x.dtype(), [&](auto zero) {
    using R = Product<decltype(zero)>;
    reduce(x, wrapped, R{out.data<typename R::Out>()});
  });
  return out;
}

Tensor all(const Tensor& x, const Dims& dims, bool keepdim) {
  return truth<true>(x, dims, keepdim);
}

Tensor any(const Tensor& x, const Dims& dims, bool keepdim) {
  return truth<false>(x, dims, keepdim);
}

}  // namespace gradus::kernel
