#include "gradus/observe/predict.h"

#include <algorithm>
#include <cmath>

#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/data/synthetic.h"
#include "gradus/nn/activations.h"
#include "gradus/nn/batch_norm.h"
#include "gradus/nn/dropout.h"
#include "gradus/nn/init_module.h"
#include "gradus/nn/layer_norm.h"
#include "gradus/nn/linear.h"
#include "gradus/nn/residual.h"
#include "gradus/observe/theory/response.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"
#include "tests/chain.h"

using namespace gradus;
using observe::Prediction;
using observe::Response;
namespace init = gradus::nn::init;

namespace {

nn::Sequential chain(std::int64_t depth, std::int64_t width, const nn::AnyModule& activation,
                     const init::Initializer& weight, std::int64_t in = 2, std::int64_t out = 1) {
  nn::Sequential net = tests::chain(in, depth, width, out, activation);
  if (weight) init::apply(net, weight);
  return net;
}

struct Ratios {
  double measured, expected;
};
Ratios first_over_last(const Prediction& p) {
  return {*p.layers.front().measured_grad_rms, *p.layers.front().grad_rms};
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return (values[values.size() / 2] + values[(values.size() - 1) / 2]) / 2;
}

}  // namespace

TEST_CASE("functions, modules and users' activations are predicted alike", "[predict]") {
  manual_seed(1);
  nn::Linear a(4, 30), b(30, 30), c(30, 2);
  struct Functional : nn::Module {
    nn::Linear a, b, c;
    std::function<Tensor(const Tensor&)> phi;
    Functional(nn::Linear x, nn::Linear y, nn::Linear z, std::function<Tensor(const Tensor&)> f)
        : a(child("a", x)), b(child("b", y)), c(child("c", z)), phi(std::move(f)) {}
    Tensor forward(const Tensor& x) override { return c(phi(b(phi(a(x))))); }
  };
  struct OwnSilu : nn::Module {
    Tensor forward(const Tensor& x) override { return x * sigmoid(x); }
  };
  const Tensor x = normal(0, 1, {8, 4});
  nn::Sequential with_modules{a, nn::SiLU(), b, nn::SiLU(), c};
  nn::Sequential with_own{a, OwnSilu(), b, OwnSilu(), c};
  Functional with_functions(a, b, c, [](const Tensor& h) { return silu(h); });
  // A user's own op, with a gradient rule of its own.
  Functional with_op(a, b, c, [](const Tensor& h) {
    NoGrad no_grad;
    Tensor s = sigmoid(h.detach()), y = silu(h.detach());
    EnableGrad enable;
    return Op("my_silu", {}).record(y, wrt(h, [s](const Tensor& g, const Tensor& out) {
                                      return g * (s + out * (1 - s));
                                    }));
  });
  const Prediction reference = observe::predict(with_modules, x);
  REQUIRE(reference.layers.size() == 3);
  REQUIRE(reference.layers[0].grad_rms);
  for (nn::Module* net : std::initializer_list<nn::Module*>{&with_own, &with_functions, &with_op}) {
    const Prediction p = observe::predict(*net, x);
    REQUIRE(p.layers.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(*p.layers[i].q == Approx(*reference.layers[i].q).epsilon(1e-4));
      CHECK(*p.layers[i].grad_rms == Approx(*reference.layers[i].grad_rms).epsilon(1e-4));
    }
  }
}

TEST_CASE("a prediction's figures are those of the recursion", "[predict]") {
  manual_seed(2);
  nn::Sequential net = chain(6, 40, nn::Tanh(), {}, 2, 3);  // unequal widths, biases
  const Prediction p = observe::predict(net, data::circles(60).inputs);
  REQUIRE(p.layers.size() == 7);
  CHECK(p.depth == 7);
  const Response phi([](const Tensor& x) { return tanh(x); });
  CHECK(p.layers[0].q_is_measured);
  CHECK(*p.layers[0].q == Approx(p.layers[0].measured_q));
  double q = *p.layers[0].q;
  for (std::size_t i = 1; i < 7; ++i) {
    const auto& linear = net.get<nn::Linear>(2 * static_cast<std::int64_t>(i));
    const double w = mean(square(linear.weight)).item<double>();
    const double b = mean(square(linear.bias)).item<double>();
    const auto m = phi.moments(q);
    const double chi = static_cast<double>(linear.weight.size(0)) * w * m.slope_square;
    CHECK(*p.layers[i - 1].chi == Approx(chi).epsilon(1e-4));
    if (i < 6) CHECK(*p.layers[i - 1].depth_scale == Approx(-1 / std::log(chi)).epsilon(1e-3));
    q = 40 * w * m.square + b;
    CHECK(*p.layers[i].q == Approx(q).epsilon(1e-4));
    CHECK_FALSE(p.layers[i].q_is_measured);
  }
  CHECK(*p.layers[6].grad_rms == 1);
  CHECK(*p.layers[6].measured_grad_rms == 1);
}

// GRADIENT_FLOW's scratch program: first-to-last ratio of RMS dL/dz at width 50, 'circle' data.
// Its output layers' initialisers are not told; they make up a factor of 1.7 for tanh's default.
TEST_CASE("measured and expected ratios on the circles", "[predict][large]") {
  struct Case {
    std::string name;
    std::int64_t depth, width;
    nn::AnyModule activation;
    init::Initializer weight;
    double measured, expected, factor;
  };
  const std::vector<Case> cases = {
      {"ReLU Glorot", 30, 50, nn::ReLU(), [](const Tensor& w) { init::glorot_normal_(w); }, 4.5e-6,
       5.9e-6, 1.8},
      {"ReLU He", 30, 50, nn::ReLU(), [](const Tensor& w) { init::he_normal_(w); }, .11, .136, 1.8},
      {"tanh default", 30, 50, nn::Tanh(),
       [](const Tensor& w) {
         const double bound = 1 / std::sqrt(static_cast<double>(w.size(1)));
         init::uniform_(w, -bound, bound);
       },
       1.5e-8, 2.0e-8, 3},
      {"tanh Glorot", 30, 50, nn::Tanh(), [](const Tensor& w) { init::glorot_normal_(w); }, .096,
       .117, 1.8},
      {"SELU LeCun", 10, 50, nn::SELU(), [](const Tensor& w) { init::lecun_normal_(w); }, .27, .28,
       1.5},
      {"sigmoid He", 8, 5, nn::Sigmoid(), [](const Tensor& w) { init::he_uniform_(w); }, 2.5e-5,
       4.5e-5, 4},
  };
  for (const Case& c : cases) {
    std::vector<double> measured, expected;
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      manual_seed(seed);
      nn::Sequential net = chain(c.depth, c.width, c.activation, c.weight);
      const Ratios r = first_over_last(observe::predict(net, data::circles(200).inputs));
      measured.push_back(r.measured);
      expected.push_back(r.expected);
    }
    INFO(c.name << ": measured " << median(measured) << ", expected " << median(expected));
    CHECK(std::abs(std::log(median(measured) / c.measured)) < std::log(c.factor));
    CHECK(std::abs(std::log(median(expected) / c.expected)) < std::log(c.factor));
    CHECK(std::abs(std::log(median(measured) / median(expected))) < std::log(c.factor));
  }
}

TEST_CASE("the verdict names the layer where the signal is lost", "[predict]") {
  manual_seed(4);
  const Tensor x = data::circles(50).inputs;
  nn::Sequential lost = chain(20, 50, nn::ReLU(), [](const Tensor& w) { init::glorot_normal_(w); });
  const Prediction p = observe::predict(lost, x);
  REQUIRE(p.lost_at);
  // .707^k < e^-3 from k = 9 on, back from layer 20 of 21.
  CHECK(p.layers[*p.lost_at].number == Approx(11).margin(1));
  CHECK_THAT(p.verdict(), StartsWith("signal lost by layer 1"));
  CHECK_THAT(p.verdict(), Contains(" of 21 ("));

  nn::Sequential kept = chain(20, 50, nn::ReLU(), [](const Tensor& w) { init::he_normal_(w); });
  const Prediction healthy = observe::predict(kept, x);
  CHECK_FALSE(healthy.lost_at);
  CHECK(healthy.verdict() == "the signal reaches all 21 layers");

  nn::Sequential grown =
      chain(20, 50, nn::ReLU(), [](const Tensor& w) { init::normal_(w, 0, 0.4); });
  CHECK(observe::predict(grown, x).exploded_at);
}

TEST_CASE("residual streams: expected figures are near the measured ones", "[predict]") {
  manual_seed(5);
  const std::int64_t n = 100;
  const Tensor x = normal(0, 1, {64, 20});
  auto check = [&](nn::Sequential net) {
    const Prediction p = observe::predict(net, x);
    for (const auto& layer : p.layers) {
      INFO(layer.path << ": " << layer.not_covered);
      REQUIRE(layer.grad_rms);
      CHECK(*layer.q == Approx(layer.measured_q).epsilon(0.5));
      CHECK(*layer.grad_rms == Approx(*layer.measured_grad_rms).epsilon(0.35));
    }
    CHECK(p.end_not_covered.empty());
  };
  SECTION("a branch of two layers") {
    nn::Sequential net{nn::Linear(20, n)};
    for (int i = 0; i < 6; ++i) {
      net.push_back(nn::Residual{nn::Linear(n, n), nn::Tanh(), nn::Linear(n, n)});
    }
    net.push_back(nn::ReLU());  // a function of the stream
    net.push_back(nn::Linear(n, 10));
    check(net);
  }
  SECTION("a branch that ends in its activation") {
    nn::Sequential net{nn::Linear(20, n)};
    for (int i = 0; i < 6; ++i) net.push_back(nn::Residual{nn::Linear(n, n), nn::ReLU()});
    net.push_back(nn::Linear(n, 10));
    check(net);
  }
  SECTION("pre-activation with layer norm, and the first block on the input itself") {
    nn::Sequential net{nn::Residual{nn::Linear(20, 20)}, nn::Linear(20, n)};
    for (int i = 0; i < 3; ++i) {
      net.push_back(nn::Residual{nn::LayerNorm(n), nn::GELU(), nn::Linear(n, n)});
    }
    net.push_back(nn::Linear(n, 10));
    check(net);
  }
  SECTION("layer norm, RMS norm, dropout") {
    nn::Sequential net{nn::Linear(20, n), nn::LayerNorm(n), nn::SiLU(), nn::Dropout(0.3),
                       nn::Linear(n, n),  nn::RMSNorm(n),   nn::ReLU(), nn::Linear(n, 10)};
    check(net);
  }
  SECTION("batch norm") {
    nn::Sequential net{nn::Linear(20, n)};
    for (int i = 0; i < 5; ++i) {
      net.push_back(nn::BatchNorm1d(n));
      net.push_back(nn::ReLU());
      net.push_back(nn::Linear(n, n));
    }
    check(net);
  }
}

// Yang et al. 2019 (arXiv:1902.08129): pi / (pi - 1) a layer for ReLU behind batch norm.
TEST_CASE("batch norm with ReLU multiplies gradients by pi / (pi - 1) a layer",
          "[predict][large]") {
  manual_seed(6);
  const std::int64_t n = 600;
  nn::Sequential net{nn::Linear(300, n, {.bias = false})};
  for (int i = 0; i < 6; ++i) {
    net.push_back(nn::BatchNorm1d(n));
    net.push_back(nn::ReLU());
    net.push_back(nn::Linear(n, n, {.bias = false}));
  }
  const Prediction p = observe::predict(net, normal(0, 1, {512, 300}));
  auto rms = [&](std::size_t i) { return *p.layers[i].grad_rms; };
  // Rows: linear, norm, linear, norm, ...; the factor k / (k - 2) tends to 1 with the directions.
  for (std::size_t i = 4; i + 2 < p.layers.size(); i += 2) {
    const double chi = std::pow(rms(i) / rms(i + 2), 2);
    CHECK(chi == Approx(M_PI / (M_PI - 1)).epsilon(0.06));
  }
}

TEST_CASE("what theory does not cover is named, not guessed", "[predict]") {
  manual_seed(7);
  const Tensor x = normal(0, 1, {16, 8});
  auto reason = [&](nn::Sequential net, std::size_t row) {
    const Prediction p = observe::predict(net, x);
    REQUIRE(p.layers.size() > row);
    CHECK_FALSE(p.layers[0].grad_rms);  // nothing is told across the gap
    CHECK(p.layers[row].q_is_measured);
    return p.layers[row].not_covered;
  };
  CHECK_THAT(reason(nn::Sequential{nn::Linear(8, 8), nn::Softmax(), nn::Linear(8, 2)}, 1),
             Contains("softmax is not one function of each element"));
  CHECK_THAT(reason(nn::Sequential{nn::Linear(8, 8), nn::GLU(), nn::Linear(4, 2)}, 1),
             Contains("128 elements become 64 on the way to it"));
  CHECK_THAT(reason(nn::Sequential{nn::Linear(8, 8), nn::AlphaDropout(0.2), nn::Linear(8, 2)}, 1),
             Contains("alpha_dropout is not covered"));
  CHECK_THAT(reason(nn::Sequential{nn::Linear(8, 8), nn::ReLU(), nn::LayerNorm(8), nn::ReLU(),
                                   nn::Linear(8, 2)},
                    2),
             Contains("values that are not normal"));
  nn::Sequential constant{nn::Linear(8, 8), nn::ReLU(), nn::Linear(8, 8)};
  init::constant_(constant.get<nn::Linear>(2).weight, 0.1);
  CHECK_THAT(reason(constant, 1), Contains("its weights are not centred"));

  nn::Sequential post{nn::Linear(8, 8)};
  for (int i = 0; i < 2; ++i) {
    post.push_back(nn::Residual{{.activation = nn::ReLU()}, nn::Linear(8, 8)});
  }
  post.push_back(nn::Linear(8, 2));
  const Prediction p = observe::predict(post, x);
  CHECK_THAT(p.layers[3].not_covered, Contains("neither a sum of functions"));

  struct Unlike : nn::Module {  // another number of layers in each run
    nn::Linear a = child("a", nn::Linear(8, 8));
    int calls = 0;
    Tensor forward(const Tensor& h) override { return ++calls > 1 ? a(a(h)) : a(h); }
  } unlike;
  CHECK_THAT(observe::predict(unlike, x).end_not_covered,
             Contains("the network called 1 layers at first and 2 when run again"));
}

TEST_CASE("activations with parameters, shared layers and single samples", "[predict]") {
  manual_seed(8);
  nn::Sequential with_slopes{nn::Linear(8, 50), nn::PReLU(), nn::Linear(50, 50), nn::PReLU(),
                             nn::Linear(50, 2)};
  const Prediction p = observe::predict(with_slopes, normal(0, 1, {8}));
  REQUIRE(p.layers.size() == 5);
  CHECK(p.depth == 3);
  CHECK_FALSE(p.layers[1].q);
  CHECK_FALSE(p.layers[1].note.empty());
  REQUIRE(p.layers[0].grad_rms);
  // leaky(.25): sigma_w^2 (1 + a^2) / 2
  const auto& linear = with_slopes.get<nn::Linear>(2);
  const double w = mean(square(linear.weight)).item<double>();
  CHECK(*p.layers[0].chi == Approx(50 * w * (1 + 0.0625) / 2).epsilon(1e-3));

  struct Recurrent : nn::Module {
    nn::Linear step = child("step", nn::Linear(50, 50));
    Tensor forward(const Tensor& x) override { return step(tanh(step(tanh(step(x))))); }
  } recurrent;
  const Prediction r = observe::predict(recurrent, normal(0, 1, {20, 50}));
  REQUIRE(r.layers.size() == 3);
  CHECK(*r.layers[0].grad_rms == Approx(*r.layers[0].measured_grad_rms).epsilon(0.4));
}

TEST_CASE("a prediction prints as a table of 80 columns", "[predict]") {
  manual_seed(9);
  nn::Sequential net = chain(
      12, 50, nn::ReLU(), [](const Tensor& w) { init::glorot_normal_(w); }, 2, 2);
  net.push_back(nn::Softmax());
  const std::string text = fmt::format("{}", observe::predict(net, data::circles(50).inputs));
  CHECK_THAT(text, Contains("n VarW"));
  CHECK_THAT(text, Contains("0 Linear"));
  CHECK_THAT(text, Contains("* theory starts here"));
  CHECK_THAT(text, Contains("not covered: what follows the last layer: softmax"));
  CHECK_THAT(text, Contains("signal lost by layer"));
  std::size_t width = 0;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    width = std::max(width, end - start);
    start = end + 1;
  }
  CHECK(width <= 80);
}
