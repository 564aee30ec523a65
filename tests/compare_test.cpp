#include <limits>

#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "tests/catch.h"
#include "tests/naive.h"

using namespace gradus;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double not_number = std::numeric_limits<double>::quiet_NaN();

using Flags = std::vector<bool>;

Flags flags(const Tensor& x) {
  CHECK(x.dtype() == boolean);
  return x.to_vector<bool>();
}

struct Comparison {
  const char* name;
  Tensor (*op)(const Tensor&, const Tensor&, Where);
  bool (*reference)(double, double);
};

const Comparison comparisons[] = {
    {"eq", eq, [](double a, double b) { return a == b; }},
    {"ne", ne, [](double a, double b) { return a != b; }},
    {"lt", lt, [](double a, double b) { return a < b; }},
    {"le", le, [](double a, double b) { return a <= b; }},
    {"gt", gt, [](double a, double b) { return a > b; }},
    {"ge", ge, [](double a, double b) { return a >= b; }},
    {"logical_and", logical_and, [](double a, double b) { return a != 0 && b != 0; }},
    {"logical_or", logical_or, [](double a, double b) { return a != 0 || b != 0; }},
    {"logical_xor", logical_xor, [](double a, double b) { return (a != 0) != (b != 0); }},
};

}  // namespace

TEST_CASE("comparisons of every dtype and layout agree with plain loops", "[compare]") {
  const std::pair<Shape, Shape> shapes[] = {{{}, {}},         {{3, 5}, {3, 5}}, {{3, 5}, {3, 1}},
                                            {{4, 1}, {1, 6}}, {{40}, {}},       {{0, 2}, {2}}};
  for (const auto& [left, right] : shapes) {
    for (DType dtype : {boolean, int64, float32, float64}) {
      // Few distinct values, so that many are equal.
      const Tensor a = to(floor(mul(naive::draw(left, float32, 1), 2)), dtype);
      const Tensor b = to(floor(mul(naive::draw(right, float32, 2), 2)), dtype);
      for (const Comparison& f : comparisons) {
        INFO(f.name << " of " << to_string(left) << " and " << to_string(right));
        const Tensor expected = naive::build(broadcast(left, right), [&](const naive::Position& i) {
          return f.reference(naive::value(a, i), naive::value(b, i));
        });
        CHECK(naive::close(f.op(a, b, Where::here()), expected, 0));
        CHECK(naive::close(f.op(naive::scattered(a), b, Where::here()), expected, 0));
      }
    }
  }
}

TEST_CASE("NaN equals nothing, zeros are equal", "[compare]") {
  const Tensor x = tensor({not_number, 0., inf, 1.});
  const Tensor y = tensor({not_number, -0., inf, not_number});
  CHECK(flags(x == y) == Flags{false, true, true, false});
  CHECK(flags(x != y) == Flags{true, false, false, true});
  CHECK(flags(x <= y) == Flags{false, true, true, false});
  CHECK(flags(x > y) == Flags{false, false, false, false});
  CHECK(flags(isnan(x)) == Flags{true, false, false, false});
  CHECK(flags(isfinite(x)) == Flags{false, true, false, true});
  CHECK(flags(isfinite(tensor({1, 2}))) == Flags{true, true});
  CHECK(flags(isnan(tensor({true}))) == Flags{false});
  CHECK(flags(logical_not(x)) == Flags{false, true, false, false});
  CHECK(flags(logical_and(x, 1 - zeros({4}))) == Flags{true, false, true, true});
}

// The same expressions in PyTorch 1.13.1.
TEST_CASE("operands of comparisons promote as in PyTorch", "[compare]") {
  const Tensor b = tensor({true, false});
  const Tensor i = tensor({2, -3});
  CHECK(flags(i < 2.5) == Flags{true, true});
  CHECK(flags(i == 2.5) == Flags{false, false});
  CHECK(flags(b == 2) == Flags{false, false});
  CHECK(flags(b < true) == Flags{false, true});
  CHECK(flags(tensor({0.1}) == 0.1) == Flags{true});  // as float32 on both sides
  CHECK(flags(tensor({0.1}) < 0.1) == Flags{false});
  CHECK(flags(tensor({16777217}) == tensor({16777216.0})) == Flags{true});
  CHECK(flags(tensor({3.7}) == 3) == Flags{false});
}

TEST_CASE("comparisons carry no gradient", "[compare]") {
  Tensor x = ones({2}).requires_grad_();
  CHECK_FALSE((x > 0).requires_grad());
  CHECK_FALSE(isnan(x).requires_grad());
}

TEST_CASE("allclose and equal", "[compare]") {
  const Tensor x = tensor({1., inf, -2.});
  CHECK(allclose(x, x));
  CHECK(allclose(x, tensor({1.000001, inf, -2.})));
  CHECK_FALSE(allclose(x, tensor({1.001, inf, -2.})));
  CHECK(allclose(x, tensor({1.001, inf, -2.}), 1e-2));
  CHECK_FALSE(allclose(x, tensor({1., -inf, -2.})));
  CHECK_FALSE(allclose(tensor({1.}), tensor({inf})));
  CHECK_FALSE(allclose(tensor({not_number}), tensor({not_number})));
  CHECK_FALSE(allclose(ones({2}), ones({1, 2})));
  CHECK(allclose(zeros({0}), zeros({0})));
  CHECK(allclose(x.detach(), naive::scattered(x)));

  CHECK(equal(x, naive::scattered(x)));
  CHECK_FALSE(equal(x, to(x, float64)));
  CHECK_FALSE(equal(x, tensor({1., inf})));
  CHECK_FALSE(equal(tensor({not_number}), tensor({not_number})));
  CHECK(equal(tensor({true}), tensor({true})));
}

TEST_CASE("comparison errors name the op", "[compare]") {
  CHECK_THROWS_WITH(ones({2}) < ones({3}), Contains("[lt]") && Contains("compare_test.cpp"));
  CHECK_THROWS_WITH(logical_or(ones({2}), ones({3})), Contains("[logical_or]"));
}
