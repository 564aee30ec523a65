#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gradus/observe/lint.h"

namespace gradus::observe {

/// What can be wrong, in the order of cause before consequence in which it is looked for.
enum class Symptom {
  NonFinite,       ///< NaN or Inf
  ZeroGradient,    ///< exactly 0 through an op, or none at all: detached, frozen, unreached
  LossMismatch,    ///< the loss does not fit what the output layer makes
  Symmetry,        ///< units that compute the same and learn the same
  InputScale,      ///< inputs far from mean 0 and variance 1
  UpdateTooLarge,  ///< the optimiser's change against the weights
  Initialization,  ///< weights that do not fit the activation at this depth
  Saturation,      ///< activations on the flat part
  DeadUnits,       ///< rectified units that are 0 on every sample
  Vanishing,       ///< gradient lost on the way down, for another reason
  Exploding,       ///< gradient growing on the way down, or jumping between steps
  UpdateTooSmall,  ///< weights that do not move
  OscillatingLoss,
  SlowLearning,
  ClippingAlways  ///< clipping fires on almost every step
};
/// "vanishing-gradient": the same for the same symptom, for programs and for searching.
const char* to_string(Symptom symptom);
/// "the gradient vanishes": what a reader sees first.
const char* headline(Symptom symptom);

/// What may be done, as what_if() and repair() know it.
enum class Cure {
  MatchedInit,      ///< the initialiser recommended for the activation
  OtherActivation,  ///< a non-saturating one
  BatchNorm,
  Residual,
  ClipNorm,
  LowerRate,
  HigherRate,
  ScaleInput,
  OtherLoss,  ///< a loss that fits the output, or the output without softmax
  Manual      ///< only the user can: the code says where
};
const char* to_string(Cure cure);

struct Remedy {
  Cure cure = Cure::Manual;
  std::string action;  ///< "initialise the weights for tanh (Glorot)"
  std::string code;    ///< the line that does it
};

/// One fault of a training run.
struct Finding {
  Symptom symptom;
  Severity severity = Severity::Warning;
  std::string layer = {};  ///< path of the layer or name of the parameter; "" for the whole network
  Where at = {};           ///< the user's line that called the layer; line 0 where it is not known
  std::int64_t since_step = 0;
  std::string statistic = {};  ///< what was measured: "RMS dL/dz, first over last hidden layer"
  double measured = 0;
  std::optional<double> expected = {};   ///< by theory
  std::optional<double> threshold = {};  ///< beyond which it is a fault
  std::string cause = {};                ///< one sentence
  std::vector<Remedy> remedies = {};     ///< cheapest and most causal first
};

struct Findings {
  std::vector<Finding> list;  ///< most causal first
  bool has_errors() const;
  bool empty() const { return list.empty(); }
};

/// As a compiler writes its diagnostics.
std::string to_string(const Finding& finding);
std::string to_string(const Findings& findings);
/// An array of objects with the members of Finding; `at` as file and line, what is absent or not a
/// finite number as null.
std::string to_json(const Findings& findings);

}  // namespace gradus::observe

template <>
struct fmt::formatter<gradus::observe::Finding> : gradus::TextFormatter {
  auto format(const gradus::observe::Finding& finding, fmt::format_context& ctx) const {
    return write(gradus::observe::to_string(finding), ctx);
  }
};

template <>
struct fmt::formatter<gradus::observe::Findings> : gradus::TextFormatter {
  auto format(const gradus::observe::Findings& findings, fmt::format_context& ctx) const {
    return write(gradus::observe::to_string(findings), ctx);
  }
};
