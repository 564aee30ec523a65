#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/catch.h"

// A reader of TensorBoard's event files that shares nothing with observe/export/event_file.cpp.

inline std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in.is_open());
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::uint32_t slow_crc32c(const std::string& bytes) {
  std::uint32_t crc = ~0U;
  for (unsigned char byte : bytes) {
    crc ^= byte;
    for (int i = 0; i < 8; ++i) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82f63b78U : crc >> 1;
  }
  return ~crc;
}

inline std::uint32_t unmasked(std::uint32_t masked) {
  const std::uint32_t rotated = masked - 0xa282ead8U;
  return (rotated >> 17) | (rotated << 15);
}

template <class T>
T number_at(const std::string& bytes, std::size_t at) {
  REQUIRE(at + sizeof(T) <= bytes.size());
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));  // little-endian, as this machine is
  return value;
}

/// The fields of a protobuf message by number; numbers as the 8 or 4 bytes they were.
inline std::multimap<int, std::string> fields_of(const std::string& message) {
  std::multimap<int, std::string> fields;
  std::size_t at = 0;
  auto varint = [&] {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(message.at(at++));
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.size()) {
    const std::uint64_t key = varint();
    std::string bytes;
    switch (key & 7) {
      case 0: {
        const std::uint64_t value = varint();
        bytes.assign(reinterpret_cast<const char*>(&value), sizeof(value));
        break;
      }
      case 1:
        bytes = message.substr(at, 8);
        at += 8;
        break;
      case 2: {
        const std::uint64_t size = varint();
        REQUIRE(at + size <= message.size());
        bytes = message.substr(at, size);
        at += size;
        break;
      }
      case 5:
        bytes = message.substr(at, 4);
        at += 4;
        break;
      default:
        FAIL("no such wire type: " << (key & 7));
    }
    fields.emplace(static_cast<int>(key >> 3), bytes);
  }
  return fields;
}

inline const std::string& field(const std::multimap<int, std::string>& fields, int number) {
  REQUIRE(fields.count(number) == 1);
  return fields.find(number)->second;
}

struct EventValue {
  std::int64_t step;
  std::multimap<int, std::string> fields;
};

/// Checks every CRC; the values of all events by tag.
inline std::multimap<std::string, EventValue> read_events(const std::string& path) {
  const std::string file = read(path);
  std::multimap<std::string, EventValue> values;
  bool first = true;
  for (std::size_t at = 0; at < file.size();) {
    const auto length = number_at<std::uint64_t>(file, at);
    CHECK(unmasked(number_at<std::uint32_t>(file, at + 8)) == slow_crc32c(file.substr(at, 8)));
    const std::string data = file.substr(at + 12, length);
    CHECK(unmasked(number_at<std::uint32_t>(file, at + 12 + length)) == slow_crc32c(data));
    at += length + 16;
    const auto event = fields_of(data);
    CHECK(number_at<double>(field(event, 1), 0) > 1.6e9);  // wall time
    if (std::exchange(first, false)) {
      CHECK(field(event, 3) == "brain.Event:2");
      continue;
    }
    const auto step = number_at<std::int64_t>(field(event, 2), 0);
    const auto summary = fields_of(field(event, 5));
    for (const auto& [number, value] : summary) {
      REQUIRE(number == 1);
      const auto fields = fields_of(value);
      values.emplace(field(fields, 1), EventValue{step, fields});
    }
  }
  return values;
}

inline float scalar(const std::multimap<std::string, EventValue>& events, const std::string& tag,
                    std::int64_t step) {
  for (auto [at, end] = events.equal_range(tag); at != end; ++at) {
    if (at->second.step == step) return number_at<float>(field(at->second.fields, 2), 0);
  }
  FAIL("no " << tag << " at step " << step);
  return 0;
}

inline std::vector<double> packed_doubles(const std::string& bytes) {
  std::vector<double> values;
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    values.push_back(number_at<double>(bytes, at));
  }
  return values;
}
