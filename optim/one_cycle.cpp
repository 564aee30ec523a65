#include "gradus/optim/one_cycle.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gradus::optim {

OneCycleLR::OneCycleLR(Optimizer& optimizer, const OneCycleLROptions& o, Where at)
    : LRScheduler(optimizer), options_(o) {
  ContextScope scope({.op = "OneCycleLR", .at = at});
  check(o.max_lr >= 0, "max_lr must not be negative, got {}", o.max_lr);
  check(o.total_steps >= 1, "total_steps must be at least 1, got {}", o.total_steps);
  check(0 <= o.pct_start && o.pct_start <= 1, "pct_start {} is not in [0, 1]", o.pct_start);
  check(o.div_factor > 0 && o.final_div_factor > 0,
        "div_factor and final_div_factor must be positive, got {} and {}", o.div_factor,
        o.final_div_factor);
  if (o.cycle_momentum) {
    for (const char* name : {"momentum", "beta1"}) {
      if (optimizer.has_option(name)) momentum_ = name;
    }
    check(momentum_ != nullptr,
          "the optimiser has no momentum to cycle; set cycle_momentum to false");
  }

  const double first = o.max_lr / o.div_factor;
  const double last = first / o.final_div_factor;
  const auto steps = static_cast<double>(o.total_steps);
  const double low = o.base_momentum, high = o.max_momentum;
  phases_.push_back({o.pct_start * steps - 1, {first, o.max_lr}, {high, low}});
  if (o.three_phase) {
    phases_.push_back({2 * o.pct_start * steps - 2, {o.max_lr, first}, {low, high}});
    phases_.push_back({steps - 1, {first, last}, {high, high}});
  } else {
    phases_.push_back({steps - 1, {o.max_lr, last}, {low, high}});
  }
  apply();
}

double OneCycleLR::next_lr(std::size_t group, double) const {
  check(last_epoch() <= options_.total_steps,
        "the cycle of {} steps is over; make a new schedule, or give it more total_steps",
        options_.total_steps);
  // The step after the last, which a loop takes for no further batch, holds the last values.
  const auto step = static_cast<double>(std::min(last_epoch(), options_.total_steps - 1));
  double start = 0;
  auto phase = phases_.begin();
  for (; phase + 1 != phases_.end() && step > phase->end; ++phase) start = phase->end;
  const double done = phase->end > start ? (step - start) / (phase->end - start) : 1;
  const double share = options_.anneal_strategy == OneCycleLROptions::Anneal::Linear
                           ? done
                           : (1 - std::cos(std::numbers::pi * done)) / 2;
  auto between = [&](const double(&ends)[2]) { return ends[0] + (ends[1] - ends[0]) * share; };
  if (momentum_ != nullptr) optimizer().option(group, momentum_) = between(phase->momentum);
  return between(phase->lr);
}

}  // namespace gradus::optim
