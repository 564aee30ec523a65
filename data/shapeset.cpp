#include "gradus/data/shapeset.h"

#include <algorithm>
#include <bitset>
#include <cmath>
#include <numbers>
#include <span>

#include "gradus/tensor/context.h"
#include "gradus/tensor/creation.h"

namespace gradus::data {
namespace {

constexpr int side = 32;
constexpr int pixels = side * side;
constexpr double pi = std::numbers::pi;

enum class Kind { Triangle, Parallelogram, Ellipse };
constexpr std::int64_t classes = 9;
constexpr Kind kinds_of[classes][2] = {
    {Kind::Triangle, Kind::Triangle},            // 0: the first only
    {Kind::Parallelogram, Kind::Parallelogram},  // 1: the first only
    {Kind::Ellipse, Kind::Ellipse},              // 2: the first only
    {Kind::Triangle, Kind::Triangle},
    {Kind::Triangle, Kind::Parallelogram},
    {Kind::Triangle, Kind::Ellipse},
    {Kind::Parallelogram, Kind::Parallelogram},
    {Kind::Parallelogram, Kind::Ellipse},
    {Kind::Ellipse, Kind::Ellipse},
};

/// The pixels whose centres a shape covers.
using Mask = std::bitset<pixels>;

struct Point {
  double x, y;
};

double between(Draws& draws, double low, double high) {
  return low + (high - low) * draws.uniform<double>();
}

template <class Inside>
Mask rasterise(Inside&& inside) {
  Mask mask;
  for (int i = 0; i < pixels; ++i) {
    mask[static_cast<std::size_t>(i)] = inside(Point{i % side + 0.5, i / side + 0.5});
  }
  return mask;
}

/// Corners in counter-clockwise order.
Mask convex_polygon(std::span<const Point> corners) {
  return rasterise([&](Point p) {
    for (std::size_t i = 0; i < corners.size(); ++i) {
      Point a = corners[i], b = corners[(i + 1) % corners.size()];
      if ((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x) < 0) return false;
    }
    return true;
  });
}

/// A shape in a circle that lies within the image.
Mask draw_shape(Kind kind, Draws& draws) {
  const double radius = between(draws, 0.2, 0.8) * side / 2;
  const Point centre{between(draws, radius, side - radius), between(draws, radius, side - radius)};
  const double angle = between(draws, 0, 2 * pi);
  auto on_circle = [&](double r, double a) {
    return Point{centre.x + r * std::cos(a), centre.y + r * std::sin(a)};
  };
  switch (kind) {
    case Kind::Triangle: {  // corners on the circle, up to 20 degrees from an equilateral one's
      Point corners[3];
      for (int i = 0; i < 3; ++i) {
        corners[i] = on_circle(radius, angle + i * 2 * pi / 3 + between(draws, -pi / 9, pi / 9));
      }
      return convex_polygon(corners);
    }
    case Kind::Parallelogram: {  // diagonals of ratio .6 to 1, crossing at 50 to 130 degrees
      double other = radius * between(draws, 0.6, 1);
      double crossing = angle + between(draws, 5 * pi / 18, 13 * pi / 18);
      Point corners[] = {on_circle(radius, angle), on_circle(other, crossing),
                         on_circle(radius, angle + pi), on_circle(other, crossing + pi)};
      return convex_polygon(corners);
    }
    case Kind::Ellipse:
      break;
  }
  const double minor = radius * between(draws, 0.4, 0.9);  // ratio of the axes .4 to .9
  const double cos = std::cos(angle), sin = std::sin(angle);
  return rasterise([&](Point p) {
    double along = (p.x - centre.x) * cos + (p.y - centre.y) * sin;
    double across = (p.y - centre.y) * cos - (p.x - centre.x) * sin;
    return std::pow(along / radius, 2) + std::pow(across / minor, 2) <= 1;
  });
}

bool overlap_too_much(const Mask& a, const Mask& b) {
  return 2 * (a & b).count() > std::min(a.count(), b.count());
}

void fill(float* image, const Mask& mask, double level) {
  for (std::size_t i = 0; i < pixels; ++i) {
    if (mask[i]) image[i] = static_cast<float>(level);
  }
}

void draw_image(std::int64_t label, float* image, Draws& draws) {
  const bool two = label >= 3;
  Mask first, second;
  do {
    first = draw_shape(kinds_of[label][0], draws);
    if (two) second = draw_shape(kinds_of[label][1], draws);
  } while (two && overlap_too_much(first, second));
  if (draws.uniform<double>() < 0.5) std::swap(first, second);  // either may lie on top
  std::fill_n(image, pixels, static_cast<float>(between(draws, 0, 0.45)));
  fill(image, first, between(draws, 0.55, 1));
  fill(image, second, between(draws, 0.55, 1));
  const bool inverted = draws.uniform<double>() < 0.5;
  std::transform(image, image + pixels, image,
                 [&](float v) { return inverted ? 1 - 2 * v : 2 * v - 1; });
}

}  // namespace

Dataset shapeset(std::int64_t n, Generator* generator, Where at) {
  ContextScope scope({.op = "shapeset", .at = at});
  check(n >= 0, "the number of images must not be negative, got {}", n);
  Dataset set{empty({n, side, side}), empty(n, int64)};
  float* image = set.inputs.data<float>();
  std::int64_t* label = set.targets.data<std::int64_t>();
  Draws draws(generator);
  for (std::int64_t i = 0; i < n; ++i, image += pixels) {
    label[i] = static_cast<std::int64_t>(draws.below(classes));
    draw_image(label[i], image, draws);
  }
  return set;
}

}  // namespace gradus::data
