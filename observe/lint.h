#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gradus/nn/any_module.h"

namespace gradus::observe {

enum class Severity { Warning, Error };
const char* to_string(Severity severity);

/// Something wrong with a network at rest.
struct Remark {
  Severity severity;
  std::string rule;     ///< "initialisation", "softmax-of-one": the same for the same fault
  std::string layer;    ///< path, or the parameter's name; "" for the network as a whole
  std::string message;  ///< one sentence
  std::string fix;      ///< the line of code that mends it
};
std::string to_string(const Remark& remark);

struct LintReport {
  std::vector<Remark> remarks;  ///< errors first; empty for a healthy network
  bool has_errors() const;
};
std::string to_string(const LintReport& report);

struct LintOptions {
  /// A batch of inputs as in training: lets the scale of the inputs be judged, and layers be
  /// followed in a network that does not begin with a Linear.
  Tensor batch = {};
  /// The loss that the network is trained with: `.loss = nn::CrossEntropyLoss()`.
  nn::AnyModule loss = {};
  /// What the optimisers own, all together: `.optimized = net.parameters()`.
  std::optional<std::vector<Tensor>> optimized = {};
};

/// What is wrong with `net` before it has been trained: initialisers that do not fit the
/// activations at this depth, equal units, layers of zeros, biases far off, softmax over one unit,
/// softmax or sigmoid in front of a loss that takes logits, a ReLU on a classifier's output, inputs
/// of a bad scale, dropout in front of batch norm, parameters that no optimiser owns. It is silent
/// where it cannot tell. The network is run once, in training mode, and left as it was; without a
/// batch on random numbers, if its first Linear tells their number.
///
///   fmt::print("{}\n", observe::lint(net, {.batch = x, .loss = nn::CrossEntropyLoss()}));
LintReport lint(nn::Module& net, const LintOptions& options = {}, Where at = Where::here());

}  // namespace gradus::observe

template <>
struct fmt::formatter<gradus::observe::Remark> : gradus::TextFormatter {
  auto format(const gradus::observe::Remark& remark, fmt::format_context& ctx) const {
    return write(gradus::observe::to_string(remark), ctx);
  }
};

template <>
struct fmt::formatter<gradus::observe::LintReport> : gradus::TextFormatter {
  auto format(const gradus::observe::LintReport& report, fmt::format_context& ctx) const {
    return write(gradus::observe::to_string(report), ctx);
  }
};
