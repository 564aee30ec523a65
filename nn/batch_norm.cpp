#include "gradus/nn/batch_norm.h"

#include "gradus/autograd/ops.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/creation.h"

namespace gradus::nn {

BatchNorm1d::BatchNorm1d(std::int64_t num_features, BatchNorm1dOptions options, Where at)
    : num_features_(num_features), options_(options) {
  ContextScope scope(entering("BatchNorm1d", at));
  check(num_features > 0, "the number of features must be positive, got {}", num_features);
  check(options.eps >= 0, "eps must not be negative, got {}", options.eps);
  check(!options.momentum || (0 <= *options.momentum && *options.momentum <= 1),
        "momentum {} is not in [0, 1]", options.momentum.value_or(0));
  if (options.affine) {
    weight = parameter("weight", ones({num_features}, options.dtype));
    bias = parameter("bias", zeros({num_features}, options.dtype));
  }
  if (options.track_running_stats) {
    running_mean = buffer("running_mean", zeros({num_features}, options.dtype));
    running_var = buffer("running_var", ones({num_features}, options.dtype));
    num_batches_tracked = buffer("num_batches_tracked", zeros({}, int64));
  }
}

Tensor BatchNorm1d::forward(const Tensor& x) {
  Where at = caller();
  {
    ContextScope scope(entering("BatchNorm1d", at));
    check((x.dim() == 2 || x.dim() == 3) && x.size(1) == num_features_,
          "expected (N, {0}) or (N, {0}, L), got {1}", num_features_, x.shape());
  }
  bool track = is_training() && options_.track_running_stats;
  bool use_running = !is_training() && options_.track_running_stats;
  gradus::BatchNormOptions options{.training = !use_running, .eps = options_.eps};
  if (track) {
    auto batches = static_cast<double>(num_batches_tracked.item<std::int64_t>() + 1);
    options.momentum = options_.momentum.value_or(1 / batches);
  }
  bool with_stats = track || use_running;
  Tensor y = batch_norm(x, weight, bias, with_stats ? running_mean : Tensor(),
                        with_stats ? running_var : Tensor(), options, at);
  if (track) num_batches_tracked.add_(1);
  return y;
}

std::string BatchNorm1d::extra_repr() const {
  return fmt::format("{}, eps={}, momentum={}, affine={}, track_running_stats={}", num_features_,
                     options_.eps,
                     options_.momentum ? fmt::format("{}", *options_.momentum) : "none",
                     options_.affine, options_.track_running_stats);
}

}  // namespace gradus::nn
