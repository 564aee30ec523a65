#pragma once

#include "gradus/nn/init.h"
#include "gradus/nn/module.h"

/// Initialising whole models. Concerned are the weights of rank 2 and more, and the biases beside
/// them; embeddings and normalisations, whose weights have no fans, stay as they are.
namespace gradus::nn::init {

struct ApplyOptions {
  Initializer bias = {};  ///< of the biases; none: zero
};

/// Initialises every weight with `weight` and returns the names of the parameters written.
///   init::apply(net, init::recommended_for(init::Nonlinearity::ReLU));
std::vector<std::string> apply(Module& module, const Initializer& weight,
                               const ApplyOptions& options = {}, Where at = Where::here());

struct LsuvOptions {
  double tolerance = 0.1;  ///< on the variance
  int max_iterations = 10;
  Generator* generator = nullptr;
};

struct LsuvLayer {
  std::string name;
  double variance_before;  ///< of the output, with the orthonormal weight
  double variance;         ///< as last measured
  int iterations;
};

/// Layer-sequential unit variance (Mishkin & Matas 2016): orthonormal weights and zero biases;
/// then, from the first layer to the last, each weight is scaled until the variance of the layer's
/// output on `batch` is 1. Leaves training mode, buffers and the batch as they were. Throws Error
/// where an output does not vary at all, and nothing can be scaled.
std::vector<LsuvLayer> lsuv_(Module& module, const Tensor& batch, LsuvOptions options = {},
                             Where at = Where::here());

}  // namespace gradus::nn::init
