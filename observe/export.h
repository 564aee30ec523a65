#pragma once

#include <memory>
#include <string>

#include "gradus/observe/findings.h"
#include "gradus/observe/record.h"

namespace gradus::observe {

class RunSink;

/// How a run is written to disk. All three hold the same quantities under the same names: those of
/// observe/export/quantities.h. What was not observed, or is not known, is left out of a CSV and of
/// event files and is null in JSON.
enum class ExportFormat {
  /// One object a line, in UTF-8; `kind` says which:
  ///   run             network
  ///   layer           layer, call, type, activation, units, file, line
  ///   parameter       parameter, shape
  ///   step            step, and the quantities of a step: loss, grad_norm, ...
  ///   layer_step      step, layer, call, and those of a layer: z_rms, grad_rms, ...
  ///   parameter_step  step, parameter, and those of a parameter: value_rms, update_ratio, ...
  ///   histogram       step, layer, call, of ("z", "activation", "grad"), total, first_exponent,
  ///                   counts: as LogHistogram
  ///   finding         the members of a Finding
  /// A layer or parameter is introduced before its first step. Numbers that are not finite are the
  /// strings "NaN", "Infinity" and "-Infinity", as in protobuf's JSON, since JSON has none.
  JsonLines,
  /// Long format, quoted as in RFC 4180: a header and one row a number, with the columns
  ///   step,kind,name,call,quantity,value
  /// kind: run, layer or parameter; name: of the layer or parameter, empty for a run; call: of a
  /// layer. Numbers that are not finite are NaN, Inf and -Inf. No histograms, no findings.
  Csv,
  /// A folder with an event file, as TensorBoard's --logdir takes it. Scalars are tagged
  /// "grad_rms/blocks.3.linear", with "#2" behind for a layer's second call; histograms, of
  /// log2 |x|, "grad_log2/blocks.3.linear". Findings are texts.
  TensorBoard
};

/// Writes a run while it goes on, or when it has ended. After each append() all is on disk.
///
///   observe::RunLog log(observe::ExportFormat::JsonLines, "run.jsonl");
///   ...
///   monitor.step(loss);
///   log.append(monitor.record());
class RunLog {
 public:
  /// `path`: a file, which is replaced; for TensorBoard a folder, made where there is none, in
  /// which each log begins a file of its own. Throws Error where it cannot be written.
  RunLog(ExportFormat format, const std::string& path, Where at = Where::here());
  ~RunLog();
  RunLog(RunLog&&) noexcept;
  RunLog& operator=(RunLog&&) = delete;

  /// Writes the steps of `record` that are later than those written. Every call for one log must be
  /// given the same run. Throws Error where the disk does not take it.
  void append(const RunRecord& record, Where at = Where::here());
  /// Writes findings. Does nothing in a CSV.
  void append(const Findings& findings, Where at = Where::here());

  /// The file; for TensorBoard too.
  const std::string& file() const;

 private:
  std::unique_ptr<RunSink> sink_;
};

/// A whole run at once.
void write_json_lines(const RunRecord& record, const std::string& path, Where at = Where::here());
void write_csv(const RunRecord& record, const std::string& path, Where at = Where::here());
void write_tensorboard(const RunRecord& record, const std::string& folder,
                       Where at = Where::here());

}  // namespace gradus::observe
