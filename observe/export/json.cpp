#include <cmath>
#include <nlohmann/json.hpp>

#include "gradus/observe/export/quantities.h"
#include "gradus/observe/export/run_sink.h"

namespace gradus::observe {
namespace {

using Json = nlohmann::ordered_json;

Json number(std::optional<double> v) {
  if (!v) return nullptr;
  if (std::isnan(*v)) return "NaN";
  if (std::isinf(*v)) return *v > 0 ? "Infinity" : "-Infinity";
  return shortest(*v);
}

template <class Entry>
Json with(Json object, const Entry& entry, std::span<const Quantity<Entry>> quantities) {
  for (const auto& quantity : quantities) object[quantity.name] = number(quantity.of(entry));
  return object;
}

class JsonLinesSink final : public RunSink {
 public:
  explicit JsonLinesSink(const std::string& path) : RunSink(path) {}

 private:
  void line(const Json& object) {
    // Names are the user's: what is no UTF-8 must not throw.
    out_ << object.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
  }

  void introduce(const RunRecord& record) override {
    if (!begun_) line({{"kind", "run"}, {"network", record.network}});
    begun_ = true;
    for (; layers_ < record.layers.size(); ++layers_) {
      const LayerRecord& l = record.layers[layers_];
      line({{"kind", "layer"},
            {"layer", l.path},
            {"call", l.call},
            {"type", l.type},
            {"activation", l.activation},
            {"units", l.units},
            {"file", l.at.file},
            {"line", l.at.line}});
    }
    for (; parameters_ < record.parameters.size(); ++parameters_) {
      const ParameterRecord& p = record.parameters[parameters_];
      line({{"kind", "parameter"},
            {"parameter", p.name},
            {"shape", std::vector<std::int64_t>(p.shape.begin(), p.shape.end())}});
    }
  }

  void step(const RunStep& s) override {
    line(with({{"kind", "step"}, {"step", s.step}}, s, run_quantities()));
  }
  void layer(const LayerRecord& l, const LayerStep& s) override {
    line(with({{"kind", "layer_step"}, {"step", s.step}, {"layer", l.path}, {"call", l.call}}, s,
              layer_quantities()));
  }
  void parameter(const ParameterRecord& p, const ParameterStep& s) override {
    line(with({{"kind", "parameter_step"}, {"step", s.step}, {"parameter", p.name}}, s,
              parameter_quantities()));
  }
  void histograms(const LayerRecord& l, const LayerHistograms& h) override {
    auto write = [&](const char* of, const LogHistogram& histogram) {
      if (histogram.total == 0) return;
      line({{"kind", "histogram"},
            {"step", h.step},
            {"layer", l.path},
            {"call", l.call},
            {"of", of},
            {"total", histogram.total},
            {"first_exponent", LogHistogram::exponent_of_first},
            {"counts", histogram.counts}});
    };
    write("z", h.z);
    write("activation", h.activation);
    write("grad", h.grad);
  }
  void findings(const Findings& list) override {
    for (const Json& finding : Json::parse(to_json(list))) {
      Json object = {{"kind", "finding"}};
      object.update(finding);
      line(object);
    }
  }

  bool begun_ = false;
  std::size_t layers_ = 0;  ///< introduced so far
  std::size_t parameters_ = 0;
};

}  // namespace

std::unique_ptr<RunSink> json_lines_sink(const std::string& path) {
  return std::make_unique<JsonLinesSink>(path);
}

}  // namespace gradus::observe
