#include "gradus/optim/adam.h"

#include "gradus/optim/rmsprop.h"
#include "tests/optim_golden.h"

using namespace gradus;
using optim::Adam;
using optim::AdamOptions;
using optim::AdamW;
using optim::AdamWOptions;
using optim::RMSprop;
using optim::RMSpropOptions;

// Golden values: torch 1.13.1, the problem of optim_golden.h, lr=.1.

TEST_CASE("Adam: four steps as in PyTorch", "[optim]") {
  auto check = check_golden<Adam, AdamOptions>;
  check({.lr = 0.1}, {0.598916850415439, -2.40113274372425, 0.103398068885436});
  // betas=(.8, .95), eps=1e-3, weight_decay=.2
  check({.lr = 0.1, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-3, .weight_decay = 0.2},
        {0.599312075396724, -2.40225850932099, 0.105869799258848});
  // betas=(.5, .6), amsgrad=True
  check({.lr = 0.1, .beta1 = 0.5, .beta2 = 0.6, .amsgrad = true},
        {0.598190411134953, -2.40196919421827, 0.106835859079008});
}

TEST_CASE("Adam: fifty steps in float32 as in PyTorch", "[optim]") {
  GoldenProblem problem(float32);
  Adam adam(problem.params(), {.lr = 0.1});
  problem.run(adam, 50);
  check_close(problem.values(), {-4.73114156723022, -7.82967376708984, -2.47810363769531}, 2e-6);
}

TEST_CASE("AdamW: four steps as in PyTorch", "[optim]") {
  auto check = check_golden<AdamW, AdamWOptions>;
  check({.lr = 0.1}, {0.59552693240533, -2.39254126694955, 0.102041945874439});
  check({.lr = 0.1, .beta1 = 0.8, .beta2 = 0.95, .weight_decay = 0.5},
        {0.442156681854745, -2.00139166041735, 0.0440050437200509});
  check({.lr = 0.1, .beta1 = 0.5, .beta2 = 0.6, .weight_decay = 0.5, .amsgrad = true},
        {0.44235535782358, -2.00117601110322, 0.0486032193592684});
}

TEST_CASE("RMSprop: four steps as in PyTorch", "[optim]") {
  auto check = check_golden<RMSprop, RMSpropOptions>;
  check({.lr = 0.1}, {-0.738716873823235, -5.23820360229753, -0.18184219597669});
  check({.lr = 0.1, .alpha = 0.9, .eps = 1e-2, .weight_decay = 0.2},
        {0.168266265873139, -2.96896082602929, -0.121363200859529});
  check({.lr = 0.1, .alpha = 0.9, .momentum = 0.9},
        {-1.03077386615742, -4.40934467077637, -0.706286501120417});
  check({.lr = 0.1, .alpha = 0.9, .centered = true},
        {0.0163670573411154, -3.10892931090357, -0.161102318974547});
  check({.lr = 0.1, .alpha = 0.8, .weight_decay = 0.1, .momentum = 0.5, .centered = true},
        {-0.241800923704243, -3.43003700392578, -0.308794297541201});
}

TEST_CASE("RMSprop: centered never takes the root of a negative number", "[optim]") {
  // With a constant gradient the variance is 0 but for rounding.
  Tensor w = tensor({0.3}, float32);
  w.requires_grad_();
  w.set_grad(tensor({0.3}, float32));
  RMSprop optimizer({w}, {.lr = 1e-9, .alpha = 0.5, .centered = true});
  for (int i = 0; i < 200; ++i) {
    optimizer.step();
    REQUIRE(std::isfinite(w.at(0)));
  }
}

TEST_CASE("Adam and RMSprop: state_dict resumes exactly", "[optim]") {
  auto resume = [](auto make, const std::vector<std::string>& buffers) {
    GoldenProblem whole, broken;
    auto reference = make(whole);
    whole.run(*reference, 5);
    auto first = make(broken);
    broken.run(*first, 2);
    auto second = make(broken);
    optim::StateDict state = first->state_dict();
    for (const std::string& name : buffers) CHECK(state.contains("state.0." + name));
    second->load_state_dict(state);
    broken.run(*second, 3);
    CHECK(broken.values() == whole.values());
  };
  resume(
      [](GoldenProblem& p) {
        return std::make_unique<Adam>(p.params(), AdamOptions{.lr = 0.1, .amsgrad = true});
      },
      {"step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"});
  resume(
      [](GoldenProblem& p) { return std::make_unique<AdamW>(p.params(), AdamWOptions{.lr = 0.1}); },
      {"step", "exp_avg", "exp_avg_sq"});
  resume(
      [](GoldenProblem& p) {
        return std::make_unique<RMSprop>(
            p.params(), RMSpropOptions{.lr = 0.1, .momentum = 0.5, .centered = true});
      },
      {"step", "square_avg", "momentum_buffer", "grad_avg"});
}

TEST_CASE("Adam and RMSprop: wrong options and states are refused", "[optim]") {
  GoldenProblem problem;
  auto params = problem.params();
  REQUIRE_THROWS_WITH(Adam(params, {.lr = -1}), Contains("[Adam] lr"));
  REQUIRE_THROWS_WITH(Adam(params, {.beta1 = 1}), Contains("beta1 1 is not in [0, 1)"));
  REQUIRE_THROWS_WITH(Adam(params, {.beta2 = -0.1}), Contains("beta2"));
  REQUIRE_THROWS_WITH(Adam(params, {.eps = -1}), Contains("eps"));
  REQUIRE_THROWS_WITH(AdamW(params, {.weight_decay = -1}), Contains("[AdamW] weight_decay"));
  REQUIRE_THROWS_WITH(RMSprop(params, {.alpha = 1.5}), Contains("[RMSprop] alpha 1.5"));
  REQUIRE_THROWS_WITH(RMSprop(params, {.momentum = -1}), Contains("momentum"));
  Adam adam(params);
  RMSprop rmsprop(params);
  REQUIRE_THROWS_WITH(adam.load_state_dict(rmsprop.state_dict()),
                      Contains("[Adam]") && Contains("missing: group.0.beta1") &&
                          Contains("unexpected: group.0.alpha"));
}
