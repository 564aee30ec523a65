#pragma once

#include "gradus/optim/schedule.h"

namespace gradus::optim {

struct OneCycleLROptions {
  double max_lr;
  std::int64_t total_steps;  ///< of the optimiser, as a rule epochs times batches
  double pct_start = 0.3;    ///< share of the steps on which the rate rises
  enum class Anneal { Cos, Linear } anneal_strategy = Anneal::Cos;
  bool cycle_momentum = true;  ///< momentum, or beta1, falls while the rate rises, and back
  double base_momentum = 0.85;
  double max_momentum = 0.95;
  double div_factor = 25;         ///< the first rate is max_lr / div_factor
  double final_div_factor = 1e4;  ///< the last rate is the first one / final_div_factor
  bool three_phase = false;       ///< fall to the first rate as fast as it rose, then to the last
};

/// The 1cycle policy (Smith & Topin 2018), as torch.optim.lr_scheduler.OneCycleLR. Call step()
/// after every batch. Throws Error on options outside their ranges, on cycle_momentum where the
/// optimiser has neither momentum nor beta1, and when stepped more than total_steps times.
class OneCycleLR final : public LRScheduler {
 public:
  OneCycleLR(Optimizer& optimizer, const OneCycleLROptions& options, Where at = Where::here());

 private:
  struct Phase {
    double end;  // step at which it is complete
    double lr[2], momentum[2];
  };
  double next_lr(std::size_t group, double lr) const override;

  OneCycleLROptions options_;
  std::vector<Phase> phases_;
  const char* momentum_ = nullptr;  // name of the option that is cycled
};

}  // namespace gradus::optim
