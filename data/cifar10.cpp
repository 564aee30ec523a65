#include "gradus/data/cifar10.h"

#include <algorithm>
#include <filesystem>

#include "gradus/data/file.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/creation.h"

namespace gradus::data {
namespace {

constexpr std::size_t image_bytes = 3 * 32 * 32;
constexpr std::size_t record_bytes = 1 + image_bytes;
constexpr int classes = 10;

/// The images of all `paths`, one after another.
Dataset read_records(const std::vector<std::string>& paths) {
  std::vector<std::uint8_t> bytes;
  for (const std::string& path : paths) {
    std::vector<std::uint8_t> file = read_file(path);
    check<DataError>(!file.empty(), "{} is empty", path);
    check<DataError>(file.size() % record_bytes == 0,
                     "{} is damaged: {} bytes are not a whole number of records of {}", path,
                     file.size(), record_bytes);
    for (std::size_t at = 0; at < file.size(); at += record_bytes) {
      check<DataError>(file[at] < classes, "{}: label {} of image {} is not in [0, {})", path,
                       file[at], at / record_bytes, classes);
    }
    bytes.insert(bytes.end(), file.begin(), file.end());
  }
  const std::size_t n = bytes.size() / record_bytes;
  Tensor inputs = empty({static_cast<std::int64_t>(n), 3, 32, 32});
  Tensor targets = empty(static_cast<std::int64_t>(n), int64);
  float* pixel = inputs.data<float>();
  std::int64_t* label = targets.data<std::int64_t>();
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint8_t* record = bytes.data() + i * record_bytes;
    *label++ = record[0];
    pixel = std::transform(record + 1, record + record_bytes, pixel,
                           [](std::uint8_t byte) { return static_cast<float>(byte) / 255; });
  }
  return {inputs, targets};
}

}  // namespace

Dataset read_cifar10(const std::string& path, Where at) {
  ContextScope scope({.op = "read_cifar10", .at = at});
  return read_records({path});
}

TrainTest cifar10(const std::string& folder, Where at) {
  ContextScope scope({.op = "cifar10", .at = at});
  std::filesystem::path base(folder);
  std::vector<std::string> batches;
  for (int i = 1; i <= 5; ++i) batches.push_back(base / fmt::format("data_batch_{}.bin", i));
  return {read_records(batches), read_records({base / "test_batch.bin"})};
}

}  // namespace gradus::data
