#pragma once

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "gradus/tensor/tensor.h"
#include "tests/catch.h"

/// Tables of wrong calls and of what their errors say.
namespace gradus::messages {

struct Wrong {
  std::string op;  ///< as the message gives it in brackets
  std::function<void()> call;
  std::vector<std::string> says;  ///< parts of the message: shapes, numbers, what to do
};

inline const Tensor undefined;
inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double inf = std::numeric_limits<double>::infinity();

/// The message that `call` throws, or what it does instead of throwing one.
inline std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  } catch (const std::exception& error) {
    return fmt::format("no gradus::Error but: {}", error.what());
  }
  return "nothing was thrown";
}

inline void check_messages(const std::vector<Wrong>& table) {
  for (std::size_t i = 0; i < table.size(); ++i) {
    INFO("row " << i << ", a wrong call of " << table[i].op);
    const std::string message = message_of(table[i].call);
    CHECK_THAT(message, StartsWith("[" + table[i].op + "] "));
    for (const std::string& part : table[i].says) CHECK_THAT(message, Contains(part));
  }
}

/// Wrong calls of the functions of autograd/ops.h.
std::vector<Wrong> pointwise_calls();   // messages_pointwise_test.cpp
std::vector<Wrong> activation_calls();  // there, too
std::vector<Wrong> inplace_calls();
std::vector<Wrong> view_calls();  // messages_ops_test.cpp
std::vector<Wrong> reduce_calls();
std::vector<Wrong> index_calls();
std::vector<Wrong> norm_calls();
/// Of tensor/creation.h and tensor/random.h.
std::vector<Wrong> creation_calls();

}  // namespace gradus::messages
