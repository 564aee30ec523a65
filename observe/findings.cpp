#include "gradus/observe/findings.h"

#include <algorithm>
#include <cmath>

#include "gradus/observe/number.h"
#include "gradus/observe/wrapped.h"

namespace gradus::observe {
namespace {

struct Words {
  const char* name;
  const char* headline;  ///< what a user reads first
};
Words words(Symptom symptom) {
  switch (symptom) {
    case Symptom::NonFinite:
      return {"non-finite", "numbers are not finite"};
    case Symptom::ZeroGradient:
      return {"zero-gradient", "no gradient arrives"};
    case Symptom::LossMismatch:
      return {"loss-mismatch", "the loss does not fit the output"};
    case Symptom::Symmetry:
      return {"symmetry", "units learn the same function"};
    case Symptom::InputScale:
      return {"input-scale", "the inputs have a bad scale"};
    case Symptom::UpdateTooLarge:
      return {"update-too-large", "the optimiser's steps are too large"};
    case Symptom::Initialization:
      return {"initialisation", "the initial weights do not fit the activation"};
    case Symptom::Saturation:
      return {"saturation", "units are saturated"};
    case Symptom::DeadUnits:
      return {"dead-units", "units are dead"};
    case Symptom::Vanishing:
      return {"vanishing-gradient", "the gradient vanishes"};
    case Symptom::Exploding:
      return {"exploding-gradient", "the gradient explodes"};
    case Symptom::UpdateTooSmall:
      return {"update-too-small", "the weights do not move"};
    case Symptom::OscillatingLoss:
      return {"oscillating-loss", "the loss oscillates"};
    case Symptom::SlowLearning:
      return {"slow-learning", "learning is too slow"};
    case Symptom::ClippingAlways:
      return {"always-clipped", "almost every step is clipped"};
  }
  return {"", ""};
}

/// "  --> net.cpp:12 in 'blocks.3.linear'", or what of it is known.
std::string place(const Finding& finding) {
  const bool line = finding.at.line > 0;
  if (!line && finding.layer.empty()) return "";
  std::string text = "\n  -->";
  if (line) text += fmt::format(" {}:{}", finding.at.file_name(), finding.at.line);
  if (!finding.layer.empty()) text += fmt::format(" {}'{}'", line ? "in " : "", finding.layer);
  return text;
}

std::string measurement(const Finding& finding) {
  if (finding.statistic.empty()) return "";
  std::string beside;
  if (finding.expected) beside += fmt::format("expected {}, ", number(*finding.expected));
  if (finding.threshold) beside += fmt::format("threshold {}, ", number(*finding.threshold));
  // The sign of a NaN says nothing.
  const double measured =
      std::isnan(finding.measured) ? std::abs(finding.measured) : finding.measured;
  return fmt::format("\n  measured: {}\n            {}since step {}",
                     wrapped(fmt::format("{}, {}", number(measured), finding.statistic), 12, 12),
                     beside, finding.since_step);
}

/// A line of code. Where it is long, what it replaces, or where it goes, stands above it, and a
/// call is broken behind its last comma that leaves a line of 80 columns.
std::string code_lines(const std::string& code) {
  const std::string indent = "\n            ";
  const std::size_t room = 80 - (indent.size() - 1);
  if (code.size() <= room) return indent + code;
  const std::size_t comment = code.find("  // ");
  if (comment == std::string::npos) {
    const std::size_t comma = code.rfind(", ", room - 1);
    if (comma == std::string::npos) return indent + code;
    return indent + code.substr(0, comma + 1) + indent + "    " + code.substr(comma + 2);
  }
  std::string above;
  for (char c : wrapped(code.substr(comment + 5), 0, 15)) {
    above += c == '\n' ? indent + "// " : std::string(1, c);
  }
  return indent + "// " + above + indent + code.substr(0, comment);
}

}  // namespace

const char* headline(Symptom symptom) { return words(symptom).headline; }

const char* to_string(Symptom symptom) { return words(symptom).name; }

const char* to_string(Cure cure) {
  switch (cure) {
    case Cure::MatchedInit:
      return "matched-init";
    case Cure::OtherActivation:
      return "other-activation";
    case Cure::BatchNorm:
      return "batch-norm";
    case Cure::Residual:
      return "residual";
    case Cure::ClipNorm:
      return "clip-norm";
    case Cure::LowerRate:
      return "lower-rate";
    case Cure::HigherRate:
      return "higher-rate";
    case Cure::ScaleInput:
      return "scale-input";
    case Cure::OtherLoss:
      return "other-loss";
    case Cure::Manual:
      return "manual";
  }
  return "";
}

bool Findings::has_errors() const {
  return std::ranges::any_of(list, [](const Finding& f) { return f.severity == Severity::Error; });
}

std::string to_string(const Finding& finding) {
  std::string text = fmt::format("{}: {} [{}]", to_string(finding.severity),
                                 headline(finding.symptom), to_string(finding.symptom));
  text += place(finding) + measurement(finding);
  if (!finding.cause.empty()) text += "\n  cause: " + wrapped(finding.cause, 9, 9);
  for (std::size_t i = 0; i < finding.remedies.size(); ++i) {
    const Remedy& remedy = finding.remedies[i];
    text +=
        fmt::format("\n  {} {}", i == 0 ? "remedy:" : "or:    ", wrapped(remedy.action, 10, 10));
    if (!remedy.code.empty()) text += code_lines(remedy.code);
  }
  return text;
}

std::string to_string(const Findings& findings) {
  if (findings.empty()) return "no findings";
  std::string text;
  std::ptrdiff_t errors = 0;
  for (const Finding& finding : findings.list) {
    text += to_string(finding) + "\n\n";
    errors += finding.severity == Severity::Error ? 1 : 0;
  }
  const std::ptrdiff_t warnings = std::ssize(findings.list) - errors;
  auto counted = [](std::ptrdiff_t n, const char* what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  if (errors > 0) text += counted(errors, "error");
  if (errors > 0 && warnings > 0) text += ", ";
  if (warnings > 0) text += counted(warnings, "warning");
  return text;
}

}  // namespace gradus::observe
