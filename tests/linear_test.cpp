#include "gradus/autograd/ops.h"
#include "gradus/tensor/ops.h"
#include "tests/catch.h"
#include "tests/naive.h"

using namespace gradus;

namespace {

Tensor naive_linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  Shape shape = x.shape();
  shape[shape.size() - 1] = weight.shape()[0];
  return naive::build(shape, [&](const naive::Position& at) {
    double sum = bias.defined() ? bias.at(at.back()) : 0;
    naive::Position from = at;
    for (std::int64_t k = 0; k < weight.shape()[1]; ++k) {
      from.back() = k;
      sum += naive::value(x, from) * weight.at(at.back(), k);
    }
    return sum;
  });
}

void check_linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  INFO(to_string(x.shape()) << " through " << to_string(weight.shape()) << ", " << name(x.dtype()));
  double tolerance = x.dtype() == float32 ? 2e-5 : 1e-12;
  CHECK(naive::close(linear(x, weight, bias), naive_linear(x, weight, bias), tolerance));
}

}  // namespace

TEST_CASE("linear is x W^T + b for any rank and strides", "[linear]") {
  for (DType dtype : {float32, float64}) {
    Tensor weight = naive::draw({5, 7}, dtype, 1);
    Tensor bias = naive::draw({5}, dtype, 2);
    for (const Shape& shape :
         {Shape{7}, Shape{1, 7}, Shape{6, 7}, Shape{2, 3, 7}, Shape{2, 1, 3, 7}}) {
      Tensor x = naive::draw(shape, dtype, 3);
      check_linear(x, weight, bias);
      check_linear(x, weight, Tensor());
      check_linear(naive::scattered(x), weight, bias);
      check_linear(x, naive::scattered(weight), naive::scattered(bias));
    }
    Tensor x = naive::draw({4, 10}, dtype, 4);
    check_linear(x.narrow(1, 2, 7), weight, bias);
    check_linear(x.narrow(0, 1, 1).narrow(1, 1, 7).expand({6, 7}), weight, bias);
    check_linear(naive::draw({7, 4}, dtype, 5).t(), weight, bias.narrow(0, 0, 1).expand({5}));
    check_linear(naive::draw({3, 4, 7}, dtype, 6).transpose(0, 1), weight, bias);
  }
}

TEST_CASE("a large linear layer agrees with the definition", "[linear][large]") {
  check_linear(naive::draw({700, 300}), naive::draw({130, 300}, float32, 2), naive::draw({130}));
}

TEST_CASE("linear of empty inputs", "[linear]") {
  Tensor bias = tensor({1.0, 2.0});
  CHECK(linear(empty({0, 3}), zeros({2, 3}), bias).shape() == Shape{0, 2});
  CHECK(linear(empty({4, 0, 3}), zeros({2, 3}), bias).shape() == Shape{4, 0, 2});
  CHECK(linear(empty({4, 3}), empty({0, 3})).shape() == Shape{4, 0});
  CHECK(equal(linear(empty({2, 0}), empty({2, 0}), bias), tensor({{1.0, 2.0}, {1.0, 2.0}})));
  CHECK(equal(linear(empty({2, 0}), empty({2, 0})), zeros({2, 2})));
}

// torch.nn.functional.linear(x, w, b), then y.pow(2).sum().backward(), with
// x = torch.arange(6.).reshape(2, 3), w = torch.tensor([[1., -1, 2], [0, 1, -2]]), b = (.5, -.5)
TEST_CASE("linear and its gradients as in PyTorch", "[linear]") {
  Tensor x = tensor({{0.0, 1.0, 2.0}, {3.0, 4.0, 5.0}}).requires_grad_();
  Tensor w = tensor({{1.0, -1.0, 2.0}, {0.0, 1.0, -2.0}}).requires_grad_();
  Tensor b = tensor({0.5, -0.5}).requires_grad_();
  Tensor y = linear(x, w, b);
  CHECK(equal(y.detach(), tensor({{3.5, -3.5}, {9.5, -6.5}})));
  square(y).sum().backward();
  CHECK(equal(x.grad(), tensor({{7.0, -14.0, 28.0}, {19.0, -32.0, 64.0}})));
  CHECK(equal(w.grad(), tensor({{57.0, 83.0, 109.0}, {-39.0, -59.0, -79.0}})));
  CHECK(equal(b.grad(), tensor({26.0, -20.0})));
}

TEST_CASE("linear computes the gradients that are wanted and no others", "[linear]") {
  Tensor x = naive::draw({4, 3});
  Tensor w = naive::draw({2, 3}, float32, 2).requires_grad_();
  Tensor b = naive::draw({2}, float32, 3);
  linear(x, w, b).sum().backward();
  CHECK(w.grad().shape() == w.shape());
  CHECK_FALSE(x.grad().defined());
  CHECK_FALSE(b.grad().defined());
}

TEST_CASE("linear is the same on any number of threads", "[linear]") {
  Tensor x = naive::draw({600, 250});
  Tensor w = naive::draw({310, 250}, float32, 2);
  Tensor b = naive::draw({310}, float32, 3);
  auto run = [&](int threads) {
    naive::Threads scope(threads);
    return linear(x, w, b).to_vector<float>();
  };
  auto one = run(1);
  for (int threads : {2, 5}) CHECK(run(threads) == one);
}

TEST_CASE("linear names what does not fit", "[linear]") {
  Tensor w = zeros({10, 128});
  REQUIRE_THROWS_WITH(
      linear(zeros({32, 64}), w),
      StartsWith("[linear] weight (10, 128) takes 128 features in the last dimension, "
                 "but the input is (32, 64) at linear_test.cpp:"));
  REQUIRE_THROWS_WITH(linear(zeros({}), w), Contains("the input is ()"));
  REQUIRE_THROWS_WITH(linear(zeros({2, 128}), zeros({128})),
                      Contains("weight must have shape (out, in), got (128,)"));
  REQUIRE_THROWS_WITH(linear(zeros({2, 128}), w, zeros({128})),
                      Contains("bias must have shape (10,)") && Contains("got (128,)"));
  REQUIRE_THROWS_WITH(linear(zeros({2, 128}, float64), w),
                      Contains("the input is float64 and weight float32"));
  REQUIRE_THROWS_WITH(linear(zeros({2, 128}), w, zeros({10}, float64)),
                      Contains("bias is float64 and weight float32"));
  REQUIRE_THROWS_WITH(linear(zeros({2, 128}, int64), zeros({10, 128}, int64)),
                      Contains("needs a floating input, got int64"));
}
