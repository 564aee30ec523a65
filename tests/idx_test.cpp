#include "gradus/data/idx.h"

#include <bit>

#include "tests/catch.h"
#include "tests/temp_folder.h"

using namespace gradus;

namespace {

Bytes magic(std::uint8_t type, std::uint8_t rank) { return {0, 0, type, rank}; }

Bytes word(std::uint32_t v) {
  return {static_cast<std::uint8_t>(v >> 24), static_cast<std::uint8_t>(v >> 16),
          static_cast<std::uint8_t>(v >> 8), static_cast<std::uint8_t>(v)};
}

// Two images of 1 x 3 pixels with labels 7 and 2.
const Bytes images = magic(8, 3) + word(2) + word(1) + word(3) + Bytes{0, 51, 255, 1, 2, 3};
const Bytes labels = magic(8, 1) + word(2) + Bytes{7, 2};

Tensor read(const Bytes& bytes, DType dtype = float64) {
  TempFolder folder;
  return data::read_idx(folder.write("file", bytes), dtype);
}

}  // namespace

TEST_CASE("read_idx: every type, big-endian", "[data]") {
  CHECK(read(magic(0x08, 2) + word(1) + word(2) + Bytes{0, 200}, int64).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{0, 200});
  CHECK(read(magic(0x09, 1) + word(2) + Bytes{1, 0xff}).to_vector<double>() ==
        std::vector<double>{1, -1});
  CHECK(read(magic(0x0B, 1) + word(2) + Bytes{1, 2, 0xff, 0xfe}).to_vector<double>() ==
        std::vector<double>{258, -2});
  CHECK(read(magic(0x0C, 1) + word(2) + word(70000) + word(0xffffffff)).to_vector<double>() ==
        std::vector<double>{70000, -1});
  CHECK(read(magic(0x0D, 1) + word(1) + word(std::bit_cast<std::uint32_t>(-1.5F)))
            .to_vector<double>() == std::vector<double>{-1.5});
  auto bits = std::bit_cast<std::uint64_t>(0.1);
  Tensor doubles = read(magic(0x0E, 1) + word(1) + word(static_cast<std::uint32_t>(bits >> 32)) +
                        word(static_cast<std::uint32_t>(bits)));
  CHECK(doubles.to_vector<double>() == std::vector<double>{0.1});
  CHECK(doubles.dtype() == float64);
  Tensor none = read(magic(8, 3) + word(0) + word(28) + word(28));
  CHECK(none.shape() == Shape{0, 28, 28});
}

TEST_CASE("read_idx: damage is a DataError that says what and where", "[data]") {
  TempFolder folder;
  auto message = [&](const Bytes& bytes) -> std::string {
    try {
      data::read_idx(folder.write("damaged", bytes), float32);
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  };
  CHECK_THAT(message({}), Contains("[read_idx]") && Contains("damaged is truncated: 0 bytes") &&
                              Contains("idx_test.cpp:"));
  CHECK_THAT(message({0, 0, 8}), Contains("truncated: 3 bytes"));
  CHECK_THAT(message({1, 0, 8, 1, 0, 0, 0, 0}),
             Contains("not an IDX file: its magic number is 0x01000801"));
  CHECK_THAT(message({0, 0, 7, 1, 0, 0, 0, 0}), Contains("0x00000701"));
  CHECK_THAT(message({0x1f, 0x8b, 8, 0}), Contains("gunzip"));
  CHECK_THAT(message(magic(8, 0)), Contains("rank 0 is outside [1, 8]"));
  CHECK_THAT(message(magic(8, 9)), Contains("rank 9"));
  CHECK_THAT(message(magic(8, 3) + word(1)), Contains("a header of rank 3 has 16"));
  CHECK_THAT(message(magic(8, 1) + word(3) + Bytes{1, 2}),
             Contains("its header says (3,), it holds 2 elements"));
  CHECK_THAT(message(magic(8, 1) + word(2) + Bytes{1, 2, 3}),
             Contains("1 bytes more than its header says"));
  CHECK_THAT(message(magic(0x0C, 1) + word(1) + Bytes{0, 0, 0, 1, 9}), Contains("1 bytes more"));
  // 2^256 elements: refused before anything is allocated, also where a zero hides among them
  Bytes huge, hidden;
  for (int i = 0; i < 8; ++i) huge = huge + word(0xffffffff);
  for (int i = 0; i < 7; ++i) hidden = hidden + word(0xffffffff);
  CHECK_THAT(message(magic(8, 8) + huge + Bytes{1}), Contains("truncated"));
  CHECK_THAT(message(magic(8, 8) + hidden + word(0)), Contains("truncated"));
  CHECK_THAT(message(magic(8, 8) + word(0) + hidden), Contains("truncated"));

  REQUIRE_THROWS_AS(data::read_idx(folder.path("missing"), float32), DataError);
  REQUIRE_THROWS_WITH(data::read_idx(folder.path("missing"), float32),
                      Contains("missing does not exist"));
  REQUIRE_THROWS_AS(data::read_idx(folder.path(), float32), DataError);
  REQUIRE_THROWS_WITH(data::read_idx(folder.path(), float32), Contains("not a regular file"));
}

TEST_CASE("read_idx: no prefix of a good file is accepted", "[data]") {
  for (std::size_t n = 0; n < images.size(); ++n) {
    REQUIRE_THROWS_AS(read(Bytes(images.begin(), images.begin() + static_cast<std::ptrdiff_t>(n))),
                      DataError);
  }
}

TEST_CASE("read_mnist: pixels are scaled, labels are whole", "[data]") {
  TempFolder folder;
  auto [x, y] = data::read_mnist(folder.write("i", images), folder.write("l", labels));
  CHECK(x.shape() == Shape{2, 1, 3});
  CHECK(x.dtype() == float32);
  CHECK(x.to_vector<float>() ==
        std::vector<float>{0, 51 / 255.F, 1, 1 / 255.F, 2 / 255.F, 3 / 255.F});
  CHECK(y.dtype() == int64);
  CHECK(y.to_vector<std::int64_t>() == std::vector<std::int64_t>{7, 2});
}

TEST_CASE("read_mnist: files that do not belong together are refused", "[data]") {
  TempFolder folder;
  std::string i = folder.write("i", images), l = folder.write("l", labels);
  REQUIRE_THROWS_AS(data::read_mnist(l, i), DataError);
  REQUIRE_THROWS_WITH(data::read_mnist(l, i),
                      Contains("does not hold images") && Contains("rank 1"));
  REQUIRE_THROWS_WITH(data::read_mnist(i, i), Contains("does not hold labels"));
  REQUIRE_THROWS_AS(data::read_mnist(i, l, 7), DataError);
  REQUIRE_THROWS_WITH(data::read_mnist(i, l, 7),
                      Contains("[read_mnist]") && Contains("label 7 of image 0 is not in [0, 7)"));
  std::string one = folder.write("one", magic(8, 1) + word(1) + Bytes{7});
  REQUIRE_THROWS_AS(data::read_mnist(i, one), DataError);
  REQUIRE_THROWS_WITH(data::read_mnist(i, one),
                      Contains("holds 2 images") && Contains("holds 1 labels"));
}

TEST_CASE("mnist: reads the four files of a folder", "[data]") {
  TempFolder folder;
  folder.write("train-images-idx3-ubyte", images);
  folder.write("train-labels-idx1-ubyte", labels);
  folder.write("t10k-images-idx3-ubyte", magic(8, 3) + word(1) + word(1) + word(1) + Bytes{255});
  REQUIRE_THROWS_WITH(data::mnist(folder.path()),
                      Contains("t10k-labels-idx1-ubyte does not exist"));
  folder.write("t10k-labels-idx1-ubyte", magic(8, 1) + word(1) + Bytes{9});
  auto [train, test] = data::mnist(folder.path());
  CHECK(train.size() == 2);
  CHECK(test.targets.to_vector<std::int64_t>() == std::vector<std::int64_t>{9});
}
