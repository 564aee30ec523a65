#include "gradus/observe/doctor/equal_units.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

namespace gradus::observe {

std::int64_t equal_units(const Tensor& weight, const Tensor& bias) {
  const auto units = static_cast<std::size_t>(weight.size(0));
  const auto inputs = static_cast<std::size_t>(weight.size(1));
  const std::vector<double> w = weight.to_vector<double>();
  const std::vector<double> b =
      bias.defined() ? bias.to_vector<double>() : std::vector<double>(units);
  auto at = [&](std::size_t unit, std::size_t k) {
    return k < inputs ? w[unit * inputs + k] : b[unit];
  };
  auto zero = [&](std::size_t unit) {
    for (std::size_t k = 0; k < inputs; ++k) {
      if (at(unit, k) != 0) return false;
    }
    return true;
  };
  auto equal = [&](std::size_t p, std::size_t q) {
    for (std::size_t k = 0; k <= inputs; ++k) {
      const double x = at(p, k), y = at(q, k);
      if (!(std::abs(x - y) <= 1e-6 * std::max(std::abs(x), std::abs(y)))) return false;
    }
    return true;
  };
  std::vector<std::size_t> order(units);
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [&](std::size_t unit) { return std::pair(at(unit, 0), unit); });
  std::int64_t largest = 1, size = 1;
  for (std::size_t k = 1; k < units; ++k) {
    size = equal(order[k - 1], order[k]) && !zero(order[k]) ? size + 1 : 1;
    largest = std::max(largest, size);
  }
  return largest;
}

}  // namespace gradus::observe
