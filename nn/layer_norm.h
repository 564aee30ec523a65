#pragma once

#include "gradus/nn/module.h"

namespace gradus::nn {

struct LayerNormOptions {
  double eps = 1e-5;
  bool elementwise_affine = true;  ///< whether it has a weight
  bool bias = true;                ///< and, with the weight, a bias
  DType dtype = float32;
};

/// Normalises each sample over its last dimensions, whose sizes are `normalized_shape` (Ba et al.
/// 2016), then scales and shifts elementwise. x: (..., *normalized_shape).
class LayerNorm : public Module {
 public:
  explicit LayerNorm(const Shape& normalized_shape, LayerNormOptions options = {},
                     Where at = Where::here());
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

  Tensor weight;  ///< normalized_shape, ones at first; undefined unless affine
  Tensor bias;    ///< normalized_shape, zeros at first; undefined unless affine with bias

 private:
  Shape normalized_shape_;
  LayerNormOptions options_;
};

struct RMSNormOptions {
  double eps = 1e-5;  ///< PyTorch takes the dtype's machine epsilon unless told
  bool elementwise_affine = true;
  DType dtype = float32;
};

/// x / sqrt(mean(x^2) + eps) over the last dimensions, times a weight (Zhang & Sennrich 2019).
class RMSNorm : public Module {
 public:
  explicit RMSNorm(const Shape& normalized_shape, RMSNormOptions options = {},
                   Where at = Where::here());
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

  Tensor weight;  ///< normalized_shape, ones at first; undefined unless affine

 private:
  Shape normalized_shape_;
  RMSNormOptions options_;
};

}  // namespace gradus::nn
