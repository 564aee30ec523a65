#include "gradus/tensor/layout.h"

#include <limits>

#include "gradus/tensor/error.h"
#include "tests/catch.h"
#include "tests/layout_model.h"

using namespace gradus;
using gradus::test::Model;
using gradus::test::Random;

namespace {

void require_same(const Layout& layout, const Model& model) {
  REQUIRE(layout.shape == model.shape);
  REQUIRE(test::cells_of(layout) == model.cells);
}

}  // namespace

TEST_CASE("Chains of views address what an index model addresses", "[layout]") {
  Random random(1);
  for (int trial = 0; trial < 3000; ++trial) {
    Layout layout = Layout::contiguous(test::random_shape(random, 4));
    Model model = Model::contiguous(layout.shape);
    require_same(layout, model);
    for (int step = 0; step < 6; ++step) {
      test::random_view(random, layout, model);
      require_same(layout, model);
    }
  }
}

TEST_CASE("A layout is contiguous where its elements lie in a row", "[layout]") {
  Random random(2);
  for (int trial = 0; trial < 3000; ++trial) {
    Layout layout = Layout::contiguous(test::random_shape(random, 4));
    Model model = Model::contiguous(layout.shape);
    for (int step = 0; step < 4; ++step) test::random_view(random, layout, model);
    bool row = true;
    for (std::size_t i = 1; i < model.cells.size(); ++i) {
      row = row && model.cells[i] == model.cells[0] + static_cast<std::int64_t>(i);
    }
    REQUIRE(layout.is_contiguous() == row);
  }
}

TEST_CASE("reshape is a view exactly where strides can express it", "[layout]") {
  Random random(3);
  int views = 0;
  int copies = 0;
  for (int trial = 0; trial < 4000; ++trial) {
    Layout layout = Layout::contiguous(test::random_shape(random, 4));
    Model model = Model::contiguous(layout.shape);
    for (int step = 0; step < 4; ++step) test::random_view(random, layout, model);
    Shape target = test::random_factors(random, layout.numel());
    Model wanted{target, model.cells};
    std::optional<Layout> reshaped = layout.reshape(target);
    REQUIRE(reshaped.has_value() == test::strides_can_express(wanted));
    if (reshaped) require_same(*reshaped, wanted);
    ++(reshaped ? views : copies);
  }
  CHECK(views > 1000);
  CHECK(copies > 200);
}

TEST_CASE("broadcast follows NumPy", "[layout]") {
  CHECK(broadcast({3, 1}, {4}) == Shape{3, 4});
  CHECK(broadcast({}, {2, 3}) == Shape{2, 3});
  CHECK(broadcast({1}, {0}) == Shape{0});
  CHECK(broadcast({5, 1, 3}, {4, 1}) == Shape{5, 4, 3});
  CHECK_THROWS_WITH(broadcast({2, 3}, {4}), Contains("shapes do not broadcast: (2, 3) and (4,)"));
  CHECK_THROWS_WITH(broadcast({2}, {0}), Contains("(2,) and (0,)"));
}

TEST_CASE("infer_size fills in the one -1", "[layout]") {
  CHECK(infer_size({-1, 3}, 12) == Shape{4, 3});
  CHECK(infer_size({2, -1}, 0) == Shape{2, 0});
  CHECK(infer_size({}, 1) == Shape{});
  CHECK_THROWS_WITH(infer_size({-1, -1}, 4), Contains("only one size can be inferred: (-1, -1)"));
  CHECK_THROWS_WITH(infer_size({-1, 5}, 12), Contains("12 elements do not fill (-1, 5)"));
  CHECK_THROWS_WITH(infer_size({-1, 0}, 0), Contains("do not fill (-1, 0)"));
  CHECK_THROWS_WITH(infer_size({3, 5}, 12), Contains("12 elements do not fill (3, 5)"));
  CHECK_THROWS_WITH(infer_size({-2}, 2), Contains("invalid size -2"));
}

TEST_CASE("Dimensions wrap from the end", "[layout]") {
  CHECK(wrap_dim(-1, 3) == 2);
  CHECK(wrap_dim(0, 0) == 0);
  CHECK(wrap_dim(-1, 0) == 0);
  CHECK(wrap_dims({-1, 0}, 3) == Dims{2, 0});
  CHECK(wrap_dims({}, 3) == Dims{0, 1, 2});
  CHECK(wrap_dims({}, 0) == Dims{});
  CHECK(reduced({2, 3, 4}, {0, 2}, false) == Shape{3});
  CHECK(reduced({2, 3, 4}, {0, 2}, true) == Shape{1, 3, 1});
  CHECK_THROWS_AS(wrap_dim(3, 3), IndexError);
  CHECK_THROWS_WITH(wrap_dim(-4, 3), Contains("dimension -4 is out of range for 3 dimensions"));
  CHECK_THROWS_WITH(wrap_dims({1, -2}, 3), Contains("dimension -2 appears twice in (1, -2)"));
}

TEST_CASE("Bad views say what is wrong", "[layout]") {
  Layout x = Layout::contiguous({2, 3});
  CHECK_THROWS_WITH(x.permute({0}), Contains("does not name the 2 dimensions of (2, 3)"));
  CHECK_THROWS_WITH(x.permute({0, 0}), Contains("appears twice"));
  CHECK_THROWS_AS(x.transpose(0, 2), IndexError);
  CHECK_THROWS_WITH(x.broadcast_to({3}), Contains("cannot broadcast (2, 3) to (3,)"));
  CHECK_THROWS_WITH(x.broadcast_to({2, 4}), Contains("cannot broadcast (2, 3) to (2, 4)"));
  CHECK_THROWS_WITH(x.broadcast_to({-1, 2, 3}), Contains("cannot broadcast"));
  CHECK_THROWS_WITH(x.squeeze(1), Contains("dimension 1 of (2, 3) has size 3, not 1"));
  CHECK_THROWS_WITH(x.select(1, 3), Contains("index 3 is out of range for dimension 1 of (2, 3)"));
  CHECK_THROWS_WITH(x.slice(0, 0, 2, -1), Contains("step must be positive, got -1: use flip()"));
  CHECK_THROWS_WITH(x.slice(0, 0, 2, 0), Contains("step cannot be zero"));
  CHECK_THROWS_WITH(x.diagonal(0, 1, 1), Contains("two different dimensions"));
  CHECK_THROWS_WITH(Layout::contiguous({3}).diagonal(0, 0, 1), Contains("two dimensions"));
  CHECK_THROWS_WITH(Layout::contiguous({}).select(0, 0), Contains("without dimensions"));
  CHECK_THROWS_WITH(Layout::contiguous({2, -1}), Contains("cannot be negative: (2, -1)"));
  CHECK_THROWS_WITH(Layout::contiguous({1LL << 40, 1LL << 40}), Contains("more elements than"));
}

TEST_CASE("Slices clamp as in Python", "[layout]") {
  Layout x = Layout::contiguous({10});
  auto cells = [&](std::int64_t start, std::int64_t stop, std::int64_t step) {
    return test::cells_of(x.slice(0, start, stop, step));
  };
  using Cells = std::vector<std::int64_t>;
  CHECK(cells(-3, 100, 1) == Cells{7, 8, 9});
  CHECK(cells(1, -1, 3) == Cells{1, 4, 7});
  CHECK(cells(-100, 2, 1) == Cells{0, 1});
  CHECK(cells(8, 2, 1).empty());
  CHECK(cells(0, 10, std::numeric_limits<std::int64_t>::max()) == Cells{0});
}

TEST_CASE("Dims is a short list of at most 8", "[dims]") {
  Dims dims{2, 3, 5};
  CHECK(dims.product() == 30);
  CHECK(Dims().product() == 1);
  dims.insert(0, 7);
  dims.erase(2);
  CHECK(dims == Dims{7, 2, 5});
  CHECK(dims.back() == 5);
  CHECK(dims.contains(2));
  CHECK_FALSE(dims.contains(3));
  CHECK(Dims(4) == Dims{4});
  CHECK(Dims(std::vector<std::int64_t>{1, 2}) == Dims{1, 2});
  CHECK(Dims::filled(3, 9) == Dims{9, 9, 9});
  CHECK(fmt::format("{} {} {}", Dims{}, Dims{1}, Dims{1, 2}) == "() (1,) (1, 2)");
  CHECK_THROWS_WITH(Dims::filled(9, 1), Contains("at most 8 dimensions"));
  CHECK_THROWS_WITH(Dims({1, 2, 3, 4, 5, 6, 7, 8, 9}), Contains("at most 8 dimensions, got 9"));
}
