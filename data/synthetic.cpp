#include "gradus/data/synthetic.h"

#include <cmath>
#include <numbers>

#include "gradus/tensor/context.h"
#include "gradus/tensor/creation.h"

namespace gradus::data {
namespace {

constexpr double two_pi = 2 * std::numbers::pi;

/// n samples whose classes take turns; `draw(label, x)` writes the features of one to x.
template <class F>
Dataset sample(std::int64_t n, std::int64_t features, std::int64_t classes, F&& draw) {
  check(n >= 0, "the number of samples must not be negative, got {}", n);
  Dataset set{empty({n, features}), empty(n, int64)};
  float* x = set.inputs.data<float>();
  std::int64_t* label = set.targets.data<std::int64_t>();
  for (std::int64_t i = 0; i < n; ++i, x += features) {
    label[i] = i % classes;
    draw(label[i], x);
  }
  return set;
}

void put(float* x, double radius, double angle, double noise, Draws& draws) {
  x[0] = static_cast<float>(radius * std::cos(angle) + noise * draws.normal());
  x[1] = static_cast<float>(radius * std::sin(angle) + noise * draws.normal());
}

void check_spread(const char* name, double value) {
  check(value >= 0 && std::isfinite(value), "{} must not be negative, got {}", name, value);
}

}  // namespace

Dataset circles(std::int64_t n, const CirclesOptions& options, Generator* generator, Where at) {
  ContextScope scope({.op = "circles", .at = at});
  check(0 < options.inner_radius && options.inner_radius < 1, "inner_radius {} is not in (0, 1)",
        options.inner_radius);
  check_spread("noise", options.noise);
  Draws draws(generator);
  return sample(n, 2, 2, [&](std::int64_t label, float* x) {
    double angle = two_pi * draws.uniform<double>();
    put(x, label == 0 ? 1 : options.inner_radius, angle, options.noise, draws);
  });
}

Dataset blobs(std::int64_t n, const BlobsOptions& options, Generator* generator, Where at) {
  ContextScope scope({.op = "blobs", .at = at});
  check(options.classes >= 1 && options.features >= 1,
        "classes and features must be at least 1, got {} and {}", options.classes,
        options.features);
  check_spread("box", options.box);
  check_spread("spread", options.spread);
  Draws draws(generator);
  std::vector<double> centres(static_cast<std::size_t>(options.classes * options.features));
  for (double& c : centres) c = options.box * (2 * draws.uniform<double>() - 1);
  return sample(n, options.features, options.classes, [&](std::int64_t label, float* x) {
    const double* centre = centres.data() + label * options.features;
    for (std::int64_t f = 0; f < options.features; ++f) {
      x[f] = static_cast<float>(centre[f] + options.spread * draws.normal());
    }
  });
}

Dataset spirals(std::int64_t n, const SpiralsOptions& options, Generator* generator, Where at) {
  ContextScope scope({.op = "spirals", .at = at});
  check(options.classes >= 1, "classes must be at least 1, got {}", options.classes);
  check(std::isfinite(options.turns), "turns must be finite, got {}", options.turns);
  check_spread("noise", options.noise);
  Draws draws(generator);
  return sample(n, 2, options.classes, [&](std::int64_t label, float* x) {
    double radius = draws.uniform<double>();
    double start = two_pi * static_cast<double>(label) / static_cast<double>(options.classes);
    put(x, radius, start + two_pi * options.turns * radius, options.noise, draws);
  });
}

}  // namespace gradus::data
