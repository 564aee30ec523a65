#include <cmath>
#include <limits>

#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "tests/catch.h"
#include "tests/naive.h"
#include "tests/near.h"

using namespace gradus;
using naive::Position;

namespace {

Tensor softmax_by_definition(const Tensor& x, int dim, bool logarithm) {
  auto d = static_cast<std::size_t>(dim);
  return naive::build(x.shape(), [&](const Position& at) {
    double total = 0;
    Position from = at;
    for (from[d] = 0; from[d] < x.size(dim); ++from[d]) total += std::exp(naive::value(x, from));
    double y = naive::value(x, at) - std::log(total);
    return logarithm ? y : std::exp(y);
  });
}

Tensor example() { return tensor({{1.0, -2.0, 3.0}, {0.5, 4.0, -1.0}}, float64).requires_grad_(); }

}  // namespace

TEST_CASE("softmax and log_softmax agree with the definition along any dimension") {
  for (const Shape& shape :
       {Shape{1}, Shape{9}, Shape{5, 3}, Shape{2, 100}, Shape{3, 33, 20}, Shape{2, 3, 4, 5}}) {
    for (int dim = 0; dim < shape.size(); ++dim) {
      for (DType dtype : {float32, float64}) {
        Tensor x = 5 * naive::draw(shape, dtype);
        double tolerance = dtype == float32 ? 2e-6 : 1e-12;
        for (const Tensor& layout : {x, naive::scattered(x)}) {
          INFO(to_string(shape) << " along " << dim << " " << name(dtype));
          CHECK(
              naive::close(softmax(layout, dim), softmax_by_definition(x, dim, false), tolerance));
          CHECK(naive::close(log_softmax(layout, dim - shape.size()),
                             softmax_by_definition(x, dim, true), tolerance));
        }
      }
    }
  }
}

TEST_CASE("softmax is stable, and NaN where nothing is possible") {
  const double inf = std::numeric_limits<double>::infinity();
  check_near(softmax(tensor({1e4, 1e4}), 0), {0.5, 0.5});
  check_near(softmax(tensor({0.0, -inf}), 0), {1, 0});
  CHECK(log_softmax(tensor({0.0, -inf}), 0).at(1) == -inf);
  CHECK(std::isnan(softmax(tensor({-inf, -inf}), 0).at(0)));
  CHECK(std::isnan(log_softmax(tensor({-inf, -inf}), 0).at(1)));
  CHECK(std::isnan(softmax(tensor({0.0, std::nan("")}), 0).at(0)));
  check_near(log_softmax(tensor({1e4, 0.0}), 0), {0, -1e4});
}

// torch: (y * arange(1, 7).reshape(2, 3)).sum().backward()
TEST_CASE("softmax and its gradient agree with PyTorch") {
  Tensor factors = arange(1, 7, 1, float64).reshape({2, 3});
  Tensor x = example();
  Tensor y = softmax(x, 0);
  check_near(y, {0.622459331, 0.002472623, 0.98201379, 0.377540669, 0.997527377, 0.01798621}, 1e-8);
  sum(y * factors).backward();
  check_near(x.grad(),
             {-0.705011137, -0.007399528, -0.052988119, 0.705011137, 0.007399528, 0.052988119},
             1e-8);

  x = example();
  y = log_softmax(x, 1);
  check_near(y,
             {-2.132845234, -5.132845234, -0.132845234, -3.536269565, -0.036269565, -5.036269565},
             1e-8);
  sum(y * factors).backward();
  check_near(x.grad(),
             {0.289002073, 1.964601498, -2.25360357, 3.563173577, -9.465704427, 5.90253085}, 1e-8);
}

TEST_CASE("softmax of no rows or of empty rows is empty, of a number 1") {
  CHECK(softmax(zeros({0, 3}), 1).shape() == Shape{0, 3});
  CHECK(softmax(zeros({3, 0}), 1).shape() == Shape{3, 0});
  CHECK(softmax(full({}, 7.0), 0).item<double>() == 1);
}

TEST_CASE("softmax names wrong arguments") {
  REQUIRE_THROWS_WITH(softmax(zeros({2, 3}), 2), Contains("[softmax]"));
  REQUIRE_THROWS_WITH(softmax(zeros(2, int64), 0),
                      Contains("[softmax] needs floating-point numbers"));
  REQUIRE_THROWS_WITH(log_softmax(zeros({2, 3}), -3), Contains("[log_softmax]"));
  REQUIRE_THROWS_WITH(log_softmax(zeros(2, int64), 0),
                      Contains("[log_softmax] needs floating-point"));
}
