#include "gradus/data/cifar10.h"
#include "tests/catch.h"
#include "tests/temp_folder.h"

using namespace gradus;

namespace {

// An image of one colour.
Bytes record(std::uint8_t label, std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  return Bytes{label} + Bytes(1024, red) + Bytes(1024, green) + Bytes(1024, blue);
}

}  // namespace

TEST_CASE("read_cifar10: planes of red, green and blue", "[data]") {
  TempFolder folder;
  Bytes second = record(0, 1, 2, 3);
  second[1 + 1024 + 5 * 32 + 6] = 51;  // green, row 5, column 6
  auto [x, y] = data::read_cifar10(folder.write("batch", record(9, 0, 51, 255) + second));
  CHECK(x.shape() == Shape{2, 3, 32, 32});
  CHECK(x.dtype() == float32);
  CHECK(y.to_vector<std::int64_t>() == std::vector<std::int64_t>{9, 0});
  CHECK(x.at<float>(0, 0, 31, 31) == 0);
  CHECK(x.at<float>(0, 1, 0, 0) == 51 / 255.F);
  CHECK(x.at<float>(0, 2, 31, 31) == 1);
  CHECK(x.at<float>(1, 1, 5, 6) == 51 / 255.F);
  CHECK(x.at<float>(1, 1, 6, 5) == 2 / 255.F);
}

TEST_CASE("read_cifar10: damage is a DataError that says what and where", "[data]") {
  TempFolder folder;
  auto message = [&](const Bytes& bytes) -> std::string {
    try {
      data::read_cifar10(folder.write("damaged", bytes));
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  };
  Bytes good = record(1, 0, 0, 0);
  CHECK_THAT(message({}), Contains("[read_cifar10]") && Contains("damaged is empty"));
  CHECK_THAT(message(Bytes(good.begin(), good.end() - 1)),
             Contains("3072 bytes are not a whole number of records of 3073"));
  CHECK_THAT(message(good + Bytes{0}), Contains("3074 bytes"));
  CHECK_THAT(message(good + record(10, 0, 0, 0)),
             Contains("label 10 of image 1 is not in [0, 10)"));
  REQUIRE_THROWS_AS(data::read_cifar10(folder.path("missing")), DataError);
  REQUIRE_THROWS_WITH(data::read_cifar10(folder.path("missing")), Contains("does not exist"));
}

TEST_CASE("cifar10: joins the five training files of a folder in order", "[data]") {
  TempFolder folder;
  for (std::uint8_t i = 1; i <= 5; ++i) {
    folder.write("data_batch_" + std::to_string(i) + ".bin",
                 record(i, i, 0, 0) + record(0, i, 0, 0));
  }
  REQUIRE_THROWS_WITH(data::cifar10(folder.path()),
                      Contains("[cifar10]") && Contains("test_batch.bin"));
  folder.write("test_batch.bin", record(8, 255, 0, 0));
  auto [train, test] = data::cifar10(folder.path());
  CHECK(train.targets.to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{1, 0, 2, 0, 3, 0, 4, 0, 5, 0});
  CHECK(train.inputs.at<float>(8, 0, 0, 0) == 5 / 255.F);
  CHECK(test.size() == 1);
}
