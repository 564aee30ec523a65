#include <cmath>

#include "gradus/observe/export/quantities.h"
#include "gradus/observe/export/run_sink.h"

namespace gradus::observe {
namespace {

std::string quoted(const std::string& field) {
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string text = "\"";
  for (char c : field) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + "\"";
}

std::string number(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "Inf" : "-Inf";
  return fmt::format("{}", shortest(v));
}

class CsvSink final : public RunSink {
 public:
  explicit CsvSink(const std::string& path) : RunSink(path) {
    out_ << "step,kind,name,call,quantity,value\n";
  }

 private:
  template <class Entry>
  void rows(const Entry& entry, const std::string& head,
            std::span<const Quantity<Entry>> quantities) {
    for (const auto& quantity : quantities) {
      const std::optional<double> value = quantity.of(entry);
      if (value)
        out_ << fmt::format("{},{},{},{}\n", entry.step, head, quantity.name, number(*value));
    }
  }

  void step(const RunStep& s) override { rows(s, "run,,", run_quantities()); }
  void layer(const LayerRecord& l, const LayerStep& s) override {
    rows(s, fmt::format("layer,{},{}", quoted(l.path), l.call), layer_quantities());
  }
  void parameter(const ParameterRecord& p, const ParameterStep& s) override {
    rows(s, fmt::format("parameter,{},", quoted(p.name)), parameter_quantities());
  }
};

}  // namespace

std::unique_ptr<RunSink> csv_sink(const std::string& path) {
  return std::make_unique<CsvSink>(path);
}

}  // namespace gradus::observe
