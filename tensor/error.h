#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>

#include "gradus/tensor/where.h"

namespace gradus {

/// Every failure of the library. what() reads `[op] what is wrong at file.cpp:42 in 'layer.path'`.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An index or a dimension outside its range.
class IndexError : public Error {
 public:
  using Error::Error;
};

/// A file that cannot be read, or whose contents are damaged.
class DataError : public Error {
 public:
  using Error::Error;
};

/// `message` labelled with the running op, the user's line and the layer path.
std::string in_context(const std::string& message);

/// Throws E with `message` in its context.
template <class E = Error>
[[noreturn]] void fail(const std::string& message) {
  throw E(in_context(message));
}

/// Throws E, its message formatted by fmt and labelled with the context, unless `condition` holds.
template <class E = Error, class... Args>
void check(bool condition, fmt::format_string<Args...> format, Args&&... args) {
  if (!condition) [[unlikely]] {
    fail<E>(fmt::vformat(format, fmt::make_format_args(args...)));
  }
}

}  // namespace gradus
