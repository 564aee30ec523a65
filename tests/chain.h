#pragma once

#include "gradus/nn/linear.h"
#include "gradus/nn/sequential.h"

namespace gradus::tests {

/// `depth` hidden layers, as constructed, and one more for the output.
inline nn::Sequential chain(std::int64_t in, std::int64_t depth, std::int64_t width,
                            std::int64_t out, const nn::AnyModule& activation) {
  nn::Sequential net;
  for (std::int64_t i = 0; i < depth; ++i) {
    net.push_back(nn::Linear(i == 0 ? in : width, width));
    net.push_back(activation);
  }
  net.push_back(nn::Linear(width, out));
  return net;
}

}  // namespace gradus::tests
