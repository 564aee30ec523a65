#pragma once

#include "gradus/observe/lint.h"
#include "gradus/observe/theory/recursion.h"

/// The rules of lint(), by what they look at. Each adds its remarks.
namespace gradus::observe {

using Remarks = std::vector<Remark>;

/// Equal units, zeros, biases, and the initialiser against the activation.
void check_weights(nn::Module& net, const Trace& trace, Remarks& remarks);
/// What follows what: softmax, the loss, dropout and batch norm.
void check_flow(const Trace& trace, const nn::AnyModule& loss, Remarks& remarks);
void check_input(const Trace& trace, Remarks& remarks);
void check_owners(const nn::Module& net, const std::vector<Tensor>& owned, Remarks& remarks);

}  // namespace gradus::observe
