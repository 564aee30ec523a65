#include <cmath>

#include "gradus/autograd/backward.h"
#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "tests/catch.h"
#include "tests/naive.h"
#include "tests/near.h"

using namespace gradus;
using naive::Position;

namespace {

Tensor golden_x() {
  return tensor({{1.0, 10.0}, {2.0, -1.0}, {4.0, 3.5}}, float64).requires_grad_();
}
Tensor golden_weight() { return tensor({1.5, -0.5}, float64).requires_grad_(); }
Tensor golden_bias() { return tensor({0.25, 1.0}, float64).requires_grad_(); }
Tensor golden_factors() { return tensor({{1.0, 2.0}, {3.0, -4.0}, {5.0, 6.0}}, float64); }

}  // namespace

// torch: F.batch_norm(x, zeros(2), ones(2), weight, bias, True, 0.1, 1e-5) in float64
TEST_CASE("batch_norm in training agrees with PyTorch to second order") {
  Tensor x = golden_x(), weight = golden_weight(), bias = golden_bias();
  Tensor running_mean = zeros(2, float64), running_var = ones(2, float64);
  Tensor y = batch_norm(x, weight, bias, running_mean, running_var, {});
  check_near(y, {-1.353562297, 0.354063372, -0.150890574, 1.572115299, 2.254452871, 1.073821329},
             1e-8);
  check_near(running_mean, {0.233333333, 0.416666667}, 1e-8);
  check_near(running_var, {1.133333333, 3.958333333}, 1e-8);

  auto first = grad({sum(y * golden_factors())}, {x, weight, bias}, {.create_graph = true});
  check_near(first[0],
             {-0.343633746, 0.225386227, 0.515427425, 0.325558225, -0.171793679, -0.550944452},
             1e-8);
  check_near(first[1], {4.810686892, 6.274812961}, 1e-8);
  check_near(first[2], {9, 4}, 1e-8);
  auto second = grad({sum(square(first[0]))}, {x, weight});
  check_near(second[0],
             {1.298823952, -0.064679354, -1.534975934, 0.111163898, 0.236151982, -0.046484544},
             1e-7);
  check_near(second[1], {0.551016867, -1.841307593}, 1e-8);
}

// torch: F.batch_norm(x, tensor([1., 2]), tensor([4., .25]), weight, bias, False)
TEST_CASE("batch_norm in evaluation uses the running statistics and leaves them alone") {
  Tensor x = golden_x(), weight = golden_weight(), bias = golden_bias();
  Tensor running_mean = tensor({1.0, 2.0}, float64), running_var = tensor({4.0, 0.25}, float64);
  Tensor y = batch_norm(x, weight, bias, running_mean, running_var, {.training = false});
  check_near(y, {0.25, -6.999840005, 0.999999063, 3.999940002, 2.499997188, -0.499970001}, 1e-8);
  sum(y * golden_factors()).backward();
  check_near(x.grad(),
             {0.749999063, -1.999960001, 2.249997188, 3.999920002, 3.749995313, -5.999880004},
             1e-8);
  check_near(weight.grad(), {8.99998875, 73.998520044}, 1e-8);
  check_near(bias.grad(), {9, 4}, 1e-8);
  check_near(running_mean, {1, 2});
  check_near(running_var, {4, 0.25});
}

TEST_CASE("the running variance is unbiased, and its update a counted write") {
  // torch: 0.9 * 1 + 0.1 * var([1, 2, 4]) = 1.1333
  Tensor x = tensor({1.0f, 2.0f, 4.0f}, float32).reshape({3, 1});
  Tensor running_mean = zeros(1), running_var = ones(1);
  auto version = running_var.storage()->version();
  batch_norm(x, {}, {}, running_mean, running_var, {});
  CHECK(running_var.item<float>() == Approx(1.1333333));
  CHECK(running_var.storage()->version() == version + 1);
  CHECK_FALSE(running_var.requires_grad());
  batch_norm(x, {}, {}, running_mean, running_var, {.momentum = 1});
  CHECK(running_mean.item<float>() == Approx(7.0 / 3));
  CHECK(running_var.item<float>() == Approx(7.0 / 3));
}

TEST_CASE("batch_norm of any layout normalises each channel") {
  for (const Shape& shape :
       {Shape{64, 5}, Shape{6, 3, 7}, Shape{4, 3, 5, 6}, Shape{300, 200}, Shape{2, 40, 30, 30}}) {
    INFO(to_string(shape));
    Tensor x = 3 + 2 * naive::draw(shape);
    Tensor weight = naive::draw(shape[1], float32, 2), bias = naive::draw(shape[1], float32, 3);
    std::vector<double> total(static_cast<std::size_t>(shape[1])), squares(total);
    double count = static_cast<double>(x.numel() / shape[1]);
    naive::for_each(shape, [&](const Position& at) {
      total[static_cast<std::size_t>(at[1])] += naive::value(x, at) / count;
    });
    naive::for_each(shape, [&](const Position& at) {
      auto c = static_cast<std::size_t>(at[1]);
      squares[c] += std::pow(naive::value(x, at) - total[c], 2) / count;
    });
    Tensor expected = naive::build(shape, [&](const Position& at) {
      auto c = static_cast<std::size_t>(at[1]);
      return (naive::value(x, at) - total[c]) / std::sqrt(squares[c] + 1e-5) * weight.at(at[1]) +
             bias.at(at[1]);
    });
    for (const Tensor& layout : {x, naive::scattered(x)}) {
      CHECK(naive::close(batch_norm(layout, weight, bias, {}, {}, {}), expected, 5e-6));
    }
    // The fused backward against the same function composed of smaller ones.
    Dims over = 0;
    Shape wide = Shape::filled(x.dim(), 1);
    wide[1] = shape[1];
    for (int d = 2; d < x.dim(); ++d) over.push_back(d);
    Tensor g = naive::draw(shape, float32, 4);
    std::vector<Tensor> leaves = {x.clone().requires_grad_(), weight.requires_grad_(),
                                  bias.requires_grad_()};
    Tensor centered = leaves[0] - mean(leaves[0], over, true);
    Tensor composed =
        centered * rsqrt(mean(square(centered), over, true) + 1e-5) * reshape(leaves[1], wide) +
        reshape(leaves[2], wide);
    auto want = grad({sum(composed * g)}, leaves);
    auto got = grad({sum(batch_norm(leaves[0], leaves[1], leaves[2], {}, {}, {}) * g)}, leaves);
    for (std::size_t i = 0; i < 3; ++i) CHECK(naive::close(got[i], want[i], 1e-4));
  }
}

TEST_CASE("batch_norm keeps its digits where the mean is large") {
  Tensor x = 10000 + naive::draw({4096, 2});
  Tensor y = batch_norm(x, {}, {}, {}, {}, {});
  CHECK(std::abs(mean(y).item<double>()) < 1e-5);
  CHECK(mean(square(y)).item<double>() == Approx(1).epsilon(1e-3));
}

TEST_CASE("batch_norm of an empty batch is empty and leaves the running statistics alone") {
  Tensor running_mean = zeros(3), running_var = ones(3);
  Tensor x = zeros({0, 3, 2}).requires_grad_();
  Tensor weight = ones(3).requires_grad_();
  Tensor y = batch_norm(x, weight, {}, running_mean, running_var, {});
  CHECK(y.shape() == Shape{0, 3, 2});
  check_near(running_var, {1, 1, 1});
  sum(y).backward();
  CHECK(x.grad().shape() == Shape{0, 3, 2});
}

TEST_CASE("batch_norm names wrong arguments") {
  Tensor x = zeros({4, 3});
  REQUIRE_THROWS_WITH(batch_norm(zeros(3), {}, {}, {}, {}, {}),
                      Contains("[batch_norm] x must be (N, C, ...), got shape (3,)"));
  REQUIRE_THROWS_WITH(batch_norm(zeros({1, 3}), {}, {}, {}, {}, {}),
                      Contains("[batch_norm] training needs more than one value per channel") &&
                          Contains("(1, 3)"));
  REQUIRE_THROWS_WITH(batch_norm(x, ones(4), {}, {}, {}, {}),
                      Contains("weight has shape (4,) where x (4, 3) has 3 channels"));
  REQUIRE_THROWS_WITH(batch_norm(x, ones(3, float64), {}, {}, {}, {}),
                      Contains("weight is float64 where x is float32"));
  REQUIRE_THROWS_WITH(batch_norm(x, {}, {}, {}, {}, {.training = false}),
                      Contains("evaluation needs running_mean and running_var"));
  REQUIRE_THROWS_WITH(batch_norm(zeros({4, 3}, int64), {}, {}, {}, {}, {}),
                      Contains("needs floating-point numbers, got int64"));
  REQUIRE_THROWS_WITH(batch_norm(x, {}, {}, {}, {}, {.eps = -1}),
                      Contains("eps must not be negative"));
}
