#pragma once

#include <cmath>
#include <vector>

#include "gradus/tensor/tensor.h"
#include "tests/catch.h"

/// The elements of x, row-major, against golden values: |x - golden| <= tolerance (1 + |golden|).
inline void check_near(const gradus::Tensor& x, const std::vector<double>& golden,
                       double tolerance = 2e-6) {
  std::vector<double> values = x.to_vector<double>();
  REQUIRE(values.size() == golden.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    INFO("element " << i << ": " << values[i] << " against " << golden[i]);
    CHECK(std::abs(values[i] - golden[i]) <= tolerance * (1 + std::abs(golden[i])));
  }
}
