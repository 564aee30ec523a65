#include "gradus/optim/schedule.h"

#include "gradus/optim/adam.h"
#include "gradus/optim/one_cycle.h"
#include "gradus/optim/plateau.h"
#include "gradus/optim/rmsprop.h"
#include "gradus/optim/sgd.h"
#include "tests/optim_golden.h"

using namespace gradus;
using namespace gradus::optim;

// Golden values: torch 1.13.1, optimizer.param_groups[0]['lr'] of SGD(lr=.1) after each step().

namespace {

std::vector<Tensor> params() { return {zeros(1)}; }

std::vector<double> rates(Optimizer& optimizer, std::vector<LRScheduler*> schedules, int steps) {
  std::vector<double> values{optimizer.option(0, "lr")};
  for (int i = 0; i < steps; ++i) {
    for (LRScheduler* schedule : schedules) schedule->step();
    values.push_back(optimizer.option(0, "lr"));
  }
  return values;
}

template <class Schedule, class Options>
std::vector<double> rates(const Options& options, int steps = 8) {
  SGD sgd(params(), {.lr = 0.1});
  Schedule schedule(sgd, options);
  std::vector<double> values = rates(sgd, {&schedule}, steps);
  CHECK(schedule.last_epoch() == steps);
  CHECK(schedule.get_last_lr() == std::vector<double>{values.back()});
  return values;
}

std::vector<double> on_plateau(const ReduceLROnPlateauOptions& options) {
  SGD sgd(params(), {.lr = 0.1});
  ReduceLROnPlateau schedule(sgd, options);
  std::vector<double> values;
  for (double metric : {1., .9, .9, .89995, .95, .9, .5, .6, .7, .8, .9, 1.}) {
    schedule.step(metric);
    values.push_back(sgd.options().lr);
  }
  return values;
}

}  // namespace

TEST_CASE("StepLR, MultiStepLR, ExponentialLR: as in PyTorch", "[optim]") {
  check_close(rates<StepLR>(StepLROptions{.step_size = 3}),
              {0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001, 0.001, 0.001});
  check_close(rates<StepLR>(StepLROptions{.step_size = 2, .gamma = 0.5}),
              {0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.0125, 0.0125, 0.00625});
  // MultiStepLR(o, [2, 5, 5], gamma=.5)
  check_close(rates<MultiStepLR>(MultiStepLROptions{.milestones = {2, 5, 5}, .gamma = 0.5}),
              {0.1, 0.1, 0.05, 0.05, 0.05, 0.0125, 0.0125, 0.0125, 0.0125});
  check_close(rates<ExponentialLR>(ExponentialLROptions{.gamma = 0.9}),
              {0.1, 0.09, 0.081, 0.0729, 0.06561, 0.059049, 0.0531441, 0.04782969, 0.043046721});
}

TEST_CASE("CosineAnnealingLR: as in PyTorch, also past T_max", "[optim]") {
  check_close(rates<CosineAnnealingLR>(CosineAnnealingLROptions{.T_max = 4, .eta_min = 0.01}, 10),
              {0.1, 0.0868198051533946, 0.055, 0.0231801948466054, 0.01, 0.0231801948466054, 0.055,
               0.0868198051533947, 0.1, 0.0868198051533947, 0.055});
}

TEST_CASE("LinearLR: as in PyTorch", "[optim]") {
  check_close(
      rates<LinearLR>(LinearLROptions{.start_factor = 0.25, .end_factor = 0.75, .total_iters = 4}),
      {0.025, 0.0375, 0.05, 0.0625, 0.075, 0.075, 0.075, 0.075, 0.075});
  check_close(rates<LinearWarmup>(LinearLROptions{}),
              {0.0333333333333333, 0.0466666666666667, 0.06, 0.0733333333333333, 0.0866666666666667,
               0.1, 0.1, 0.1, 0.1});
}

TEST_CASE("schedules: a warm-up and a decay on one optimiser, as in PyTorch", "[optim]") {
  // [LinearLR(o, start_factor=.1, total_iters=3), CosineAnnealingLR(o, 8)]
  SGD sgd(params(), {.lr = 0.1});
  LinearLR warmup(sgd, {.start_factor = 0.1, .total_iters = 3});
  CosineAnnealingLR cosine(sgd, {.T_max = 8});
  check_close(
      rates(sgd, {&warmup, &cosine}, 10),
      {0.01, 0.0384775906502257, 0.0597487373415292, 0.0691341716182545, 0.05, 0.0308658283817455,
       0.0146446609406726, 0.00380602337443566, 0, 0.00380602337443566, 0.0146446609406726});
}

TEST_CASE("schedules: every group keeps its own rate", "[optim]") {
  SGD sgd({{params(), {.lr = 0.1}}, {params(), {.lr = 1}}});
  ExponentialLR schedule(sgd, {.gamma = 0.5});
  schedule.step();
  CHECK(schedule.get_last_lr() == std::vector<double>{0.05, 0.5});
}

TEST_CASE("OneCycleLR: rates and momenta as in PyTorch", "[optim]") {
  auto run = [](Optimizer& optimizer, OneCycleLR& schedule, const char* momentum,
                const std::vector<double>& lrs, const std::vector<double>& momenta) {
    std::vector<double> got_lrs, got_momenta;
    for (std::size_t i = 0; i < lrs.size(); ++i) {
      got_lrs.push_back(optimizer.option(0, "lr"));
      got_momenta.push_back(optimizer.option(0, momentum));
      schedule.step();
    }
    check_close(got_lrs, lrs);
    check_close(got_momenta, momenta);
  };
  // OneCycleLR(o, max_lr=1., total_steps=10) of SGD(momentum=.9)
  SGD sgd(params(), {.lr = 0.1, .momentum = 0.9});
  OneCycleLR cosine(sgd, {.max_lr = 1, .total_steps = 10});
  run(sgd, cosine, "momentum",
      {0.04, 0.52, 1, 0.950484632013474, 0.811745653949763, 0.611262021936289, 0.388741978063711,
       0.188258346050237, 0.0495193679865263, 4e-06},
      {0.95, 0.9, 0.85, 0.854951556604879, 0.868825509907063, 0.888873953302184, 0.911126046697816,
       0.931174490092937, 0.945048443395121, 0.95});
  // The step after the last batch of a loop holds the end; one more is an error.
  CHECK(sgd.options().lr == Approx(4e-6));
  REQUIRE_THROWS_WITH(cosine.step(), Contains("[LRScheduler.step] the cycle of 10 steps is over"));

  // OneCycleLR(o, 1., 10, three_phase=True, anneal_strategy='linear', pct_start=.4, div_factor=10,
  //            final_div_factor=100) of Adam
  Adam adam(params());
  OneCycleLR linear(adam, {.max_lr = 1,
                           .total_steps = 10,
                           .pct_start = 0.4,
                           .anneal_strategy = OneCycleLROptions::Anneal::Linear,
                           .div_factor = 10,
                           .final_div_factor = 100,
                           .three_phase = true});
  run(adam, linear, "beta1", {0.1, 0.4, 0.7, 1, 0.7, 0.4, 0.1, 0.067, 0.034, 0.001},
      {0.95, 0.916666666666667, 0.883333333333333, 0.85, 0.883333333333333, 0.916666666666667, 0.95,
       0.95, 0.95, 0.95});
}

TEST_CASE("OneCycleLR: the shortest cycles stay finite", "[optim]") {
  for (std::int64_t steps : {1, 2, 3}) {
    for (double pct : {0.0, 0.5, 1.0}) {
      SGD sgd(params(), {.lr = 0.1});
      OneCycleLR schedule(sgd, {.max_lr = 1, .total_steps = steps, .pct_start = pct});
      for (std::int64_t i = 0; i < steps; ++i) {
        CHECK((sgd.options().lr >= 0 && sgd.options().lr <= 1));
        schedule.step();
      }
    }
  }
}

TEST_CASE("ReduceLROnPlateau: as in PyTorch", "[optim]") {
  using Mode = ReduceLROnPlateauOptions::Mode;
  using Threshold = ReduceLROnPlateauOptions::Threshold;
  check_close(on_plateau({.factor = 0.5, .patience = 1}),
              {0.1, 0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.025, 0.0125, 0.0125, 0.00625, 0.00625});
  check_close(on_plateau({.factor = 0.5,
                          .patience = 0,
                          .threshold = 0.3,
                          .threshold_mode = Threshold::Abs,
                          .cooldown = 2,
                          .min_lr = 0.02}),
              {0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.02, 0.02, 0.02, 0.02, 0.02});
  check_close(on_plateau({.mode = Mode::Max, .patience = 2}),
              {0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001, 0.001, 0.001, 0.0001, 0.0001, 0.0001});
  check_close(
      on_plateau(
          {.mode = Mode::Max, .patience = 1, .threshold = 0.05, .threshold_mode = Threshold::Abs}),
      {0.1, 0.1, 0.01, 0.01, 0.001, 0.001, 0.0001, 0.0001, 1e-05, 1e-05, 1e-06, 1e-06});
}

TEST_CASE("ReduceLROnPlateau: a NaN is a bad epoch, never the best", "[optim]") {
  SGD sgd(params(), {.lr = 0.1});
  ReduceLROnPlateau schedule(sgd, {.patience = 1});
  schedule.step(std::nan(""));
  CHECK_FALSE(schedule.best());
  CHECK(schedule.num_bad_epochs() == 1);
  schedule.step(std::nan(""));
  CHECK(sgd.options().lr == Approx(0.01));
}

TEST_CASE("schedules: wrong options are refused", "[optim]") {
  SGD sgd(params(), {.lr = 0.1});
  REQUIRE_THROWS_WITH(StepLR(sgd, {.step_size = 0}), Contains("[StepLR] step_size"));
  REQUIRE_THROWS_WITH(MultiStepLR(sgd, {.milestones = {0}}), Contains("[MultiStepLR] milestones"));
  REQUIRE_THROWS_WITH(ExponentialLR(sgd, {.gamma = -1}), Contains("[ExponentialLR] gamma"));
  REQUIRE_THROWS_WITH(CosineAnnealingLR(sgd, {.T_max = 0}), Contains("[CosineAnnealingLR] T_max"));
  REQUIRE_THROWS_WITH(LinearLR(sgd, {.start_factor = 0}), Contains("[LinearLR] start_factor 0"));
  REQUIRE_THROWS_WITH(LinearLR(sgd, {.end_factor = 2}), Contains("end_factor 2"));
  REQUIRE_THROWS_WITH(LinearLR(sgd, {.total_iters = 0}), Contains("total_iters"));
  REQUIRE_THROWS_WITH(OneCycleLR(sgd, {.max_lr = 1, .total_steps = 0}), Contains("total_steps"));
  REQUIRE_THROWS_WITH(OneCycleLR(sgd, {.max_lr = 1, .total_steps = 9, .pct_start = 2}),
                      Contains("[OneCycleLR] pct_start 2"));
  REQUIRE_THROWS_WITH(OneCycleLR(sgd, {.max_lr = 1, .total_steps = 9, .div_factor = 0}),
                      Contains("div_factor"));
  REQUIRE_THROWS_WITH(ReduceLROnPlateau(sgd, {.factor = 1}), Contains("factor 1 is not in [0, 1)"));
  REQUIRE_THROWS_WITH(ReduceLROnPlateau(sgd, {.patience = -1}), Contains("patience"));
}
