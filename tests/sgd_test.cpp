#include "gradus/optim/sgd.h"

#include "gradus/autograd/ops.h"
#include "gradus/tensor/parallel.h"
#include "tests/optim_golden.h"

using namespace gradus;
using optim::SGD;
using optim::SGDOptions;

namespace {

Tensor leaf(const NestedList& values, DType dtype = float32) {
  Tensor x = tensor(values, dtype);
  x.requires_grad_();
  return x;
}

}  // namespace

TEST_CASE("SGD: four steps as in PyTorch", "[optim]") {
  // torch 1.13.1, the problem of optim_golden.h, torch.optim.SGD([p], lr=.1, ...)
  auto check = check_golden<SGD, SGDOptions>;
  check({.lr = 0.1}, {0.7193825, -3.03871, 0.12288});
  check({.lr = 0.1, .weight_decay = 0.3}, {0.62407808, -2.72884045, 0.096241875});
  check({.lr = 0.1, .momentum = 0.9}, {0.4053275, -4.306, -0.30363});
  check({.lr = 0.1, .momentum = 0.9, .dampening = 0.4}, {0.55677802, -3.64309376, -0.15409752});
  check({.lr = 0.1, .momentum = 0.9, .nesterov = true},
        {0.23197892075, -5.513555371, -0.341950272});
  check({.lr = 0.1, .momentum = 0.8, .weight_decay = 0.05, .nesterov = true},
        {0.286480434183, -4.85669399796, -0.2605883936775});
  check({.lr = 0.1, .momentum = 0.8, .dampening = 0.25, .weight_decay = 0.05},
        {0.516936163486328, -3.61841958710938, -0.151566343676758});
}

TEST_CASE("SGD: twenty steps in float32 as in PyTorch", "[optim]") {
  // SGD(p, lr=.1, momentum=.9, nesterov=True, weight_decay=.01)
  GoldenProblem problem(float32);
  SGD sgd(problem.params(), {.lr = 0.1, .momentum = 0.9, .weight_decay = 0.01, .nesterov = true});
  problem.run(sgd, 20);
  check_close(problem.values(), {-3.93562865257263, -829.526794433594, -1.03971123695374}, 1e-6);
}

TEST_CASE("SGD: takes gradients of any strides, and leaves them as they are", "[optim]") {
  Tensor w = leaf({{1, 2}, {3, 4}});
  Tensor grad = tensor({{10, 20}, {30, 40}}, float32).t();
  w.set_grad(grad);
  SGD sgd({w}, {.lr = 0.1});
  sgd.step();
  CHECK(w.to_vector<double>() == std::vector<double>{0, -1, 1, 0});
  CHECK(w.grad().to_vector<double>() == std::vector<double>{10, 30, 20, 40});

  Tensor transposed = tensor({{1, 2}, {3, 4}}, float32).t();
  transposed.requires_grad_();
  transposed.set_grad(tensor(1.0, float32).expand({2, 2}));
  SGD({transposed}, {.lr = 1, .momentum = 0.5}).step();
  CHECK(transposed.to_vector<double>() == std::vector<double>{0, 2, 1, 3});
}

TEST_CASE("SGD: many tensors on several threads get what each would alone", "[optim]") {
  const int before = num_threads();
  set_num_threads(4);
  std::vector<Tensor> params;
  for (std::int64_t n : {0, 1, 70000, 3, 200001, 0, 65536, 5, 0}) {
    Tensor w = full(n, 1.0, float32);
    w.requires_grad_();
    w.set_grad(arange(n, float32));
    params.push_back(w);
  }
  SGD(params, {.lr = 0.5}).step();
  set_num_threads(before);
  for (const Tensor& w : params) {
    std::int64_t i = 0, wrong = 0;
    for (float v : w.span<float>()) wrong += v != 1 - 0.5F * static_cast<float>(i++);
    CHECK(wrong == 0);
  }
}

TEST_CASE("SGD: parameters without a gradient are skipped, zero_grad drops gradients", "[optim]") {
  Tensor a = leaf({1.0}), b = leaf({2.0});
  SGD sgd({a, b}, {.lr = 1, .weight_decay = 0.5});
  a.set_grad(tensor({0.0}));
  sgd.step();
  CHECK(a.at(0) == 0.5);
  CHECK(b.at(0) == 2);
  sgd.zero_grad();
  CHECK_FALSE(a.grad().defined());
  sgd.step();
  CHECK(a.at(0) == 0.5);
}

TEST_CASE("SGD: groups have options of their own", "[optim]") {
  Tensor a = leaf({1.0}), b = leaf({1.0}), c = leaf({1.0});
  SGD sgd({{{a}, {.lr = 0.1}}, {{b}, {.lr = 0.2}}});
  sgd.add_param_group({{c}, {.lr = 0.3}});
  REQUIRE(sgd.num_groups() == 3);
  sgd.options(1).lr = 0.25;
  sgd.option(2, "lr") = 0.5;
  for (const Tensor& p : {a, b, c}) p.set_grad(tensor({1.0}));
  sgd.step();
  CHECK(a.at(0) == Approx(0.9));
  CHECK(b.at(0) == Approx(0.75));
  CHECK(c.at(0) == Approx(0.5));
}

TEST_CASE("SGD: wrong options and parameters are refused", "[optim]") {
  Tensor w = leaf({1.0});
  REQUIRE_THROWS_WITH(SGD({w}, {.lr = -1}), Contains("[SGD] lr must not be negative, got -1") &&
                                                Contains("sgd_test.cpp"));
  REQUIRE_THROWS_WITH(SGD({w}, {.lr = NAN}), Contains("lr"));
  REQUIRE_THROWS_WITH(SGD({w}, {.momentum = -0.5}), Contains("momentum"));
  REQUIRE_THROWS_WITH(SGD({w}, {.weight_decay = -0.5}), Contains("weight_decay"));
  REQUIRE_THROWS_WITH(SGD({w}, {.nesterov = true}), Contains("nesterov needs momentum > 0"));
  REQUIRE_THROWS_WITH(SGD({w}, {.momentum = 0.9, .dampening = 0.1, .nesterov = true}),
                      Contains("dampening = 0"));
  REQUIRE_THROWS_WITH(SGD(std::vector<Tensor>{}), Contains("list of parameters is empty"));
  REQUIRE_THROWS_WITH(SGD(std::vector<SGD::Group>{}), Contains("at least one group"));
  REQUIRE_THROWS_WITH(SGD({w, Tensor()}), Contains("parameter 1 is undefined"));
  REQUIRE_THROWS_WITH(SGD({tensor({1, 2})}), Contains("parameter 0 of shape (2,) is int64"));
  REQUIRE_THROWS_WITH(SGD({w, w}), Contains("parameter 1 of shape (1,) is listed twice"));
  REQUIRE_THROWS_WITH(SGD({{{w}, {}}, {{w}, {}}}), Contains("listed twice"));
  REQUIRE_THROWS_WITH(SGD({w * 2.0}), Contains("is the result of a recorded op"));

  SGD sgd({w}, {.lr = 0.1});
  REQUIRE_THROWS_WITH(sgd.option(0, "beta1"), Contains("[SGD] no option 'beta1'"));
  REQUIRE_THROWS_WITH(sgd.option(3, "lr"),
                      Contains("[SGD] there is no group 3; the optimiser has 1"));
  sgd.options().lr = -2;
  REQUIRE_THROWS_WITH(sgd.step(), Contains("[SGD.step] lr must not be negative"));
}

TEST_CASE("SGD: a graph that needs the old values names the step", "[optim]") {
  Tensor w = leaf({2.0});
  Tensor loss = sum(w * w);
  w.set_grad(tensor({1.0}));
  SGD({w}, {.lr = 0.1}).step();
  REQUIRE_THROWS_WITH(loss.backward(), Contains("SGD.step at sgd_test.cpp:"));
}

TEST_CASE("SGD: state_dict resumes exactly", "[optim]") {
  const SGDOptions options{.lr = 0.1, .momentum = 0.9, .dampening = 0.4};
  GoldenProblem problem;
  SGD first(problem.params(), options);
  problem.run(first, 2);
  optim::StateDict state = first.state_dict();
  SGD second(problem.params(), {.lr = 7, .momentum = 0.1});
  second.load_state_dict(state);
  CHECK(second.options().lr == 0.1);
  problem.run(second, 2);
  check_close(problem.values(), {0.55677802, -3.64309376, -0.15409752});  // as without the break
  CHECK(state.at("state.0.step").item<std::int64_t>() == 2);  // a copy, not touched by later steps
}

TEST_CASE("SGD: a state that does not fit changes nothing and is listed", "[optim]") {
  GoldenProblem problem;
  SGD sgd(problem.params(), {.lr = 0.1, .momentum = 0.9});
  problem.run(sgd, 1);
  optim::StateDict state = sgd.state_dict();
  state.erase("group.0.dampening");
  state["group.0.lr"] = full({}, 5.0, float64);
  state["state.0.momentum_buffer"] = zeros({2, 2}, float64);
  state["state.9.step"] = full({}, 1, int64);
  std::string message;
  try {
    sgd.load_state_dict(state);
  } catch (const Error& error) {
    message = error.what();
  }
  CHECK_THAT(message, Contains("missing: group.0.dampening"));
  CHECK_THAT(message, Contains("misshapen: state.0.momentum_buffer should be float64 (3,), it is "
                               "float64 (2, 2)"));
  CHECK_THAT(message, Contains("unexpected: state.9.step"));
  CHECK(sgd.options().lr == 0.1);

  state = sgd.state_dict();
  state.erase("state.0.momentum_buffer");
  REQUIRE_THROWS_WITH(sgd.load_state_dict(state), Contains("missing: state.0.momentum_buffer"));
  state = sgd.state_dict();
  state["group.0.lr"] = full({}, -1.0, float64);
  REQUIRE_THROWS_WITH(sgd.load_state_dict(state), Contains("lr must not be negative"));
  CHECK(sgd.options().lr == 0.1);
  problem.run(sgd, 3);
  check_close(problem.values(), {0.4053275, -4.306, -0.30363});
}
