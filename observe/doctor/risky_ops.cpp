#include "gradus/observe/doctor/risky_ops.h"

#include <algorithm>
#include <map>

namespace gradus::observe::doctor {
namespace {

struct Remedied {
  const char* action;
  const char* code;
};
const std::map<std::string, Remedied>& risky_ops() {
  static const std::map<std::string, Remedied> ops = {
      {"log", {"keep the logarithm away from 0", "log(clamp(p, 1e-12, std::nullopt))"}},
      {"log1p", {"keep what it is given above -1", "log1p(clamp(x, -1 + 1e-6, std::nullopt))"}},
      {"div", {"keep the divisor away from 0", "x / (y + 1e-8)"}},
      {"reciprocal", {"keep the divisor away from 0", "1 / (y + 1e-8)"}},
      {"sqrt", {"keep the root away from 0, where its slope is infinite", "sqrt(x + 1e-12)"}},
      {"rsqrt", {"keep the root away from 0", "rsqrt(x + 1e-12)"}},
      {"norm", {"keep the norm away from 0, where it has no slope", "sqrt(sum(x * x) + 1e-12)"}},
      {"pow", {"keep the base away from 0 and from overflow", "pow(clamp(x, 1e-6, 1e6), p)"}},
      {"exp", {"bound the exponent", "exp(clamp(x, -30, 30))"}},
      {"expm1", {"bound the exponent", "expm1(clamp(x, -30, 30))"}},
      {"std",
       {"keep the variance away from 0, and leave out its correction for one sample",
        "sqrt(var(x, {0}, false, 0) + 1e-8)"}},
      {"softmax",
       {"leave each row something that is not -inf", "masked_fill(scores, mask, -1e9)"}}};
  return ops;
}

}  // namespace

std::string suspect(const std::vector<std::string>& ops, bool backward, bool one_sample) {
  auto steep = [](const std::string& op) {
    return op == "sqrt" || op == "norm" || op == "pow" || op == "std";
  };
  auto risky = [&](const std::string& op) {
    // softmax is as safe as what it is given, and a logarithm that was finite has a finite slope.
    if (op == "softmax" || (backward && (op == "log" || op == "log1p")) ||
        (op == "std" && !one_sample))
      return false;
    return risky_ops().count(op) > 0;
  };
  if (backward) {
    // What was finite forward may still have an infinite slope.
    const auto last = std::find_if(ops.rbegin(), ops.rend(), steep);
    if (last != ops.rend()) return *last;
  }
  const auto first = std::ranges::find_if(ops, risky);
  return first != ops.end() ? *first : "";
}

Remedy safer(const std::string& op) {
  const Remedied& remedied = risky_ops().at(op);
  return {Cure::Manual, remedied.action, remedied.code};
}

}  // namespace gradus::observe::doctor
