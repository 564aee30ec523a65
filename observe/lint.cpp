#include "gradus/observe/lint.h"

#include <algorithm>
#include <iterator>

#include "gradus/autograd/grad_mode.h"
#include "gradus/nn/linear.h"
#include "gradus/observe/doctor/lint_rules.h"
#include "gradus/observe/untouched.h"
#include "gradus/observe/wrapped.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/generator.h"
#include "gradus/tensor/random.h"

namespace gradus::observe {
namespace {

/// A run in training mode, in which there is dropout, or else in the mode the network is in: batch
/// norm does not train on a single sample.
Trace run(nn::Module& net, const Tensor& batch, Where at) {
  try {
    Untouched untouched(net);
    net.train();
    return trace(net, batch, at);
  } catch (const Error&) {
    return trace(net, batch, at);
  }
}

/// Random numbers as the first Linear takes them; undefined where there is none.
Tensor stand_in(nn::Module& net) {
  for (auto& [name, module] : net.named_modules()) {
    const auto* first = dynamic_cast<const nn::Linear*>(&module);
    if (first == nullptr) continue;
    Generator generator(0);
    return normal(0, 1, {32, first->weight.size(1)}, first->weight.dtype(), &generator);
  }
  return {};
}

std::optional<Trace> run_on_stand_in(nn::Module& net, Where at) {
  const Tensor input = stand_in(net);
  if (!input.defined()) return {};
  try {
    return run(net, input, at);
  } catch (const Error&) {
    return {};  // it takes something else; the rules that need a run are left out
  }
}

}  // namespace

const char* to_string(Severity severity) {
  return severity == Severity::Error ? "error" : "warning";
}

bool LintReport::has_errors() const {
  return std::ranges::any_of(remarks,
                             [](const Remark& r) { return r.severity == Severity::Error; });
}

LintReport lint(nn::Module& net, const LintOptions& options, Where at) {
  Remarks remarks;
  {
    ContextScope scope(entering("lint", at));
    for (const Tensor& p : options.optimized.value_or(std::vector<Tensor>())) {
      check(p.defined(), "an undefined tensor among the optimised parameters");
    }
  }
  std::optional<Trace> trace;
  if (options.batch.defined()) {
    trace = run(net, options.batch, at);
    check_input(*trace, remarks);
  } else {
    trace = run_on_stand_in(net, at);
  }
  if (trace) {
    check_weights(net, *trace, remarks);
    check_flow(*trace, options.loss, remarks);
  }
  if (options.optimized) check_owners(net, *options.optimized, remarks);
  LintReport report;
  for (Severity severity : {Severity::Error, Severity::Warning}) {
    std::ranges::copy_if(remarks, std::back_inserter(report.remarks),
                         [&](const Remark& remark) { return remark.severity == severity; });
  }
  return report;
}

std::string to_string(const Remark& remark) {
  const std::string place = remark.layer.empty() ? "" : fmt::format("'{}': ", remark.layer);
  const std::string text =
      fmt::format("{}: {}{} [{}]", to_string(remark.severity), place, remark.message, remark.rule);
  return wrapped(text, 2) + "\n    " + remark.fix;
}

std::string to_string(const LintReport& report) {
  if (report.remarks.empty()) return "no remarks";
  std::string text;
  for (const Remark& remark : report.remarks) {
    text += (text.empty() ? "" : "\n") + to_string(remark);
  }
  return text;
}

}  // namespace gradus::observe
