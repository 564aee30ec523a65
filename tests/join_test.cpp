#include "gradus/autograd/ops.h"
#include "tests/catch.h"
#include "tests/naive.h"

using namespace gradus;

TEST_CASE("cat joins along any dimension, whatever the strides", "[join]") {
  for (DType dtype : {boolean, int64, float32, float64}) {
    Tensor a = naive::draw({2, 3, 4}, dtype, 1);
    Tensor b = naive::scattered(naive::draw({2, 5, 4}, dtype, 2));
    Tensor y = cat({a, b}, -2);
    CHECK(y.dtype() == dtype);
    REQUIRE(y.shape() == Shape{2, 8, 4});
    CHECK(equal(y.narrow(1, 0, 3), a));
    CHECK(equal(y.narrow(1, 3, 5), b));
  }
  CHECK(cat({zeros({0, 3}), zeros({2, 3})}).shape() == Shape{2, 3});
  CHECK(cat({zeros({2, 0})}, 0).shape() == Shape{2, 0});
}

TEST_CASE("cat promotes dtypes and passes over empty vectors as PyTorch does", "[join]") {
  CHECK(cat({tensor({1, 2}), tensor({0.5})}).dtype() == float32);
  CHECK(equal(cat({tensor({1, 2}), tensor({0.5})}), tensor({1.0, 2.0, 0.5})));
  CHECK(cat({tensor({true}), tensor({2})}).dtype() == int64);

  Tensor nothing = empty({0}).requires_grad_();
  Tensor x = naive::draw({2, 3}).requires_grad_();
  Tensor y = cat({nothing, x, nothing}, 1);
  CHECK(equal(y.detach(), x.detach()));
  y.sum().backward();
  CHECK(equal(x.grad(), ones({2, 3})));
  CHECK(cat({empty({0}), empty({0})}).shape() == Shape{0});
}

TEST_CASE("cat sends each part of the gradient back to its tensor, converted to its dtype",
          "[join]") {
  Tensor a = ones({2}).requires_grad_();
  Tensor b = ones({3}, float64).requires_grad_();
  Tensor y = cat({a, b, a});
  (y * arange(7, float64)).sum().backward();
  CHECK(equal(a.grad(), tensor({0.0 + 5.0, 1.0 + 6.0})));
  CHECK(equal(b.grad(), tensor({2.0, 3.0, 4.0}, float64)));
}

TEST_CASE("cat and stack name the tensor that does not fit", "[join]") {
  REQUIRE_THROWS_WITH(cat({}), Contains("[cat] needs at least one tensor"));
  REQUIRE_THROWS_WITH(cat({zeros({2, 3}), zeros({2, 4})}),
                      StartsWith("[cat] tensor 1 has shape (2, 4), which differs from (2, 3) "
                                 "elsewhere than in dimension 0 at join_test.cpp:"));
  REQUIRE_THROWS_WITH(cat({zeros({2, 3}), zeros({2})}), Contains("tensor 1 has shape (2,)"));
  REQUIRE_THROWS_WITH(cat({zeros({}), zeros({})}), Contains("use stack"));
  REQUIRE_THROWS_AS(cat({zeros({2})}, 1), IndexError);
  REQUIRE_THROWS_WITH(stack({}), Contains("[stack] needs at least one tensor"));
  REQUIRE_THROWS_WITH(stack({zeros({2}), zeros({3})}),
                      Contains("[stack] tensor 1 has shape (3,), tensor 0 has (2,)"));
}

TEST_CASE("stack makes a new dimension", "[join]") {
  Tensor a = tensor({1, 2}), b = tensor({3, 4});
  CHECK(equal(stack({a, b}), tensor({{1, 2}, {3, 4}})));
  CHECK(equal(stack({a, b}, -1), tensor({{1, 3}, {2, 4}})));
  CHECK(equal(stack({tensor(1), tensor(2)}), tensor({1, 2})));
}

// torch.nn.functional.pad(torch.arange(6.).reshape(2, 3), p, value=v)
TEST_CASE("pad as in PyTorch", "[join]") {
  Tensor x = arange(6, float32).reshape({2, 3});
  CHECK(equal(pad(x, {1, 2}, 9),
              tensor({{9.0, 0.0, 1.0, 2.0, 9.0, 9.0}, {9.0, 3.0, 4.0, 5.0, 9.0, 9.0}})));
  CHECK(equal(pad(x, {0, 0, 1, 0}), tensor({{0.0, 0.0, 0.0}, {0.0, 1.0, 2.0}, {3.0, 4.0, 5.0}})));
  CHECK(equal(pad(x, {-1, 1}), tensor({{1.0, 2.0, 0.0}, {4.0, 5.0, 0.0}})));
  CHECK(equal(pad(x, {}), x));
  CHECK(pad(x, {-2, -1}).shape() == Shape{2, 0});
  CHECK(equal(pad(naive::scattered(x), {1, 0}), pad(x, {1, 0})));
  CHECK(pad(tensor({1, 2}), {1, 1}, 7).dtype() == int64);
  REQUIRE_THROWS_WITH(pad(x, {1}), Contains("[pad] 1 numbers of padding for shape (2, 3)"));
  REQUIRE_THROWS_WITH(pad(x, {0, 0, 0, 0, 0, 0}), Contains("needs a pair"));
  REQUIRE_THROWS_WITH(
      pad(x, {-2, -2}),
      Contains("padding (-2, -2) leaves dimension 1 of (2, 3) with a negative size"));
}

TEST_CASE("flip reverses dimensions", "[join]") {
  Tensor x = arange(6, float32).reshape({2, 3});
  CHECK(equal(flip(x, {0}), tensor({{3.0, 4.0, 5.0}, {0.0, 1.0, 2.0}})));
  CHECK(equal(flip(x, {-1}), tensor({{2.0, 1.0, 0.0}, {5.0, 4.0, 3.0}})));
  CHECK(equal(flip(flip(x, {0, 1}), {1, 0}), x));
  CHECK(equal(flip(naive::scattered(x), {0, 1}), flip(x, {0, 1})));
  CHECK(equal(flip(x, {}), x));
  CHECK_FALSE(flip(x, {}).storage() == x.storage());
  CHECK(flip(zeros({0, 3}), {0}).shape() == Shape{0, 3});
  REQUIRE_THROWS_AS(flip(x, {2}), IndexError);
  REQUIRE_THROWS_AS(flip(x, {0, 0}), Error);
}

TEST_CASE("repeat tiles a tensor into new memory", "[join]") {
  Tensor x = tensor({{1, 2}, {3, 4}});
  CHECK(equal(repeat(x, {1, 2}), tensor({{1, 2, 1, 2}, {3, 4, 3, 4}})));
  CHECK(equal(repeat(x, {2, 1}), tensor({{1, 2}, {3, 4}, {1, 2}, {3, 4}})));
  CHECK(equal(repeat(tensor({1, 2}), {2, 2}), tensor({{1, 2, 1, 2}, {1, 2, 1, 2}})));
  CHECK(equal(repeat(tensor(5), {3}), tensor({5, 5, 5})));
  CHECK(repeat(x, {0, 3}).shape() == Shape{0, 6});
  CHECK(repeat(zeros({1, 1, 1, 1, 1, 1, 1, 2}), {2, 1, 1, 1, 1, 1, 1, 3}).shape() ==
        Shape{2, 1, 1, 1, 1, 1, 1, 6});
  for (const Tensor& y : {repeat(x, {1, 1}), repeat(tensor({1}), {3})}) {
    CHECK(y.is_contiguous());
    CHECK_FALSE(y.storage() == x.storage());
  }
  REQUIRE_THROWS_WITH(repeat(x, {2}), Contains("[repeat] 1 repeats for shape (2, 2)"));
  REQUIRE_THROWS_WITH(repeat(x, {2, -1}), Contains("a repeat cannot be negative, got -1"));
}
