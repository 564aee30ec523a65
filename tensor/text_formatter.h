#pragma once

#include <fmt/core.h>

#include <string_view>

namespace gradus {

/// Base of the library's fmt formatters, for types that turn into text: `{}`, or a width with an
/// alignment as in `{:>12}`. Stands in for fmt::formatter<std::string_view>, whose instantiation
/// drags all of fmt's number formatting into every source that only throws an error.
class TextFormatter {
 public:
  constexpr auto parse(fmt::format_parse_context& ctx) {
    auto at = ctx.begin();
    if (at != ctx.end() && (*at == '<' || *at == '>' || *at == '^')) alignment_ = *at++;
    for (; at != ctx.end() && *at >= '0' && *at <= '9'; ++at) width_ = 10 * width_ + (*at - '0');
    return at;
  }

 protected:
  fmt::format_context::iterator write(std::string_view text, fmt::format_context& ctx) const;

 private:
  char alignment_ = '<';
  int width_ = 0;
};

}  // namespace gradus
