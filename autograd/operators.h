#pragma once

#include "gradus/autograd/saved.h"
#include "gradus/tensor/tensor.h"

namespace gradus {

/// An operand that remembers where it was written: the implicit conversion of an operator's left
/// side carries the user's line, since an operator has no room for a defaulted parameter.
struct Operand {
  const Tensor& tensor;
  Where at;
  Operand(const Tensor& t, Where here = Where::here()) : tensor(t), at(here) {}  // NOLINT
  /// In a gradient rule: `x * g` with `x = saved(x)`.
  Operand(const Saved& s, Where here = Where::here()) : Operand(s.get(), here) {}  // NOLINT
};

/// The same for a number on the left: `2.0 * x`.
struct ScalarOperand {
  Scalar scalar;
  Where at;
  template <class T>
  requires std::integral<T> || std::floating_point<T> ScalarOperand(T value,
                                                                    Where here = Where::here())
      : scalar(value), at(here) {}  // NOLINT
};

Tensor operator+(Operand a, const Tensor& b);
Tensor operator-(Operand a, const Tensor& b);
Tensor operator*(Operand a, const Tensor& b);
Tensor operator/(Operand a, const Tensor& b);
Tensor operator+(Operand a, Scalar b);
Tensor operator-(Operand a, Scalar b);
Tensor operator*(Operand a, Scalar b);
Tensor operator/(Operand a, Scalar b);
Tensor operator+(ScalarOperand a, const Tensor& b);
Tensor operator-(ScalarOperand a, const Tensor& b);
Tensor operator*(ScalarOperand a, const Tensor& b);
Tensor operator/(ScalarOperand a, const Tensor& b);
Tensor operator-(Operand x);

// Elementwise, bool results.
Tensor operator==(Operand a, Operand b);
Tensor operator!=(Operand a, Operand b);
Tensor operator<(Operand a, const Tensor& b);
Tensor operator<=(Operand a, const Tensor& b);
Tensor operator>(Operand a, const Tensor& b);
Tensor operator>=(Operand a, const Tensor& b);
Tensor operator==(Operand a, Scalar b);
Tensor operator!=(Operand a, Scalar b);
Tensor operator<(Operand a, Scalar b);
Tensor operator<=(Operand a, Scalar b);
Tensor operator>(Operand a, Scalar b);
Tensor operator>=(Operand a, Scalar b);

// In place, under the rules of add_ and its kin.
const Tensor& operator+=(const Tensor& a, Operand b);
const Tensor& operator-=(const Tensor& a, Operand b);
const Tensor& operator*=(const Tensor& a, Operand b);
const Tensor& operator+=(const Tensor& a, ScalarOperand b);
const Tensor& operator*=(const Tensor& a, ScalarOperand b);

}  // namespace gradus
