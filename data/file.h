#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gradus::data {

/// The whole contents of a regular file. DataError where it is missing, not a file, or unreadable.
std::vector<std::uint8_t> read_file(const std::string& path);

}  // namespace gradus::data
