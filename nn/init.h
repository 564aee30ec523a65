#pragma once

#include <functional>
#include <string>

#include "gradus/tensor/tensor.h"

namespace gradus {
class Generator;
}

/// Initial values. All write in place without being recorded, draw PyTorch's numbers for a seed
/// where PyTorch has the function, and return their tensor. A weight is (out, in, k...); those that
/// need its fans throw Error below rank 2. A null generator is the default one.
namespace gradus::nn::init {

// --- Fans and gains.
std::int64_t fan_in(const Tensor& weight, Where at = Where::here());   ///< size(1) * prod(k)
std::int64_t fan_out(const Tensor& weight, Where at = Where::here());  ///< size(0) * prod(k)

enum class Fan { In, Out, Average };

/// What follows a layer.
enum class Nonlinearity {
  Linear,  ///< nothing
  Sigmoid,
  Tanh,
  Softmax,
  ReLU,
  LeakyReLU,
  ELU,
  GELU,
  SiLU,
  Mish,
  SELU
};
const char* to_string(Nonlinearity nonlinearity);

/// PyTorch's gains: linear and sigmoid 1, tanh 5/3, ReLU sqrt(2), leaky ReLU sqrt(2 / (1 +
/// slope^2)), SELU 3/4. Error for the others, which have none.
double calculate_gain(Nonlinearity nonlinearity, double slope = 0.01, Where at = Where::here());

// --- Plain values.
const Tensor& constant_(const Tensor& x, Scalar value, Where at = Where::here());
const Tensor& zeros_(const Tensor& x, Where at = Where::here());
const Tensor& ones_(const Tensor& x, Where at = Where::here());
/// Ones on the diagonal of a matrix, zeros elsewhere.
const Tensor& eye_(const Tensor& x, Where at = Where::here());
const Tensor& uniform_(const Tensor& x, double low = 0, double high = 1,
                       Generator* generator = nullptr, Where at = Where::here());
const Tensor& normal_(const Tensor& x, double mean = 0, double std = 1,
                      Generator* generator = nullptr, Where at = Where::here());

struct TruncNormalOptions {
  double mean = 0;
  double std = 1;
  double a = -2;  ///< bounds as values, not as multiples of std
  double b = 2;
  Generator* generator = nullptr;
};
/// Normal given that it lies in [a, b], by inversion as in PyTorch.
const Tensor& trunc_normal_(const Tensor& x, TruncNormalOptions options = {},
                            Where at = Where::here());

// --- Scaled by the fans.
struct GlorotOptions {
  double gain = 1;
  Generator* generator = nullptr;
};
/// std = gain sqrt(2 / (fan_in + fan_out)), the uniform one in +-sqrt(3) std (Glorot & Bengio
/// 2010). For tanh, sigmoid, softmax, or no activation.
const Tensor& glorot_uniform_(const Tensor& weight, GlorotOptions options = {},
                              Where at = Where::here());
const Tensor& glorot_normal_(const Tensor& weight, GlorotOptions options = {},
                             Where at = Where::here());
inline const Tensor& xavier_uniform_(const Tensor& weight, GlorotOptions options = {},
                                     Where at = Where::here()) {
  return glorot_uniform_(weight, options, at);
}
inline const Tensor& xavier_normal_(const Tensor& weight, GlorotOptions options = {},
                                    Where at = Where::here()) {
  return glorot_normal_(weight, options, at);
}

struct HeOptions {
  Fan mode = Fan::In;
  Nonlinearity nonlinearity = Nonlinearity::LeakyReLU;
  double slope = 0;  ///< of the leaky ReLU; 0 makes it a ReLU
  Generator* generator = nullptr;
};
/// std = gain / sqrt(fan), the uniform one in +-sqrt(3) std (He et al. 2015). For ReLU and its kin.
const Tensor& he_uniform_(const Tensor& weight, HeOptions options = {}, Where at = Where::here());
const Tensor& he_normal_(const Tensor& weight, HeOptions options = {}, Where at = Where::here());
inline const Tensor& kaiming_uniform_(const Tensor& weight, HeOptions options = {},
                                      Where at = Where::here()) {
  return he_uniform_(weight, options, at);
}
inline const Tensor& kaiming_normal_(const Tensor& weight, HeOptions options = {},
                                     Where at = Where::here()) {
  return he_normal_(weight, options, at);
}

/// std = sqrt(1 / fan_in), the uniform one in +-sqrt(3) std (LeCun et al. 1998). For SELU.
const Tensor& lecun_uniform_(const Tensor& weight, Generator* generator = nullptr,
                             Where at = Where::here());
const Tensor& lecun_normal_(const Tensor& weight, Generator* generator = nullptr,
                            Where at = Where::here());

enum class Distribution { TruncatedNormal, UntruncatedNormal, Uniform };
struct VarianceScalingOptions {
  double scale = 1;
  Fan mode = Fan::In;
  Distribution distribution = Distribution::TruncatedNormal;
  Generator* generator = nullptr;
};
/// Keras's family: variance scale / max(1, fan). The truncated normal is drawn again outside of 2
/// std, with std widened so that the variance holds.
const Tensor& variance_scaling_(const Tensor& weight, VarianceScalingOptions options = {},
                                Where at = Where::here());

struct OrthogonalOptions {
  double gain = 1;
  Generator* generator = nullptr;
};
/// gain times a random matrix with orthonormal rows or columns, whichever are fewer, of
/// (out, in * prod(k)) (Saxe et al. 2014).
const Tensor& orthogonal_(const Tensor& weight, OrthogonalOptions options = {},
                          Where at = Where::here());

// --- Which to take.
using Initializer = std::function<void(const Tensor& weight)>;

/// An initialiser that knows its name.
struct Recommendation {
  std::string name;  ///< "he_normal_"
  Initializer initialize;
  void operator()(const Tensor& weight) const { initialize(weight); }
};
/// The initialiser that keeps the gradients' scale below this activation: Glorot for none, tanh,
/// sigmoid and softmax; He for ReLU, leaky ReLU, ELU, GELU, SiLU and Mish; LeCun for SELU.
Recommendation recommended_for(Nonlinearity nonlinearity, Generator* generator = nullptr);

}  // namespace gradus::nn::init
