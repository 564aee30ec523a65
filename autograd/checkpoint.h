#pragma once

#include <functional>
#include <vector>

#include "gradus/tensor/tensor.h"

namespace gradus {

/// fn(inputs) without keeping what its ops save: the backward pass runs fn again, with the default
/// generator in the state it had, and goes through that graph instead (Chen et al. 2016,
/// arXiv:1604.06174). fn may use other tensors, such as parameters; they get their gradients too.
/// Works under grad(), create_graph and nested checkpoints. fn must compute the same again; a
/// result of another shape is an Error.
Tensor checkpoint(std::function<Tensor(const std::vector<Tensor>&)> fn, std::vector<Tensor> inputs,
                  Where at = Where::here());

}  // namespace gradus
