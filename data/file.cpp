#include "gradus/data/file.h"

#include <filesystem>
#include <fstream>

#include "gradus/tensor/error.h"

namespace gradus::data {

std::vector<std::uint8_t> read_file(const std::string& path) {
  std::error_code error;
  check<DataError>(std::filesystem::exists(path, error), "{} does not exist", path);
  check<DataError>(std::filesystem::is_regular_file(path, error), "{} is not a regular file", path);
  std::ifstream file(path, std::ios::binary);
  check<DataError>(file.is_open(), "{} cannot be opened; check its permissions", path);
  std::uintmax_t size = std::filesystem::file_size(path, error);
  check<DataError>(!error, "{}: its size cannot be read: {}", path, error.message());
  std::vector<std::uint8_t> bytes(size);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  check<DataError>(static_cast<std::uintmax_t>(file.gcount()) == size,
                   "{}: reading stopped after {} of {} bytes", path, file.gcount(), size);
  return bytes;
}

}  // namespace gradus::data
