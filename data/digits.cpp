#include "gradus/data/digits.h"

#include <array>

#include "gradus/tensor/creation.h"

namespace gradus::data {
namespace {

constexpr int pixels = 64;

// 64 pixels, a label, and the string's end.
constexpr char rows[][pixels + 2] = {
#include "gradus/data/digits_data.inc"
};

// The elements of a Dataset as they are collected.
struct Columns {
  std::vector<float> images;
  std::vector<std::int64_t> labels;

  void add(const char* row, int label) {
    for (int i = 0; i < pixels; ++i) images.push_back(static_cast<float>(row[i] - 'a') / 16);
    labels.push_back(label);
  }
  Dataset dataset() const {
    auto n = static_cast<std::int64_t>(labels.size());
    return {tensor(images, {n, pixels}), tensor(labels)};
  }
};

}  // namespace

TrainTest digits() {
  Columns train, test;
  std::array<int, 10> seen{};
  for (const char* row : rows) {
    int label = row[pixels] - '0';
    int k = seen[static_cast<std::size_t>(label)]++;
    ((k + label) % 5 == 1 ? test : train).add(row, label);
  }
  return {train.dataset(), test.dataset()};
}

}  // namespace gradus::data
