#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "tests/catch.h"
#include "tests/naive.h"
#include "tests/near.h"

using namespace gradus;
using naive::Position;

TEST_CASE("cumsum agrees with the definition along any dimension") {
  for (const Shape& shape : {Shape{7}, Shape{3, 5}, Shape{4, 37, 6}, Shape{0, 3}, Shape{3, 0}}) {
    for (int dim = 0; dim < shape.size(); ++dim) {
      Tensor x = naive::draw(shape);
      auto d = static_cast<std::size_t>(dim);
      Tensor expected = naive::build(shape, [&](const Position& at) {
        double total = 0;
        Position from = at;
        for (from[d] = 0; from[d] <= at[d]; ++from[d]) total += naive::value(x, from);
        return total;
      });
      CHECK(naive::close(cumsum(x, dim), expected, 1e-6));
      CHECK(naive::close(cumsum(naive::scattered(x), dim - shape.size()), expected, 1e-6));
    }
  }
}

TEST_CASE("cumsum of integers and bools is int64, and of a number itself") {
  Tensor counted = cumsum(tensor({true, false, true}), 0);
  CHECK(counted.dtype() == int64);
  CHECK(counted.to_vector<double>() == std::vector<double>{1, 1, 2});
  CHECK(cumsum(full({}, 3.0), 0).item<double>() == 3);
}

// torch: (x.cumsum(1) * arange(1, 7).reshape(2, 3)).sum().backward()
TEST_CASE("the gradient of cumsum runs backwards") {
  Tensor x = tensor({{1.0, -2.0, 3.0}, {0.5, 4.0, -1.0}}).requires_grad_();
  sum(cumsum(x, 1) * arange(1, 7).reshape({2, 3})).backward();
  check_near(x.grad(), {6, 5, 3, 15, 11, 6});
}

TEST_CASE("cumsum names a wrong dimension") {
  REQUIRE_THROWS_WITH(cumsum(zeros({2, 3}), 2), Contains("[cumsum]"));
}
