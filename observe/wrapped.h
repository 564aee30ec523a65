#pragma once

#include <algorithm>
#include <string>

namespace gradus::observe {

/// `text` broken into lines of at most 80 columns. It begins at column `begin`; later lines are
/// indented.
inline std::string wrapped(const std::string& text, std::size_t indent, std::size_t begin = 0) {
  constexpr std::size_t width = 80;
  std::string out;
  std::size_t column = begin;
  bool at_start = true;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find(' ', start), text.size());
    if (!at_start && column + 1 + end - start > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!at_start) {
      out += ' ';
      ++column;
    }
    at_start = false;
    out += text.substr(start, end - start);
    column += end - start;
    start = end + 1;
  }
  return out;
}

}  // namespace gradus::observe
