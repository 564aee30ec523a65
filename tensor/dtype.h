#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "gradus/tensor/text_formatter.h"

namespace gradus {

/// Ordered by promotion: of two types the greater one holds the result.
enum class DType : std::uint8_t { Bool, Int64, Float32, Float64 };

inline constexpr DType boolean = DType::Bool;
inline constexpr DType int64 = DType::Int64;
inline constexpr DType float32 = DType::Float32;
inline constexpr DType float64 = DType::Float64;

/// A C++ type that a tensor can hold.
template <class T>
concept Element = std::same_as<T, bool> || std::same_as<T, std::int64_t> ||
    std::same_as<T, float> || std::same_as<T, double>;

template <Element T>
inline constexpr DType dtype_of = std::same_as<T, bool>           ? DType::Bool
                                  : std::same_as<T, std::int64_t> ? DType::Int64
                                  : std::same_as<T, float>        ? DType::Float32
                                                                  : DType::Float64;

/// Bytes of one element.
constexpr std::size_t item_size(DType dtype) {
  return dtype == DType::Bool ? 1 : dtype == DType::Float32 ? 4 : 8;
}

constexpr bool is_floating(DType dtype) { return dtype >= DType::Float32; }

/// PyTorch's lattice: bool < int64 < float32 < float64.
constexpr DType promote(DType a, DType b) { return a < b ? b : a; }

constexpr std::string_view name(DType dtype) {
  switch (dtype) {
    case DType::Bool:
      return "bool";
    case DType::Int64:
      return "int64";
    case DType::Float32:
      return "float32";
    case DType::Float64:
      return "float64";
  }
  return "unknown";
}

/// Calls `f` with a value of the C++ type that `dtype` stands for: `visit(t, [&](auto zero) {
/// using T = decltype(zero); ... })`.
template <class F>
decltype(auto) visit(DType dtype, F&& f) {
  switch (dtype) {
    case DType::Bool:
      return f(bool{});
    case DType::Int64:
      return f(std::int64_t{});
    case DType::Float32:
      return f(float{});
    case DType::Float64:
      break;
  }
  return f(double{});
}

/// As visit, for a dtype that the caller has checked to be float32 or float64.
template <class F>
decltype(auto) visit_floating(DType dtype, F&& f) {
  return dtype == DType::Float32 ? f(float{}) : f(double{});
}

}  // namespace gradus

template <>
struct fmt::formatter<gradus::DType> : gradus::TextFormatter {
  auto format(gradus::DType dtype, fmt::format_context& ctx) const {
    return write(gradus::name(dtype), ctx);
  }
};
