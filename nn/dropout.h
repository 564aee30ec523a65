#pragma once

#include "gradus/nn/module.h"

namespace gradus {
class Generator;
}

namespace gradus::nn {

/// In training zeroes each element with probability p and scales the others by 1 / (1 - p).
/// `generator` must outlive the module; null: the default generator.
class Dropout : public Module {
 public:
  explicit Dropout(double p = 0.5, Generator* generator = nullptr, Where at = Where::here());
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  double p() const { return p_; }

 private:
  double p_;
  Generator* generator_;
};

/// Dropout that keeps mean and variance of SELU's activations: dropped elements take SELU's lower
/// limit, then all are rescaled (Klambauer et al. 2017).
class AlphaDropout : public Module {
 public:
  explicit AlphaDropout(double p = 0.5, Generator* generator = nullptr, Where at = Where::here());
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  double p() const { return p_; }

 private:
  double p_;
  Generator* generator_;
};

}  // namespace gradus::nn
