#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gradus/observe/findings.h"
#include "gradus/tensor/tensor.h"

namespace gradus::observe {

/// What one operand of an op held, or what the op made.
struct Operand {
  std::string name;  ///< a parameter's in quotes, "'2.weight'"; else "input 1", "gradient"
  Shape shape;
  double min = 0;  ///< of the finite elements; both 0 where there is none
  double max = 0;
  std::int64_t count = 0;
  std::int64_t nan = 0;
  std::int64_t infinite = 0;

  bool finite() const { return nan == 0 && infinite == 0; }
  /// Share of the elements that are NaN or infinite.
  double nonfinite_share() const;
};

Operand range_of(std::string name, const Tensor& x);

/// How an op comes to be the first.
enum class Breach {
  MadeNonFinite,  ///< NaN or infinity out of finite operands
  MadeNaN,        ///< NaN out of infinities that nothing is wrong with, such as a mask's
  TookNaN,        ///< no op made the NaN that it took: it lies in the data or in a parameter
  TookInfinity,   ///< the same of an infinity, which no op has turned into a NaN
  Unseen          ///< it was made where the guard was not looking: before it lived, under NoGrad
};

/// Where the NaN or infinity in a loss, or in a parameter's gradient, comes from.
struct FirstCause {
  Breach breach = Breach::Unseen;
  std::string op;  ///< "log"; "" where it is Unseen
  /// In a backward pass: the op whose gradient rule broke, where that is made of other ops.
  std::string rule_op;
  std::string layer;  ///< path of the module that it ran in, "" outside of one
  Where at;           ///< the user's line
  bool backward = false;
  std::int64_t step = 0;  ///< counted by the guard's checks from 0
  std::vector<Operand> operands;
  Operand result;
  std::string message;  ///< one sentence

  explicit operator bool() const { return breach != Breach::Unseen; }
};

/// The message, and what each operand held:
///
///   step 17: log made 3 infinities out of finite numbers, at train.cpp:42 in 'head'
///       input 1  (128, 10)  0 to 0.98
///       result   (128, 10)  -103.2 to -0.02, 3 infinities of 1280
std::string to_string(const FirstCause& cause);

/// The sentence for its message, from all other members.
std::string describe(const FirstCause& cause);

/// As the doctor reports it, with what the operands held and the remedies that fit the op.
Finding to_finding(const FirstCause& cause);

}  // namespace gradus::observe

template <>
struct fmt::formatter<gradus::observe::FirstCause> : gradus::TextFormatter {
  auto format(const gradus::observe::FirstCause& cause, fmt::format_context& ctx) const {
    return write(gradus::observe::to_string(cause), ctx);
  }
};
