#include "gradus/observe/finite_guard.h"

#include <cmath>
#include <limits>

#include "gradus/autograd/backward.h"
#include "gradus/autograd/checkpoint.h"
#include "gradus/autograd/operators.h"
#include "gradus/autograd/ops.h"
#include "gradus/nn/activations.h"
#include "gradus/nn/linear.h"
#include "gradus/nn/sequential.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/finite.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"

using namespace gradus;
using observe::Breach;
using observe::FiniteGuard;
using observe::FirstCause;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// h = Linear(x), then log of it: not finite where h <= 0.
struct LogNet : nn::Module {
  nn::Linear hidden = child("hidden", nn::Linear(2, 2));
  nn::Linear head = child("head", nn::Linear(2, 1));
  int line = 0;
  Tensor forward(const Tensor& x) override {
    Tensor h = hidden(x);
    line = __LINE__ + 1;
    Tensor y = log(h);
    return head(tanh(y));
  }
};

LogNet log_net() {
  LogNet net;
  NoGrad no_grad;
  net.hidden.weight.copy_(eye(2));
  net.hidden.bias.fill_(0);
  return net;
}

nn::Sequential small_net() {
  manual_seed(1);
  return nn::Sequential{nn::Linear(3, 4), nn::Tanh(), nn::Linear(4, 1)};
}

}  // namespace

TEST_CASE("all_finite and has_nan of every size and layout", "[finite]") {
  for (std::int64_t n : {0, 1, 3, 15, 16, 17, 63, 64, 65, 257, 300000}) {
    for (DType dtype : {float32, float64}) {
      Tensor x = zeros({n}, dtype);
      CHECK(kernel::all_finite(x));
      CHECK_FALSE(kernel::has_nan(x));
      for (std::int64_t at : {std::int64_t{0}, n / 2, n - 1}) {
        if (n == 0) continue;
        for (double value : {not_a_number, inf, -inf, 1e30}) {
          Tensor y = clone(x);
          y.narrow(0, at, 1).fill_(value);
          INFO("n " << n << ", element " << at << " is " << value);
          CHECK(kernel::all_finite(y) == std::isfinite(value));
          CHECK(kernel::has_nan(y) == std::isnan(value));
        }
      }
    }
  }
  Tensor x = zeros({40, 30});
  x.narrow(0, 7, 1).narrow(1, 3, 1).fill_(not_a_number);
  CHECK_FALSE(kernel::all_finite(x.t()));
  CHECK_FALSE(kernel::all_finite(slice(x, 1, {0, 30, 3})));
  CHECK(kernel::all_finite(slice(x, 1, {1, 30, 3})));
  CHECK(kernel::has_nan(x.narrow(1, 3, 1).expand({40, 600})));
  CHECK(kernel::all_finite(x.narrow(1, 4, 1).expand({40, 600})));
  CHECK(kernel::all_finite(tensor({1, 2})));
  CHECK_FALSE(kernel::has_nan(Tensor()));
}

TEST_CASE("the op that makes the first infinity, forward", "[finite_guard]") {
  LogNet net = log_net();
  FiniteGuard guard(net);
  Tensor fine = tensor({1.0F, 2.0F}).reshape({1, 2});
  CHECK_FALSE(guard.check(net(fine).sum()));

  Tensor x = tensor({0.0F, 2.0F, 4.0F, 3.0F}).reshape({2, 2});
  Tensor h = net(x);
  Tensor loss = (h / (h - h)).sum();  // its own NaN: 0 / 0 comes later than log(0)
  auto cause = guard.check(loss);
  REQUIRE(cause);
  CHECK(cause->breach == Breach::MadeNonFinite);
  CHECK(cause->op == "div");  // tanh(-inf) is finite, so that log's infinity never got there
}

TEST_CASE("a consequence is not blamed", "[finite_guard]") {
  LogNet net = log_net();
  FiniteGuard guard(net);
  Tensor x = tensor({-1.0F, 2.0F, 4.0F, 0.0F}).reshape({2, 2});
  Tensor loss = exp(net(x)).mean();
  loss.backward();
  auto cause = guard.check(loss);
  REQUIRE(cause);
  CHECK(cause->breach == Breach::MadeNonFinite);
  CHECK(cause->op == "log");
  CHECK(cause->layer == net.path());
  CHECK(std::string(cause->at.file_name()) == "finite_guard_test.cpp");
  CHECK(cause->at.line == net.line);
  CHECK_FALSE(cause->backward);
  CHECK(cause->step == 0);
  REQUIRE(cause->operands.size() == 1);
  CHECK(cause->operands[0].min == -1);
  CHECK(cause->operands[0].max == 4);
  CHECK(cause->operands[0].finite());
  CHECK(cause->result.nan == 1);
  CHECK(cause->result.infinite == 1);
  CHECK(cause->result.nonfinite_share() == 0.5);
  CHECK(cause->message == "log made 1 NaN and 1 infinity out of finite numbers");
  CHECK(to_string(*cause) ==
        fmt::format("step 0: {}, at finite_guard_test.cpp:{}\n"
                    "    input 1  (2, 2)  -1 to 4\n"
                    "    result   (2, 2)  0.6931 to 1.386, 1 NaN and 1 infinity of 4",
                    cause->message, net.line));
  REQUIRE(guard.first());
  CHECK(guard.first()->op == "log");

  const observe::Finding finding = to_finding(*cause);
  CHECK(finding.symptom == observe::Symptom::NonFinite);
  CHECK(finding.severity == observe::Severity::Error);
  CHECK(finding.at.line == net.line);
  CHECK(finding.cause == cause->message + "; input 1: -1 to 4");
  CHECK_FALSE(finding.remedies.empty());
}

TEST_CASE("the gradient rule that makes the first infinity", "[finite_guard]") {
  nn::Sequential net{nn::Linear(2, 2)};
  {
    NoGrad no_grad;
    net.parameters()[0].fill_(0);
    net.parameters()[1].copy_(tensor({0.0F, 4.0F}));
  }
  FiniteGuard guard(net);
  Tensor h = net(ones({1, 2}));
  const int line = __LINE__ + 1;
  Tensor loss = sqrt(h).sum();
  CHECK_FALSE(guard.check(loss));  // before backward there is nothing wrong
  loss.backward();
  auto cause = guard.check(loss);
  REQUIRE(cause);
  CHECK(cause->backward);
  CHECK(cause->op == "sqrt");
  CHECK(cause->rule_op == "div");
  CHECK(cause->at.line == line);
  CHECK(cause->step == 1);
  REQUIRE(cause->operands.size() == 2);
  CHECK(cause->operands[0].name == "gradient");
  CHECK(cause->operands[1].min == 0);  // 2 sqrt(h), as the rule divides by
  CHECK(cause->result.infinite == 1);
  CHECK_THAT(to_string(*cause), Contains("in the gradient of sqrt, div made 1 infinity out of "
                                         "finite numbers, at finite_guard_test.cpp:"));
}

TEST_CASE("a where() hides an infinity forward, not backward", "[finite_guard]") {
  Tensor w = tensor({0.0, 2.0}).requires_grad_();
  nn::Sequential net = small_net();
  FiniteGuard guard(net);
  Tensor ok = where(w > 0, log(w), zeros({2}, float64));
  CHECK_FALSE(guard.check(ok.sum()));

  Tensor b = net.parameters()[1];
  Tensor loss = where(b > inf, log(b - b), ones_like(b)).sum() + net(ones({2, 3})).sum();
  loss.backward();
  auto cause = guard.check(loss);
  REQUIRE(cause);
  CHECK(cause->backward);
  CHECK(cause->op == "log");
  CHECK(cause->rule_op == "div");  // 0 / 0
}

TEST_CASE("what comes with the data or lies in a parameter is told as such", "[finite_guard]") {
  nn::Sequential net = small_net();
  FiniteGuard guard(net);
  SECTION("a NaN in the input") {
    Tensor x = ones({5, 3});
    x.narrow(0, 2, 1).fill_(not_a_number);
    auto cause = guard.check(net(x).sum());
    REQUIRE(cause);
    CHECK(cause->breach == Breach::TookNaN);
    CHECK(cause->op == "linear");
    CHECK(cause->layer == std::string("0"));
    CHECK(cause->message ==
          "input 1 of linear holds 3 NaN, which no recorded op made: they came with the data");
    CHECK(cause->operands[0].nan == 3);
    CHECK(cause->operands[0].nonfinite_share() == 0.2);
  }
  SECTION("an infinity in the target") {
    Tensor target = zeros({5, 1});
    target.narrow(0, 1, 1).fill_(inf);
    Tensor d = net(ones({5, 3})) - target;
    auto cause = guard.check((d * d).mean());
    REQUIRE(cause);
    CHECK(cause->breach == Breach::TookInfinity);
    CHECK(cause->op == "sub");
    CHECK_THAT(cause->message, StartsWith("sub was given an infinity"));
  }
  SECTION("infinities in the input, of which a product makes NaN") {
    Tensor x = zeros({5, 3});
    x.narrow(0, 2, 1).fill_(inf);
    auto cause = guard.check(net(x).sum());
    REQUIRE(cause);
    CHECK(cause->op == "linear");
    CHECK(cause->operands[0].infinite == 3);
    CHECK_THAT(fmt::format("{}", to_finding(*cause)), Contains("look at the data"));
  }
  SECTION("a parameter") {
    NoGrad no_grad;
    const double value = GENERATE(not_a_number, inf);
    net.parameters()[2].narrow(1, 0, 2).fill_(value);
    EnableGrad enable;
    auto cause = guard.check(net(ones({5, 3})).sum());
    REQUIRE(cause);
    CHECK(cause->layer == std::string("2"));
    CHECK_THAT(cause->message,
               StartsWith(std::isnan(value) ? "parameter '2.weight' holds 2 NaN"
                                            : "parameter '2.weight' holds 2 infinities"));
  }
  SECTION("a gradient that is passed in") {
    Tensor y = net(ones({5, 3}));
    y.backward(full({5, 1}, not_a_number));
    auto cause = guard.check(y.sum());
    REQUIRE(cause);
    CHECK(cause->breach == Breach::TookNaN);
    CHECK(cause->backward);
    CHECK(cause->op == "linear");
  }
  SECTION("made under NoGrad") {
    NoGrad no_grad;
    auto cause = guard.check(log(zeros({1})));
    REQUIRE(cause);
    CHECK(cause->breach == Breach::Unseen);
    CHECK_THAT(to_string(*cause), Contains("under NoGrad"));
  }
}

TEST_CASE("masks of -inf are no fault, a row of nothing else is", "[finite_guard]") {
  nn::Sequential net = small_net();
  FiniteGuard guard(net);
  Tensor scores = net(ones({4, 3})) + zeros({4, 4});
  auto loss_of = [&](const Tensor& mask) {
    return (softmax(masked_fill(scores, mask, -inf) * 0.5, 1) * scores).sum();
  };
  Tensor mask = tensor({false, true, true, true}).reshape({1, 4});
  Tensor loss = loss_of(mask);
  loss.backward();
  CHECK_FALSE(guard.check(loss));
  CHECK_FALSE(guard.first());

  auto cause = guard.check(loss_of(tensor({true, true, true, true}).reshape({1, 4})));
  REQUIRE(cause);
  CHECK(cause->breach == Breach::MadeNaN);
  CHECK(cause->op == "softmax");
  CHECK(cause->result.nan == 16);
  CHECK(cause->message == "softmax made 16 NaN out of infinities");

  Tensor added = full({4, 4}, -inf);
  cause = guard.check((softmax(scores + added, 1) * scores).sum());
  REQUIRE(cause);
  CHECK(cause->op == "softmax");
}

TEST_CASE("of several branches the one that leads to the loss is followed", "[finite_guard]") {
  nn::Sequential net = small_net();
  FiniteGuard guard(net);
  Tensor h = net(ones({4, 3}));
  Tensor metric = log(h - h);                       // infinite, and no part of the loss
  Tensor gate = 1.0 / (1.0 + exp(h * h + 1000.0));  // exp overflows, the gate is 0
  Tensor loss = (gate * h).sum();
  CHECK_FALSE(guard.check(loss));

  metric = log(h - h);
  gate = 1.0 / (1.0 + exp(h * h + 1000.0));
  const int line = __LINE__ + 1;
  Tensor bad = sqrt(gate - 1.0);
  auto cause = guard.check((gate + bad).sum());
  REQUIRE(cause);
  CHECK(cause->op == "sqrt");
  CHECK(cause->at.line == line);
}

TEST_CASE("gradients that meet: the one that was broken first is told", "[finite_guard]") {
  nn::Sequential net = small_net();
  FiniteGuard guard(net);
  Tensor h = net(ones({1, 3}));
  Tensor zero = h - h.detach();
  Tensor loss = sqrt(zero).sum() + tanh(zero).sum();  // tanh's rule runs first
  loss.backward();
  auto cause = guard.check(loss);
  REQUIRE(cause);
  CHECK(cause->op == "sqrt");

  net.zero_grad();
  h = net(ones({1, 3}));
  zero = h - h.detach();
  loss = tanh(zero).sum() + sqrt(zero).sum();
  loss.backward();
  cause = guard.check(loss);
  REQUIRE(cause);
  CHECK(cause->op == "sqrt");
}

TEST_CASE("a checkpoint is seen through in backward", "[finite_guard]") {
  nn::Sequential net = small_net();
  FiniteGuard guard(net);
  Tensor loss = checkpoint(
      [&](const std::vector<Tensor>& in) {
        Tensor h = net(in[0]);
        return sqrt(h - h.detach()).sum();
      },
      {ones({2, 3})});
  loss.backward();
  auto cause = guard.check(loss);
  REQUIRE(cause);
  CHECK(cause->op == "sqrt");
  CHECK(cause->backward);
}

TEST_CASE("guards nest, move and go; a check needs a loss", "[finite_guard]") {
  nn::Sequential net = small_net();
  auto outer = std::make_unique<FiniteGuard>(net);
  FiniteGuard inner(net);
  FiniteGuard moved(std::move(inner));
  Tensor loss = log(net(ones({2, 3})) * 0.0).sum();
  CHECK(outer->check(loss));
  outer.reset();  // not in the order in which they came
  auto cause = moved.check(loss);
  REQUIRE(cause);
  CHECK(cause->op == "log");
  CHECK_THROWS_WITH(moved.check(Tensor()),
                    Contains("[FiniteGuard] needs the loss") && Contains("finite_guard_test.cpp:"));
  CHECK_FALSE(moved.check(net(ones({2, 3})).sum()));
  CHECK(moved.first()->op == "log");
}
