#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "gradus/tensor/tensor.h"

namespace gradus {

Tensor zeros(const Shape& shape, DType dtype = float32, Where at = Where::here());
Tensor ones(const Shape& shape, DType dtype = float32, Where at = Where::here());
/// Uninitialised elements.
Tensor empty(const Shape& shape, DType dtype = float32, Where at = Where::here());
/// Without a dtype: float32, int64 or bool, as `value` is.
Tensor full(const Shape& shape, Scalar value, std::optional<DType> dtype = {},
            Where at = Where::here());

/// Contiguous, of x's shape and, without a dtype, x's dtype.
Tensor zeros_like(const Tensor& x, std::optional<DType> dtype = {}, Where at = Where::here());
Tensor ones_like(const Tensor& x, std::optional<DType> dtype = {}, Where at = Where::here());
Tensor empty_like(const Tensor& x, std::optional<DType> dtype = {}, Where at = Where::here());
Tensor full_like(const Tensor& x, Scalar value, std::optional<DType> dtype = {},
                 Where at = Where::here());

/// start, start + step, ... before stop. Without a dtype: int64 where all three are integers, else
/// float32. Error on a step of 0 or one that leads away from stop.
Tensor arange(Scalar start, Scalar stop, Scalar step = 1, std::optional<DType> dtype = {},
              Where at = Where::here());
/// 0, 1, ... before stop.
Tensor arange(Scalar stop, std::optional<DType> dtype = {}, Where at = Where::here());
/// `steps` evenly spaced values from start to stop, both included.
Tensor linspace(double start, double stop, std::int64_t steps, DType dtype = float32,
                Where at = Where::here());
/// Ones on the diagonal of (rows, columns), zeros elsewhere.
Tensor eye(std::int64_t rows, std::int64_t columns, DType dtype = float32,
           Where at = Where::here());
Tensor eye(std::int64_t rows, DType dtype = float32, Where at = Where::here());

/// A number, or a braced list of such values. Refers to the lists it was written as, so it lives
/// only as an argument.
class NestedList {
 public:
  template <class T>
  requires std::integral<T> || std::floating_point<T> NestedList(T value)
      : value_(value) {}  // NOLINT: numbers convert
  NestedList(std::initializer_list<NestedList> items) : items_(items), is_list_(true) {}

  bool is_list() const { return is_list_; }
  Scalar value() const { return value_; }
  std::initializer_list<NestedList> items() const { return items_; }

 private:
  Scalar value_ = 0;
  std::initializer_list<NestedList> items_;
  bool is_list_ = false;
};

/// `tensor(3.0)`, `tensor({1, 2, 3})`, `tensor({{1.0, 2.0}, {3.0, 4.0}})`. Without a dtype: float32
/// where any number is floating, else int64, or bool where all are. Error on ragged lists.
Tensor tensor(const NestedList& values, std::optional<DType> dtype = {}, Where at = Where::here());

/// A copy of `values`, in row-major order of `shape`, of dtype T.
template <Element T>
Tensor tensor(std::span<const T> values, const Shape& shape, Where at = Where::here());
template <Element T>
Tensor tensor(const std::vector<T>& values, const Shape& shape, Where at = Where::here());
/// A copy of `values` with one dimension.
template <Element T>
Tensor tensor(const std::vector<T>& values, Where at = Where::here()) {
  return tensor(values, Shape(static_cast<std::int64_t>(values.size())), at);
}

/// A tensor on the caller's memory, row-major and aligned as T is. No copy: it must outlive the
/// tensor and its views, of which the last calls `deleter(data)` if there is one.
template <Element T>
Tensor from_blob(T* data, const Shape& shape, std::function<void(void*)> deleter = {},
                 Where at = Where::here());

}  // namespace gradus
