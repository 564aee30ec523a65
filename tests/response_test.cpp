#include "gradus/observe/theory/response.h"

#include <cmath>

#include "gradus/autograd/ops.h"
#include "tests/catch.h"

using namespace gradus;
using observe::Response;

namespace {

// One step of the recursion at second moment q.
struct Step {
  double next;
  double chi;
};
Step step(const Response& phi, double gain, double bias, double q) {
  const Response::Moments m = phi.moments(q);
  return {gain * m.square + bias, gain * m.slope_square};
}

struct Row {
  std::string name;
  std::function<Tensor(const Tensor&)> phi;
  double gain, fixed_point, chi, rms;  // fixed point below 0: not in the table
};

}  // namespace

// SELU at 2: by a midpoint rule of 40,000 points about the kink; a rule with a node on it gives 79
// to 80. Its gain falls to lambda^2 = 1.104 as q grows without bound.
// Fixed point, gain at the fixed point, RMS of dL/dz over 30 layers from q_1 = 1.
TEST_CASE("the table of fixed points and gains", "[predict]") {
  const auto row = GENERATE(values<Row>({
      {"tanh 1/3", [](const Tensor& x) { return tanh(x); }, 1.0 / 3, 0, .333, 4.1e-8},
      {"tanh .81", [](const Tensor& x) { return tanh(x); }, .81, 0, .81, 1.5e-2},
      {"tanh 1", [](const Tensor& x) { return tanh(x); }, 1, -1, -1, .155},
      {"tanh 1.69", [](const Tensor& x) { return tanh(x); }, 1.69, .409, 1.064, 1.81},
      {"tanh 25/9", [](const Tensor& x) { return tanh(x); }, 25.0 / 9, 1.178, 1.210, 18.5},
      {"sigmoid 1", [](const Tensor& x) { return sigmoid(x); }, 1, .265, .056, 1e-19},
      {"sigmoid 2", [](const Tensor& x) { return sigmoid(x); }, 2, .555, .101, 1e-15},
      {"sigmoid 16", [](const Tensor& x) { return sigmoid(x); }, 16, 5.86, .399, 1.5e-6},
      {"relu 1", [](const Tensor& x) { return relu(x); }, 1, 0, .5, 3e-5},
      {"relu 2", [](const Tensor& x) { return relu(x); }, 2, 1, 1, 1},
      {"selu 1", [](const Tensor& x) { return selu(x); }, 1, 1, 1.0716, 2.9},
      {"selu 2", [](const Tensor& x) { return selu(x); }, 2, -1, 1.104, 75.7},
      {"gelu 2", [](const Tensor& x) { return gelu(x); }, 2, 0, .5, 2.4e-4},
      {"silu 2", [](const Tensor& x) { return silu(x); }, 2, 0, .5, 6.8e-5},
  }));
  INFO(row.name);
  const Response phi(row.phi);
  double q = 1, product = 1;
  for (int layer = 0; layer < 30; ++layer) {
    const Step s = step(phi, row.gain, 0, q);
    product *= s.chi;
    q = s.next;
  }
  // Powers of ten in the table are orders of magnitude.
  if (row.rms < 1e-14) {
    CHECK(std::abs(std::log10(std::sqrt(product) / row.rms)) < 0.7);
  } else {
    CHECK(std::sqrt(product) == Approx(row.rms).epsilon(0.05));
  }
  for (int layer = 0; layer < 200; ++layer) q = step(phi, row.gain, 0, q).next;
  if (row.fixed_point >= 0) CHECK(q == Approx(row.fixed_point).epsilon(0.002).margin(1e-9));
  if (row.chi >= 0) CHECK(step(phi, row.gain, 0, q).chi == Approx(row.chi).epsilon(0.01));
}

TEST_CASE("tanh is critical at sigma_b^2 = .05 for sigma_w^2 = 1.761", "[predict]") {
  const Response phi([](const Tensor& x) { return tanh(x); });
  double q = 1;
  for (int layer = 0; layer < 300; ++layer) q = step(phi, 1.761, .05, q).next;
  CHECK(q == Approx(.570).epsilon(0.005));
  CHECK(step(phi, 1.761, .05, q).chi == Approx(1).epsilon(0.002));
}

TEST_CASE("expectations are exact where they are known", "[predict]") {
  for (double q : {1e-12, 1e-3, 1.0, 1e6, 1e12}) {
    INFO("q = " << q);
    const auto identity = Response([](const Tensor& x) { return x * 1.0; }).moments(q);
    CHECK(identity.square == Approx(q));
    CHECK(identity.mean == Approx(0).margin(1e-9 * std::sqrt(q)));
    const auto leaky = Response([](const Tensor& x) { return leaky_relu(x, 0.2); }).moments(q);
    CHECK(leaky.slope_square == Approx(1.04 / 2));
    CHECK(leaky.square == Approx(q * 1.04 / 2));
    const auto step = Response([](const Tensor& x) { return relu(x); }).moments(q);
    CHECK(step.mean == Approx(std::sqrt(q / (2 * M_PI))));
  }
  const Response tanh_response([](const Tensor& x) { return tanh(x); });
  CHECK(tanh_response.moments(0).slope_square == Approx(1));
  const auto clipped = Response([](const Tensor& x) { return hardtanh(x); }).moments(1);
  CHECK(clipped.slope_square == Approx(std::erf(std::sqrt(0.5))).epsilon(0.02));
  // A function that overflows far out.
  const auto exponential = Response([](const Tensor& x) { return exp(x); }).moments(0.25);
  CHECK(exponential.square == Approx(std::exp(0.5)));
}

TEST_CASE("the product of two samples follows the arc-cosine kernel", "[predict]") {
  // Cho & Saul 2009, degree 1: E relu(x) relu(y) = (sin t + (pi - t) cos t) / (2 pi), c = cos t.
  const Response phi([](const Tensor& x) { return relu(x); });
  for (double c : {-1.0, -0.5, 0.0, 0.3, 0.9, 1.0}) {
    const double t = std::acos(c);
    const double expected = (std::sin(t) + (M_PI - t) * c) / (2 * M_PI) - 1 / (2 * M_PI);
    INFO("c = " << c);
    CHECK(phi.covariance(1, c) == Approx(expected).margin(1e-3));
  }
}
