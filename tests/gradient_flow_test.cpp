// What theory says of deep networks at initialisation, found in real ones. Mean-field recursion:
// Poole et al. 2016 (arXiv:1606.05340), Schoenholz et al. 2017 (arXiv:1611.01232).
#include <algorithm>
#include <cmath>
#include <functional>

#include "gradus/autograd/backward.h"
#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"
#include "gradus/data/synthetic.h"
#include "gradus/nn/init.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"

using namespace gradus;
namespace init = gradus::nn::init;

namespace {

using Activation = std::function<Tensor(const Tensor&)>;

double mean_square(const Tensor& x) { return mean(square(x.detach())).item<double>(); }

// E[f(sqrt(q) z)] for standard normal z, by the trapezoidal rule, which converges exponentially
// here.
double gaussian_mean(double q, const std::function<Tensor(const Tensor&)>& f) {
  Tensor z = linspace(-8, 8, 801, float64);
  Tensor density = exp(square(z) * -0.5) * (16.0 / 800 / std::sqrt(2 * M_PI));
  return sum(f(z * std::sqrt(q)) * density).item<double>();
}

struct Network {
  Activation activation;
  std::function<void(const Tensor&)> initialize;
  double weight_variance;  // sigma_w^2 = fan_in Var W
  int depth;
};

struct Ratios {
  double measured;
  double predicted;
};

// RMS dL/dz of the first hidden layer over that of the last, and the mean-field prediction from the
// first layer's measured mean square.
Ratios first_to_last(const Network& network, std::uint64_t seed) {
  constexpr std::int64_t width = 50;
  manual_seed(seed);
  data::Dataset circles = data::circles(200);
  std::vector<Tensor> z;
  Tensor h = circles.inputs;
  for (int layer = 0; layer < network.depth; ++layer) {
    Tensor weight = empty({width, h.size(1)});
    network.initialize(weight);
    z.push_back(linear(h, weight.requires_grad_()));
    z.back().retain_grad();
    h = network.activation(z.back());
  }
  Tensor head = empty({2, width});
  network.initialize(head);
  cross_entropy(linear(h, head), circles.targets).backward();

  double q = mean_square(z.front());
  double chi_product = 1;
  for (int layer = 0; layer + 1 < network.depth; ++layer) {
    auto slope_square = [&](const Tensor& x) {
      Tensor leaf = x.clone().requires_grad_();
      return square(grad(network.activation(leaf).sum(), leaf));
    };
    auto square_of = [&](const Tensor& x) { return square(network.activation(x)); };
    chi_product *= network.weight_variance * gaussian_mean(q, slope_square);
    q = network.weight_variance * gaussian_mean(q, square_of);
  }
  return {std::sqrt(mean_square(z.front().grad()) / mean_square(z.back().grad())),
          std::sqrt(chi_product)};
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return (values[values.size() / 2] + values[(values.size() - 1) / 2]) / 2;
}

void check_mean_field(const Network& network) {
  std::vector<double> measured, predicted;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Ratios ratios = first_to_last(network, seed);
    measured.push_back(ratios.measured);
    predicted.push_back(ratios.predicted);
  }
  INFO("measured " << median(measured) << ", predicted " << median(predicted));
  double factor = median(measured) / median(predicted);
  CHECK(factor > 0.5);
  CHECK(factor < 2);
}

Tensor apply_tanh(const Tensor& x) { return tanh(x); }
Tensor apply_relu(const Tensor& x) { return relu(x); }
Tensor apply_selu(const Tensor& x) { return selu(x); }
void glorot(const Tensor& w) { init::glorot_normal_(w); }
void he(const Tensor& w) { init::he_normal_(w); }
void lecun(const Tensor& w) { init::lecun_normal_(w); }
void pytorch_default(const Tensor& w) {
  double bound = 1 / std::sqrt(static_cast<double>(w.size(1)));
  init::uniform_(w, -bound, bound);
}

}  // namespace

TEST_CASE("gradient ratios at width 50 are within a factor 2 of mean-field theory",
          "[flow][large]") {
  SECTION("tanh, U(+-1/sqrt n): vanishes") {
    check_mean_field({apply_tanh, pytorch_default, 1.0 / 3, 30});
  }
  SECTION("tanh, Glorot") { check_mean_field({apply_tanh, glorot, 1, 30}); }
  SECTION("ReLU, Glorot: vanishes") { check_mean_field({apply_relu, glorot, 1, 30}); }
  SECTION("ReLU, He: holds") { check_mean_field({apply_relu, he, 2, 30}); }
  SECTION("SELU, LeCun: grows by design") { check_mean_field({apply_selu, lecun, 1, 10}); }
}

TEST_CASE("watching weight gradients would have missed it", "[flow][large]") {
  // Glorot & Bengio 2010, eq. 14: 30 x 50 ReLU with Glorot loses four orders of magnitude in dL/dz.
  std::vector<double> ratios;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    ratios.push_back(first_to_last({apply_relu, glorot, 1, 30}, seed).measured);
  }
  CHECK(median(ratios) < 1e-4);
}

TEST_CASE("a linear chain multiplies by its weight, W^n exactly", "[flow]") {
  for (double factor : {2.0, 0.1}) {
    Tensor x = ones({1, 3}, float64).requires_grad_();
    Tensor w = eye(3, float64) * factor;
    Tensor h = x;
    double expected = 1;
    for (int i = 0; i < 5; ++i) {
      h = matmul(h, w);
      expected *= factor;
    }
    h.sum().backward();
    CHECK(h.to_vector<double>() == std::vector<double>(3, expected));
    CHECK(x.grad().to_vector<double>() == std::vector<double>(3, expected));
  }
}

TEST_CASE("Var[o] = n Var[x] Var[w]", "[flow]") {
  manual_seed(4);
  constexpr std::int64_t n = 200, outputs = 500, samples = 500;
  Tensor x = normal(0, 1.5, {samples, n});
  Tensor w = normal(0, 0.2, {outputs, n});
  double measured = var(linear(x, w)).item<double>();
  double expected = n * var(x).item<double>() * var(w).item<double>();
  // o has 250,000 entries, of which those of one sample share x and those of one unit share w: the
  // relative standard error is about sqrt(2 / samples + 2 / outputs) / sqrt(n / 2) + ... < 1 %.
  CHECK(measured == Approx(expected).epsilon(0.03));
}

TEST_CASE("equal units stay equal, random ones part", "[flow]") {
  auto distinct_rows_after_training = [](const Tensor& hidden, const Tensor& head) {
    Generator generator(7);
    data::Dataset circles = data::circles(100, {}, &generator);
    for (int step = 0; step < 20; ++step) {
      cross_entropy(linear(tanh(linear(circles.inputs, hidden)), head), circles.targets).backward();
      NoGrad no_grad;
      for (const Tensor& w : {hidden, head}) {
        w.add_(w.grad(), -0.5);
        w.set_grad({});
      }
    }
    int distinct = 1;
    for (std::int64_t i = 1; i < hidden.size(0); ++i) {
      if (!allclose(hidden[i], hidden[0], 1e-6, 1e-6)) ++distinct;
    }
    return distinct;
  };
  CHECK(distinct_rows_after_training(full({8, 2}, 0.5).requires_grad_(),
                                     full({2, 8}, 0.5).requires_grad_()) == 1);
  manual_seed(1);
  Tensor hidden = empty({8, 2});
  Tensor head = empty({2, 8});
  init::glorot_uniform_(hidden);
  init::glorot_uniform_(head);
  CHECK(distinct_rows_after_training(hidden.requires_grad_(), head.requires_grad_()) == 8);
}

// Klambauer et al. 2017 (arXiv:1706.02515), theorem 1: mean 0 and variance 1 attract.
TEST_CASE("SELU's fixed point attracts", "[flow][large]") {
  manual_seed(5);
  for (double scale : {0.8, 1.2}) {
    Tensor h = normal(0.1, scale, {256, 1000});
    for (int layer = 0; layer < 30; ++layer) {
      Tensor w = empty({1000, 1000});
      init::lecun_normal_(w);
      h = selu(linear(h, w));
    }
    CHECK(mean(h).item<double>() == Approx(0).margin(0.1));
    CHECK(var(h).item<double>() == Approx(1).margin(0.15));
  }
}
