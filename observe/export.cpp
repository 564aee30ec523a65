#include "gradus/observe/export.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <map>

#include "gradus/observe/export/run_sink.h"
#include "gradus/tensor/context.h"

namespace gradus::observe {
namespace {

std::unique_ptr<RunSink> make_sink(ExportFormat format, const std::string& path) {
  switch (format) {
    case ExportFormat::JsonLines:
      return json_lines_sink(path);
    case ExportFormat::Csv:
      return csv_sink(path);
    case ExportFormat::TensorBoard:
      break;
  }
  return tensorboard_sink(path);
}

void write(ExportFormat format, const char* name, const RunRecord& record, const std::string& path,
           Where at) {
  ContextScope scope(entering(name, at));
  RunLog(format, path, at).append(record, at);
}

}  // namespace

RunSink::RunSink(std::string file)
    : out_(file, std::ios::binary),
      file_(std::move(file)),
      last_step_(std::numeric_limits<std::int64_t>::min()) {
  check(out_.is_open(), "'{}' cannot be written: {}", file_, std::strerror(errno));
}

void RunSink::append(const RunRecord& record) {
  introduce(record);
  // The histories are one a layer; a file is read step by step.
  std::multimap<std::int64_t, std::function<void()>> news;
  auto collect = [&](const auto& history, auto tell) {
    for (const auto& entry : history) {
      if (entry.step > last_step_) news.emplace(entry.step, [=, &entry] { tell(entry); });
    }
  };
  collect(record.steps, [this](const RunStep& s) { step(s); });
  for (const LayerRecord& l : record.layers) {
    collect(l.steps, [this, &l](const LayerStep& s) { layer(l, s); });
    collect(l.histograms, [this, &l](const LayerHistograms& h) { histograms(l, h); });
  }
  for (const ParameterRecord& p : record.parameters) {
    collect(p.steps, [this, &p](const ParameterStep& s) { parameter(p, s); });
  }
  for (const auto& [step, tell] : news) tell();
  if (!news.empty()) last_step_ = news.rbegin()->first;
  finish();
  flush();
}

void RunSink::append(const Findings& list) {
  findings(list);
  finish();
  flush();
}

void RunSink::flush() {
  check(out_.flush().good(), "'{}' could not be written to the end: is the disk full?", file_);
}

double shortest(double v) {
  const auto narrow = static_cast<float>(v);
  if (static_cast<double>(narrow) != v) return v;
  return std::strtod(fmt::format("{}", narrow).c_str(), nullptr);
}

RunLog::RunLog(ExportFormat format, const std::string& path, Where at) {
  ContextScope scope(entering("RunLog", at));
  check(!path.empty(), "needs a path to write to; this one is empty");
  sink_ = make_sink(format, path);
}

RunLog::~RunLog() = default;
RunLog::RunLog(RunLog&&) noexcept = default;

void RunLog::append(const RunRecord& record, Where at) {
  ContextScope scope(entering("RunLog", at));
  sink_->append(record);
}

void RunLog::append(const Findings& findings, Where at) {
  ContextScope scope(entering("RunLog", at));
  sink_->append(findings);
}

const std::string& RunLog::file() const { return sink_->file(); }

void write_json_lines(const RunRecord& record, const std::string& path, Where at) {
  write(ExportFormat::JsonLines, "write_json_lines", record, path, at);
}

void write_csv(const RunRecord& record, const std::string& path, Where at) {
  write(ExportFormat::Csv, "write_csv", record, path, at);
}

void write_tensorboard(const RunRecord& record, const std::string& folder, Where at) {
  write(ExportFormat::TensorBoard, "write_tensorboard", record, folder, at);
}

}  // namespace gradus::observe
