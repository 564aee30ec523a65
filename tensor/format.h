#pragma once

#include <string>

#include "gradus/tensor/tensor.h"

namespace gradus {

/// The elements in PyTorch's look: aligned columns of 4 digits, scientific where the range demands
/// it, at most 80 characters a line, only the edges of more than 1000 elements. Names the dtype
/// where the elements do not show it, and whether x requires a gradient.
std::string to_string(const Tensor& x);

}  // namespace gradus

template <>
struct fmt::formatter<gradus::Tensor> : gradus::TextFormatter {
  auto format(const gradus::Tensor& x, fmt::format_context& ctx) const {
    return write(gradus::to_string(x), ctx);
  }
};
