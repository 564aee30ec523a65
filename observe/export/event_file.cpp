#include "gradus/observe/export/event_file.h"

#include <array>
#include <bit>
#include <ostream>
#include <span>

namespace gradus::observe {
namespace {

constexpr std::array<std::uint32_t, 256> crc_table = [] {
  constexpr std::uint32_t reversed_polynomial = 0x82f63b78;
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? reversed_polynomial : 0);
    table[byte] = crc;
  }
  return table;
}();

/// As TFRecords keep a CRC: that of bytes which hold CRCs themselves would be weak.
std::uint32_t masked_crc(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xa282ead8;
}

template <class Unsigned>
void put_little_endian(std::string& out, Unsigned value) {
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    out.push_back(static_cast<char>(value >> 8 * i & 0xff));
  }
}

// Fields of a protobuf message, by wire type.
enum WireType : std::uint64_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void put_key(std::string& out, std::uint64_t field, WireType type) {
  put_varint(out, field << 3 | type);
}

void put_int(std::string& out, std::uint64_t field, std::int64_t value) {
  put_key(out, field, Varint);
  put_varint(out, static_cast<std::uint64_t>(value));
}

void put_float(std::string& out, std::uint64_t field, float value) {
  put_key(out, field, Fixed32);
  put_little_endian(out, std::bit_cast<std::uint32_t>(value));
}

void put_double(std::string& out, std::uint64_t field, double value) {
  put_key(out, field, Fixed64);
  put_little_endian(out, std::bit_cast<std::uint64_t>(value));
}

/// A string, or a message within the message.
void put_bytes(std::string& out, std::uint64_t field, std::string_view bytes) {
  put_key(out, field, Bytes);
  put_varint(out, bytes.size());
  out += bytes;
}

void put_packed(std::string& out, std::uint64_t field, std::span<const double> values) {
  put_key(out, field, Bytes);
  put_varint(out, values.size() * sizeof(double));
  for (double v : values) put_little_endian(out, std::bit_cast<std::uint64_t>(v));
}

void write_record(std::ostream& out, std::string_view data) {
  std::string length;
  put_little_endian(length, static_cast<std::uint64_t>(data.size()));
  std::string record = length;
  put_little_endian(record, masked_crc(length));
  record += data;
  put_little_endian(record, masked_crc(data));
  out.write(record.data(), static_cast<std::streamsize>(record.size()));
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xffffffff;
  for (char byte : bytes)
    crc = crc >> 8 ^ crc_table[(crc ^ static_cast<std::uint8_t>(byte)) & 0xff];
  return ~crc;
}

// Summary { repeated Value value = 1; }
// Value { tag = 1; simple_value = 2; histo = 5; tensor = 8; metadata = 9; }
void Summary::scalar(std::string_view tag, double value) {
  std::string message;
  put_bytes(message, 1, tag);
  put_float(message, 2, static_cast<float>(value));
  put_bytes(bytes_, 1, message);
}

// HistogramProto { min = 1; max = 2; num = 3; sum = 4; sum_squares = 5; bucket_limit = 6;
//                  bucket = 7; }
void Summary::histogram(std::string_view tag, const HistogramProto& h) {
  std::string histogram;
  put_double(histogram, 1, h.min);
  put_double(histogram, 2, h.max);
  put_double(histogram, 3, h.num);
  put_double(histogram, 4, h.sum);
  put_double(histogram, 5, h.sum_squares);
  put_packed(histogram, 6, h.limits);
  put_packed(histogram, 7, h.counts);
  std::string message;
  put_bytes(message, 1, tag);
  put_bytes(message, 5, histogram);
  put_bytes(bytes_, 1, message);
}

// SummaryMetadata { PluginData plugin_data = 1 { plugin_name = 1; } }
// TensorProto { dtype = 1; TensorShapeProto tensor_shape = 2 { Dim dim = 2 { size = 1; } };
//               string_val = 8; }
void Summary::text(std::string_view tag, std::string_view text) {
  constexpr std::int64_t string_type = 7;
  std::string plugin, metadata, size, shape, tensor, message;
  put_bytes(plugin, 1, "text");
  put_bytes(metadata, 1, plugin);
  put_int(size, 1, 1);
  put_bytes(shape, 2, size);
  put_int(tensor, 1, string_type);
  put_bytes(tensor, 2, shape);
  put_bytes(tensor, 8, text);
  put_bytes(message, 1, tag);
  put_bytes(message, 8, tensor);
  put_bytes(message, 9, metadata);
  put_bytes(bytes_, 1, message);
}

// Event { wall_time = 1; step = 2; file_version = 3; summary = 5; }
void write_version(std::ostream& out, double wall_time) {
  std::string event;
  put_double(event, 1, wall_time);
  put_bytes(event, 3, "brain.Event:2");
  write_record(out, event);
}

void write_event(std::ostream& out, double wall_time, std::int64_t step, const Summary& summary) {
  std::string event;
  put_double(event, 1, wall_time);
  put_int(event, 2, step);
  put_bytes(event, 5, summary.bytes());
  write_record(out, event);
}

}  // namespace gradus::observe
