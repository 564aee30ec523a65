#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "gradus/observe/monitor.h"
#include "gradus/observe/terminal.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/error.h"

namespace gradus::observe {
namespace {

constexpr std::size_t kWidth = 79;  // the last column of a terminal would break the line
constexpr double kRedraw = 0.2;     // seconds

/// The first error, as the list has the most causal first, else the first warning.
const Finding* worst(const Findings& findings) {
  if (findings.empty()) return nullptr;
  const auto error = std::ranges::find(findings.list, Severity::Error, &Finding::severity);
  return error != findings.list.end() ? &*error : &findings.list.front();
}

}  // namespace

std::string live_line(const RunRecord& record, const Findings& findings) {
  if (record.steps.empty()) return "no step yet";
  const RunStep& last = record.steps.back();
  std::string text = fmt::format("step {}  loss {:.4g}", last.step, last.loss);
  if (const auto ratio = record.gradient_ratio()) {
    text += fmt::format("  dL/dz ratio {:.1e}", *ratio);
  }
  if (const Finding* finding = worst(findings)) {
    text += fmt::format("  {}: {}", to_string(finding->severity), to_string(finding->symptom));
    if (!finding->layer.empty()) text += fmt::format(" in '{}'", finding->layer);
  }
  if (text.size() > kWidth) text = text.substr(0, kWidth - 3) + "...";
  return text;
}

LiveLine::LiveLine(std::int64_t every, std::FILE* out, Where at)
    : every_(every), out_(out), terminal_(isatty(fileno(out)) == 1) {
  ContextScope scope(entering("LiveLine", at));
  check(every >= 1, "every must be at least 1, got {}", every);
}

LiveLine::~LiveLine() {
  if (drawn_) fmt::print(out_, "\n");
}

void LiveLine::show(const Monitor& monitor) {
  const RunRecord& record = monitor.record();
  if (record.steps.empty() || record.steps.back().step == last_step_) return;
  last_step_ = record.steps.back().step;
  if (!terminal_) {
    if (last_step_ % every_ != 0) return;
    fmt::print(out_, "{}\n", live_line(record, monitor.diagnose()));
    std::fflush(out_);
    return;
  }
  const double now =
      std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  if (now - last_time_ < kRedraw) return;
  last_time_ = now;
  drawn_ = true;
  fmt::print(out_, "\r{:<{}}", live_line(record, monitor.diagnose()), kWidth);
  std::fflush(out_);
}

}  // namespace gradus::observe
