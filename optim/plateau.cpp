#include "gradus/optim/plateau.h"

#include <algorithm>
#include <limits>

namespace gradus::optim {

ReduceLROnPlateau::ReduceLROnPlateau(Optimizer& optimizer, const ReduceLROnPlateauOptions& options,
                                     Where at)
    : optimizer_(optimizer), options_(options) {
  ContextScope scope({.op = "ReduceLROnPlateau", .at = at});
  check(0 <= options.factor && options.factor < 1, "factor {} is not in [0, 1)", options.factor);
  check(options.patience >= 0 && options.cooldown >= 0,
        "patience and cooldown must not be negative, got {} and {}", options.patience,
        options.cooldown);
  check(options.min_lr >= 0, "min_lr must not be negative, got {}", options.min_lr);
  check(options.threshold >= 0, "threshold must not be negative, got {}", options.threshold);
}

bool ReduceLROnPlateau::is_better(double metric) const {
  const double sign = options_.mode == ReduceLROnPlateauOptions::Mode::Min ? -1 : 1;
  if (!best_) return sign * metric > -std::numeric_limits<double>::infinity();
  const double bar = options_.threshold_mode == ReduceLROnPlateauOptions::Threshold::Rel
                         ? *best_ * (1 + sign * options_.threshold)
                         : *best_ + sign * options_.threshold;
  return sign * metric > sign * bar;
}

void ReduceLROnPlateau::step(double metric) {
  if (is_better(metric)) {
    best_ = metric;
    bad_epochs_ = 0;
  } else {
    ++bad_epochs_;
  }
  if (cooldown_left_ > 0) {
    --cooldown_left_;
    bad_epochs_ = 0;
  }
  if (bad_epochs_ <= options_.patience) return;
  cooldown_left_ = options_.cooldown;
  bad_epochs_ = 0;
  for (std::size_t g = 0; g < optimizer_.num_groups(); ++g) {
    double& lr = optimizer_.option(g, "lr");
    const double reduced = std::max(lr * options_.factor, options_.min_lr);
    if (lr - reduced > options_.eps) lr = reduced;
  }
}

}  // namespace gradus::optim
