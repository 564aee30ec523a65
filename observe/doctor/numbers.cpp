#include <set>

#include "gradus/observe/doctor/advice.h"
#include "gradus/observe/doctor/risky_ops.h"
#include "gradus/observe/doctor/rules.h"
#include "gradus/observe/number.h"

// Where the first NaN or Inf came from.
namespace gradus::observe::doctor {
namespace {

template <class Entry>
const Entry* entry_at(const History<Entry>& history, std::int64_t step) {
  for (const Entry& entry : history) {
    if (entry.step == step) return &entry;
  }
  return nullptr;
}

/// What of a step is known to have failed first.
struct Failure {
  const LayerRecord* layer = nullptr;
  std::string where;                  ///< one clause
  std::vector<std::string> ops = {};  ///< between the layer and what was finite, as executed
  bool backward = false;
  const char* place = "between them";  ///< of those ops, in what is said of it
  bool input = false;                  ///< the network's own input is to be suspected
  bool target = false;                 ///< the targets are
};

std::vector<std::string> ops_after(const Case& c, const LayerRecord& layer) {
  std::vector<std::string> ops;
  if (!c.run.structure) return ops;
  const Trace& trace = *c.run.structure;
  const auto index = static_cast<std::size_t>(&layer - c.run.layers.data());
  if (index >= trace.layers.size()) return ops;
  for (std::size_t consumer : trace.consumers(index)) {
    const bool end = consumer == trace.layers.size();
    const Origin& origin = end ? trace.end : trace.layers[consumer].origin();
    for (const TracedOp& op : origin.ops) ops.push_back(op.name);
    if (end) ops.insert(ops.end(), c.run.loss_ops.begin(), c.run.loss_ops.end());
  }
  return ops;
}

/// What lies in front of the layer, past the layers before it.
std::vector<std::string> ops_before(const Case& c, const LayerRecord& layer) {
  std::vector<std::string> ops;
  const auto index = static_cast<std::size_t>(&layer - c.run.layers.data());
  if (!c.run.structure || index >= c.run.structure->layers.size()) return ops;
  for (const Origin& origin : c.run.structure->layers[index].origins) {
    for (const TracedOp& op : origin.ops) ops.push_back(op.name);
  }
  return ops;
}

bool takes_only_input(const Case& c, const LayerRecord& layer) {
  const auto index = static_cast<std::size_t>(&layer - c.run.layers.data());
  if (!c.run.structure || index >= c.run.structure->layers.size()) return false;
  const Origin& origin = c.run.structure->layers[index].origin();
  return origin.from_input && origin.sources.empty();
}

/// Whether no op of the loss makes anything else of finite numbers of this size.
bool loss_is_harmless(const Failure& failure, std::int64_t at) {
  static const std::set<std::string> harmless = {
      "sub",   "square", "abs",  "mean",    "sum",    "neg",           "mul",        "add",
      "where", "clamp",  "view", "reshape", "gather", "cross_entropy", "logsigmoid", "log_softmax"};
  const LayerStep* step = failure.layer != nullptr ? entry_at(failure.layer->steps, at) : nullptr;
  return step != nullptr && step->z.abs_max < 1e6 && !failure.ops.empty() &&
         std::ranges::all_of(failure.ops, [](const auto& op) { return harmless.count(op) > 0; });
}

std::optional<Failure> forward_failure(const Case& c, std::int64_t at) {
  for (const LayerRecord& layer : c.run.layers) {
    const LayerStep* step = entry_at(layer.steps, at);
    if (step == nullptr || step->z.nonfinite == 0) continue;
    Failure failure{
        &layer,
        fmt::format("'{}' is the first layer whose output is not finite: {} of {} elements",
                    layer.path, step->z.nonfinite, step->z.looked_at),
        ops_before(c, layer)};
    failure.place = "in front of it";
    if (takes_only_input(c, layer) && failure.ops.empty() && !c.course.diverged()) {
      failure.where += ", though its weights were: the input of that step was not finite, or huge";
      failure.input = true;
    }
    return failure;
  }
  const RunStep* step = entry_at(c.run.steps, at);
  if (step == nullptr || std::isfinite(step->loss)) return {};
  Failure origin{nullptr, "every layer's output was finite, and the loss was not"};
  for (const LayerRecord& layer : c.run.layers) {
    if (layer.is_output) origin.layer = &layer;
  }
  origin.ops = origin.layer != nullptr ? ops_after(c, *origin.layer) : c.run.loss_ops;
  if (loss_is_harmless(origin, at)) {
    origin.where +=
        ", though none of its ops makes that of finite numbers: a target of that step, "
        "or a weight in the loss, was not finite";
    origin.target = true;
  }
  return origin;
}

/// What may lie between a parameter and where its gradient came from: in the layer that owns it, or
/// anywhere between layers.
std::vector<std::string> ops_around(const Case& c, const ParameterRecord& p) {
  if (!c.run.structure) return c.run.loss_ops;
  const Trace& trace = *c.run.structure;
  const auto index = static_cast<std::size_t>(&p - c.run.parameters.data());
  for (std::size_t i = 0; i < std::min(c.run.layers.size(), trace.layers.size()); ++i) {
    if (std::ranges::count(c.run.layers[i].parameters, index) > 0) return trace.layers[i].own_ops;
  }
  std::vector<std::string> ops = c.run.loss_ops;
  auto add = [&](const Origin& origin) {
    for (const TracedOp& op : origin.ops) ops.push_back(op.name);
  };
  add(trace.end);
  for (const LayerCall& layer : trace.layers) std::ranges::for_each(layer.origins, add);
  return ops;
}

std::optional<Failure> backward_failure(const Case& c, std::int64_t at) {
  for (auto layer = c.run.layers.rbegin(); layer != c.run.layers.rend(); ++layer) {
    const LayerStep* step = entry_at(layer->steps, at);
    if (step == nullptr || step->grad.nonfinite == 0) continue;
    return Failure{&*layer,
                   fmt::format("everything was finite on the way forward, and the gradient was not "
                               "when it came back to '{}'",
                               layer->path),
                   ops_after(c, *layer), true, "on its way"};
  }
  for (const ParameterRecord& p : c.run.parameters) {
    const ParameterStep* step = entry_at(p.steps, at);
    if (step == nullptr) continue;
    if (step->gradient.nonfinite > 0) {
      return Failure{nullptr,
                     fmt::format("everything was finite on the way forward, and the gradient of "
                                 "'{}' was not",
                                 p.name),
                     ops_around(c, p), true, "on its way"};
    }
    if (step->change.nonfinite > 0) {
      return Failure{
          nullptr,
          fmt::format("the optimiser made '{}' not finite, from a finite gradient", p.name)};
    }
  }
  return {};
}

Failure failure_of(const Case& c, std::int64_t at) {
  if (c.run.input.nonfinite > 0) {
    return {nullptr, fmt::format("the first input was not finite: {} of {} elements",
                                 c.run.input.nonfinite, c.run.input.looked_at)};
  }
  for (const ParameterRecord& p : c.run.parameters) {
    const ParameterStep* step = entry_at(p.steps, at);
    if (step == nullptr || step->value.nonfinite == 0) continue;
    return {nullptr, fmt::format("'{}' was not finite before the step: {} of {} elements", p.name,
                                 step->value.nonfinite, step->value.looked_at)};
  }
  if (auto origin = forward_failure(c, at)) return *origin;
  if (auto origin = backward_failure(c, at)) return *origin;
  return {nullptr, "the loss was not finite; what came first was not observed in that step"};
}

/// Whether the batches are of one sample.
bool one_sample(const Case& c) {
  return std::ranges::any_of(c.run.layers, [](const LayerRecord& layer) {
    return layer.is_output && !layer.steps.empty() && layer.steps.front().z.count == layer.units;
  });
}

/// By which factor the loss had grown just before.
double growth(const Case& c) {
  const std::vector<double>& losses = c.course.losses;
  if (losses.empty() || c.course.start == 0) return 1;
  return std::abs(losses.back() / c.course.start);
}

bool diverged(const Case& c, const Found& found) {
  const bool named = std::ranges::any_of(found, [](const Finding& f) {
    return f.symptom == Symptom::UpdateTooLarge || f.symptom == Symptom::Exploding;
  });
  return named || growth(c) > 10;
}

}  // namespace

void check_finite(const Case& c, Found& found) {
  if (!c.nonfinite_at) return;
  const std::int64_t at = *c.nonfinite_at;
  const Failure origin = failure_of(c, at);
  Finding f{.symptom = Symptom::NonFinite, .severity = Severity::Error, .since_step = at};
  if (origin.layer != nullptr) f = at_layer(f.symptom, f.severity, *origin.layer);
  f.since_step = at;
  const RunStep* step = entry_at(c.run.steps, at);
  if (step != nullptr) {
    f.statistic = "the loss";
    f.measured = step->loss;
  }
  f.cause = fmt::format("in step {} {}", at, origin.where);

  std::string op = suspect(origin.ops, origin.backward, one_sample(c));
  // softmax is as safe as what it is given.
  const bool divergence = op.empty() && diverged(c, found);
  const bool masked = op.empty() && !divergence;
  if (masked && std::ranges::count(origin.ops, "softmax") > 0) op = "softmax";
  if (divergence) {
    f.cause += growth(c) > 10 ? fmt::format(", after the loss had grown {}", fold(growth(c)))
                              : ", after steps that were too large";
    f.remedies = {lower_rate(1, 0.1), clip_norm(1)};
  }
  if (!op.empty()) {
    f.cause += fmt::format("; {} lies {}", origin.place, op);
    f.remedies = {safer(op)};
  }
  if (origin.target) {
    f.remedies = {{Cure::Manual, "leave out the samples whose target is missing",
                   "all(isfinite(target))  // false where one is"}};
  }
  if (c.run.input.nonfinite > 0 || origin.input) {
    f.remedies = {
        {Cure::ScaleInput, "clean the inputs", "x = masked_fill(x, logical_not(isfinite(x)), 0);"}};
  }
  if (op.empty() && !found.empty() && !origin.target) {
    f.cause += "; it follows from what is said above";
    f.remedies = found.front().remedies;
  } else if (f.remedies.empty()) {
    f.remedies = {{Cure::Manual, "run one step in anomaly mode, which names the op",
                   "DetectAnomaly anomaly;  // in scope around forward and backward"}};
  }
  // The rate is innocent of what happened before the first update.
  const bool updated = !c.run.steps.empty() && at > c.run.steps.front().step;
  if (updated && f.remedies.size() == 1 && f.remedies[0].cure == Cure::Manual && !origin.target) {
    f.remedies.push_back(lower_rate(1, 0.1));
  }
  // Where an op is to blame, steps were large because of it.
  if (!op.empty()) {
    std::erase_if(found, [](const Finding& other) {
      return other.symptom == Symptom::UpdateTooLarge || other.symptom == Symptom::Exploding;
    });
  }
  found.insert(origin.target ? found.begin() : found.end(), std::move(f));
}

}  // namespace gradus::observe::doctor
