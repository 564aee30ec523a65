#include "gradus/data/digits.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "tests/catch.h"

using namespace gradus;

namespace {

std::array<int, 10> count_labels(const data::Dataset& set) {
  std::array<int, 10> count{};
  for (std::int64_t label : set.targets.span<std::int64_t>())
    ++count.at(static_cast<std::size_t>(label));
  return count;
}

}  // namespace

TEST_CASE("digits: shapes, dtypes and ranges", "[data]") {
  auto [train, test] = data::digits();
  CHECK(train.inputs.shape() == Shape{1437, 64});
  CHECK(train.targets.shape() == Shape{1437});
  CHECK(test.inputs.shape() == Shape{360, 64});
  CHECK(test.targets.shape() == Shape{360});
  CHECK(train.inputs.dtype() == float32);
  CHECK(train.targets.dtype() == int64);
  for (const data::Dataset& set : {train, test}) {
    auto pixels = set.inputs.span<float>();
    CHECK(*std::min_element(pixels.begin(), pixels.end()) == 0);
    CHECK(*std::max_element(pixels.begin(), pixels.end()) == 1);
    CHECK(std::all_of(pixels.begin(), pixels.end(), [](float p) {
      return p * 16 == static_cast<float>(static_cast<int>(p * 16));
    }));
  }
}

TEST_CASE("digits: the numbers are scikit-learn's", "[data]") {
  // sklearn.datasets.load_digits(): np.bincount(target), and data.sum() = 561718
  auto [train, test] = data::digits();
  std::array<int, 10> in_train = count_labels(train), in_test = count_labels(test);
  const std::array<int, 10> all{178, 182, 177, 183, 181, 182, 181, 179, 174, 180};
  for (std::size_t d = 0; d < 10; ++d) {
    CHECK(in_train[d] + in_test[d] == all[d]);
    CHECK(std::abs(in_test[d] - all[d] / 5.0) < 1);
  }
  double sum = 0;
  for (const data::Dataset& set : {train, test}) {
    for (float pixel : set.inputs.span<float>()) sum += pixel;
  }
  CHECK(sum * 16 == 561718);
  // load_digits().data[0], the first 0; (0 + 0) % 5 != 1, so it is the first to train on
  CHECK(train.targets.at(0) == 0);
  const std::array<int, 16> rows01{0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0};
  for (int i = 0; i < 16; ++i)
    CHECK(train.inputs.at(0, i) * 16 == rows01[static_cast<std::size_t>(i)]);
  // data[1], the first 1, is the first held out
  CHECK(test.targets.at(0) == 1);
  const std::array<int, 8> row0{0, 0, 0, 12, 13, 5, 0, 0};
  for (int i = 0; i < 8; ++i) CHECK(test.inputs.at(0, i) * 16 == row0[static_cast<std::size_t>(i)]);
}
