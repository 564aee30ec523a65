#pragma once

#include "gradus/nn/module.h"

namespace gradus {
class Generator;
}

namespace gradus::nn {

struct LinearOptions {
  bool bias = true;
  DType dtype = float32;
  Generator* generator = nullptr;  ///< of the initial values; null: the default generator
};

/// y = x W^T + b. x: (..., in_features); returns (..., out_features).
/// Weight, then bias, are drawn from U(+-1/sqrt(in_features)), PyTorch's default: below a ReLU that
/// shrinks the second moment to 1/6 a layer, see init::he_normal_.
class Linear : public Module {
 public:
  Linear(std::int64_t in_features, std::int64_t out_features, LinearOptions options = {},
         Where at = Where::here());
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

  Tensor weight;  ///< (out_features, in_features)
  Tensor bias;    ///< (out_features), or undefined
};

struct BilinearOptions {
  bool bias = true;
  DType dtype = float32;
  Generator* generator = nullptr;
};

/// y[k] = sum_ij x1[i] weight[k, i, j] x2[j] + bias[k]. x1: (..., in1), x2: (..., in2) of the same
/// leading sizes; returns (..., out). Drawn from U(+-1/sqrt(in1)), weight first.
class Bilinear : public Module {
 public:
  Bilinear(std::int64_t in1_features, std::int64_t in2_features, std::int64_t out_features,
           BilinearOptions options = {}, Where at = Where::here());
  using Module::forward;
  Tensor forward(const Tensor& x1, const Tensor& x2);
  Tensor operator()(const Tensor& x1, const Tensor& x2, Where at = Where::here());
  std::string extra_repr() const override;

  Tensor weight;  ///< (out_features, in1_features, in2_features)
  Tensor bias;    ///< (out_features), or undefined
};

}  // namespace gradus::nn
