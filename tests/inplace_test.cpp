#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "tests/catch.h"
#include "tests/naive.h"
#include "tests/near.h"

using namespace gradus;

TEST_CASE("functions in place change x and return it", "[inplace]") {
  const Tensor x = tensor({1., 2., 3.});
  CHECK(add_(x, tensor({1., 1., 2.})).is_same(x));
  check_near(x, {2, 3, 5});
  check_near(add_(x, tensor({1, 1, 1}), 2), {4, 5, 7});
  check_near(add_(x, 1), {5, 6, 8});
  check_near(sub_(x, tensor({1.})), {4, 5, 7});
  check_near(mul_(x, tensor({1., 2., 1.}, float64)), {4, 10, 7});
  check_near(mul_(x, 0.5), {2, 5, 3.5});
  check_near(div_(x, tensor(2)), {1, 2.5, 1.75});
  check_near(clamp_(x, 1.5, 2), {1.5, 2, 1.75});
  check_near(masked_fill_(x, tensor({true, false, false}), -1), {-1, 2, 1.75});
  check_near(copy_(x, tensor(4)), {4, 4, 4});
  check_near(fill_(x, 2.5), {2.5, 2.5, 2.5});
  check_near(zero_(x), {0, 0, 0});
  check_near(x += tensor({1., 2., 3.}), {1, 2, 3});
  check_near(x -= tensor({1., 1., 1.}), {0, 1, 2});
  check_near(x *= tensor({2., 2., 2.}), {0, 2, 4});
  check_near(x += 1, {1, 3, 5});
  check_near(x *= 2, {2, 6, 10});
}

TEST_CASE("writes go through views of any layout", "[inplace]") {
  const Tensor x = naive::draw({3, 4});
  const Tensor view = naive::scattered(x);
  const Tensor other = naive::draw({4}, float32, 2);
  mul_(view, other);
  CHECK(naive::close(view, mul(x, other), 0));

  const Tensor base = zeros({3, 4});
  add_(select(base, 1, 2), 5);
  check_near(base, {0, 0, 5, 0, 0, 0, 5, 0, 0, 0, 5, 0});
}

TEST_CASE("an operand that overlaps x is read as it was before the write", "[inplace]") {
  Tensor x = tensor({1., 2., 3., 4.});
  add_(narrow(x, 0, 1, 3), narrow(x, 0, 0, 3));
  check_near(x, {1, 3, 5, 7});

  x = naive::draw({40, 40});
  const Tensor expected = to(add(x, x.t()), float64);
  add_(x, x.t());
  CHECK(naive::close(x, expected, 0));

  x = tensor({1., 2., 3.});
  copy_(narrow(x, 0, 1, 2), narrow(x, 0, 0, 2));
  check_near(x, {1, 1, 2});
  check_near(mul_(x, x), {1, 1, 4});
}

// The same calls in PyTorch 1.13.1.
TEST_CASE("dtypes in place as in PyTorch", "[inplace]") {
  const Tensor f = tensor({1.5, -2.5});
  check_near(add_(clone(f), to(f, float64)), {3, -5});
  CHECK(add_(clone(f), to(f, float64)).dtype() == float32);
  check_near(add_(clone(f), tensor({true, false}), 2), {3.5, -2.5});
  check_near(fill_(tensor({2, -3}), 2.7), {2, 2});
  check_near(fill_(tensor({true, false}), 2.0), {1, 1});
  check_near(copy_(tensor({2, -3}), f), {1, -2});
  const Tensor b = tensor({true, false});
  check_near(add_(clone(b), b), {1, 0});

  CHECK_THROWS_WITH(add_(tensor({2, -3}), 2.5),
                    Contains("[add_]") && Contains("float32") && Contains("int64"));
  CHECK_THROWS_WITH(mul_(tensor({2, -3}), f), Contains("[mul_]") && Contains("float32"));
  CHECK_THROWS_WITH(div_(tensor({2, -3}), tensor(2)), Contains("[div_]") && Contains("float32"));
  CHECK_THROWS_WITH(add_(clone(b), 1), Contains("int64") && Contains("bool"));
  CHECK_THROWS_WITH(sub_(clone(b), b), Contains("bool"));
  CHECK_THROWS_WITH(add_(tensor({2, -3}), tensor({1, 1}), 2.5), Contains("float"));
  CHECK_THROWS_WITH(clamp_(tensor({2, -3}), 0.5, 1), Contains("float32"));
}

TEST_CASE("x keeps its shape", "[inplace]") {
  CHECK_THROWS_WITH(add_(ones({2}), ones({2, 2})), Contains("[add_]") && Contains("(2, 2)"));
  CHECK_THROWS_WITH(add_(ones({2}), ones({2, 2}), 2), Contains("(2, 2)"));
  CHECK_THROWS_AS(add_(ones({1}), ones({3})), Error);
  CHECK_THROWS_AS(copy_(ones({1}), ones({3})), Error);
  CHECK_THROWS_WITH(masked_fill_(ones({2}), ones({3, 2}, boolean), 0), Contains("(3, 2)"));
  CHECK_THROWS_WITH(add_(expand(ones({2}), {3, 2}), 1), Contains("clone"));
}

TEST_CASE("a recorded tensor is not written to", "[inplace]") {
  Tensor w = ones({2}).requires_grad_();
  CHECK_THROWS_WITH(add_(w, 1),
                    Contains("[add_]") && Contains("NoGrad") && Contains("inplace_test.cpp"));
  CHECK_THROWS_AS(zero_(mul(w, 2)), Error);
  const Tensor x = zeros({2});
  CHECK_THROWS_WITH(add_(x, w), Contains("detach"));
  CHECK_THROWS_AS(copy_(x, w), Error);
  check_near(x, {0, 0});
  {
    NoGrad no_grad;
    add_(w, 1);
  }
  check_near(w, {2, 2});
  CHECK(w.requires_grad());
}

TEST_CASE("each write counts, and a refused one does not", "[inplace]") {
  const Tensor x = zeros({3});
  const std::uint32_t before = x.storage()->version();
  fill_(x, 1);
  add_(x, 1);
  mul_(select(x, 0, 1), 2);  // a view shares the count
  CHECK(x.storage()->version() == before + 3);
  CHECK_THROWS_AS(add_(x, ones({4})), Error);
  CHECK(x.storage()->version() == before + 3);
  CHECK(std::string(x.storage()->written_by()) == "mul_");
}

TEST_CASE("a value saved for backward and then overwritten is noticed", "[inplace]") {
  Tensor x = ones({2}).requires_grad_();
  const Tensor factor = full({2}, 3);
  const Tensor y = mul(x, factor);
  add_(factor, 1);
  CHECK_THROWS_WITH(y.sum().backward(), Contains("mul") && Contains("add_"));
}

TEST_CASE("empty tensors take writes", "[inplace]") {
  const Tensor x = zeros({0, 3});
  CHECK(add_(x, ones({3})).shape() == Shape{0, 3});
  CHECK(fill_(x, 1).shape() == Shape{0, 3});
  CHECK(copy_(x, tensor(1.)).numel() == 0);
}
