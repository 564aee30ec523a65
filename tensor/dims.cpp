#include "gradus/tensor/dims.h"

#include <algorithm>

#include "gradus/tensor/error.h"

namespace gradus {

Dims::Dims(std::span<const std::int64_t> values) {
  check(values.size() <= max_rank, "a tensor has at most {} dimensions, got {}", max_rank,
        values.size());
  std::copy(values.begin(), values.end(), values_.begin());
  size_ = static_cast<int>(values.size());
}

Dims Dims::filled(int count, std::int64_t value) {
  Dims dims;
  for (int i = 0; i < count; ++i) dims.push_back(value);
  return dims;
}

void Dims::push_back(std::int64_t value) { insert(size_, value); }

void Dims::insert(int position, std::int64_t value) {
  check(size_ < max_rank, "a tensor has at most {} dimensions", max_rank);
  std::copy_backward(begin() + position, end(), end() + 1);
  (*this)[position] = value;
  ++size_;
}

void Dims::erase(int position) {
  std::copy(begin() + position + 1, end(), begin() + position);
  --size_;
}

bool Dims::contains(std::int64_t value) const { return std::find(begin(), end(), value) != end(); }

std::string to_string(const Dims& dims) {
  std::string text = "(";
  for (int i = 0; i < dims.size(); ++i) text += fmt::format("{}{}", i == 0 ? "" : ", ", dims[i]);
  return text + (dims.size() == 1 ? ",)" : ")");
}

}  // namespace gradus
