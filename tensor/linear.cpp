#include "gradus/tensor/blas.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/ops.h"

namespace gradus::kernel {
namespace {

/// Rows that BLAS can read: unit stride along each, no overlap.
Tensor as_rows(const Tensor& x, std::int64_t rows, std::int64_t columns) {
  Shape shape{rows, columns};
  auto layout = x.layout().reshape(shape);
  if (!layout || layout->strides[1] != 1 || layout->strides[0] < columns) {
    Tensor copy = contiguous(x);
    return copy.alias(*copy.layout().reshape(shape));
  }
  return x.alias(*layout);
}

template <class T>
void add_product(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& out) {
  std::int64_t rows = x.shape()[0];
  std::int64_t inputs = x.shape()[1];
  std::int64_t outputs = weight.shape()[0];
  const T* added = bias.defined() ? bias.data<T>() : nullptr;
  blas::gemm<T>(rows, outputs, inputs, {x.data<T>(), x.strides()[0]},
                {weight.data<T>(), weight.strides()[0], true}, out.data<T>(), outputs, {added, 0});
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check(weight.dim() == 2, "weight must have shape (out, in), got {}", weight.shape());
  std::int64_t outputs = weight.shape()[0];
  std::int64_t inputs = weight.shape()[1];
  check(x.dim() > 0 && x.shape().back() == inputs,
        "weight {} takes {} features in the last dimension, but the input is {}", weight.shape(),
        inputs, x.shape());
  check(x.is_floating(), "needs a floating input, got {}; convert it with to()", x.dtype());
  check(x.dtype() == weight.dtype(), "the input is {} and weight {}; convert one with to()",
        x.dtype(), weight.dtype());
  if (bias.defined()) {
    check(bias.shape() == Shape(outputs), "bias must have shape ({},) to go with weight {}, got {}",
          outputs, weight.shape(), bias.shape());
    check(bias.dtype() == weight.dtype(), "bias is {} and weight {}; convert one with to()",
          bias.dtype(), weight.dtype());
  }

  Shape shape = x.shape();
  shape[shape.size() - 1] = outputs;
  Tensor out = empty(shape, x.dtype());
  if (out.numel() == 0) return out;
  Tensor rows = as_rows(x, out.numel() / outputs, inputs);
  Tensor w = as_rows(weight, outputs, inputs);
  Tensor b = bias.defined() ? contiguous(bias) : bias;
  visit_floating(x.dtype(), [&](auto zero) { add_product<decltype(zero)>(rows, w, b, out); });
  return out;
}

}  // namespace gradus::kernel
