#include "gradus/observe/first_cause.h"

#include <algorithm>
#include <cmath>

#include "gradus/observe/doctor/risky_ops.h"

namespace gradus::observe {
namespace {

std::string counted(std::int64_t n, const char* one, const char* many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

/// "3 NaN and 1 infinity".
std::string nonfinite_of(const Operand& x) {
  const std::string nan = counted(x.nan, "NaN", "NaN");
  const std::string infinite = counted(x.infinite, "infinity", "infinities");
  if (x.nan > 0 && x.infinite > 0) return nan + " and " + infinite;
  if (x.nan > 0) return nan;
  return x.infinite > 0 ? infinite : "NaN or infinities";
}

std::string describe_made(const FirstCause& cause, const char* out_of) {
  const std::string what = fmt::format("{} out of {}", nonfinite_of(cause.result), out_of);
  if (!cause.backward) return fmt::format("{} made {}", cause.op, what);
  if (cause.rule_op.empty()) return fmt::format("the gradient of {} made {}", cause.op, what);
  return fmt::format("in the gradient of {}, {} made {}", cause.op, cause.rule_op, what);
}

/// The operand that is not finite; null where all are, or are not known.
const Operand* culprit_of(const FirstCause& cause) {
  const auto culprit =
      std::ranges::find_if(cause.operands, [](const Operand& x) { return !x.finite(); });
  return culprit == cause.operands.end() ? nullptr : &*culprit;
}

bool is_parameter(const Operand& x) { return x.name.front() == '\''; }

bool holds_one(const Operand& x) { return x.nan + x.infinite == 1; }

std::string describe_parameter(const FirstCause& cause, const Operand& parameter) {
  return fmt::format(
      "parameter {} holds {}, which no op of this step made: an optimiser's step did, or what "
      "filled it; {} took {}",
      parameter.name, nonfinite_of(parameter), cause.op, holds_one(parameter) ? "it" : "them");
}

std::string describe_taken(const FirstCause& cause) {
  const std::string taker = (cause.backward ? "the gradient of " : "") + cause.op;
  const Operand* culprit = culprit_of(cause);
  if (culprit == nullptr) {
    return fmt::format("{} was given {}, and it came through to the {}", taker,
                       cause.breach == Breach::TookNaN ? "a NaN" : "an infinity",
                       cause.backward ? "gradients" : "loss");
  }
  return fmt::format("{} of {} holds {}, which no recorded op made: {} came with the {}",
                     culprit->name, taker, nonfinite_of(*culprit),
                     holds_one(*culprit) ? "it" : "they",
                     cause.backward ? "gradient that was passed in or that a hook made" : "data");
}

bool is_one_of(const std::string& op, std::initializer_list<const char*> names) {
  return std::ranges::find(names, op) != names.end();
}

Remedy by_hand(std::string action, std::string code) {
  return {.cure = Cure::Manual, .action = std::move(action), .code = std::move(code)};
}

const Remedy lower_rate{.cure = Cure::LowerRate,
                        .action = "lower the learning rate: the numbers have grown too large",
                        .code = "opt.option(0, \"lr\") *= 0.1;"};
const Remedy clip{.cure = Cure::ClipNorm,
                  .action = "clip the gradient by its norm before the optimiser's step",
                  .code = "optim::clip_grad_norm_(net.parameters(), 1);"};

std::vector<Remedy> remedies_for(const FirstCause& cause) {
  const std::string& op = cause.rule_op.empty() ? cause.op : cause.rule_op;
  const Operand* culprit = culprit_of(cause);
  if (culprit != nullptr && is_parameter(*culprit)) return {lower_rate, clip};
  if (cause.breach != Breach::MadeNonFinite) {
    if (is_one_of(op, {"softmax", "log_softmax", "logsumexp", "cross_entropy", "masked_fill"})) {
      return {
          by_hand("leave at least one element of each row unmasked, or mask with a large "
                  "finite number",
                  "masked_fill(x, mask, -1e9)")};
    }
    return {by_hand("look at the data before they are used",
                    "all(isfinite(x)).item<bool>()  // of each batch")};
  }
  if (is_one_of(cause.op, {"log", "log1p"})) {
    return {by_hand("compute the logarithm of a probability from the logits",
                    "log_softmax(logits, -1)  // or logsigmoid, cross_entropy"),
            doctor::safer("log")};
  }
  if (is_one_of(cause.op, {"sqrt", "rsqrt", "norm", "std", "pow"}))
    return {doctor::safer(cause.op)};
  if (is_one_of(op, {"div", "reciprocal"})) return {doctor::safer(op)};
  if (is_one_of(op, {"exp", "expm1"})) {
    return {by_hand("bound the exponent, or use a function that cannot overflow",
                    "softmax(x, -1)  // or sigmoid, softplus, logsumexp")};
  }
  return {lower_rate, clip};
}

/// "0 to 0.98, 3 infinities of 1280".
std::string contents_of(const Operand& x) {
  std::string text;
  if (x.count > x.nan + x.infinite) text = fmt::format("{:.4g} to {:.4g}", x.min, x.max);
  if (x.finite()) return text;
  return text + fmt::format("{}{} of {}", text.empty() ? "" : ", ", nonfinite_of(x), x.count);
}

}  // namespace

double Operand::nonfinite_share() const {
  return count == 0 ? 0 : static_cast<double>(nan + infinite) / static_cast<double>(count);
}

Operand range_of(std::string name, const Tensor& x) {
  Operand range{.name = std::move(name), .shape = x.shape(), .count = x.numel()};
  bool any = false;
  for (double v : x.to_vector<double>()) {
    if (std::isnan(v)) {
      ++range.nan;
    } else if (std::isinf(v)) {
      ++range.infinite;
    } else {
      range.min = any ? std::min(range.min, v) : v;
      range.max = any ? std::max(range.max, v) : v;
      any = true;
    }
  }
  return range;
}

std::string describe(const FirstCause& cause) {
  if (const Operand* culprit = culprit_of(cause); culprit != nullptr && is_parameter(*culprit)) {
    return describe_parameter(cause, *culprit);
  }
  switch (cause.breach) {
    case Breach::MadeNonFinite:
      return describe_made(cause, "finite numbers");
    case Breach::MadeNaN:
      return describe_made(cause, "infinities");
    case Breach::TookNaN:
    case Breach::TookInfinity:
      return describe_taken(cause);
    case Breach::Unseen:
      break;
  }
  return fmt::format(
      "{} not finite, but no op that the guard saw made {} so: it was made before the guard, on "
      "another thread or under NoGrad",
      cause.backward ? "gradients are" : "the loss is", cause.backward ? "them" : "it");
}

std::string to_string(const FirstCause& cause) {
  std::string text = fmt::format("step {}: {}", cause.step, cause.message);
  if (cause.at.line != 0) text += fmt::format(", at {}:{}", cause.at.file_name(), cause.at.line);
  if (!cause.layer.empty()) text += fmt::format(" in '{}'", cause.layer);
  std::vector<Operand> rows = cause.operands;
  if (cause.result.count > 0) rows.push_back(cause.result);
  std::size_t name_width = 0;
  std::size_t shape_width = 0;
  for (const Operand& x : rows) {
    name_width = std::max(name_width, x.name.size());
    shape_width = std::max(shape_width, gradus::to_string(x.shape).size());
  }
  for (const Operand& x : rows) {
    text += fmt::format("\n    {:<{}}  {:<{}}  {}", x.name, name_width, gradus::to_string(x.shape),
                        shape_width, contents_of(x));
  }
  return text;
}

Finding to_finding(const FirstCause& cause) {
  std::string sentence = cause.message;
  for (const Operand& x : cause.operands) {
    sentence +=
        fmt::format("{}{}: {}", &x == cause.operands.data() ? "; " : ", ", x.name, contents_of(x));
  }
  return {.symptom = Symptom::NonFinite,
          .severity = Severity::Error,
          .layer = cause.layer,
          .at = cause.at,
          .since_step = cause.step,
          .statistic = cause.result.count > 0 ? "share of NaN and infinities in what it made" : "",
          .measured = cause.result.nonfinite_share(),
          .threshold = 0.0,
          .cause = std::move(sentence),
          .remedies = remedies_for(cause)};
}

}  // namespace gradus::observe
