#include <algorithm>
#include <numeric>

#include "gradus/autograd/ops.h"
#include "tests/catch.h"
#include "tests/naive.h"

using namespace gradus;

namespace {

const double not_a_number = std::nan("");

/// Indices of the values of one line in stable order; NaN is the greatest.
std::vector<std::int64_t> naive_order(const std::vector<double>& line, bool descending) {
  std::vector<std::int64_t> order(line.size());
  std::iota(order.begin(), order.end(), 0);
  auto less = [](double a, double b) { return std::isnan(b) ? !std::isnan(a) : a < b; };
  std::sort(order.begin(), order.end(), [&](std::int64_t i, std::int64_t j) {
    double a = line[static_cast<std::size_t>(i)], b = line[static_cast<std::size_t>(j)];
    if (less(a, b)) return !descending;
    if (less(b, a)) return descending;
    return i < j;
  });
  return order;
}

/// Checks sort (k < 0) or topk of x along dim, line by line.
void check_order(const Tensor& x, int dim, bool descending, std::int64_t k = -1) {
  INFO(to_string(x.shape()) << " along " << dim << ", " << name(x.dtype())
                            << ", descending: " << descending << ", k: " << k);
  auto [values, indices] = k < 0 ? sort(x, dim, descending) : topk(x, k, dim, descending);
  Shape lines = x.shape();
  lines[dim] = 1;
  naive::for_each(lines, [&](naive::Position at) {
    auto& i = at[static_cast<std::size_t>(dim)];
    std::vector<double> line;
    for (i = 0; i < x.shape()[dim]; ++i) line.push_back(naive::value(x, at));
    auto expected = naive_order(line, descending);
    if (k >= 0) expected.resize(static_cast<std::size_t>(k));
    std::vector<std::int64_t> got;
    for (i = 0; i < values.shape()[dim]; ++i) {
      got.push_back(static_cast<std::int64_t>(naive::value(indices, at)));
      double value = naive::value(values, at);
      double wanted = line[static_cast<std::size_t>(got.back())];
      CHECK((value == wanted || (std::isnan(value) && std::isnan(wanted))));
    }
    CHECK(got == expected);
  });
}

}  // namespace

TEST_CASE("sort and topk agree with a stable sort of each line", "[order]") {
  for (DType dtype : {boolean, int64, float32, float64}) {
    Tensor x = naive::draw({4, 25, 3}, dtype);
    if (x.is_floating()) x = round(x * 4);  // equal values
    for (int dim = 0; dim < 3; ++dim) {
      for (bool descending : {false, true}) {
        for (const Tensor& t : {x, naive::scattered(x)}) {
          check_order(t, dim, descending);
          check_order(t, dim, descending, 2);
          check_order(t, dim, descending, x.shape()[dim]);
        }
      }
    }
  }
}

// x = torch.tensor([3., not_a_number, 1, 3, -1, not_a_number]); x.sort(stable=True),
// x.sort(descending=True, stable=True), x.topk(3), x.topk(3, largest=False)
TEST_CASE("NaN is the greatest value, as in PyTorch", "[order]") {
  for (DType dtype : {float32, float64}) {
    Tensor x = tensor({3.0, not_a_number, 1.0, 3.0, -1.0, not_a_number}, dtype);
    CHECK(equal(sort(x).indices, tensor({4, 2, 0, 3, 1, 5})));
    CHECK(equal(sort(x, 0, true).indices, tensor({1, 5, 0, 3, 2, 4})));
    CHECK(equal(topk(x, 2).indices, tensor({1, 5})));
    CHECK(equal(topk(x, 3, -1, false).values, tensor({-1.0, 1.0, 3.0}, dtype)));
  }
}

TEST_CASE("sort and topk of what has few elements or none", "[order]") {
  CHECK(sort(zeros({0, 3}), 0).indices.shape() == Shape{0, 3});
  CHECK(sort(zeros({2, 0, 3}), 0).values.shape() == Shape{2, 0, 3});
  CHECK(sort(tensor(2.0)).values.item<float>() == 2);
  CHECK(sort(tensor(2.0)).indices.item<std::int64_t>() == 0);
  CHECK(topk(ones({3}), 0).values.shape() == Shape{0});
  CHECK(topk(tensor(2.0), 1).values.dim() == 0);
}

TEST_CASE("sort and topk send gradients back to where the values came from", "[order]") {
  Tensor x = tensor({3.0, 1.0, 2.0}).requires_grad_();
  (sort(x).values * tensor({1.0, 10.0, 100.0})).sum().backward();
  CHECK(equal(x.grad(), tensor({100.0, 1.0, 10.0})));
  Tensor y = tensor({3.0, 1.0, 2.0}).requires_grad_();
  (topk(y, 2).values * tensor({1.0, 10.0})).sum().backward();
  CHECK(equal(y.grad(), tensor({1.0, 0.0, 10.0})));
  CHECK_FALSE(sort(y).indices.requires_grad());
}

TEST_CASE("sort and topk name a bad dimension or k", "[order]") {
  REQUIRE_THROWS_AS(sort(zeros({2, 3}), 2), IndexError);
  REQUIRE_THROWS_WITH(
      topk(zeros({2, 3}), 4, 1),
      StartsWith("[topk] k = 4 is out of range for dimension 1 of (2, 3) at order_test.cpp:"));
  REQUIRE_THROWS_WITH(topk(zeros({2, 3}), -1), Contains("k = -1 is out of range"));
}

TEST_CASE("triu and tril keep a triangle of each matrix", "[order]") {
  for (DType dtype : {boolean, int64, float32, float64}) {
    for (const Shape& shape : {Shape{4, 4}, Shape{3, 5}, Shape{5, 3}, Shape{2, 3, 4}, Shape{1, 4},
                               Shape{4, 1}, Shape{0, 3}, Shape{2, 0, 2}}) {
      Tensor x = naive::draw(shape, dtype);
      for (std::int64_t diagonal = -5; diagonal <= 5; ++diagonal) {
        for (const Tensor& t : {x, naive::scattered(x), x.transpose(-1, -2)}) {
          auto keep = [&](bool upper) {
            return naive::build(t.shape(), [&](const naive::Position& at) {
              std::int64_t distance = at[at.size() - 1] - at[at.size() - 2];
              return (upper ? distance >= diagonal : distance <= diagonal) ? naive::value(t, at)
                                                                           : 0;
            });
          };
          CHECK(naive::close(triu(t, diagonal), keep(true), 0));
          CHECK(naive::close(tril(t, diagonal), keep(false), 0));
        }
      }
    }
  }
  CHECK(triu(ones({2, 2}, int64)).dtype() == int64);
  REQUIRE_THROWS_WITH(triu(zeros({3})),
                      Contains("[triu] needs at least 2 dimensions, got shape (3,)"));
  // What is dropped does not reach the result, NaN included.
  CHECK(equal(tril(tensor({{1.0, not_a_number}, {2.0, 3.0}})), tensor({{1.0, 0.0}, {2.0, 3.0}})));
}
