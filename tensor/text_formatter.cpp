#include "gradus/tensor/text_formatter.h"

#include <algorithm>

namespace gradus {

fmt::format_context::iterator TextFormatter::write(std::string_view text,
                                                   fmt::format_context& ctx) const {
  auto out = ctx.out();
  int padding = std::max(width_ - static_cast<int>(text.size()), 0);
  int before = alignment_ == '>' ? padding : alignment_ == '^' ? padding / 2 : 0;
  for (int i = 0; i < before; ++i) *out++ = ' ';
  for (char c : text) *out++ = c;
  for (int i = before; i < padding; ++i) *out++ = ' ';
  return out;
}

}  // namespace gradus
