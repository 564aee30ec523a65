#include "gradus/observe/doctor/case.h"

#include <map>

#include "gradus/nn/embedding.h"
#include "gradus/observe/theory/expected.h"

namespace gradus::observe::doctor {
namespace {

/// First step at which anything that must be finite was not.
std::optional<std::int64_t> first_nonfinite(const RunRecord& run) {
  std::optional<std::int64_t> first;
  auto note = [&](std::int64_t step, bool bad) {
    if (bad && (!first || step < *first)) first = step;
  };
  for (const RunStep& step : run.steps) note(step.step, !std::isfinite(step.loss));
  for (const LayerRecord& layer : run.layers) {
    for (const LayerStep& step : layer.steps) note(step.step, step.grad.nonfinite > 0);
  }
  for (const ParameterRecord& parameter : run.parameters) {
    for (const ParameterStep& step : parameter.steps) {
      note(step.step, step.value.nonfinite + step.gradient.nonfinite + step.change.nonfinite > 0);
    }
  }
  return first;
}

bool is_normalized(const RunRecord& run, std::size_t index) {
  if (!run.structure || index >= run.structure->layers.size()) {
    return index + 1 < run.layers.size() && run.layers[index + 1].normalizes;
  }
  const Trace& trace = *run.structure;
  return std::ranges::any_of(trace.consumers(index), [&](std::size_t consumer) {
    const bool end = consumer == trace.layers.size();
    return (end ? trace.end : trace.layers[consumer].origin()).has(OpKind::Normalization) ||
           (!end && consumer < run.layers.size() && run.layers[consumer].normalizes);
  });
}

/// Whether nothing but shapes and dropout lies between the layer and those that take its output.
bool is_linear(const RunRecord& run, std::size_t index) {
  if (!run.structure || !run.layers[index].activation.empty()) return false;
  const Trace& trace = *run.structure;
  const auto consumers = trace.consumers(index);
  return !consumers.empty() && std::ranges::all_of(consumers, [&](std::size_t consumer) {
    const bool end = consumer == trace.layers.size();
    if (!end && run.layers[consumer].is_activation) return false;
    const Origin& origin = end ? trace.end : trace.layers[consumer].origin();
    return origin.sources.size() == 1 && std::ranges::all_of(origin.ops, [](const TracedOp& op) {
             return op.kind == OpKind::Shape || op.kind == OpKind::Dropout;
           });
  });
}

/// The activation whose weights suit this one, too.
std::string nearest(const std::string& activation) {
  const bool like_tanh =
      activation == "hardtanh" || activation == "softsign" || activation == "lecun_tanh";
  return like_tanh ? "tanh" : activation;
}

std::optional<Hidden> hidden_layer(const RunRecord& run, std::size_t index) {
  Hidden hidden{.index = index, .layer = &run.layers[index]};
  const std::int64_t units = hidden.layer->units;
  for (std::size_t i : hidden.layer->parameters) {
    const ParameterRecord& p = run.parameters[i];
    const bool matrix = p.shape.size() == 2 && (p.shape[0] == units || p.shape[1] == units);
    const bool vector = p.shape.size() == 1 && p.shape[0] == units;
    const ParameterRecord*& place = matrix ? hidden.weight : hidden.bias;
    if ((!matrix && !vector) || place != nullptr) return {};  // no plain W x + b
    place = &p;
  }
  if (hidden.weight == nullptr || hidden.weight->steps.empty() ||
      dynamic_cast<const nn::Embedding*>(hidden.layer->module) != nullptr) {
    return {};
  }
  hidden.inputs = hidden.weight->tensor.numel() / units;
  const double rms = hidden.weight->steps.front().value.rms;
  hidden.gain = static_cast<double>(hidden.inputs) * rms * rms;
  hidden.normalized = is_normalized(run, index);
  hidden.calls =
      static_cast<int>(std::ranges::count(run.layers, hidden.layer->module, &LayerRecord::module));
  hidden.fit = init_fit(is_linear(run, index) ? "linear" : nearest(hidden.layer->activation));
  if (hidden.fit) hidden.wanted = hidden.fit->gain(hidden.inputs, units);
  return hidden;
}

Series ratio(const Case& c, const LayerRecord& first, const LayerRecord& last) {
  std::map<std::int64_t, double> below;
  for (const LayerStep& step : last.steps) {
    if (step.grad && step.grad.rms > 0) below[step.step] = step.grad.rms;
  }
  return c.series(first.steps, [&](const LayerStep& step) {
    const auto other = below.find(step.step);
    return step.grad && other != below.end() ? step.grad.rms / other->second : std::nan("");
  });
}

}  // namespace

std::vector<double> windows(const Series& points) {
  std::vector<double> medians;
  if (points.size() < 3 * kWindow) return medians;
  for (std::size_t begin = points.size() - 3 * kWindow; begin < points.size(); begin += kWindow) {
    std::vector<double> values;
    for (std::size_t i = begin; i < begin + kWindow; ++i) values.push_back(points[i].value);
    medians.push_back(median(std::move(values)));
  }
  return medians;
}

Case::Case(const RunRecord& record) : run(record), course(record) {
  nonfinite_at = first_nonfinite(run);
  for (const RunStep& step : run.steps) observed += step.observed ? 1U : 0U;
  normalized = std::ranges::any_of(run.layers, &LayerRecord::normalizes);
  double widths = 0;
  for (std::size_t i : run.hidden_layers()) {
    const LayerRecord& layer = run.layers[i];
    if (layer.steps.empty() || !layer.last().grad) continue;  // frozen, or cut off
    if (first == nullptr) first = &layer;
    last = &layer;
    widths += 1 / static_cast<double>(std::max<std::int64_t>(layer.units, 1));
    if (layer.call > 0) continue;
    if (auto found = hidden_layer(run, i)) hidden.push_back(std::move(*found));
  }
  if (first == last) first = last = nullptr;
  if (first != nullptr) {
    gradient_ratio = ratio(*this, *first, *last);
    const auto expected = expected_profile(run).relative_grad_rms;
    auto of = [&](const LayerRecord* layer) {
      return expected[static_cast<std::size_t>(layer - run.layers.data())].value_or(0);
    };
    if (of(first) > 0 && of(last) > 0) expected_ratio = of(first) / of(last);
  }
  // ln of the squared ratio has a variance of about 5 sum(1 / width) (Hanin & Nica
  // 2020, arXiv:1812.05994).
  scatter = std::exp(std::sqrt(5 * widths));
}

bool Case::trainable(const LayerRecord& layer) const {
  return std::ranges::any_of(
      layer.parameters, [&](std::size_t i) { return run.parameters[i].tensor.requires_grad(); });
}

double Case::slope() const {
  double square = 0;
  for (const ParameterRecord& p : run.parameters) {
    if (p.steps.empty()) continue;
    const Sample& value = p.steps.back().value;
    square += double(value.rms) * value.rms * value.count;
  }
  std::vector<double> norms;
  for (const RunStep& step : run.steps.last(30 * kWindow)) {
    if (step.observed && std::isfinite(step.grad_norm)) norms.push_back(step.grad_norm);
  }
  if (course.recent == 0) return 0;
  return median(std::move(norms)) * std::sqrt(square) / std::abs(course.recent);
}

double Case::bound(double limit) const {
  if (expected_ratio && (limit < 1 ? *expected_ratio < limit : *expected_ratio > limit)) {
    return limit;
  }
  return limit < 1 ? limit / scatter : limit * scatter;
}

Series Case::update_ratios(const ParameterRecord& parameter) const {
  return series(parameter.steps, [](const ParameterStep& step) {
    return step.change ? step.update_ratio() : std::nan("");
  });
}

}  // namespace gradus::observe::doctor
