#include "gradus/observe/monitor.h"

#include <algorithm>

#include "gradus/observe/report.h"
#include "gradus/observe/watch/watch.h"
#include "gradus/tensor/context.h"

namespace gradus::observe {
namespace {

void validate(const MonitorOptions& options) {
  check(options.dense >= 0, "dense must be at least 0, got {}", options.dense);
  check(options.every >= 1, "every must be at least 1, got {}", options.every);
  check(options.budget >= 0 && options.budget < 1, "budget is a share in [0, 1), got {}",
        options.budget);
  check(options.history >= 8, "history must be at least 8, got {}", options.history);
  check(options.elements >= 0, "elements must be at least 0, got {}", options.elements);
  check(options.window >= 1, "window must be at least 1, got {}", options.window);
}

template <class Records, class Name>
std::string names_of(const Records& records, Name name) {
  std::string names;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i == 20) return fmt::format("{}, and {} more", names, records.size() - i);
    names += fmt::format("{}'{}'", i == 0 ? "" : ", ", name(records[i]));
  }
  return names.empty() ? "none" : names;
}

}  // namespace

Monitor::Monitor(std::shared_ptr<nn::Module> net, const MonitorOptions& options, Where at) {
  ContextScope scope(entering("Monitor", at));
  validate(options);
  check(net != nullptr, "takes a network, got none");
  check(!layers_of(*net).empty(), "{} holds no layer to watch: none of its modules has parameters",
        net->type_name());
  watch_ = std::make_shared<Watch>(std::move(net), options);
  watch_->attach();
}

Monitor::~Monitor() = default;
Monitor::Monitor(Monitor&&) noexcept = default;

void Monitor::step(const Tensor& loss, Where at) {
  ContextScope scope(entering("Monitor::step", at));
  check(loss.defined() && loss.numel() == 1, "takes the loss, a tensor of one element");
  watch_->look_at(loss);
  watch_->end_step(loss.item<double>());
}

void Monitor::step(double loss) { watch_->end_step(loss); }

const RunRecord& Monitor::record() const { return watch_->record(); }

const LayerRecord& Monitor::layer(std::string_view path, int call, Where at) const {
  ContextScope scope(entering("Monitor::layer", at));
  const auto& layers = record().layers;
  const auto found = std::ranges::find_if(
      layers, [&](const LayerRecord& l) { return l.path == path && l.call == call; });
  check(found != layers.end(), "no call {} of a layer '{}' was observed; there are {}", call, path,
        names_of(layers, [](const LayerRecord& l) { return l.path; }));
  return *found;
}

const ParameterRecord& Monitor::parameter(std::string_view name, Where at) const {
  ContextScope scope(entering("Monitor::parameter", at));
  const auto& parameters = record().parameters;
  const auto found = std::ranges::find(parameters, name, &ParameterRecord::name);
  check(found != parameters.end(), "the network has no parameter '{}'; there are {}", name,
        names_of(parameters, [](const ParameterRecord& p) { return p.name; }));
  return *found;
}

void Monitor::report(const std::string& file, Where at) const {
  write_report(record(), diagnose(), file, at);
}

}  // namespace gradus::observe
