#include "gradus/observe/theory/response.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "gradus/autograd/backward.h"
#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"

namespace gradus::observe {
namespace {

constexpr std::size_t kNodes = 2048;
constexpr double kScale = 1e-12;  // s
constexpr double kReach = 51;     // of t: s sinh(51) is 7e9
constexpr double kStep = 2 * kReach / kNodes;

/// The rule's weights times the density of N(0, q) at the nodes, from first to last whose density
/// is not negligible, so that a function that overflows far out does no harm.
template <class Visit>
void integrate(double q, const Visit& visit) {
  const std::vector<double>& nodes = Response::nodes();
  const double sigma = std::sqrt(q);
  const double height = kStep / std::sqrt(2 * std::numbers::pi);
  for (std::size_t j = 0; j < kNodes; ++j) {
    const double z = nodes[j] / sigma;
    if (std::abs(z) > 10) continue;
    // dx/dt = sqrt(s^2 + x^2) for x = s sinh t.
    const double spacing = std::hypot(kScale, nodes[j]) / sigma;
    visit(j, z, height * spacing * std::exp(-z * z / 2));
  }
}

}  // namespace

const std::vector<double>& Response::nodes() {
  static const std::vector<double> nodes = [] {
    std::vector<double> x(kNodes);
    for (std::size_t j = 0; j < kNodes; ++j) {
      x[j] = kScale * std::sinh(kStep * (static_cast<double>(j) + 0.5) - kReach);
    }
    return x;
  }();
  return nodes;
}

Response::Response(const std::function<Tensor(const Tensor&)>& f) {
  EnableGrad enable;
  Tensor x = tensor(nodes()).requires_grad_();
  Tensor y = f(x);
  check(y.shape() == x.shape(), "a function of each element turns {} into {}", x.shape(),
        y.shape());
  Tensor slope = y.requires_grad() ? grad(y.sum(), x, {.allow_unused = true}) : Tensor();
  if (!slope.defined()) slope = zeros_like(x);
  table_ = std::make_shared<Table>(Table{y.to_vector<double>(), slope.to_vector<double>()});
}

Response::Response(std::vector<double> values, std::vector<double> slopes)
    : table_(std::make_shared<Table>(Table{std::move(values), std::move(slopes)})) {}

Response::Moments Response::moments(double q) const {
  if (std::sqrt(q) < 20 * kScale) {  // narrower than the nodes: f is its tangent in 0
    const double value = at(0), left = slopes()[kNodes / 2 - 1], right = slopes()[kNodes / 2];
    const double slope_square = (left * left + right * right) / 2;
    return {value, value * value + slope_square * q, slope_square};
  }
  Moments m;
  integrate(q, [&](std::size_t j, double, double weight) {
    m.mean += weight * values()[j];
    m.square += weight * values()[j] * values()[j];
    m.slope_square += weight * slopes()[j] * slopes()[j];
  });
  return m;
}

// With the normalised Hermite polynomials h_k and a_k = E f(sqrt(q) z) h_k(z), Mehler's formula
// gives E f(x) f(y) = sum_k a_k^2 c^k (Daniely et al. 2016, arXiv:1602.05897).
double Response::covariance(double q, double c) const {
  constexpr std::size_t terms = 40;
  std::vector<double> a(terms);
  integrate(q, [&](std::size_t j, double z, double weight) {
    double before = 0, h = 1;
    for (std::size_t k = 0; k < terms; ++k) {
      a[k] += weight * values()[j] * h;
      const auto n = static_cast<double>(k);
      const double next = (z * h - std::sqrt(n) * before) / std::sqrt(n + 1);
      before = h;
      h = next;
    }
  });
  double covariance = 0, power = 1, known = a[0] * a[0];
  for (std::size_t k = 1; k < terms; ++k) {
    power *= c;
    covariance += a[k] * a[k] * power;
    known += a[k] * a[k];
  }
  const double rest = std::max(0.0, moments(q).square - known);  // in the terms left out
  return covariance + rest * power * c;
}

bool Response::is_linear() const {
  const auto [low, high] = std::ranges::minmax(slopes());
  return high - low <= 1e-5 * std::max(std::abs(low), std::abs(high));
}

double Response::at(double x) const {
  const double place = (std::asinh(x / kScale) + kReach) / kStep - 0.5;
  const auto last = static_cast<double>(kNodes - 2);
  const auto j = static_cast<std::size_t>(std::clamp(std::floor(place), 0.0, last));
  const double share = (x - nodes()[j]) / (nodes()[j + 1] - nodes()[j]);
  return values()[j] + share * (values()[j + 1] - values()[j]);
}

}  // namespace gradus::observe
