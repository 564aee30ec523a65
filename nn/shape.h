#pragma once

#include "gradus/nn/module.h"

/// Modules without parameters that leave the values as they are.
namespace gradus::nn {

/// Returns its input.
class Identity : public Module {
 public:
  Tensor forward(const Tensor& x) override { return x; }
};

/// Merges the dimensions from `start` to `end`: by default (N, ...) becomes (N, -1).
class Flatten : public Module {
 public:
  explicit Flatten(std::int64_t start = 1, std::int64_t end = -1) : start_(start), end_(end) {}
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

 private:
  std::int64_t start_;
  std::int64_t end_;
};

}  // namespace gradus::nn
