#pragma once

#include <array>
#include <optional>
#include <vector>

#include "gradus/tensor/activation.h"
#include "gradus/tensor/tensor.h"

namespace gradus {
class Generator;
}

/// Every kernel, by family. A kernel computes on elements and knows nothing of gradients; it takes
/// any strides, returns new contiguous tensors unless it says otherwise, and throws Error on bad
/// shapes, dtypes or dimensions. The functions of autograd/ops.h are the same with gradients.
namespace gradus::kernel {

// --- Pointwise, two operands --- pointwise_binary.cpp, pow.cpp, select.cpp
enum class Binary { Add, Sub, Mul, Div, Maximum, Minimum };
/// Dtypes promote as result_type says; a number takes part as scalar(value, tensor).
Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, const Tensor& b);
Tensor pow(const Tensor& base, const Tensor& exponent);
Tensor maximum(const Tensor& a, const Tensor& b);
Tensor minimum(const Tensor& a, const Tensor& b);
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value);
/// x = op(x, other). Throws Error where the result has not x's shape or exceeds its category.
void binary_in_place(const Tensor& x, Binary op, const Tensor& other);
/// x += alpha other.
void add_scaled_in_place(const Tensor& x, const Tensor& other, Scalar alpha);
void masked_fill_in_place(const Tensor& x, const Tensor& mask, Scalar value);
/// Throws Error unless a result of `dtype`, on an operand of `shape`, can replace x's elements.
void check_in_place(const Tensor& x, const Shape& shape, DType dtype);

// --- Pointwise, one operand --- pointwise_unary.cpp
enum class Unary {
  Neg,
  Exp,
  Expm1,
  Log,
  Log1p,
  Sqrt,
  Rsqrt,
  Square,
  Reciprocal,
  Abs,
  Sign,
  Sin,
  Cos,
  Tanh,
  Sigmoid,
  Erf,
  Floor,
  Round
};
/// Integers and bools become float32 where the result is not whole.
Tensor unary(Unary op, const Tensor& x);
Tensor clamp(const Tensor& x, std::optional<Scalar> low, std::optional<Scalar> high);
/// g (1 - y^2), for y = tanh(x).
Tensor tanh_backward(const Tensor& g, const Tensor& y);
/// g y (1 - y), for y = sigmoid(x).
Tensor sigmoid_backward(const Tensor& g, const Tensor& y);

// --- Comparison and logic: bool --- compare.cpp
Tensor eq(const Tensor& a, const Tensor& b);
Tensor ne(const Tensor& a, const Tensor& b);
Tensor lt(const Tensor& a, const Tensor& b);
Tensor le(const Tensor& a, const Tensor& b);
Tensor gt(const Tensor& a, const Tensor& b);
Tensor ge(const Tensor& a, const Tensor& b);
Tensor logical_and(const Tensor& a, const Tensor& b);
Tensor logical_or(const Tensor& a, const Tensor& b);
Tensor logical_xor(const Tensor& a, const Tensor& b);
Tensor logical_not(const Tensor& x);
Tensor isnan(const Tensor& x);
Tensor isfinite(const Tensor& x);
bool allclose(const Tensor& a, const Tensor& b, double rtol, double atol);
bool equal(const Tensor& a, const Tensor& b);

// --- Dtype and memory --- copy.cpp
/// Writes src, broadcast and converted, over dst. They must not overlap unless they are the same.
void copy_into(const Tensor& dst, const Tensor& src);
void fill_into(const Tensor& dst, Scalar value);
/// x itself if it is so already.
Tensor to(const Tensor& x, DType dtype);
Tensor contiguous(const Tensor& x);
Tensor clone(const Tensor& x);
/// `in`, or a copy of it where writing to `out` would change elements of `in` yet to be read.
Tensor apart(const Tensor& in, const Tensor& out);
/// `value` as a tensor without dimensions, of the dtype that an op of it and `like` has.
Tensor scalar(Scalar value, const Tensor& like);

// --- Reductions; an empty list of dims means all --- reduce.cpp, extremum.cpp, moments.cpp,
// norm.cpp
/// Sums of integers and bools are int64; floats are added up in double.
Tensor sum(const Tensor& x, const Dims& dims = {}, bool keepdim = false);
/// The transpose of broadcasting `shape` to x's.
Tensor sum_to(const Tensor& x, const Shape& shape);
Tensor mean(const Tensor& x, const Dims& dims = {}, bool keepdim = false);
Tensor prod(const Tensor& x, const Dims& dims = {}, bool keepdim = false);
Tensor var(const Tensor& x, const Dims& dims, bool keepdim, double correction);
Tensor std(const Tensor& x, const Dims& dims, bool keepdim, double correction);
/// Mean and biased variance, in float64 whatever the float x is.
struct Moments {
  Tensor mean;
  Tensor var;
};
Moments moments(const Tensor& x, const Dims& dims);
/// The elements of x that each result of a reduction over `dims` takes in.
std::int64_t reduced_count(const Tensor& x, const Dims& dims);
/// NaN wins over every number; Error where there is nothing to choose from.
Tensor amax(const Tensor& x, const Dims& dims = {}, bool keepdim = false);
Tensor amin(const Tensor& x, const Dims& dims = {}, bool keepdim = false);
/// int64, the first of equals, numbered in row-major order of `dims`.
Tensor argmax(const Tensor& x, const Dims& dims = {}, bool keepdim = false);
Tensor argmin(const Tensor& x, const Dims& dims = {}, bool keepdim = false);
/// Values and indices.
std::array<Tensor, 2> max(const Tensor& x, std::int64_t dim, bool keepdim);
std::array<Tensor, 2> min(const Tensor& x, std::int64_t dim, bool keepdim);
/// (sum |x|^p)^(1/p); the number of non-zeros for p = 0, the extremes of |x| for p = +-infinity.
Tensor norm(const Tensor& x, double p = 2, const Dims& dims = {}, bool keepdim = false);
Tensor all(const Tensor& x, const Dims& dims = {}, bool keepdim = false);
Tensor any(const Tensor& x, const Dims& dims = {}, bool keepdim = false);

// --- Along a dimension --- scan.cpp, softmax.cpp, logsumexp.cpp
Tensor cumsum(const Tensor& x, std::int64_t dim);
Tensor logsumexp(const Tensor& x, const Dims& dims, bool keepdim);
Tensor softmax(const Tensor& x, std::int64_t dim);
Tensor log_softmax(const Tensor& x, std::int64_t dim);
/// y (g - sum g y), for y = softmax(x, dim).
Tensor softmax_backward(const Tensor& g, const Tensor& y, std::int64_t dim);
/// g - exp(y) sum g, for y = log_softmax(x, dim).
Tensor log_softmax_backward(const Tensor& g, const Tensor& y, std::int64_t dim);

// --- Normalisation --- batch_norm.cpp, layer_norm.cpp
/// (x - mean) / sqrt(var + eps) weight + bias for each channel (dimension 1). stats: (C) float64;
/// weight and bias: (C) of x's dtype, or undefined.
Tensor batch_norm(const Tensor& x, const Moments& stats, const Tensor& weight, const Tensor& bias,
                  double eps);
/// The gradients of x, weight and bias, where stats are those of x itself.
std::array<Tensor, 3> batch_norm_backward(const Tensor& g, const Tensor& x, const Moments& stats,
                                          const Tensor& weight, double eps);
/// running = (1 - momentum) running + momentum * factor * batch, in place, counted as a write.
void update_running(const Tensor& running, const Tensor& batch, double momentum, double factor);
/// Normalises each row, `inner` elements; weight and bias: `inner` elements or undefined.
struct LayerNorm {
  Tensor y;
  Tensor mean;  ///< (rows) float64
  Tensor rstd;  ///< (rows) float64
};
LayerNorm layer_norm(const Tensor& x, std::int64_t inner, const Tensor& weight, const Tensor& bias,
                     double eps);
/// The gradients of x, weight and bias.
std::array<Tensor, 3> layer_norm_backward(const Tensor& g, const Tensor& x, const Tensor& mean,
                                          const Tensor& rstd, const Shape& normalized,
                                          const Tensor& weight);

// --- Activations --- activation.cpp, rrelu.cpp
/// f(x), elementwise: at an infinity its limit, NaN for NaN.
Tensor activation(const Activation& f, const Tensor& x);
/// g f'(x), elementwise; g is of x's shape and dtype. At a kink, PyTorch's choice of f'.
Tensor activation_backward(const Activation& f, const Tensor& g, const Tensor& x);
/// x > 0 ? x : slope x; slope is of x's dtype and broadcasts to x's shape.
Tensor prelu(const Tensor& x, const Tensor& slope);
/// A draw from U(lower, upper) for each x <= 0, in row-major order, and 1 elsewhere.
Tensor rrelu_slopes(const Tensor& x, double lower, double upper, Generator* generator);

// --- Linear algebra --- matmul.cpp, linear.cpp, qr.cpp
/// As torch.matmul, for equal dtypes other than bool.
Tensor matmul(const Tensor& a, const Tensor& b);
Tensor dot(const Tensor& a, const Tensor& b);
/// x W^T + bias. x: (..., in), weight: (out, in), bias: (out) or undefined.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias);
/// Q (m, k) with orthonormal columns and upper triangular R (k, n) of x (m, n), k = min(m, n), by
/// Householder reflections in double.
std::array<Tensor, 2> qr(const Tensor& x);

// --- Joining, indexing, ordering --- join.cpp, index.cpp, order.cpp
/// Promotes dtypes. As in PyTorch, tensors of shape (0,) count for nothing.
Tensor cat(const std::vector<Tensor>& tensors, std::int64_t dim);
/// Pairs (before, after) from the last dimension backwards; a negative number crops.
Tensor pad(const Tensor& x, const std::vector<std::int64_t>& padding, Scalar value);
Tensor flip(const Tensor& x, const Dims& dims);
Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index);
Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source);
Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index);
Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source);
/// Rows of weight (n, d) at index: shape index.shape + (d).
Tensor embedding(const Tensor& weight, const Tensor& index);
/// int64; classes = -1 stands for the greatest index + 1.
Tensor one_hot(const Tensor& index, std::int64_t classes);
/// Values and int64 indices, equals in their order, NaN as the greatest value.
std::array<Tensor, 2> sort(const Tensor& x, std::int64_t dim, bool descending);
std::array<Tensor, 2> topk(const Tensor& x, std::int64_t k, std::int64_t dim, bool largest);
Tensor triu(const Tensor& x, std::int64_t diagonal);
Tensor tril(const Tensor& x, std::int64_t diagonal);

// --- Losses --- cross_entropy.cpp
/// What the classes weigh: row n counts for q_nc = (1 - smoothing) w_t [c = t] + smoothing / C w_c,
/// with t = target[n], or not at all where t is ignore_index.
struct ClassTarget {
  Tensor target;  ///< (N) int64
  Tensor weight;  ///< (C) or undefined
  double label_smoothing;
  std::int64_t ignore_index;
};
struct CrossEntropy {
  Tensor loss;     ///< (N): -sum_c q_nc log_softmax(logits)_nc
  Tensor log_z;    ///< (N) float64: logsumexp of each row
  double divisor;  ///< sum_n w_t, by which a mean is divided
};
/// logits: (N, C).
CrossEntropy cross_entropy(const Tensor& logits, const ClassTarget& classes);
/// sum_c q_nc: (N), for `count` classes.
Tensor class_totals(const ClassTarget& classes, std::int64_t count, DType dtype);
/// g_n (softmax(logits)_nc sum_k q_nk - q_nc); g: (N).
Tensor cross_entropy_backward(const Tensor& g, const Tensor& logits, const Tensor& log_z,
                              const ClassTarget& classes);

}  // namespace gradus::kernel
