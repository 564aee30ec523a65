#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "gradus/observe/findings.h"
#include "gradus/observe/record.h"

namespace gradus::observe {

class Monitor;

/// RMS dL/dz of each layer in the last observed step as a bar on a logarithmic scale, with a mark
/// where theory expected it; 80 columns. More than 40 layers are drawn in groups of neighbours, by
/// their geometric mean. Layers that got no gradient are left out.
///
///   fmt::print("{}\n", observe::gradient_chart(monitor.record()));
std::string gradient_chart(const RunRecord& record);

/// "step 1200  loss 0.213  dL/dz ratio 4.5e-06  error: vanishing-gradient in 'hidden.0'": what
/// LiveLine shows, at most 79 columns.
std::string live_line(const RunRecord& record, const Findings& findings);

/// One line about a running training. On a terminal it redraws itself; to a file or a pipe it
/// prints a line every so many steps.
///
///   observe::LiveLine line;
///   ...
///   monitor.step(loss);
///   line.show(monitor);
class LiveLine {
 public:
  /// `every`: steps between two lines where the output is no terminal, at least 1.
  explicit LiveLine(std::int64_t every = 100, std::FILE* out = stdout, Where at = Where::here());
  /// Ends the line, so that what follows starts on its own.
  ~LiveLine();
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

  /// Call it after each step. It diagnoses only when it writes: on a terminal five times a second.
  void show(const Monitor& monitor);

 private:
  std::int64_t every_;
  std::FILE* out_;
  bool terminal_;
  bool drawn_ = false;
  std::int64_t last_step_ = -1;
  double last_time_ = 0;  // seconds of a steady clock; <chrono> would cost every program
};

}  // namespace gradus::observe
