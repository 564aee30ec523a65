#pragma once

#include <vector>

#include "gradus/optim/optimizer.h"

/// Schedules of the learning rate, with PyTorch's names and values. Each is attached to an
/// optimiser, which must outlive it, and is told by step() that an epoch (or a batch, as you like)
/// is over. They change the rate they find, so several may be attached to one optimiser: a warm-up
/// together with a decay.
namespace gradus::optim {

class LRScheduler {
 public:
  virtual ~LRScheduler() = default;
  LRScheduler(const LRScheduler&) = delete;
  LRScheduler& operator=(const LRScheduler&) = delete;

  /// Sets the rates of the next epoch.
  void step(Where at = Where::here());
  /// Epochs over, 0 at first.
  std::int64_t last_epoch() const { return epoch_; }
  /// The present rate of each group.
  std::vector<double> get_last_lr() const;

 protected:
  explicit LRScheduler(Optimizer& optimizer);

  Optimizer& optimizer() const { return optimizer_; }
  /// Sets the rates of the present epoch.
  void apply();
  /// The rate of a group in the present epoch, from its rate in the one before.
  virtual double next_lr(std::size_t group, double lr) const = 0;

 private:
  Optimizer& optimizer_;
  std::int64_t epoch_ = 0;
};

struct StepLROptions {
  std::int64_t step_size;  ///< epochs from one decay to the next
  double gamma = 0.1;
};
/// Times gamma every step_size epochs.
class StepLR final : public LRScheduler {
 public:
  StepLR(Optimizer& optimizer, const StepLROptions& options, Where at = Where::here());

 private:
  double next_lr(std::size_t group, double lr) const override;
  StepLROptions options_;
};

struct MultiStepLROptions {
  std::vector<std::int64_t> milestones;  ///< one listed twice counts twice
  double gamma = 0.1;
};
/// Times gamma at each milestone.
class MultiStepLR final : public LRScheduler {
 public:
  MultiStepLR(Optimizer& optimizer, const MultiStepLROptions& options, Where at = Where::here());

 private:
  double next_lr(std::size_t group, double lr) const override;
  MultiStepLROptions options_;
};

struct ExponentialLROptions {
  double gamma;
};
/// Times gamma every epoch.
class ExponentialLR final : public LRScheduler {
 public:
  ExponentialLR(Optimizer& optimizer, const ExponentialLROptions& options,
                Where at = Where::here());

 private:
  double next_lr(std::size_t group, double lr) const override;
  ExponentialLROptions options_;
};

struct CosineAnnealingLROptions {
  std::int64_t T_max;  ///< epochs of the way down
  double eta_min = 0;
};
/// eta_min + (initial - eta_min) (1 + cos(pi epoch / T_max)) / 2 (Loshchilov & Hutter 2017, without
/// restarts: past T_max the rate rises again, with period 2 T_max).
class CosineAnnealingLR final : public LRScheduler {
 public:
  CosineAnnealingLR(Optimizer& optimizer, const CosineAnnealingLROptions& options,
                    Where at = Where::here());

 private:
  double next_lr(std::size_t group, double lr) const override;
  CosineAnnealingLROptions options_;
};

struct LinearLROptions {
  double start_factor = 1.0 / 3;  ///< in (0, 1]
  double end_factor = 1;          ///< in [0, 1]
  std::int64_t total_iters = 5;
};
/// The initial rate times a factor that goes linearly from start_factor to end_factor over
/// total_iters epochs, and then stays.
class LinearLR final : public LRScheduler {
 public:
  explicit LinearLR(Optimizer& optimizer, const LinearLROptions& options = {},
                    Where at = Where::here());

 private:
  double next_lr(std::size_t group, double lr) const override;
  LinearLROptions options_;
};
/// LinearLR by what it is mostly used for.
using LinearWarmup = LinearLR;

}  // namespace gradus::optim
