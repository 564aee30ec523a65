#include <fmt/format.h>

#include "gradus/autograd/ops.h"
#include "gradus/nn/activations.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/generator.h"
#include "tests/catch.h"

using namespace gradus;

namespace {

const Tensor& sample() {
  static const Tensor x = linspace(-8, 8, 24).reshape({2, 3, 4});
  return x;
}

// The module's output, its name and options.
template <class M>
void check_module(M module, const Tensor& expected, const std::string& text) {
  INFO(text);
  CHECK(equal(module(sample()), expected));
  CHECK(fmt::format("{}", module) == text);
  CHECK(module.parameters().empty());
}

}  // namespace

TEST_CASE("activation modules without options", "[activation][module]") {
  const Tensor& x = sample();
  check_module(nn::Sigmoid(), sigmoid(x), "Sigmoid()");
  check_module(nn::LogSigmoid(), logsigmoid(x), "LogSigmoid()");
  check_module(nn::Hardsigmoid(), hardsigmoid(x), "Hardsigmoid()");
  check_module(nn::Tanh(), tanh(x), "Tanh()");
  check_module(nn::LeCunTanh(), lecun_tanh(x), "LeCunTanh()");
  check_module(nn::Softsign(), softsign(x), "Softsign()");
  check_module(nn::ReLU(), relu(x), "ReLU()");
  check_module(nn::ReLU6(), relu6(x), "ReLU6()");
  check_module(nn::SELU(), selu(x), "SELU()");
  check_module(nn::SiLU(), silu(x), "SiLU()");
  check_module(nn::Hardswish(), hardswish(x), "Hardswish()");
  check_module(nn::Mish(), mish(x), "Mish()");
}

TEST_CASE("activation modules pass their options on", "[activation][module]") {
  const Tensor& x = sample();
  check_module(nn::Hardtanh({.high = 2}), hardtanh(x, -1, 2), "Hardtanh(low=-1, high=2)");
  check_module(nn::Softplus({.beta = 2, .threshold = 4}), softplus(x, 2, 4),
               "Softplus(beta=2, threshold=4)");
  check_module(nn::LeakyReLU(), leaky_relu(x), "LeakyReLU(slope=0.01)");
  check_module(nn::LeakyReLU({.slope = 0.3}), leaky_relu(x, 0.3), "LeakyReLU(slope=0.3)");
  check_module(nn::ELU({.alpha = 0.5}), elu(x, 0.5), "ELU(alpha=0.5)");
  check_module(nn::CELU({.alpha = 2}), celu(x, 2), "CELU(alpha=2)");
  check_module(nn::GELU(), gelu(x), "GELU(form=exact)");
  check_module(nn::GELU({.form = Gelu::Tanh}), gelu(x, Gelu::Tanh), "GELU(form=tanh)");
  check_module(nn::GLU({.dim = 0}), glu(x, 0), "GLU(dim=0)");
  check_module(nn::Softmax(), softmax(x, -1), "Softmax(dim=-1)");
  check_module(nn::Softmax({.dim = 1}), softmax(x, 1), "Softmax(dim=1)");
  check_module(nn::LogSoftmax({.dim = 0}), log_softmax(x, 0), "LogSoftmax(dim=0)");
}

TEST_CASE("nn::PReLU learns its slopes", "[activation][module]") {
  nn::PReLU one;
  CHECK(fmt::format("{}", one) == "PReLU(channels=1)");
  REQUIRE(one.named_parameters().size() == 1);
  CHECK(one.named_parameters()[0].first == "weight");
  CHECK(equal(one.weight, tensor({0.25})));
  CHECK(equal(one(sample()), prelu(sample(), tensor({0.25}))));

  nn::PReLU three({.channels = 3, .init = 0.5});
  CHECK(equal(three.weight, full({3}, 0.5)));
  three(sample()).sum().backward();
  CHECK(three.weight.grad().shape() == Shape{3});
  REQUIRE_THROWS_WITH(three(ones({2, 4})), Contains("[prelu]") && Contains("4 channels"));
}

TEST_CASE("nn::RReLU draws in training only", "[activation][module]") {
  Generator generator(7);
  Generator same(7);
  nn::RReLU module({.generator = &generator});
  CHECK(fmt::format("{}", module) == "RReLU(lower=0.125, upper=0.3333)");
  CHECK(equal(module(sample()), rrelu(sample(), 1.0 / 8, 1.0 / 3, true, &same)));
  module.eval();
  CHECK(equal(module(sample()), rrelu(sample())));
}
