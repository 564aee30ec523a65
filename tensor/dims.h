#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gradus/tensor/text_formatter.h"

namespace gradus {

inline constexpr int max_rank = 8;

/// Up to max_rank integers, held in place: the sizes or strides of a tensor, or a list of its
/// dimensions. A single integer converts: `zeros(3)`, `sum(x, 1)`.
class Dims {
 public:
  Dims() = default;
  Dims(const Dims& other) { *this = other; }
  /// Copies up to 4 integers in one go, and no more memory than that is touched for them.
  Dims& operator=(const Dims& other) {
    constexpr std::size_t half = 4;
    size_ = other.size_;
    std::memcpy(values_.data(), other.values_.data(), half * sizeof(std::int64_t));
    if (size_ > 4) {
      std::memcpy(values_.data() + half, other.values_.data() + half, half * sizeof(std::int64_t));
    }
    return *this;
  }
  template <class T>
  requires(std::integral<T> && !std::same_as<T, bool>)
      Dims(T value) {  // NOLINT: a number is a list of one
    push_back(static_cast<std::int64_t>(value));
  }
  Dims(std::initializer_list<std::int64_t> values)
      : Dims(std::span(values.begin(), values.size())) {}
  Dims(const std::vector<std::int64_t>& values) : Dims(std::span(values)) {}  // NOLINT
  explicit Dims(std::span<const std::int64_t> values);
  /// `count` copies of `value`.
  static Dims filled(int count, std::int64_t value);

  int size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::int64_t& operator[](std::int64_t i) { return values_[static_cast<std::size_t>(i)]; }
  std::int64_t operator[](std::int64_t i) const { return values_[static_cast<std::size_t>(i)]; }
  std::int64_t back() const { return (*this)[size_ - 1]; }
  const std::int64_t* begin() const { return values_.data(); }
  const std::int64_t* end() const { return values_.data() + size_; }
  std::int64_t* begin() { return values_.data(); }
  std::int64_t* end() { return values_.data() + size_; }

  /// Throws Error past max_rank.
  void push_back(std::int64_t value);
  void insert(int position, std::int64_t value);
  void erase(int position);
  bool contains(std::int64_t value) const;
  /// The product of all, 1 for none.
  std::int64_t product() const {
    std::int64_t product = 1;
    for (std::int64_t value : *this) product *= value;
    return product;
  }

  friend bool operator==(const Dims& a, const Dims& b) {
    if (a.size_ != b.size_) return false;
    for (int i = 0; i < a.size_; ++i) {
      if (a[i] != b[i]) return false;
    }
    return true;
  }

 private:
  int size_ = 0;
  std::array<std::int64_t, max_rank> values_;
};

using Shape = Dims;

/// "(2, 3)", "(2,)" or "()".
std::string to_string(const Dims& dims);

}  // namespace gradus

template <>
struct fmt::formatter<gradus::Dims> : gradus::TextFormatter {
  auto format(const gradus::Dims& dims, fmt::format_context& ctx) const {
    return write(gradus::to_string(dims), ctx);
  }
};
