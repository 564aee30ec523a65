#pragma once

#include <algorithm>
#include <vector>

namespace gradus::observe {

/// The upper one of two in the middle; 0 of none.
inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace gradus::observe
