#pragma once

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gradus/observe/export.h"

namespace gradus::observe {

/// A file that takes a run step by step. Each format derives and says how it writes what.
class RunSink {
 public:
  /// Begins a new file. Throws Error where it cannot be written.
  explicit RunSink(std::string file);
  virtual ~RunSink() = default;

  void append(const RunRecord& record);
  void append(const Findings& findings);
  const std::string& file() const { return file_; }

 protected:
  /// Layers and parameters that were not there before.
  virtual void introduce(const RunRecord&) {}
  virtual void step(const RunStep& step) = 0;
  virtual void layer(const LayerRecord& layer, const LayerStep& step) = 0;
  virtual void parameter(const ParameterRecord& parameter, const ParameterStep& step) = 0;
  virtual void histograms(const LayerRecord&, const LayerHistograms&) {}
  virtual void findings(const Findings&) {}
  /// All of an append() has been told.
  virtual void finish() {}

  std::ofstream out_;

 private:
  void flush();

  std::string file_;
  std::int64_t last_step_;
};

/// v as the double with the fewest digits that is the same float, where v is one: 0.1 for 0.1F.
double shortest(double v);

std::unique_ptr<RunSink> json_lines_sink(const std::string& path);
std::unique_ptr<RunSink> csv_sink(const std::string& path);
std::unique_ptr<RunSink> tensorboard_sink(const std::string& folder);

}  // namespace gradus::observe
