#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>

#include "gradus/observe/export/event_file.h"
#include "gradus/observe/export/quantities.h"
#include "gradus/observe/export/run_sink.h"

namespace gradus::observe {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// TensorBoard knows event files by "tfevents" in the name; two logs of one second must differ.
std::string new_event_file(const std::string& folder) {
  static std::atomic<int> made{0};
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  check(!error, "folder '{}' cannot be made: {}", folder, error.message());
  char host[256] = "localhost";
  if (gethostname(host, sizeof(host) - 1) != 0) host[0] = '\0';
  const std::string name = fmt::format("events.out.tfevents.{}.{}.{}.{}",
                                       static_cast<std::int64_t>(now()), host, getpid(), made++);
  return (std::filesystem::path(folder) / name).string();
}

/// Of log2 |x|: on TensorBoard's linear axis all magnitudes would lie in the last bins.
HistogramProto log2_histogram(const LogHistogram& histogram) {
  HistogramProto proto;
  bool begun = false;
  int last = 0;
  for (int b = 0; b < LogHistogram::bins; ++b) {
    if (histogram.counts[static_cast<std::size_t>(b)] > 0) last = b;
  }
  for (int b = 0; b <= last; ++b) {
    const double count = histogram.counts[static_cast<std::size_t>(b)];
    const double low = LogHistogram::exponent_of_first + b;
    if (!begun && count == 0) continue;
    if (!begun) proto.min = low;
    begun = true;
    proto.max = low + 1;
    proto.limits.push_back(low + 1);
    proto.counts.push_back(count);
    const double middle = low + 0.5;
    proto.num += count;
    proto.sum += count * middle;
    proto.sum_squares += count * middle * middle;
  }
  return proto;
}

class TensorBoardSink final : public RunSink {
 public:
  explicit TensorBoardSink(const std::string& folder) : RunSink(new_event_file(folder)) {
    write_version(out_, now());
  }

 private:
  /// The summary of a step, which is written when another begins.
  Summary& at(std::int64_t step) {
    if (step != step_) finish();
    step_ = step;
    return summary_;
  }
  void finish() override {
    if (!summary_.empty()) write_event(out_, now(), step_, summary_);
    summary_ = {};
  }

  void introduce(const RunRecord& record) override { network_ = record.network; }
  std::string name_of(const LayerRecord& l) const {
    const std::string& name = l.path.empty() ? network_ : l.path;
    return l.call == 0 ? name : fmt::format("{}#{}", name, l.call + 1);
  }

  template <class Entry>
  void scalars(const Entry& entry, const std::string& name,
               std::span<const Quantity<Entry>> quantities) {
    for (const auto& quantity : quantities) {
      const std::optional<double> value = quantity.of(entry);
      if (value) at(entry.step).scalar(quantity.name + name, *value);
    }
  }

  void step(const RunStep& s) override { scalars(s, "", run_quantities()); }
  void layer(const LayerRecord& l, const LayerStep& s) override {
    scalars(s, "/" + name_of(l), layer_quantities());
  }
  void parameter(const ParameterRecord& p, const ParameterStep& s) override {
    scalars(s, "/" + p.name, parameter_quantities());
  }
  void histograms(const LayerRecord& l, const LayerHistograms& h) override {
    auto write = [&](const char* quantity, const LogHistogram& histogram) {
      const HistogramProto proto = log2_histogram(histogram);
      if (proto.num > 0) at(h.step).histogram(fmt::format("{}/{}", quantity, name_of(l)), proto);
    };
    write("z_log2", h.z);
    write("activation_log2", h.activation);
    write("grad_log2", h.grad);
  }
  void findings(const Findings& list) override {
    for (std::size_t i = 0; i < list.list.size(); ++i) {
      const Finding& finding = list.list[i];
      at(finding.since_step)
          .text(fmt::format("findings/{}_{}", i + 1, to_string(finding.symptom)),
                "```\n" + to_string(finding) + "\n```");
    }
  }

  std::string network_;
  std::int64_t step_ = 0;
  Summary summary_;
};

}  // namespace

std::unique_ptr<RunSink> tensorboard_sink(const std::string& folder) {
  return std::make_unique<TensorBoardSink>(folder);
}

}  // namespace gradus::observe
