#pragma once

#include "gradus/tensor/generator.h"
#include "gradus/tensor/tensor.h"

/// Random tensors. For the same seed and the same calls, the numbers are PyTorch's. `generator` is
/// the default one where it is null.
namespace gradus {

/// Uniform in [0, 1).
Tensor rand(const Shape& shape, DType dtype = float32, Generator* generator = nullptr,
            Where at = Where::here());
/// Standard normal.
Tensor randn(const Shape& shape, DType dtype = float32, Generator* generator = nullptr,
             Where at = Where::here());
/// Of x's shape and dtype.
Tensor rand_like(const Tensor& x, Generator* generator = nullptr, Where at = Where::here());
Tensor randn_like(const Tensor& x, Generator* generator = nullptr, Where at = Where::here());
Tensor uniform(double low, double high, const Shape& shape, DType dtype = float32,
               Generator* generator = nullptr, Where at = Where::here());
Tensor normal(double mean, double std, const Shape& shape, DType dtype = float32,
              Generator* generator = nullptr, Where at = Where::here());
/// Whole numbers in [low, high).
Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, DType dtype = int64,
               Generator* generator = nullptr, Where at = Where::here());
/// 0, ..., n - 1 in random order, int64.
Tensor randperm(std::int64_t n, Generator* generator = nullptr, Where at = Where::here());
/// 1 with the probability that the element of p gives, else 0; of p's shape and dtype.
Tensor bernoulli(const Tensor& p, Generator* generator = nullptr, Where at = Where::here());
Tensor bernoulli(double p, const Shape& shape, DType dtype = float32,
                 Generator* generator = nullptr, Where at = Where::here());

namespace kernel {

// Fill `out`, of any strides, in the order of its memory. Floating dtypes only, but for bernoulli.
void uniform_into(const Tensor& out, double low, double high, Generator* generator);
void normal_into(const Tensor& out, double mean, double std, Generator* generator);
/// `value` with probability p, else 0.
void bernoulli_into(const Tensor& out, double p, Generator* generator, Scalar value = 1);

}  // namespace kernel
}  // namespace gradus
