#include "gradus/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gradus::optim {

LRScheduler::LRScheduler(Optimizer& optimizer) : optimizer_(optimizer) {
  for (std::size_t g = 0; g < optimizer.num_groups(); ++g) optimizer.initial_lr(g);
}

void LRScheduler::step(Where at) {
  ContextScope scope({.op = "LRScheduler.step", .at = at});
  ++epoch_;
  apply();
}

void LRScheduler::apply() {
  for (std::size_t g = 0; g < optimizer_.num_groups(); ++g) {
    double& lr = optimizer_.option(g, "lr");
    lr = next_lr(g, lr);
  }
}

std::vector<double> LRScheduler::get_last_lr() const {
  std::vector<double> rates;
  for (std::size_t g = 0; g < optimizer_.num_groups(); ++g) {
    rates.push_back(optimizer_.option(g, "lr"));
  }
  return rates;
}

StepLR::StepLR(Optimizer& optimizer, const StepLROptions& options, Where at)
    : LRScheduler(optimizer), options_(options) {
  ContextScope scope({.op = "StepLR", .at = at});
  check(options.gamma >= 0, "gamma must not be negative, got {}", options.gamma);
  check(options.step_size >= 1, "step_size must be at least 1, got {}", options.step_size);
}

double StepLR::next_lr(std::size_t, double lr) const {
  return last_epoch() % options_.step_size == 0 ? lr * options_.gamma : lr;
}

MultiStepLR::MultiStepLR(Optimizer& optimizer, const MultiStepLROptions& options, Where at)
    : LRScheduler(optimizer), options_(options) {
  ContextScope scope({.op = "MultiStepLR", .at = at});
  for (std::int64_t milestone : options.milestones) {
    check(milestone >= 1, "milestones must be at least 1, got {}", milestone);
  }
}

double MultiStepLR::next_lr(std::size_t, double lr) const {
  const auto& milestones = options_.milestones;
  auto hits = std::count(milestones.begin(), milestones.end(), last_epoch());
  return lr * std::pow(options_.gamma, static_cast<double>(hits));
}

ExponentialLR::ExponentialLR(Optimizer& optimizer, const ExponentialLROptions& options, Where at)
    : LRScheduler(optimizer), options_(options) {
  ContextScope scope({.op = "ExponentialLR", .at = at});
  check(options.gamma >= 0, "gamma must not be negative, got {}", options.gamma);
}

double ExponentialLR::next_lr(std::size_t, double lr) const { return lr * options_.gamma; }

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, const CosineAnnealingLROptions& options,
                                     Where at)
    : LRScheduler(optimizer), options_(options) {
  ContextScope scope({.op = "CosineAnnealingLR", .at = at});
  check(std::isfinite(options.eta_min), "eta_min must be finite, got {}", options.eta_min);
  check(options.T_max >= 1, "T_max must be at least 1, got {}", options.T_max);
}

double CosineAnnealingLR::next_lr(std::size_t group, double lr) const {
  // The ratio of two epochs' closed forms, so that the rate may be changed by others in between.
  const auto angle = [&](std::int64_t epoch) {
    return std::numbers::pi * static_cast<double>(epoch) / static_cast<double>(options_.T_max);
  };
  const double low = options_.eta_min;
  if ((last_epoch() - 1 - options_.T_max) % (2 * options_.T_max) == 0) {  // the rate was eta_min
    return lr + (optimizer().initial_lr(group) - low) * (1 - std::cos(angle(1))) / 2;
  }
  return low +
         (lr - low) * (1 + std::cos(angle(last_epoch()))) / (1 + std::cos(angle(last_epoch() - 1)));
}

LinearLR::LinearLR(Optimizer& optimizer, const LinearLROptions& options, Where at)
    : LRScheduler(optimizer), options_(options) {
  ContextScope scope({.op = "LinearLR", .at = at});
  check(0 < options.start_factor && options.start_factor <= 1, "start_factor {} is not in (0, 1]",
        options.start_factor);
  check(0 <= options.end_factor && options.end_factor <= 1, "end_factor {} is not in [0, 1]",
        options.end_factor);
  check(options.total_iters >= 1, "total_iters must be at least 1, got {}", options.total_iters);
  apply();
}

double LinearLR::next_lr(std::size_t, double lr) const {
  if (last_epoch() == 0) return lr * options_.start_factor;
  if (last_epoch() > options_.total_iters) return lr;
  const auto factor = [&](std::int64_t epoch) {
    return options_.start_factor + (options_.end_factor - options_.start_factor) *
                                       static_cast<double>(epoch) /
                                       static_cast<double>(options_.total_iters);
  };
  return lr * factor(last_epoch()) / factor(last_epoch() - 1);
}

}  // namespace gradus::optim
