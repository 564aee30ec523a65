#pragma once

#include <concepts>

namespace gradus {

/// A line of the caller's program. As a defaulted last parameter it names the call itself:
/// `Tensor exp(const Tensor& x, Where at = Where::here());`
struct Where {
  const char* file = "";
  int line = 0;

  constexpr Where() = default;
  /// Takes no literal 0 for a file, so that `{0, 2}` in `sum(x, {0, 2})` can only mean dimensions.
  template <std::same_as<const char*> File>
  constexpr Where(File in_file, int on_line) : file(in_file), line(on_line) {}

  static constexpr Where here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }

  /// The file's name without its folders; "" where the place is unknown.
  constexpr const char* file_name() const {
    const char* name = file;
    for (const char* c = file; *c != '\0'; ++c) {
      if (*c == '/') name = c + 1;
    }
    return name;
  }
};

}  // namespace gradus
