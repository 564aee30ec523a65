// SELU pulls the mean and variance of activations to 0 and 1, from wherever they start: the map
// from one layer's to the next has an attracting fixed point there.

#include <fmt/core.h>
#include <gradus/gradus.h>

#include <cmath>
#include <numbers>

#include "paper.h"
#include "picture.h"

using namespace gradus;

namespace {

struct Moments {
  double mean;
  double variance;
};

/// Mean and variance of selu(z) for z normal: eqs. 4 and 5 of the paper, by the trapezoidal rule.
Moments selu_moments(double mean, double variance) {
  static const Tensor z = linspace(-10, 10, 4001, float64);
  static const Tensor weight = exp(square(z) * -0.5) * (0.005 / std::sqrt(2 * std::numbers::pi));
  const Tensor y = selu(z * std::sqrt(variance) + mean);
  const double first = sum(y * weight).item<double>();
  return {first, sum(square(y) * weight).item<double>() - first * first};
}

/// The paper's map g: from (mu, nu) of a layer's inputs to those of its activations, where its
/// weights have sum omega and sum of squares tau.
Moments next(Moments m, double omega, double tau) {
  return selu_moments(m.mean * omega, m.variance * tau);
}

/// Calls visit(mu, omega, nu, tau) on a grid of the box, corners included.
template <class F>
void for_box(Moments low, Moments high, double omega, double tau_low, double tau_high, F&& visit) {
  constexpr int n = 5;
  auto at = [](double from, double to, int i) { return from + (to - from) * i / (n - 1); };
  for (int i = 0; i < n * n * n * n; ++i) {
    visit(Moments{at(low.mean, high.mean, i % n), at(low.variance, high.variance, i / n % n)},
          at(-omega, omega, i / n / n % n), at(tau_low, tau_high, i / n / n / n));
  }
}

struct Count {
  int holds = 0;
  int all = 0;
  void add(bool condition) {
    holds += condition ? 1 : 0;
    ++all;
  }
  std::string text() const { return fmt::format("{} of {}", holds, all); }
  bool always() const { return holds == all; }
};

Moments measured(const Tensor& x) { return {mean(x).item<double>(), var(x).item<double>()}; }

using Activation = Tensor (*)(const Tensor&, Where);

/// Mean and variance over all units and samples, of the input and of each layer's activations.
std::vector<Moments> propagate(Moments start, std::size_t layers, std::int64_t width,
                               Activation activation, const nn::init::Initializer& initialize) {
  Tensor x = normal(start.mean, std::sqrt(start.variance), {width, width});
  std::vector<Moments> path = {measured(x)};
  for (std::size_t i = 0; i < layers; ++i) {
    Tensor weight = empty({width, width});
    initialize(weight);
    x = activation(linear(x, weight), Where::here());
    path.push_back(measured(x));
  }
  return path;
}

void theorems(papers::Claims& claims) {
  constexpr double h = 1e-3;
  const Moments here = next({0, 1}, 0, 1);
  const Moments up = next({0, 1 + h}, 0, 1), down = next({0, 1 - h}, 0, 1);
  // The derivatives by mu are 0 where omega is, so the Jacobian is its second column.
  const double a = (up.mean - down.mean) / (2 * h), b = (up.variance - down.variance) / (2 * h);
  claims.add("fixed point (mean, variance) of the map", "(0, 1)",
             fmt::format("({:.1f}, {:.3f})", std::abs(here.mean), here.variance),
             std::abs(here.mean) < 1e-3 && std::abs(here.variance - 1) < 1e-3);
  claims.add("spectral norm of its Jacobian there, below 1", ".7877",
             fmt::format("{:.4f}", std::hypot(a, b)), std::abs(std::hypot(a, b) - 0.7877) < 1e-3);

  Count kept, shrunk, grown;
  for_box({-0.1, 0.8}, {0.1, 1.5}, 0.1, 0.95, 1.1, [&](Moments m, double omega, double tau) {
    const Moments y = next(m, omega, tau);
    kept.add(std::abs(y.mean) <= 0.1 && y.variance >= 0.8 && y.variance <= 1.5);
  });
  for_box({-1, 3}, {1, 16}, 0.1, 0.8, 1.25, [&](Moments m, double omega, double tau) {
    shrunk.add(next(m, omega, tau).variance < m.variance);
  });
  for_box({-0.1, 0.02}, {0.1, 0.16}, 0.1, 0.8, 1.25, [&](Moments m, double omega, double tau) {
    grown.add(next(m, omega, tau).variance > m.variance);
  });
  claims.add("theorem 1: the domain is mapped into itself", "proof", kept.text(), kept.always());
  claims.add("theorem 2: a variance of 3 to 16 shrinks", "proof", shrunk.text(), shrunk.always());
  claims.add("theorem 3: a variance of .02 to .16 grows", "proof", grown.text(), grown.always());
}

void networks(const papers::Settings& settings, papers::Claims& claims) {
  const auto width = settings.pick<std::int64_t>(512, 128);
  constexpr std::size_t layers = 40;
  using papers::Colour, papers::Mark;
  auto lecun = [](const Tensor& w) { nn::init::lecun_normal_(w); };
  papers::Chart plane{"a SELU network, layer by layer", {"mean"}, {"variance", true}, {}};
  papers::Chart depth{"three networks, from variance 10 and .1", {"layer"}, {"variance", true}, {}};

  fmt::print("\n{} SELU layers of {} units, LeCun initialisation: mean and variance\n", layers,
             width);
  fmt::print("{:>16} {:>16} {:>16} {:>16}\n", "input", "layer 1", "layer 5", "layer 40");
  double worst_mean = 0, worst_variance = 0;
  for (Moments start : {Moments{-1, 10}, {1, 10}, {-1, 0.1}, {1, 0.1}, {0, 10}, {0, 0.1}}) {
    const auto path = propagate(start, layers, width, selu, lecun);
    for (std::size_t at : {0, 1, 5, 40}) {
      fmt::print("{:>9.3f} {:>6.3f}", path[at].mean, path[at].variance);
    }
    fmt::print("\n");
    worst_mean = std::max(worst_mean, std::abs(path.back().mean));
    worst_variance = std::max(worst_variance, std::abs(path.back().variance - 1));
    papers::Curve line{"SELU, LeCun", {}, Colour::Blue},
        dots{"a layer", {}, Colour::Blue, Mark::Dots};
    for (const Moments& m : path) line.points.push_back({m.mean, m.variance});
    dots.points = line.points;
    plane.curves.push_back(line);
    plane.curves.push_back(dots);
  }
  plane.curves.push_back({"fixed point", {{0, 1}}, Colour::Red, Mark::Dots});
  claims.add("distance from mean 0 after 40 layers, at worst", "0",
             fmt::format("{:.3f}", worst_mean), worst_mean < 0.1);
  claims.add("distance from variance 1, at worst", "0", fmt::format("{:.3f}", worst_variance),
             worst_variance < 0.2);

  struct Rival {
    const char* name;
    Activation activation;
    nn::init::Initializer initialize;
    Colour colour;
  };
  const Rival rivals[] = {
      {"SELU, LeCun", selu, lecun, Colour::Blue},
      {"ReLU, He", relu, [](const Tensor& w) { nn::init::he_normal_(w); }, Colour::Orange},
      {"tanh, Glorot", tanh, [](const Tensor& w) { nn::init::glorot_normal_(w); }, Colour::Green}};
  for (const Rival& rival : rivals) {
    for (double variance : {10.0, 0.1}) {
      const auto path = propagate({0, variance}, layers, width, rival.activation, rival.initialize);
      papers::Curve curve{rival.name, {}, rival.colour};
      for (std::size_t i = 0; i < path.size(); ++i) {
        curve.points.push_back({static_cast<double>(i), path[i].variance});
      }
      depth.curves.push_back(curve);
    }
  }
  papers::draw(settings.picture("klambauer_2017"),
               {"SELU's fixed point attracts (Klambauer et al. 2017)", {plane, depth}});
}

}  // namespace

int main(int argc, char** argv) {
  return papers::run(
      argc, argv,
      {"klambauer_2017",
       "Klambauer, Unterthiner, Mayr, Hochreiter 2017: Self-Normalizing Neural Networks",
       "The fixed point of the mean and variance of SELU activations (theorems 1 to 3,\n"
       "fig. 2), and what a network of 40 layers of 512 units makes of its input's."},
      [](const papers::Settings& settings) {
        papers::Claims claims;
        theorems(claims);
        networks(settings, claims);
        claims.print();
      });
}
