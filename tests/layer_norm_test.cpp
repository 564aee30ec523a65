#include <cmath>

#include "gradus/autograd/backward.h"
#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "tests/catch.h"
#include "tests/naive.h"
#include "tests/near.h"

using namespace gradus;

// torch: F.layer_norm(x, (3,), weight, bias) in float64
TEST_CASE("layer_norm agrees with PyTorch to second order") {
  Tensor x = tensor({{1.0, -2.0, 3.0}, {0.5, 4.0, -1.0}}, float64).requires_grad_();
  Tensor weight = tensor({1.0, 2.0, -1.0}, float64).requires_grad_();
  Tensor bias = tensor({0.5, 0.0, 1.0}, float64).requires_grad_();
  Tensor factors = tensor({{1.0, 2.0, 3.0}, {-1.0, 0.5, 2.0}}, float64);
  Tensor y = layer_norm(x, 3, weight, bias);
  check_near(y, {0.662221229, -2.595539664, -0.135548603, 0.181777449, 2.704891685, 2.034223291},
             1e-8);
  auto first = grad({sum(y * factors)}, {x, weight, bias}, {.create_graph = true});
  check_near(first[0],
             {0.384207648, -0.153679064, -0.230528585, 0.03021057, -0.009061467, -0.021149103},
             1e-8);
  check_near(first[1], {0.48044378, -1.919316743, 1.338199227}, 1e-8);
  check_near(first[2], {0, 2.5, 5}, 1e-8);
  auto second = grad({sum(square(first[0]))}, {x, weight});
  check_near(second[0],
             {0.499925947, -0.110220111, -0.389705836, -0.017012815, 0.004527016, 0.012485798},
             1e-8);
  check_near(second[1], {0.345118867, -0.303494486, -0.713506652}, 1e-8);
}

TEST_CASE("layer_norm over any last dimensions agrees with smaller functions") {
  struct Case {
    Shape shape, normalized;
  };
  for (const Case& c : {Case{{5}, 5}, Case{{4, 33}, 33}, Case{{2, 3, 4, 5}, {4, 5}},
                        Case{{3, 7}, {3, 7}}, Case{{700, 100}, 100}}) {
    INFO(to_string(c.shape) << " over " << to_string(c.normalized));
    Tensor x = (2 + naive::draw(c.shape)).requires_grad_();
    Tensor weight = naive::draw(c.normalized, float32, 2).requires_grad_();
    Tensor bias = naive::draw(c.normalized, float32, 3).requires_grad_();
    Dims last;
    for (int d = c.normalized.size(); d > 0; --d) last.push_back(-d);
    Tensor centered = x - mean(x, last, true);
    Tensor composed = centered * rsqrt(mean(square(centered), last, true) + 1e-5) * weight + bias;
    Tensor fused = layer_norm(x, c.normalized, weight, bias);
    CHECK(naive::close(fused, composed, 5e-6));
    CHECK(
        naive::close(layer_norm(naive::scattered(x), c.normalized, weight, bias), composed, 5e-6));
    Tensor g = naive::draw(c.shape, float32, 4);
    auto want = grad({sum(composed * g)}, {x, weight, bias});
    auto got = grad({sum(fused * g)}, {x, weight, bias});
    for (std::size_t i = 0; i < 3; ++i) CHECK(naive::close(got[i], want[i], 5e-5));
  }
}

TEST_CASE("rms_norm divides by the root of the mean square") {
  Tensor x = tensor({{3.0, 4.0}, {0.0, 2.0}});
  double rms[] = {std::sqrt(12.5), std::sqrt(2.0)};
  check_near(rms_norm(x, 2, {}, 0), {3 / rms[0], 4 / rms[0], 0, 2 / rms[1]});
  check_near(rms_norm(x, 2, tensor({2.0, -1.0}), 0), {6 / rms[0], -4 / rms[0], 0, -2 / rms[1]});
}

TEST_CASE("layer_norm of nothing is empty and has zero gradients for its parameters") {
  Tensor x = zeros({0, 3}).requires_grad_();
  Tensor weight = ones(3).requires_grad_();
  Tensor y = layer_norm(x, 3, weight);
  CHECK(y.shape() == Shape{0, 3});
  sum(y).backward();
  check_near(weight.grad(), {0, 0, 0});
}

TEST_CASE("layer_norm and rms_norm name wrong arguments") {
  Tensor x = zeros({4, 3});
  REQUIRE_THROWS_WITH(layer_norm(x, 4),
                      Contains("[layer_norm] the last dimensions of x (4, 3) are not (4,)"));
  REQUIRE_THROWS_WITH(layer_norm(x, Shape{}), Contains("needs at least one size"));
  REQUIRE_THROWS_WITH(layer_norm(x, 3, ones(4)),
                      Contains("weight has shape (4,) where (3,) are normalised"));
  REQUIRE_THROWS_WITH(layer_norm(x, 3, {}, ones(3, float64)),
                      Contains("bias is float64 where x is float32"));
  REQUIRE_THROWS_WITH(layer_norm(zeros(3, int64), 3),
                      Contains("needs floating-point numbers, got int64"));
  REQUIRE_THROWS_WITH(rms_norm(x, {3, 3}), Contains("[rms_norm] the last dimensions of x (4, 3)"));
}
