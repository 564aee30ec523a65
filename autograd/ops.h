#pragma once

#include <array>
#include <optional>
#include <vector>

#include "gradus/autograd/operators.h"
#include "gradus/tensor/tensor.h"

/// Every function on tensors, by family. Each is differentiable to any order where its derivative
/// exists, records one node (or is composed of functions that do), follows PyTorch's semantics and
/// throws gradus::Error on bad shapes, dtypes or dimensions. Negative dimensions count from the
/// end. `at` is the caller's line: left out by users, passed on by functions made of others.
namespace gradus {

class Generator;

/// The result of max(x, dim), sort, topk: indices are int64.
struct ValuesIndices {
  Tensor values;
  Tensor indices;
};

enum class Reduction { None, Mean, Sum };

// --- Pointwise, two operands (broadcast; dtypes promote as result_type says) ---
// pointwise_binary.cpp, pow.cpp, select.cpp
Tensor add(const Tensor& a, const Tensor& b, Where at = Where::here());
Tensor sub(const Tensor& a, const Tensor& b, Where at = Where::here());
Tensor mul(const Tensor& a, const Tensor& b, Where at = Where::here());
Tensor div(const Tensor& a, const Tensor& b, Where at = Where::here());  ///< true division
Tensor pow(const Tensor& base, const Tensor& exponent, Where at = Where::here());
Tensor maximum(const Tensor& a, const Tensor& b, Where at = Where::here());  ///< ties: half each
Tensor minimum(const Tensor& a, const Tensor& b, Where at = Where::here());
Tensor add(const Tensor& a, Scalar b, Where at = Where::here());
Tensor sub(const Tensor& a, Scalar b, Where at = Where::here());
Tensor mul(const Tensor& a, Scalar b, Where at = Where::here());
Tensor div(const Tensor& a, Scalar b, Where at = Where::here());
Tensor sub(Scalar a, const Tensor& b, Where at = Where::here());
Tensor div(Scalar a, const Tensor& b, Where at = Where::here());
Tensor pow(const Tensor& base, Scalar exponent, Where at = Where::here());
/// condition ? a : b, elementwise; condition is bool.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b, Where at = Where::here());
/// value where mask (bool, broadcastable to x) is true, else x.
Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value, Where at = Where::here());

// --- Pointwise, one operand (integers become float32 where the result is not whole) ---
// pointwise_unary.cpp
Tensor neg(const Tensor& x, Where at = Where::here());
Tensor exp(const Tensor& x, Where at = Where::here());
Tensor expm1(const Tensor& x, Where at = Where::here());
Tensor log(const Tensor& x, Where at = Where::here());
Tensor log1p(const Tensor& x, Where at = Where::here());
Tensor sqrt(const Tensor& x, Where at = Where::here());
Tensor rsqrt(const Tensor& x, Where at = Where::here());
Tensor square(const Tensor& x, Where at = Where::here());
Tensor reciprocal(const Tensor& x, Where at = Where::here());
Tensor abs(const Tensor& x, Where at = Where::here());   ///< abs'(0) = 0
Tensor sign(const Tensor& x, Where at = Where::here());  ///< gradient zero
Tensor sin(const Tensor& x, Where at = Where::here());
Tensor cos(const Tensor& x, Where at = Where::here());
Tensor tanh(const Tensor& x, Where at = Where::here());
Tensor sigmoid(const Tensor& x, Where at = Where::here());
Tensor erf(const Tensor& x, Where at = Where::here());
Tensor floor(const Tensor& x, Where at = Where::here());  ///< gradient zero
Tensor round(const Tensor& x, Where at = Where::here());  ///< half to even; gradient zero
/// Between low and high; the gradient is 1 on [low, high] and 0 outside.
Tensor clamp(const Tensor& x, std::optional<Scalar> low, std::optional<Scalar> high,
             Where at = Where::here());

// --- Comparison and logic: bool results, no gradient --- compare.cpp
Tensor eq(const Tensor& a, const Tensor& b, Where at = Where::here());
Tensor ne(const Tensor& a, const Tensor& b, Where at = Where::here());
Tensor lt(const Tensor& a, const Tensor& b, Where at = Where::here());
Tensor le(const Tensor& a, const Tensor& b, Where at = Where::here());
Tensor gt(const Tensor& a, const Tensor& b, Where at = Where::here());
Tensor ge(const Tensor& a, const Tensor& b, Where at = Where::here());
Tensor eq(const Tensor& a, Scalar b, Where at = Where::here());
Tensor ne(const Tensor& a, Scalar b, Where at = Where::here());
Tensor lt(const Tensor& a, Scalar b, Where at = Where::here());
Tensor le(const Tensor& a, Scalar b, Where at = Where::here());
Tensor gt(const Tensor& a, Scalar b, Where at = Where::here());
Tensor ge(const Tensor& a, Scalar b, Where at = Where::here());
Tensor logical_and(const Tensor& a, const Tensor& b, Where at = Where::here());
Tensor logical_or(const Tensor& a, const Tensor& b, Where at = Where::here());
Tensor logical_xor(const Tensor& a, const Tensor& b, Where at = Where::here());
Tensor logical_not(const Tensor& x, Where at = Where::here());
Tensor isnan(const Tensor& x, Where at = Where::here());
Tensor isfinite(const Tensor& x, Where at = Where::here());
/// Equal shapes, and |a - b| <= atol + rtol |b| everywhere.
bool allclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8);
/// Equal shapes, dtypes and elements.
bool equal(const Tensor& a, const Tensor& b);

// --- Dtype and memory --- copy.cpp
Tensor to(const Tensor& x, DType dtype, Where at = Where::here());  ///< x itself if already so
Tensor clone(const Tensor& x, Where at = Where::here());            ///< contiguous, new memory
Tensor contiguous(const Tensor& x, Where at = Where::here());       ///< x itself if already so

// --- Views: share memory with x --- view.cpp
Tensor view(const Tensor& x, const Shape& shape,
            Where at = Where::here());  ///< Error if impossible
Tensor reshape(const Tensor& x, const Shape& shape, Where at = Where::here());  ///< view, or a copy
Tensor flatten(const Tensor& x, std::int64_t start = 0, std::int64_t end = -1,
               Where at = Where::here());
Tensor transpose(const Tensor& x, std::int64_t dim0, std::int64_t dim1, Where at = Where::here());
Tensor permute(const Tensor& x, const Dims& dims, Where at = Where::here());
Tensor t(const Tensor& x, Where at = Where::here());  ///< transpose of at most 2 dimensions
Tensor squeeze(const Tensor& x, Where at = Where::here());
Tensor squeeze(const Tensor& x, std::int64_t dim, Where at = Where::here());
Tensor unsqueeze(const Tensor& x, std::int64_t dim, Where at = Where::here());
Tensor broadcast_to(const Tensor& x, const Shape& shape, Where at = Where::here());
Tensor expand(const Tensor& x, const Shape& shape, Where at = Where::here());  ///< -1 keeps a size
Tensor select(const Tensor& x, std::int64_t dim, std::int64_t index, Where at = Where::here());
Tensor slice(const Tensor& x, std::int64_t dim, Slice range, Where at = Where::here());
Tensor narrow(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length,
              Where at = Where::here());
/// The elements with index(dim0) + offset == index(dim1), as the last dimension.
Tensor diagonal(const Tensor& x, std::int64_t offset = 0, std::int64_t dim0 = 0,
                std::int64_t dim1 = 1, Where at = Where::here());
/// Pieces of `size` along dim, the last one shorter if need be; or pieces of these sizes.
std::vector<Tensor> split(const Tensor& x, std::int64_t size, std::int64_t dim = 0,
                          Where at = Where::here());
std::vector<Tensor> split(const Tensor& x, const std::vector<std::int64_t>& sizes,
                          std::int64_t dim = 0, Where at = Where::here());
/// At most `chunks` pieces along dim, of one size but for a shorter last one.
std::vector<Tensor> chunk(const Tensor& x, std::int64_t chunks, std::int64_t dim = 0,
                          Where at = Where::here());
std::vector<Tensor> unbind(const Tensor& x, std::int64_t dim = 0, Where at = Where::here());

// --- Reductions; an empty list of dims means all; sums of integers and bools are int64 ---
// reduce.cpp, extremum.cpp, norm.cpp, scan.cpp, logsumexp.cpp
Tensor sum(const Tensor& x, Where at = Where::here());
Tensor sum(const Tensor& x, const Dims& dims, bool keepdim = false, Where at = Where::here());
/// Sums x to `shape`, which must be broadcastable to x's: the transpose of broadcast_to.
Tensor sum_to(const Tensor& x, const Shape& shape, Where at = Where::here());
Tensor mean(const Tensor& x, Where at = Where::here());
Tensor mean(const Tensor& x, const Dims& dims, bool keepdim = false, Where at = Where::here());
/// Variance over n - correction.
Tensor var(const Tensor& x, const Dims& dims = {}, bool keepdim = false, double correction = 1,
           Where at = Where::here());
/// Its square root. After `using namespace gradus` write gradus::std, for std is C++'s.
Tensor std(const Tensor& x, const Dims& dims = {}, bool keepdim = false, double correction = 1,
           Where at = Where::here());
Tensor max(const Tensor& x, Where at = Where::here());  ///< ties share the gradient evenly
Tensor min(const Tensor& x, Where at = Where::here());
ValuesIndices max(const Tensor& x, std::int64_t dim, bool keepdim = false,
                  Where at = Where::here());  ///< the first of ties takes the gradient
ValuesIndices min(const Tensor& x, std::int64_t dim, bool keepdim = false,
                  Where at = Where::here());
Tensor amax(const Tensor& x, const Dims& dims = {}, bool keepdim = false,
            Where at = Where::here());  ///< ties share the gradient evenly
Tensor amin(const Tensor& x, const Dims& dims = {}, bool keepdim = false, Where at = Where::here());
Tensor argmax(const Tensor& x, Where at = Where::here());  ///< int64, into the flattened x
Tensor argmax(const Tensor& x, std::int64_t dim, bool keepdim = false, Where at = Where::here());
Tensor argmin(const Tensor& x, Where at = Where::here());
Tensor argmin(const Tensor& x, std::int64_t dim, bool keepdim = false, Where at = Where::here());
Tensor prod(const Tensor& x, Where at = Where::here());
Tensor prod(const Tensor& x, const Dims& dims, bool keepdim = false, Where at = Where::here());
/// (sum |x|^p)^(1/p); p may be 0 or infinity. norm'(0) = 0.
Tensor norm(const Tensor& x, double p = 2, const Dims& dims = {}, bool keepdim = false,
            Where at = Where::here());
Tensor all(const Tensor& x, const Dims& dims = {}, bool keepdim = false, Where at = Where::here());
Tensor any(const Tensor& x, const Dims& dims = {}, bool keepdim = false, Where at = Where::here());
Tensor cumsum(const Tensor& x, std::int64_t dim, Where at = Where::here());
Tensor logsumexp(const Tensor& x, const Dims& dims, bool keepdim = false, Where at = Where::here());

// --- Linear algebra --- matmul.cpp, linear.cpp
/// As torch.matmul: 1-D vectors, 2-D matrices, batches that broadcast.
Tensor matmul(const Tensor& a, const Tensor& b, Where at = Where::here());
Tensor dot(const Tensor& a, const Tensor& b, Where at = Where::here());    ///< (n) x (n) -> ()
Tensor outer(const Tensor& a, const Tensor& b, Where at = Where::here());  ///< (n) x (m) -> (n, m)
/// x W^T + b. x: (..., in), weight: (out, in), bias: (out) or undefined; returns (..., out).
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              Where at = Where::here());

// --- Joining, indexing, ordering --- join.cpp, index.cpp, order.cpp
/// Along a dimension that is there, in which alone the sizes may differ; stack: along a new one.
Tensor cat(const std::vector<Tensor>& tensors, std::int64_t dim = 0, Where at = Where::here());
Tensor stack(const std::vector<Tensor>& tensors, std::int64_t dim = 0, Where at = Where::here());
/// For dim 0: result[i][j] = x[index[i][j]][j]. index: int64, no larger than x but in dim.
Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index, Where at = Where::here());
/// x with source added at index along dim, as torch.Tensor.scatter_add.
Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source,
                   Where at = Where::here());
Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index,
                    Where at = Where::here());
/// x with source added to the slices of dim that index names, as torch.index_add.
Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source,
                 Where at = Where::here());
/// gather with broadcasting, as torch.take_along_dim.
Tensor take_along_dim(const Tensor& x, const Tensor& index, std::int64_t dim = -1,
                      Where at = Where::here());
/// Rows of weight (n, d) named by index (int64, any shape): shape index.shape + (d).
Tensor embedding(const Tensor& weight, const Tensor& index, Where at = Where::here());
/// index: int64 in [0, classes); classes = -1 infers them. int64 result, as in PyTorch.
Tensor one_hot(const Tensor& index, std::int64_t classes = -1, Where at = Where::here());
ValuesIndices sort(const Tensor& x, std::int64_t dim = -1, bool descending = false,
                   Where at = Where::here());  ///< stable
/// The k largest (or smallest) along dim, best first.
ValuesIndices topk(const Tensor& x, std::int64_t k, std::int64_t dim = -1, bool largest = true,
                   Where at = Where::here());
/// Zero below (triu) or above (tril) a diagonal, counted upwards from the main one.
Tensor triu(const Tensor& x, std::int64_t diagonal = 0, Where at = Where::here());
Tensor tril(const Tensor& x, std::int64_t diagonal = 0, Where at = Where::here());
Tensor flip(const Tensor& x, const Dims& dims, Where at = Where::here());
/// Constant padding; pairs (before, after) from the last dimension backwards, as in PyTorch.
Tensor pad(const Tensor& x, const std::vector<std::int64_t>& padding, Scalar value = 0,
           Where at = Where::here());
/// Tiled: repeats[d] copies along dimension d; more numbers than dimensions add leading ones.
Tensor repeat(const Tensor& x, const Dims& repeats, Where at = Where::here());

// --- Activations (torch.nn.functional's names and defaults) --- activation.cpp, softmax.cpp
Tensor relu(const Tensor& x, Where at = Where::here());  ///< relu'(0) = 0
Tensor relu6(const Tensor& x, Where at = Where::here());
Tensor leaky_relu(const Tensor& x, double slope = 0.01, Where at = Where::here());
/// weight: one element, or one for each channel (dimension 1 of x).
Tensor prelu(const Tensor& x, const Tensor& weight, Where at = Where::here());
/// Training draws a slope from U(lower, upper) for each x <= 0; evaluation takes their mean.
Tensor rrelu(const Tensor& x, double lower = 1.0 / 8, double upper = 1.0 / 3, bool training = false,
             Generator* generator = nullptr, Where at = Where::here());
Tensor elu(const Tensor& x, double alpha = 1, Where at = Where::here());
Tensor celu(const Tensor& x, double alpha = 1, Where at = Where::here());
Tensor selu(const Tensor& x, Where at = Where::here());
enum class Gelu { Exact, Tanh };
Tensor gelu(const Tensor& x, Gelu form = Gelu::Exact, Where at = Where::here());
Tensor silu(const Tensor& x, Where at = Where::here());  ///< Swish
Tensor mish(const Tensor& x, Where at = Where::here());
Tensor hardswish(const Tensor& x, Where at = Where::here());
Tensor hardsigmoid(const Tensor& x, Where at = Where::here());
Tensor hardtanh(const Tensor& x, double low = -1, double high = 1, Where at = Where::here());
Tensor logsigmoid(const Tensor& x, Where at = Where::here());
Tensor softplus(const Tensor& x, double beta = 1, double threshold = 20, Where at = Where::here());
Tensor softsign(const Tensor& x, Where at = Where::here());
/// 1.7159 tanh(2x / 3) (LeCun et al. 1998, Efficient BackProp).
Tensor lecun_tanh(const Tensor& x, Where at = Where::here());
/// a * sigmoid(b) for the halves a, b of x along dim.
Tensor glu(const Tensor& x, std::int64_t dim = -1, Where at = Where::here());
Tensor softmax(const Tensor& x, std::int64_t dim, Where at = Where::here());
Tensor log_softmax(const Tensor& x, std::int64_t dim, Where at = Where::here());

// --- Normalisation --- batch_norm.cpp, layer_norm.cpp
struct BatchNormOptions {
  bool training = true;
  double momentum = 0.1;
  double eps = 1e-5;
};
/// x: (N, C, ...); weight, bias: (C) or undefined; running_mean, running_var: (C) or undefined,
/// updated in training with the unbiased variance and used in evaluation.
Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                  const Tensor& running_mean, const Tensor& running_var,
                  const BatchNormOptions& options, Where at = Where::here());
/// Over the last dimensions, whose sizes are `normalized`; weight, bias: that shape or undefined.
Tensor layer_norm(const Tensor& x, const Shape& normalized, const Tensor& weight = {},
                  const Tensor& bias = {}, double eps = 1e-5, Where at = Where::here());
Tensor rms_norm(const Tensor& x, const Shape& normalized, const Tensor& weight = {},
                double eps = 1e-5, Where at = Where::here());

// --- Random --- dropout.cpp
/// bernoulli(1 - p) / (1 - p) times x in training, x itself otherwise.
Tensor dropout(const Tensor& x, double p = 0.5, bool training = true,
               Generator* generator = nullptr, Where at = Where::here());
/// Keeps mean and variance of SELU's activations (Klambauer et al. 2017).
Tensor alpha_dropout(const Tensor& x, double p = 0.5, bool training = true,
                     Generator* generator = nullptr, Where at = Where::here());

// --- Losses --- cross_entropy.cpp (fused), nn/losses.h has the others
struct CrossEntropyOptions {
  Reduction reduction = Reduction::Mean;
  double label_smoothing = 0;
  Tensor weight = {};                ///< (C), one factor a class
  std::int64_t ignore_index = -100;  ///< targets of this value count for nothing
};
/// logits: (N, C) or (C) float; target: (N) or () int64 in [0, C), or class probabilities of the
/// logits' shape. Log-softmax and negative log likelihood in one pass.
Tensor cross_entropy(const Tensor& logits, const Tensor& target,
                     const CrossEntropyOptions& options = {}, Where at = Where::here());

// --- In place: refused on a tensor that takes part in a recorded computation ---
// inplace.cpp, random.cpp
const Tensor& fill_(const Tensor& x, Scalar value, Where at = Where::here());
const Tensor& zero_(const Tensor& x, Where at = Where::here());
const Tensor& copy_(const Tensor& x, const Tensor& source, Where at = Where::here());
const Tensor& add_(const Tensor& x, const Tensor& other, Scalar alpha = 1,
                   Where at = Where::here());
const Tensor& add_(const Tensor& x, Scalar other, Where at = Where::here());
const Tensor& sub_(const Tensor& x, const Tensor& other, Where at = Where::here());
const Tensor& mul_(const Tensor& x, const Tensor& other, Where at = Where::here());
const Tensor& mul_(const Tensor& x, Scalar other, Where at = Where::here());
const Tensor& div_(const Tensor& x, const Tensor& other, Where at = Where::here());
const Tensor& clamp_(const Tensor& x, std::optional<Scalar> low, std::optional<Scalar> high,
                     Where at = Where::here());
const Tensor& masked_fill_(const Tensor& x, const Tensor& mask, Scalar value,
                           Where at = Where::here());
const Tensor& normal_(const Tensor& x, double mean = 0, double std = 1,
                      Generator* generator = nullptr, Where at = Where::here());
const Tensor& uniform_(const Tensor& x, double low = 0, double high = 1,
                       Generator* generator = nullptr, Where at = Where::here());

}  // namespace gradus
