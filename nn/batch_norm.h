#pragma once

#include <optional>

#include "gradus/nn/module.h"

namespace gradus::nn {

struct BatchNorm1dOptions {
  double eps = 1e-5;
  /// Weight of the new batch in the running statistics; none: their cumulative average.
  std::optional<double> momentum = 0.1;
  bool affine = true;               ///< whether it has weight and bias
  bool track_running_stats = true;  ///< otherwise evaluation, too, uses the batch's statistics
  DType dtype = float32;
};

/// Normalises each channel over the batch (Ioffe & Szegedy 2015), then scales and shifts it.
/// x: (N, C) or (N, C, L). Training uses the batch's biased variance and takes the unbiased one
/// into the running statistics; evaluation uses those. Throws Error in training on one value a
/// channel.
class BatchNorm1d : public Module {
 public:
  explicit BatchNorm1d(std::int64_t num_features, BatchNorm1dOptions options = {},
                       Where at = Where::here());
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

  Tensor weight;               ///< (C), ones at first; undefined unless affine
  Tensor bias;                 ///< (C), zeros at first; undefined unless affine
  Tensor running_mean;         ///< (C), zeros at first; undefined unless tracked, as the next two
  Tensor running_var;          ///< (C), ones at first
  Tensor num_batches_tracked;  ///< (), int64

 private:
  std::int64_t num_features_;
  BatchNorm1dOptions options_;
};

}  // namespace gradus::nn
