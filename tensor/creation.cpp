#include "gradus/tensor/creation.h"

#include <algorithm>
#include <cmath>

#include "gradus/tensor/context.h"

namespace gradus {
namespace {

std::size_t bytes_of(const Layout& layout, DType dtype) {
  return static_cast<std::size_t>(layout.numel()) * item_size(dtype);
}

Tensor allocate(const Shape& shape, DType dtype) {
  return Tensor(TensorImpl::allocate(Layout::contiguous(shape), dtype));
}

Tensor filled(const Shape& shape, Scalar value, DType dtype) {
  check(
      dtype != DType::Int64 || !is_floating(value.dtype()) || std::abs(value.to<double>()) < 0x1p63,
      "{} is not a value of int64; give a floating dtype", value.to<double>());
  Tensor result = allocate(shape, dtype);
  visit(dtype, [&](auto zero) {
    std::ranges::fill(result.span<decltype(zero)>(), value.to<decltype(zero)>());
  });
  return result;
}

DType default_dtype(Scalar value) {
  return is_floating(value.dtype()) ? DType::Float32 : value.dtype();
}

}  // namespace

Tensor empty(const Shape& shape, DType dtype, Where at) {
  if (context.op != nullptr) return allocate(shape, dtype);  // of a kernel, in its op's name
  ContextScope scope(entering("empty", at));
  return allocate(shape, dtype);
}

Tensor zeros(const Shape& shape, DType dtype, Where at) {
  ContextScope scope(entering("zeros", at));
  return filled(shape, 0, dtype);
}

Tensor ones(const Shape& shape, DType dtype, Where at) {
  ContextScope scope(entering("ones", at));
  return filled(shape, 1, dtype);
}

Tensor full(const Shape& shape, Scalar value, std::optional<DType> dtype, Where at) {
  ContextScope scope(entering("full", at));
  return filled(shape, value, dtype.value_or(default_dtype(value)));
}

Tensor zeros_like(const Tensor& x, std::optional<DType> dtype, Where at) {
  ContextScope scope(entering("zeros_like", at));
  return filled(x.shape(), 0, dtype.value_or(x.dtype()));
}

Tensor ones_like(const Tensor& x, std::optional<DType> dtype, Where at) {
  ContextScope scope(entering("ones_like", at));
  return filled(x.shape(), 1, dtype.value_or(x.dtype()));
}

Tensor empty_like(const Tensor& x, std::optional<DType> dtype, Where at) {
  ContextScope scope(entering("empty_like", at));
  return allocate(x.shape(), dtype.value_or(x.dtype()));
}

Tensor full_like(const Tensor& x, Scalar value, std::optional<DType> dtype, Where at) {
  ContextScope scope(entering("full_like", at));
  return filled(x.shape(), value, dtype.value_or(x.dtype()));
}

Tensor arange(Scalar start, Scalar stop, Scalar step, std::optional<DType> dtype, Where at) {
  ContextScope scope(entering("arange", at));
  bool whole =
      !is_floating(start.dtype()) && !is_floating(stop.dtype()) && !is_floating(step.dtype());
  double first = start.to<double>();
  double last = stop.to<double>();
  double by = step.to<double>();
  check(std::isfinite(first) && std::isfinite(last) && std::isfinite(by),
        "needs finite numbers, got {}, {}, {}", first, last, by);
  check(by != 0, "the step from {} to {} cannot be 0", first, last);
  check(first == last || (by > 0) == (last > first), "a step of {} never leads from {} to {}", by,
        first, last);
  double size = std::ceil((last - first) / by);
  check(size < 0x1p60, "{} elements do not fit in memory", size);
  auto count = static_cast<std::int64_t>(size);
  if (whole) {  // exact where the range exceeds the integers of a double
    std::int64_t distance = stop.to<std::int64_t>() - start.to<std::int64_t>();
    std::int64_t stride = step.to<std::int64_t>();
    count = distance / stride + (distance % stride != 0);
  }
  Tensor result = allocate(count, dtype.value_or(whole ? DType::Int64 : DType::Float32));
  visit(result.dtype(), [&](auto zero) {
    using T = decltype(zero);
    std::span<T> values = result.span<T>();
    for (std::int64_t i = 0; i < count; ++i) {
      values[static_cast<std::size_t>(i)] =
          whole ? static_cast<T>(start.to<std::int64_t>() + i * step.to<std::int64_t>())
                : static_cast<T>(first + static_cast<double>(i) * by);
    }
  });
  return result;
}

Tensor arange(Scalar stop, std::optional<DType> dtype, Where at) {
  return arange(0, stop, 1, dtype, at);
}

Tensor linspace(double start, double stop, std::int64_t steps, DType dtype, Where at) {
  ContextScope scope(entering("linspace", at));
  check(is_floating(dtype), "needs a floating dtype, got {}", dtype);
  check(std::isfinite(start) && std::isfinite(stop), "needs finite ends, got {} and {}", start,
        stop);
  check(steps >= 0, "needs a number of steps >= 0, got {}", steps);
  Tensor result = allocate(steps, dtype);
  visit_floating(dtype, [&](auto zero) {
    using T = decltype(zero);
    std::span<T> values = result.span<T>();
    T first = static_cast<T>(start);
    T last = static_cast<T>(stop);
    T step = steps > 1 ? (last - first) / static_cast<T>(steps - 1) : T{0};
    // From both ends, so that each is exact and the values are symmetric.
    for (std::int64_t i = 0; i < steps; ++i) {
      values[static_cast<std::size_t>(i)] = i < (steps + 1) / 2
                                                ? first + step * static_cast<T>(i)
                                                : last - step * static_cast<T>(steps - 1 - i);
    }
  });
  return result;
}

Tensor eye(std::int64_t rows, std::int64_t columns, DType dtype, Where at) {
  ContextScope scope(entering("eye", at));
  Tensor result = filled({rows, columns}, 0, dtype);
  visit(dtype, [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t i = 0; i < std::min(rows, columns); ++i) {
      result.data<T>()[i * (columns + 1)] = T{1};
    }
  });
  return result;
}

Tensor eye(std::int64_t rows, DType dtype, Where at) { return eye(rows, rows, dtype, at); }

namespace {

/// Finds the shape from the first element of every list, and checks all others against it.
void measure(const NestedList& list, int depth, Shape& shape, DType& dtype, const Dims& path) {
  if (!list.is_list()) {
    if (depth != shape.size()) {
      fail(fmt::format("ragged lists: a number stands at {} where a list of {} is due", path,
                       shape[depth]));
    }
    dtype = promote(dtype, list.value().dtype());
    return;
  }
  auto length = static_cast<std::int64_t>(list.items().size());
  check(depth < shape.size(), "ragged lists: a list stands at {} where a number is due", path);
  check(length == shape[depth], "ragged lists: {} items at {} where {} are due", length, path,
        shape[depth]);
  std::int64_t i = 0;
  for (const NestedList& item : list.items()) {
    Dims inner = path;
    inner.push_back(i++);
    measure(item, depth + 1, shape, dtype, inner);
  }
}

template <class T>
T* write(const NestedList& list, T* out) {
  if (!list.is_list()) {
    *out = list.value().to<T>();
    return out + 1;
  }
  for (const NestedList& item : list.items()) out = write(item, out);
  return out;
}

}  // namespace

Tensor tensor(const NestedList& values, std::optional<DType> dtype, Where at) {
  ContextScope scope(entering("tensor", at));
  Shape shape;
  for (const NestedList* list = &values; list->is_list(); list = list->items().begin()) {
    shape.push_back(static_cast<std::int64_t>(list->items().size()));
    if (shape.back() == 0) break;
  }
  DType widest = DType::Bool;
  measure(values, 0, shape, widest, {});
  if (widest == DType::Float64 || shape.product() == 0) widest = DType::Float32;
  Tensor result = allocate(shape, dtype.value_or(widest));
  visit(result.dtype(), [&](auto zero) { write(values, result.data<decltype(zero)>()); });
  return result;
}

namespace {

template <Element T, class Values>
Tensor copied(const Values& values, const Shape& shape, Where at) {
  ContextScope scope(entering("tensor", at));
  Tensor result = allocate(shape, dtype_of<T>);
  check(static_cast<std::int64_t>(values.size()) == result.numel(), "{} values do not fill {}",
        values.size(), shape);
  std::copy(values.begin(), values.end(), result.data<T>());
  return result;
}

}  // namespace

template <Element T>
Tensor tensor(std::span<const T> values, const Shape& shape, Where at) {
  return copied<T>(values, shape, at);
}

template <Element T>
Tensor tensor(const std::vector<T>& values, const Shape& shape, Where at) {
  return copied<T>(values, shape, at);
}

template <Element T>
Tensor from_blob(T* data, const Shape& shape, std::function<void(void*)> deleter, Where at) {
  ContextScope scope(entering("from_blob", at));
  Layout layout = Layout::contiguous(shape);
  check(data != nullptr || layout.numel() == 0, "a null pointer holds no elements of {}", shape);
  return {Storage::borrow(data, bytes_of(layout, dtype_of<T>), std::move(deleter)), layout,
          dtype_of<T>};
}

template Tensor tensor(std::span<const bool>, const Shape&, Where);
template Tensor tensor(std::span<const std::int64_t>, const Shape&, Where);
template Tensor tensor(std::span<const float>, const Shape&, Where);
template Tensor tensor(std::span<const double>, const Shape&, Where);
template Tensor tensor(const std::vector<bool>&, const Shape&, Where);
template Tensor tensor(const std::vector<std::int64_t>&, const Shape&, Where);
template Tensor tensor(const std::vector<float>&, const Shape&, Where);
template Tensor tensor(const std::vector<double>&, const Shape&, Where);
template Tensor from_blob(bool*, const Shape&, std::function<void(void*)>, Where);
template Tensor from_blob(std::int64_t*, const Shape&, std::function<void(void*)>, Where);
template Tensor from_blob(float*, const Shape&, std::function<void(void*)>, Where);
template Tensor from_blob(double*, const Shape&, std::function<void(void*)>, Where);

}  // namespace gradus
