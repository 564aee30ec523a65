#include "gradus/data/synthetic.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "gradus/data/shapeset.h"
#include "tests/catch.h"

using namespace gradus;

namespace {

double radius(const data::Dataset& set, std::int64_t i) {
  return std::hypot(set.inputs.at(i, 0), set.inputs.at(i, 1));
}

bool same(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.to_vector<double>() == b.to_vector<double>();
}

}  // namespace

TEST_CASE("circles: without noise each class lies on its radius", "[data]") {
  Generator generator(0);
  data::Dataset set = data::circles(101, {.inner_radius = 0.5, .noise = 0}, &generator);
  REQUIRE(set.inputs.shape() == Shape{101, 2});
  REQUIRE(set.targets.shape() == Shape{101});
  for (std::int64_t i = 0; i < 101; ++i) {
    CHECK(set.targets.at(i) == static_cast<double>(i % 2));
    CHECK(radius(set, i) == Approx(i % 2 == 0 ? 1 : 0.5).epsilon(1e-6));
  }
}

TEST_CASE("circles: noise has the deviation asked for", "[data]") {
  Generator generator(1);
  data::Dataset set = data::circles(20000, {.noise = 0.1}, &generator);
  double mean[2] = {}, square = 0;
  for (std::int64_t i = 0; i < set.size(); ++i) {
    mean[i % 2] += radius(set, i) / 10000;
    square += std::pow(radius(set, i) - (i % 2 == 0 ? 1 : 0.8), 2) / 20000;
  }
  // Across the radius r the noise adds sigma^2 / 2r to the mean, and sigma^2 to the square error.
  CHECK(mean[0] == Approx(1.005).margin(0.004));
  CHECK(mean[1] == Approx(0.806).margin(0.004));
  CHECK(std::sqrt(square) == Approx(0.1).epsilon(0.02));
}

TEST_CASE("blobs: classes gather about centres of their own", "[data]") {
  Generator generator(2);
  data::BlobsOptions options{.classes = 4, .features = 3, .spread = 0};
  data::Dataset set = data::blobs(12, options, &generator);
  REQUIRE(set.inputs.shape() == Shape{12, 3});
  for (std::int64_t i = 4; i < 12; ++i) {
    for (int f = 0; f < 3; ++f) {
      CHECK(set.inputs.at(i, f) == set.inputs.at(i - 4, f));
      CHECK(std::abs(set.inputs.at(i, f)) <= 10);
    }
    CHECK(set.targets.at(i) == static_cast<double>(i % 4));
  }
  CHECK(set.inputs.at(0, 0) != set.inputs.at(1, 0));
}

TEST_CASE("spirals: arms are rotations of each other", "[data]") {
  Generator generator(3);
  data::SpiralsOptions options{.classes = 3, .turns = 1, .noise = 0};
  data::Dataset set = data::spirals(300, options, &generator);
  for (std::int64_t i = 0; i < 300; ++i) {
    double r = radius(set, i);
    double angle = 2 * std::numbers::pi * (r + static_cast<double>(i % 3) / 3);
    CHECK(r <= 1);
    CHECK(set.inputs.at(i, 0) == Approx(r * std::cos(angle)).margin(1e-5));
    CHECK(set.inputs.at(i, 1) == Approx(r * std::sin(angle)).margin(1e-5));
  }
}

TEST_CASE("synthetic sets: a seed fixes them, and a stream goes on", "[data]") {
  auto draw = [](Generator& g) {
    return std::array{data::circles(9, {}, &g), data::blobs(9, {}, &g), data::spirals(9, {}, &g),
                      data::shapeset(9, &g)};
  };
  Generator a(7), b(7);
  auto first = draw(a), again = draw(b), next = draw(a);
  for (std::size_t i = 0; i < first.size(); ++i) {
    CHECK(same(first[i].inputs, again[i].inputs));
    CHECK(same(first[i].targets, again[i].targets));
    CHECK_FALSE(same(first[i].inputs, next[i].inputs));
  }
}

TEST_CASE("synthetic sets: bad options are named", "[data]") {
  REQUIRE_THROWS_WITH(data::circles(-1), Contains("[circles]") && Contains("-1"));
  REQUIRE_THROWS_WITH(data::circles(4, {.inner_radius = 1}), Contains("inner_radius 1"));
  REQUIRE_THROWS_WITH(data::circles(4, {.noise = -0.5}), Contains("noise") && Contains("-0.5"));
  REQUIRE_THROWS_WITH(data::blobs(4, {.classes = 0}), Contains("[blobs]") && Contains("0 and 2"));
  REQUIRE_THROWS_WITH(data::blobs(4, {.spread = -1}), Contains("spread"));
  REQUIRE_THROWS_WITH(data::spirals(4, {.classes = 0}), Contains("[spirals] classes"));
  REQUIRE_THROWS_WITH(data::spirals(4, {.turns = INFINITY}), Contains("turns"));
  REQUIRE_THROWS_WITH(data::shapeset(-2), Contains("[shapeset]") && Contains("-2"));
  CHECK(data::circles(0).inputs.shape() == Shape{0, 2});
}

TEST_CASE("shapeset: levels, classes and inversion are as described", "[data]") {
  Generator generator(4);
  const std::int64_t n = 2000;
  data::Dataset set = data::shapeset(n, &generator);
  REQUIRE(set.inputs.shape() == Shape{n, 32, 32});
  std::array<int, 9> count{};
  int inverted = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    auto label = static_cast<std::size_t>(set.targets.at(i));
    ++count.at(label);
    auto image = set.inputs.span<float>().subspan(static_cast<std::size_t>(i) * 1024, 1024);
    std::vector<float> levels(image.begin(), image.end());
    std::sort(levels.begin(), levels.end());
    levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
    REQUIRE(levels.size() == (label < 3 ? 2U : 3U));
    // Background 2[0, .45] - 1 = [-1, -.1], foreground 2[.55, 1] - 1 = [.1, 1]; or their negatives.
    auto dark = static_cast<std::size_t>(std::count_if(
        levels.begin(), levels.end(), [](float v) { return -1 <= v && v <= -0.0999F; }));
    auto bright = static_cast<std::size_t>(std::count_if(
        levels.begin(), levels.end(), [](float v) { return 0.0999F <= v && v <= 1; }));
    std::size_t shapes = levels.size() - 1;
    bool normal = dark == 1 && bright == shapes;
    bool negative = bright == 1 && dark == shapes;
    REQUIRE((normal || negative));
    if (label >= 3 && negative) ++inverted;  // one shape alone may have the background's level
  }
  for (int c : count) CHECK(c == Approx(n / 9.0).epsilon(0.25));
  CHECK(inverted == Approx(n / 3.0).epsilon(0.1));
}
