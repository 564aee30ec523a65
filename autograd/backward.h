#pragma once

#include <optional>
#include <vector>

#include "gradus/tensor/tensor.h"

namespace gradus {

struct BackwardOptions {
  /// Keep what the graph has saved, so that it can be walked again. Default: create_graph.
  std::optional<bool> retain_graph = std::nullopt;
  /// Record the backward pass itself, for derivatives of derivatives. The gradient that a leaf gets
  /// then holds a graph that leads back to the leaf: both live until set_grad({}) or zero_grad().
  /// grad() makes no such circle.
  bool create_graph = false;
  /// Accumulate into these leaves only; empty: into all that are reached.
  std::vector<Tensor> inputs = {};
};

/// Accumulates into the grad() of every leaf the derivative of sum_i <outputs[i], gradients[i]>.
/// An undefined gradient stands for 1 and needs an output of one element. Tensor::backward() is
/// this for one output. Throws Error on an output that needs no gradient, on gradients of another
/// shape, and on a graph that an earlier pass has freed.
void backward(const std::vector<Tensor>& outputs, const std::vector<Tensor>& gradients = {},
              const BackwardOptions& options = {}, Where at = Where::here());

struct GradOptions {
  std::vector<Tensor> grad_outputs = {};            ///< default: ones
  std::optional<bool> retain_graph = std::nullopt;  ///< default: create_graph
  bool create_graph = false;
  bool allow_unused = false;  ///< an input that outputs do not depend on: undefined, not an error
};

/// The derivatives of sum_i <outputs[i], grad_outputs[i]> by each of `inputs`, leaves or not. No
/// leaf's grad() changes.
std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const GradOptions& options = {}, Where at = Where::here());
/// The same for one output and one input.
Tensor grad(const Tensor& output, const Tensor& input, const GradOptions& options = {},
            Where at = Where::here());

}  // namespace gradus
