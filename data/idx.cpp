#include "gradus/data/idx.h"

#include <algorithm>
#include <bit>
#include <filesystem>

#include "gradus/data/file.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/creation.h"

namespace gradus::data {
namespace {

enum IdxType : std::uint8_t {
  UByte = 0x08,
  Byte = 0x09,
  Short = 0x0B,
  Int = 0x0C,
  Float = 0x0D,
  Double = 0x0E
};

/// Bytes of one element, 0 for an unknown type.
std::size_t bytes_of(std::uint8_t type) {
  switch (type) {
    case UByte:
    case Byte:
      return 1;
    case Short:
      return 2;
    case Int:
    case Float:
      return 4;
    case Double:
      return 8;
    default:
      return 0;
  }
}

template <class Unsigned>
Unsigned big_endian(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) value = value << 8 | bytes[i];
  return static_cast<Unsigned>(value);
}

/// A file whose header agrees with its length.
struct IdxFile {
  std::vector<std::uint8_t> bytes;
  std::uint8_t type;
  Shape shape;
  std::size_t header;

  const std::uint8_t* elements() const { return bytes.data() + header; }
};

IdxFile open_idx(const std::string& path) {
  IdxFile file{.bytes = read_file(path), .type = 0, .shape = {}, .header = 0};
  const auto& bytes = file.bytes;
  check<DataError>(bytes.size() < 2 || bytes[0] != 0x1f || bytes[1] != 0x8b,
                   "{} is compressed; unpack it with gunzip first", path);
  check<DataError>(bytes.size() >= 4, "{} is truncated: {} bytes, an IDX header has at least 4",
                   path, bytes.size());
  file.type = bytes[2];
  int rank = bytes[3];
  check<DataError>(bytes[0] == 0 && bytes[1] == 0 && bytes_of(file.type) != 0,
                   "{} is not an IDX file: its magic number is {:#010x}", path,
                   big_endian<std::uint32_t>(bytes.data()));
  check<DataError>(1 <= rank && rank <= max_rank, "{}: rank {} is outside [1, {}]", path, rank,
                   max_rank);
  file.header = 4 + 4 * static_cast<std::size_t>(rank);
  check<DataError>(bytes.size() >= file.header,
                   "{} is truncated: {} bytes, a header of rank {} has {}", path, bytes.size(),
                   rank, file.header);
  for (int d = 0; d < rank; ++d) {
    file.shape.push_back(big_endian<std::uint32_t>(bytes.data() + 4 + 4 * d));
  }
  // The sizes may be damaged: the bound keeps their product from overflowing.
  const bool none = file.shape.contains(0);
  const std::size_t held = (bytes.size() - file.header) / bytes_of(file.type);
  const std::size_t bound = none ? std::size_t{1} << 48 : held;
  std::size_t declared = 1;
  for (std::int64_t size : file.shape) {
    auto n = static_cast<std::size_t>(std::max<std::int64_t>(size, 1));
    check<DataError>(declared <= bound / n,
                     "{} is truncated: its header says {}, it holds {} elements", path, file.shape,
                     held);
    declared *= n;
  }
  if (none) declared = 0;
  std::size_t extra = bytes.size() - file.header - declared * bytes_of(file.type);
  check<DataError>(extra == 0, "{} has {} bytes more than its header says: {}", path, extra,
                   file.shape);
  return file;
}

template <class Unsigned, class Value>
void decode(const IdxFile& file, const Tensor& out) {
  const std::uint8_t* from = file.elements();
  const auto n = static_cast<std::size_t>(out.numel());
  visit(out.dtype(), [&](auto zero) {
    auto* to = out.data<decltype(zero)>();
    for (std::size_t i = 0; i < n; ++i) {
      auto value = std::bit_cast<Value>(big_endian<Unsigned>(from + i * sizeof(Unsigned)));
      to[i] = static_cast<decltype(zero)>(value);
    }
  });
}

Tensor to_tensor(const IdxFile& file, DType dtype) {
  Tensor out = empty(file.shape, dtype);
  switch (file.type) {
    case UByte:
      decode<std::uint8_t, std::uint8_t>(file, out);
      break;
    case Byte:
      decode<std::uint8_t, std::int8_t>(file, out);
      break;
    case Short:
      decode<std::uint16_t, std::int16_t>(file, out);
      break;
    case Int:
      decode<std::uint32_t, std::int32_t>(file, out);
      break;
    case Float:
      decode<std::uint32_t, float>(file, out);
      break;
    case Double:
      decode<std::uint64_t, double>(file, out);
      break;
    default:
      break;  // open_idx has refused all others
  }
  return out;
}

IdxFile open_ubytes(const std::string& path, int rank, const char* contents) {
  IdxFile file = open_idx(path);
  check<DataError>(file.type == UByte && file.shape.size() == rank,
                   "{} does not hold {}: expected unsigned bytes of rank {}, got type {:#04x} of "
                   "rank {}",
                   path, contents, rank, file.type, file.shape.size());
  return file;
}

}  // namespace

Tensor read_idx(const std::string& path, DType dtype, Where at) {
  ContextScope scope({.op = "read_idx", .at = at});
  return to_tensor(open_idx(path), dtype);
}

Dataset read_mnist(const std::string& images, const std::string& labels, std::int64_t classes,
                   Where at) {
  ContextScope scope({.op = "read_mnist", .at = at});
  Tensor inputs = to_tensor(open_ubytes(images, 3, "images"), float32);
  Tensor targets = to_tensor(open_ubytes(labels, 1, "labels"), int64);
  check<DataError>(inputs.size(0) == targets.size(0), "{} holds {} images, {} holds {} labels",
                   images, inputs.size(0), labels, targets.size(0));
  for (float& pixel : inputs.span<float>()) pixel /= 255;
  std::int64_t row = 0;
  for (std::int64_t label : targets.span<std::int64_t>()) {
    check<DataError>(label < classes, "{}: label {} of image {} is not in [0, {})", labels, label,
                     row, classes);
    ++row;
  }
  return {inputs, targets};
}

TrainTest mnist(const std::string& folder, Where at) {
  auto part = [&](const std::string& prefix) {
    std::filesystem::path base(folder);
    return read_mnist(base / (prefix + "-images-idx3-ubyte"),
                      base / (prefix + "-labels-idx1-ubyte"), 10, at);
  };
  return {part("train"), part("t10k")};
}

}  // namespace gradus::data
