#include <algorithm>
#include <atomic>

#include "gradus/tensor/iterate.h"
#include "tests/catch.h"
#include "tests/layout_model.h"

using namespace gradus;
using gradus::test::Random;

namespace {

/// Where three operands are met, as one element of the nest.
using Meeting = std::array<std::int64_t, 3>;

struct Operands {
  Shape shape;
  std::array<Layout, 3> layouts;
  std::vector<Meeting> expected;  // in row-major order of shape
};

/// Random views, the first of the nest's own shape, the others broadcast to it.
Operands random_operands(Random& random) {
  auto view_of = [&](Shape shape) {
    // A permuted and sliced tensor whose view has this shape.
    int rank = shape.size();
    std::vector<std::int64_t> order;
    for (int d = 0; d < rank; ++d) order.push_back(d);
    std::shuffle(order.begin(), order.end(), random);
    Shape stored = shape;
    for (int d = 0; d < rank; ++d) {
      stored[order[static_cast<std::size_t>(d)]] = 2 * shape[d] + test::draw(random, 0, 1);
    }
    Layout layout = Layout::contiguous(stored).permute(order);
    for (int d = 0; d < rank; ++d) {
      std::int64_t step = test::draw(random, 1, 2);
      layout = layout.slice(d, 0, shape[d] * step, step);
    }
    return layout;
  };
  Operands operands;
  operands.shape = test::random_shape(random, 4);
  operands.layouts[0] =
      test::draw(random, 0, 1) == 0 ? Layout::contiguous(operands.shape) : view_of(operands.shape);
  for (std::size_t k = 1; k < 3; ++k) {
    Shape shape = operands.shape;
    while (!shape.empty() && test::draw(random, 0, 4) == 0) shape.erase(0);
    for (std::int64_t& size : shape) {
      if (test::draw(random, 0, 3) == 0) size = 1;
    }
    operands.layouts[k] = view_of(shape);
  }
  std::array<std::vector<std::int64_t>, 3> cells;
  for (std::size_t k = 0; k < 3; ++k) {
    cells[k] = test::cells_of(operands.layouts[k].broadcast_to(operands.shape));
  }
  for (std::size_t i = 0; i < cells[0].size(); ++i) {
    operands.expected.push_back({cells[0][i], cells[1][i], cells[2][i]});
  }
  return operands;
}

std::vector<Meeting> met(const Nest& nest, std::int64_t begin, std::int64_t end) {
  std::vector<Meeting> result;
  nest.walk(begin, end, [&](std::int64_t n, const std::int64_t* at, const std::int64_t* by) {
    REQUIRE(n >= 1);
    REQUIRE(n <= nest.run());
    for (std::int64_t i = 0; i < n; ++i) {
      result.push_back({at[0] + i * by[0], at[1] + i * by[1], at[2] + i * by[2]});
    }
  });
  return result;
}

}  // namespace

TEST_CASE("in_order meets all elements in row-major order, from any range", "[nest]") {
  Random random(4);
  for (int trial = 0; trial < 2000; ++trial) {
    Operands o = random_operands(random);
    Nest nest = Nest::in_order(o.shape, {o.layouts[0], o.layouts[1], o.layouts[2]});
    REQUIRE(nest.numel() == o.shape.product());
    REQUIRE(met(nest, 0, nest.numel()) == o.expected);
    std::int64_t a = test::draw(random, 0, nest.numel());
    std::int64_t b = test::draw(random, a, nest.numel());
    REQUIRE(met(nest, a, b) ==
            std::vector<Meeting>(o.expected.begin() + a, o.expected.begin() + b));
  }
}

TEST_CASE("any_order meets every element once, however the range is cut", "[nest]") {
  Random random(5);
  for (int trial = 0; trial < 2000; ++trial) {
    Operands o = random_operands(random);
    Nest nest = Nest::any_order(o.shape, {o.layouts[0], o.layouts[1], o.layouts[2]});
    std::vector<Meeting> all = met(nest, 0, nest.numel());
    std::vector<Meeting> pieces;
    for (std::int64_t begin = 0; begin < nest.numel();) {
      std::int64_t end = std::min(nest.numel(), begin + test::draw(random, 1, 9));
      std::vector<Meeting> piece = met(nest, begin, end);
      pieces.insert(pieces.end(), piece.begin(), piece.end());
      begin = end;
    }
    REQUIRE(pieces == all);
    std::sort(all.begin(), all.end());
    std::sort(o.expected.begin(), o.expected.end());
    REQUIRE(all == o.expected);
  }
}

TEST_CASE("any_order walks the first operand in the order of its memory", "[nest]") {
  Layout x = Layout::contiguous({4, 5, 6}).permute({2, 0, 1});
  Nest nest = Nest::any_order(x.shape, {x, x});
  CHECK(nest.run() == 120);
  CHECK(nest.run_stride(0) == 1);
  Layout row = Layout::contiguous({6, 1, 1});  // one number for each of x's first dimension
  nest = Nest::any_order(x.shape, {x, row});
  CHECK(nest.run() == 6);
  CHECK(nest.run_stride(1) == 1);
}

TEST_CASE("Contiguous operands make one run", "[nest]") {
  Layout x = Layout::contiguous({2, 1, 3, 4});
  Nest nest = Nest::in_order(x.shape, {x, x, Layout::contiguous({})});
  CHECK(nest.run() == 24);
  CHECK(nest.run_stride(0) == 1);
  CHECK(nest.run_stride(2) == 0);
}

TEST_CASE("A tensor without dimensions has one element to meet, one of size zero none", "[nest]") {
  Layout scalar = Layout::contiguous({});
  std::int64_t seen = 0;
  Nest one = Nest::in_order({}, {scalar});
  one.walk(0, one.numel(),
           [&](std::int64_t n, const std::int64_t*, const std::int64_t*) { seen += n; });
  CHECK(seen == 1);
  Nest none = Nest::in_order({3, 0}, {Layout::contiguous({3, 0})});
  none.walk(0, none.numel(),
            [&](std::int64_t, const std::int64_t*, const std::int64_t*) { ++seen; });
  CHECK(seen == 1);
}

TEST_CASE("parallel_walk meets every element once", "[nest]") {
  Layout x = Layout::contiguous({50, 40}).transpose(0, 1);
  Nest nest = Nest::in_order(x.shape, {x});
  std::vector<std::atomic<int>> visits(2000);
  nest.parallel_walk(16, [&](std::int64_t n, const std::int64_t* at, const std::int64_t* by) {
    for (std::int64_t i = 0; i < n; ++i) ++visits[static_cast<std::size_t>(at[0] + i * by[0])];
  });
  CHECK(std::all_of(visits.begin(), visits.end(), [](const auto& v) { return v == 1; }));
}

TEST_CASE("A nest's operands broadcast to its shape or it throws", "[nest]") {
  CHECK_THROWS_WITH(Nest::in_order({2, 3}, {Layout::contiguous({4})}),
                    Contains("cannot broadcast (4,) to (2, 3)"));
}
