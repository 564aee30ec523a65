#pragma once

#include <fmt/core.h>

#include <cmath>
#include <string>

namespace gradus::observe {

/// x as a reader likes it, with so many significant digits: "0.0734", "12000", "4.5e+06". An
/// exponent stands only where the number would be long.
inline std::string number(double x, int digits = 3) {
  const double size = std::abs(x);
  if (!(size >= 1 && size < 1e6)) return fmt::format("{:.{}g}", x, digits);
  const double unit = std::pow(10, std::floor(std::log10(size)) + 1 - digits);
  return unit < 1 ? fmt::format("{:.{}g}", x, digits)
                  : fmt::format("{:.0f}", std::round(x / unit) * unit);
}

/// By which factor something grew or shrank: "12000-fold".
inline std::string fold(double factor) { return number(factor, 2) + "-fold"; }

}  // namespace gradus::observe
