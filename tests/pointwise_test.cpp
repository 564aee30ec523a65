#include <cmath>
#include <limits>

#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "tests/catch.h"
#include "tests/naive.h"
#include "tests/near.h"

using namespace gradus;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double not_number = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();

using Values = std::vector<double>;

struct BinaryOp {
  const char* name;
  Tensor (*op)(const Tensor&, const Tensor&, Where);
  double (*reference)(double, double);
};

const BinaryOp binary_ops[] = {
    {"add", add, [](double a, double b) { return a + b; }},
    {"sub", sub, [](double a, double b) { return a - b; }},
    {"mul", mul, [](double a, double b) { return a * b; }},
    {"div", div, [](double a, double b) { return a / b; }},
    {"maximum", maximum, [](double a, double b) { return std::fmax(a, b); }},
    {"minimum", minimum, [](double a, double b) { return std::fmin(a, b); }},
};

void check_binary(const BinaryOp& f, const Tensor& a, const Tensor& b) {
  const Tensor expected =
      naive::build(broadcast(a.shape(), b.shape()), [&](const naive::Position& index) {
        return f.reference(naive::value(a, index), naive::value(b, index));
      });
  INFO(f.name << " of " << to_string(a.shape()) << " and " << to_string(b.shape()));
  CHECK(naive::close(f.op(a, b, Where::here()), expected, a.dtype() == float64 ? 1e-15 : 1e-6));
}

}  // namespace

TEST_CASE("two operands of every layout agree with plain loops", "[pointwise]") {
  const std::pair<Shape, Shape> shapes[] = {
      {{}, {}},         {{7}, {7}},       {{3, 5}, {3, 5}},       {{3, 5}, {5}},
      {{3, 5}, {3, 1}}, {{4, 1}, {1, 6}}, {{2, 3, 70}, {3, 1}},   {{600}, {}},
      {{0}, {1}},       {{3, 0}, {3, 1}}, {{2, 1, 3}, {1, 4, 1}}, {{2, 300}, {2, 1}},
  };
  for (const auto& [left, right] : shapes) {
    for (DType dtype : {float32, float64, int64}) {
      const Tensor a = naive::draw(left, dtype, 1);
      const Tensor b = add(abs(naive::draw(right, dtype, 2)), 1);
      for (const BinaryOp& f : binary_ops) {
        check_binary(f, a, b);
        check_binary(f, naive::scattered(a), b);
        check_binary(f, naive::scattered(a), naive::scattered(b));
        check_binary(f, b, a.dim() == 0 ? a : naive::scattered(add(abs(a), 1)));
      }
    }
  }
}

TEST_CASE("a large transposed operand agrees with plain loops", "[pointwise]") {
  const Tensor a = naive::draw({150, 200}, float32, 1);
  const Tensor b = transpose(naive::draw({200, 150}, float32, 2), 0, 1);
  for (const BinaryOp& f : binary_ops) {
    check_binary(f, a, b);
    check_binary(f, b, a);
  }
}

TEST_CASE("threads do not change a result", "[pointwise]") {
  const Tensor x = naive::draw({500, 701}, float32);
  const Tensor y = naive::draw({701}, float32, 2);
  Tensor serial;
  {
    naive::Threads one(1);
    serial = add(exp(mul(x, y)), x);
  }
  naive::Threads four(4);
  CHECK(equal(add(exp(mul(x, y)), x), serial));
}

// The goldens below: the same expressions in PyTorch 1.13.1.
TEST_CASE("dtypes promote as in PyTorch", "[pointwise]") {
  const Tensor b = tensor({true, false});
  const Tensor i = tensor({2, -3});
  const Tensor f = tensor({1.5, -2.5});
  const Tensor d = to(f, float64);
  const Tensor d0 = tensor(2.5, float64);

  const std::tuple<Tensor, DType, Values> cases[] = {
      {b + b, boolean, {1, 0}},
      {b * b, boolean, {1, 0}},
      {b + 1, int64, {2, 1}},
      {b + true, boolean, {1, 1}},
      {b * 2.5, float32, {2.5, 0}},
      {b / b, float32, {1, not_number}},
      {i / i, float32, {1, 1}},
      {i / 2, float32, {1, -1.5}},
      {2 / i, float32, {1, -2. / 3}},
      {i + 2.5, float32, {4.5, -.5}},
      {i * true, int64, {2, -3}},
      {f * 2.0, float32, {3, -5}},
      {1.0 / b, float32, {1, inf}},
      {i + f, float32, {3.5, -5.5}},
      {f + d, float64, {3, -5}},
      {d0 * i, float64, {5, -7.5}},
      {d0 * f, float32, {3.75, -6.25}},
      {tensor(2) + f, float32, {3.5, -.5}},
      {maximum(b, logical_not(b)), boolean, {1, 1}},
      {minimum(b, logical_not(b)), boolean, {0, 0}},
      {maximum(i, d), float64, {2, -2.5}},
      {pow(b, 2), int64, {1, 0}},
      {pow(i, 2), int64, {4, 9}},
      {pow(i, 2.0), float32, {4, 9}},
      {pow(i, true), int64, {2, -3}},
      {pow(f, 2), float32, {2.25, 6.25}},
      {pow(i, tensor({-1, -2})), int64, {0, 0}},
      {where(b, f, d), float64, {1.5, -2.5}},
      {where(b, i, f), float32, {2, -2.5}},
      {where(b, f, d0), float32, {1.5, 2.5}},
      {masked_fill(i, b, 2.5), int64, {2, -3}},
      {masked_fill(b, b, 2), boolean, {1, 0}},
      {sign(b), boolean, {1, 0}},
      {square(b), int64, {1, 0}},
      {square(i), int64, {4, 9}},
      {floor(i), int64, {2, -3}},
      {round(i), int64, {2, -3}},
      {abs(i), int64, {2, 3}},
      {neg(i), int64, {-2, 3}},
      {sign(i), int64, {1, -1}},
      {reciprocal(i), float32, {.5, -1. / 3}},
      {exp(i), float32, {7.3890561, .049787068}},
      {exp(b), float32, {2.7182818, 1}},
      {clamp(b, 0, 1), int64, {1, 0}},
      {clamp(i, 0, 1), int64, {1, 0}},
      {clamp(i, 0.5, 1), float32, {1, .5}},
      {clamp(i, -0.5, {}), float32, {2, -.5}},
      {clamp(f, 1, 0), float32, {0, 0}},
  };
  int n = 0;
  for (const auto& [result, dtype, values] : cases) {
    INFO("case " << n++);
    CHECK(result.dtype() == dtype);
    const Values got = result.to_vector<double>();
    REQUIRE(got.size() == values.size());
    for (std::size_t k = 0; k < got.size(); ++k) {
      INFO(got[k] << " for " << values[k]);
      CHECK(
          (std::isnan(values[k]) ? std::isnan(got[k]) : got[k] == Approx(values[k]).epsilon(1e-7)));
    }
  }
}

TEST_CASE("NaN, infinity and signed zero", "[pointwise]") {
  const Tensor x = tensor({not_number, 1., inf, -inf});
  const Tensor y = tensor({1., not_number, not_number, 2.});
  for (const Tensor& result : {maximum(x, y), minimum(x, y), add(x, y), mul(x, y)}) {
    CHECK(isnan(result).to_vector<bool>() == std::vector{true, true, true, false});
  }
  for (auto f : {neg, abs, sign, floor, round, sqrt, rsqrt, square, reciprocal}) {
    CHECK(std::isnan(f(tensor(not_number), Where::here()).item<float>()));
  }
  CHECK(std::isnan(clamp(tensor(not_number), 0, 1).item<float>()));
  CHECK(std::isnan(pow(tensor(-8.), 1. / 3).item<float>()));
  CHECK(pow(tensor(0.), 0.).item<float>() == 1);
  CHECK(std::signbit(neg(tensor(0.)).item<float>()));
  CHECK(std::signbit(round(tensor(-0.5)).item<float>()));
  CHECK_FALSE(std::signbit(sign(tensor(-0.)).item<float>()));
  check_near(round(tensor({.5, 1.5, 2.5, -.5, -1.5, 1e10})), {0, 2, 2, 0, -2, 1e10});
  check_near(sign(tensor({-inf, -2., 0., 3.})), {-1, -1, 0, 1});
}

TEST_CASE("integers wrap around", "[pointwise]") {
  const Tensor x = tensor({least, std::int64_t{-1}});
  CHECK(neg(x).to_vector<std::int64_t>() == std::vector<std::int64_t>{least, 1});
  CHECK(abs(x).to_vector<std::int64_t>() == std::vector<std::int64_t>{least, 1});
  CHECK(add(x, x).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, -2});
  CHECK(mul(x, least).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, least});
  CHECK(pow(tensor({3, -2, 1, -1}), tensor({40, 63, -5, -5})).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{-6289078614652622815, least, 1, -1});
}

TEST_CASE("gradients at ties, kinks and bounds", "[pointwise]") {
  Tensor a = tensor({1., 2., 3.}).requires_grad_();
  Tensor b = tensor({2., 2., 2.}).requires_grad_();
  maximum(a, b).backward(ones({3}));
  check_near(a.grad(), {0, .5, 1});
  check_near(b.grad(), {1, .5, 0});

  a = tensor({1., 2., 3.}).requires_grad_();
  b = tensor({2., 2., 2.}).requires_grad_();
  minimum(a, b).backward(ones({3}));
  check_near(a.grad(), {1, .5, 0});
  check_near(b.grad(), {0, .5, 1});

  Tensor x = tensor({-2., -1., 0., 1., 2.}).requires_grad_();
  clamp(x, -1, 1).sum().backward();
  check_near(x.grad(), {0, 1, 1, 1, 0});

  x = tensor({-2., 0., 3.}).requires_grad_();
  abs(x).sum().backward();
  check_near(x.grad(), {-1, 0, 1});

  x = tensor({-2.5, 0., 3.}).requires_grad_();
  add(add(sign(x), floor(x)), round(x)).sum().backward();
  check_near(x.grad(), {0, 0, 0});
}

TEST_CASE("gradients of powers of zero are finite where the derivative is", "[pointwise]") {
  for (const auto& [exponent, slope] :
       std::vector<std::pair<double, double>>{{2, 0}, {1, 1}, {0, 0}}) {
    INFO("exponent " << exponent);
    Tensor x = tensor(0.).requires_grad_();
    pow(x, exponent).backward();
    CHECK(x.grad().item<float>() == slope);

    x = tensor(0.).requires_grad_();
    Tensor p = tensor(exponent).requires_grad_();
    pow(x, p).backward();
    CHECK(x.grad().item<float>() == slope);
    CHECK(p.grad().item<float>() == 0);
  }
  // torch.pow(torch.tensor([0., 2.]), torch.tensor([3., 0.])): gradients (0, 0) and (0, log 2)
  Tensor x = tensor({0., 2.}).requires_grad_();
  Tensor p = tensor({3., 0.}).requires_grad_();
  pow(x, p).sum().backward();
  check_near(x.grad(), {0, 0});
  check_near(p.grad(), {0, std::log(2.)});
}

TEST_CASE("where and masked_fill hold back the gradient of what they hide", "[pointwise]") {
  Tensor x = tensor({0., 4.}).requires_grad_();
  where(gt(x, 0), log(where(gt(x, 0), x, ones_like(x))), zeros_like(x)).sum().backward();
  check_near(x.grad(), {0, .25});

  x = tensor({1., 4.}).requires_grad_();
  masked_fill(x, tensor({true, false}), not_number).backward(tensor({not_number, 3.}));
  check_near(x.grad(), {0, 3});
}

TEST_CASE("gradients sum over what was broadcast and keep the input's dtype", "[pointwise]") {
  Tensor a = ones({2, 3}).requires_grad_();
  Tensor b = full({3}, 2, float64).requires_grad_();
  mul(a, b).sum().backward();
  CHECK(a.grad().dtype() == float32);
  CHECK(b.grad().dtype() == float64);
  CHECK(a.grad().shape() == Shape{2, 3});
  check_near(b.grad(), {2, 2, 2});
}

TEST_CASE("errors name the op, the shapes and the remedy", "[pointwise]") {
  const Tensor b = tensor({true, false});
  CHECK_THROWS_WITH(add(ones({2}), ones({3})),
                    Contains("[add]") && Contains("(2,)") && Contains("(3,)"));
  CHECK_THROWS_WITH(add(ones({2}), ones({3})), Contains("pointwise_test.cpp"));
  CHECK_THROWS_WITH(ones({2}) * ones({3}), Contains("[mul]") && Contains("pointwise_test.cpp"));
  CHECK_THROWS_WITH(b - b, Contains("logical_xor"));
  CHECK_THROWS_WITH(1 - b, Contains("bool"));
  CHECK_THROWS_WITH(-b, Contains("[neg]") && Contains("logical_not"));
  CHECK_THROWS_WITH(abs(b), Contains("to(int64)"));
  CHECK_THROWS_WITH(pow(b, b), Contains("bool"));
  CHECK_THROWS_WITH(pow(tensor({1, 2}), -1), Contains("[pow]") && Contains("-1"));
  CHECK_THROWS_WITH(clamp(ones({2}), {}, {}), Contains("bound"));
  CHECK_THROWS_WITH(clamp(ones({2}), not_number, 1), Contains("NaN"));
  CHECK_THROWS_WITH(where(tensor({1, 0}), ones({2}), ones({2})),
                    Contains("bool") && Contains("int64"));
  CHECK_THROWS_WITH(masked_fill(ones({2}), tensor({1, 0}), 1), Contains("bool mask"));
  CHECK_THROWS_WITH(masked_fill(ones({2}), ones({3, 2}, boolean), 1), Contains("(3, 2)"));
  CHECK_THROWS_AS(add(Tensor(), ones({2})), Error);
}

TEST_CASE("masked_fill, where and clamp take every layout", "[pointwise]") {
  const Tensor x = naive::draw({3, 4});
  const Tensor mask = gt(naive::draw({4}, float32, 2), 0);
  const Tensor expected = naive::build({3, 4}, [&](const naive::Position& i) {
    return naive::value(mask, i) != 0 ? 9 : naive::value(x, i);
  });
  CHECK(naive::close(masked_fill(naive::scattered(x), mask, 9), expected, 0));
  CHECK(naive::close(where(mask, tensor(9.), naive::scattered(x)), expected, 0));
  CHECK(clamp(zeros({0, 3}), 0, 1).shape() == Shape{0, 3});
  CHECK(naive::close(clamp(naive::scattered(x), -inf, inf), to(x, float64), 0));
}

TEST_CASE("results larger than the cache are complete, wherever they begin", "[pointwise]") {
  const std::int64_t n = 2'200'003;  // more than 8 MiB of floats
  const Tensor x = arange(0, n, 1, float32);
  const Tensor sum = x + x;
  const Tensor tail = x.clone().narrow(0, 1, n - 1);
  tail.add_(tail);
  CHECK(equal(sum.narrow(0, 1, n - 1), tail));
  CHECK(equal(sum, arange(0, 2 * n, 2, float32)));
}
