#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gradus/tensor/tensor.h"

/// Clipping of gradients, in place, between backward() and step(). Parameters without a gradient
/// count for nothing. Given by name, they are named in errors and results; given as a list, by
/// their number and shape.
namespace gradus::optim {

using NamedParameters = std::vector<std::pair<std::string, Tensor>>;

/// What clip_grad_norm_ does where the norm is not finite.
enum class NonFinite {
  Throw,  ///< Error that names the parameters; every gradient is as it was
  Skip,   ///< names them in the result; every gradient is as it was
  Scale,  ///< clips all the same, as PyTorch does by default: NaN spreads to all gradients
};

/// What clip_grad_norm_ found and did. Converts to the norm.
struct ClipResult {
  double norm = 0;                     ///< before clipping
  bool clipped = false;                ///< whether the gradients were changed
  std::vector<std::string> nonfinite;  ///< parameters whose gradient holds a NaN or an infinity
  operator double() const { return norm; }  // NOLINT: reads as the norm
};

/// Scales all gradients by min(1, max_norm / (norm + 1e-6)), where norm is the norm_type-norm of
/// the gradients' norms: of all entries as one vector (Pascanu et al. 2013; torch's
/// clip_grad_norm_). norm_type may be infinity. Throws Error unless max_norm > 0 and norm_type > 0.
ClipResult clip_grad_norm_(const NamedParameters& params, double max_norm, double norm_type = 2,
                           NonFinite nonfinite = NonFinite::Throw, Where at = Where::here());
ClipResult clip_grad_norm_(const std::vector<Tensor>& params, double max_norm, double norm_type = 2,
                           NonFinite nonfinite = NonFinite::Throw, Where at = Where::here());

/// Clamps every entry to [-limit, limit]; a NaN stays. Returns how many entries it changed. Throws
/// Error unless limit > 0.
std::int64_t clip_grad_value_(const std::vector<Tensor>& params, double limit,
                              Where at = Where::here());

struct AdaptiveClipOptions {
  double clipping = 0.01;  ///< greatest ratio of a unit's gradient norm to its weight norm
  double eps = 1e-3;       ///< least weight norm reckoned with, so that zeros can move
};

/// Adaptive gradient clipping (Brock et al. 2021, eq. 3): the gradient of each unit (a row of a
/// weight (out, in, ...), or a whole vector or scalar) is scaled to
/// ||g|| <= clipping max(||w||, eps). Returns how many units it scaled. Throws Error on options
/// that are not positive, or a gradient that is not finite (naming the parameter, all unchanged).
std::int64_t clip_grad_adaptive_(const NamedParameters& params,
                                 const AdaptiveClipOptions& options = {}, Where at = Where::here());
std::int64_t clip_grad_adaptive_(const std::vector<Tensor>& params,
                                 const AdaptiveClipOptions& options = {}, Where at = Where::here());

}  // namespace gradus::optim
