#include "gradus/autograd/operators.h"

#include "gradus/autograd/ops.h"

namespace gradus {

Tensor operator+(Operand a, const Tensor& b) { return add(a.tensor, b, a.at); }
Tensor operator-(Operand a, const Tensor& b) { return sub(a.tensor, b, a.at); }
Tensor operator*(Operand a, const Tensor& b) { return mul(a.tensor, b, a.at); }
Tensor operator/(Operand a, const Tensor& b) { return div(a.tensor, b, a.at); }

Tensor operator+(Operand a, Scalar b) { return add(a.tensor, b, a.at); }
Tensor operator-(Operand a, Scalar b) { return sub(a.tensor, b, a.at); }
Tensor operator*(Operand a, Scalar b) { return mul(a.tensor, b, a.at); }
Tensor operator/(Operand a, Scalar b) { return div(a.tensor, b, a.at); }

Tensor operator+(ScalarOperand a, const Tensor& b) { return add(b, a.scalar, a.at); }
Tensor operator-(ScalarOperand a, const Tensor& b) { return sub(a.scalar, b, a.at); }
Tensor operator*(ScalarOperand a, const Tensor& b) { return mul(b, a.scalar, a.at); }
Tensor operator/(ScalarOperand a, const Tensor& b) { return div(a.scalar, b, a.at); }
Tensor operator-(Operand x) { return neg(x.tensor, x.at); }

Tensor operator==(Operand a, Operand b) { return eq(a.tensor, b.tensor, a.at); }
Tensor operator!=(Operand a, Operand b) { return ne(a.tensor, b.tensor, a.at); }
Tensor operator<(Operand a, const Tensor& b) { return lt(a.tensor, b, a.at); }
Tensor operator<=(Operand a, const Tensor& b) { return le(a.tensor, b, a.at); }
Tensor operator>(Operand a, const Tensor& b) { return gt(a.tensor, b, a.at); }
Tensor operator>=(Operand a, const Tensor& b) { return ge(a.tensor, b, a.at); }

Tensor operator==(Operand a, Scalar b) { return eq(a.tensor, b, a.at); }
Tensor operator!=(Operand a, Scalar b) { return ne(a.tensor, b, a.at); }
Tensor operator<(Operand a, Scalar b) { return lt(a.tensor, b, a.at); }
Tensor operator<=(Operand a, Scalar b) { return le(a.tensor, b, a.at); }
Tensor operator>(Operand a, Scalar b) { return gt(a.tensor, b, a.at); }
Tensor operator>=(Operand a, Scalar b) { return ge(a.tensor, b, a.at); }

const Tensor& operator+=(const Tensor& a, Operand b) { return add_(a, b.tensor, 1, b.at); }
const Tensor& operator-=(const Tensor& a, Operand b) { return sub_(a, b.tensor, b.at); }
const Tensor& operator*=(const Tensor& a, Operand b) { return mul_(a, b.tensor, b.at); }
const Tensor& operator+=(const Tensor& a, ScalarOperand b) { return add_(a, b.scalar, b.at); }
const Tensor& operator*=(const Tensor& a, ScalarOperand b) { return mul_(a, b.scalar, b.at); }

}  // namespace gradus
