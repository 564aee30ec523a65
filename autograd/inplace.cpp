#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/ops.h"

namespace gradus {
namespace {

using kernel::Binary;

const Tensor& update(const char* name, Where at, const Tensor& x, Binary op, const Tensor& other) {
  Op scope(name, at);
  scope.before_write(x, {&other});
  kernel::binary_in_place(x, op, other);
  return scope.written(x);
}

const Tensor& update(const char* name, Where at, const Tensor& x, Binary op, Scalar other) {
  Op scope(name, at);
  scope.before_write(x);
  kernel::binary_in_place(x, op, kernel::scalar(other, x));
  return scope.written(x);
}

}  // namespace

const Tensor& fill_(const Tensor& x, Scalar value, Where at) {
  Op op("fill_", at);
  op.before_write(x);
  kernel::fill_into(x, value);
  return op.written(x);
}

const Tensor& zero_(const Tensor& x, Where at) {
  Op op("zero_", at);
  op.before_write(x);
  kernel::fill_into(x, 0);
  return op.written(x);
}

const Tensor& copy_(const Tensor& x, const Tensor& source, Where at) {
  Op op("copy_", at);
  op.before_write(x, {&source});
  kernel::copy_into(x, kernel::apart(source, x));
  return op.written(x);
}

const Tensor& add_(const Tensor& x, const Tensor& other, Scalar alpha, Where at) {
  if (alpha.to<double>() == 1) return update("add_", at, x, Binary::Add, other);
  Op op("add_", at);
  op.before_write(x, {&other});
  kernel::add_scaled_in_place(x, other, alpha);
  return op.written(x);
}

const Tensor& add_(const Tensor& x, Scalar other, Where at) {
  return update("add_", at, x, Binary::Add, other);
}

const Tensor& sub_(const Tensor& x, const Tensor& other, Where at) {
  return update("sub_", at, x, Binary::Sub, other);
}

const Tensor& mul_(const Tensor& x, const Tensor& other, Where at) {
  return update("mul_", at, x, Binary::Mul, other);
}

const Tensor& mul_(const Tensor& x, Scalar other, Where at) {
  return update("mul_", at, x, Binary::Mul, other);
}

const Tensor& div_(const Tensor& x, const Tensor& other, Where at) {
  return update("div_", at, x, Binary::Div, other);
}

const Tensor& clamp_(const Tensor& x, std::optional<Scalar> low, std::optional<Scalar> high,
                     Where at) {
  Op op("clamp_", at);
  op.before_write(x);
  const Tensor clamped = kernel::clamp(x, low, high);
  kernel::check_in_place(x, clamped.shape(), clamped.dtype());
  kernel::copy_into(x, clamped);
  return op.written(x);
}

const Tensor& masked_fill_(const Tensor& x, const Tensor& mask, Scalar value, Where at) {
  Op op("masked_fill_", at);
  op.before_write(x, {&mask});
  kernel::masked_fill_in_place(x, mask, value);
  return op.written(x);
}

}  // namespace gradus
