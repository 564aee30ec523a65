#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gradus/nn/module.h"

namespace gradus::observe {

/// The gradient that leaves a residual sum y = s(x) + f(x), in its two parts:
/// dL/dx = s'(x)^T g + f'(x)^T g with g = dL/dy. s is the identity, or a projection.
struct ResidualShare {
  std::string layer;  ///< path of the module in which the sum stands: an nn::Residual, or any other
  Where at;           ///< the user's line
  double skip_rms = 0;     ///< of s'(x)^T g
  double branch_rms = 0;   ///< of f'(x)^T g
  double total_rms = 0;    ///< of their sum
  bool projected = false;  ///< the skip is not the identity

  /// skip_rms / (skip_rms + branch_rms): 1 where nothing came through the branch.
  double skip_share() const;
};

/// Which share of the gradient comes through the skip and which through the branch, for each
/// residual sum of `net`, in order of execution. Found in the recorded graph, so that nn::Residual
/// and a hand-written x + f(x) are the same: a sum of two values that descend from one, of which
/// one way has fewer ops, the skip, and the other holds parameters. Leaves parameters, gradients,
/// buffers, modes and the default generator as they were.
///
///   for (auto& s : observe::residual_shares(net, x, [&](const Tensor& y) {
///          return cross_entropy(y, target);
///        })) fmt::print("{}: {:.2f} through the skip\n", s.layer, s.skip_share());
///
/// `loss` makes a scalar of the network's output. Throws Error where it does not, or where it needs
/// no gradient.
std::vector<ResidualShare> residual_shares(nn::Module& net, const Tensor& input,
                                           const std::function<Tensor(const Tensor&)>& loss,
                                           Where at = Where::here());

}  // namespace gradus::observe
