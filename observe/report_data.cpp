#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>

#include "gradus/observe/report.h"
#include "gradus/observe/theory/expected.h"

namespace gradus::observe {
namespace {

using Json = nlohmann::ordered_json;

// Cells of the heat map, and histograms of all layers together, that keep a page at a few MB.
constexpr std::size_t kMostCells = 40'000;
constexpr std::size_t kMostHistograms = 4'000;

/// Four digits, as text would show; JSON has no NaN.
Json number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.4g", value);
  return std::strtod(digits, nullptr);
}
Json number(const std::optional<double>& value) { return value ? number(*value) : Json(); }

/// RMS of a sample, "NaN" where an element was not finite, null where there was none.
Json rms(const Sample& sample) {
  if (!sample) return {};
  return sample.nonfinite > 0 ? Json("NaN") : number(sample.rms);
}

/// `most` of the steps or fewer, evenly, the first and the last among them.
std::vector<std::int64_t> thinned(const std::vector<std::int64_t>& steps, std::size_t most) {
  if (steps.size() <= most) return steps;
  std::vector<std::int64_t> kept;
  for (std::size_t i = 0; i < most; ++i) kept.push_back(steps[i * (steps.size() - 1) / (most - 1)]);
  return kept;
}

/// The steps of the fullest of many histories.
template <class Owner, class Entries>
std::vector<std::int64_t> common_steps(const std::vector<Owner>& owners, Entries entries_of) {
  std::vector<std::int64_t> steps;
  for (const Owner& owner : owners) {
    const auto& entries = entries_of(owner);
    if (entries.size() <= steps.size()) continue;
    steps.clear();
    for (const auto& entry : entries) steps.push_back(entry.step);
  }
  return steps;
}

/// For each of `columns` the entry that it stands for: the last one from its step to before the
/// next column's, or the first that is `lost`, so that thinning hides no NaN.
template <class Entry>
std::vector<const Entry*> at_columns(const History<Entry>& entries,
                                     const std::vector<std::int64_t>& columns,
                                     const std::function<bool(const Entry&)>& lost) {
  std::vector<const Entry*> found(columns.size(), nullptr);
  for (const Entry& entry : entries) {
    const auto next = std::ranges::upper_bound(columns, entry.step);
    if (next == columns.begin()) continue;
    const Entry*& place = found[static_cast<std::size_t>(next - columns.begin()) - 1];
    if (place == nullptr || !lost(*place)) place = &entry;
  }
  return found;
}

/// Adds the row of values, unless all are absent.
template <class Entry>
void add_row(Json& object, const char* key, const std::vector<const Entry*>& entries,
             const std::function<Json(const Entry&)>& value_of) {
  Json row = Json::array();
  for (const Entry* entry : entries) row.push_back(entry ? value_of(*entry) : Json());
  if (std::ranges::any_of(row, [](const Json& v) { return !v.is_null(); })) {
    object[key] = std::move(row);
  }
}

/// [first bin, elements, counts ...], without the empty bins at both ends.
Json histogram_json(const LogHistogram& histogram) {
  const auto full = [](std::uint16_t n) { return n > 0; };
  const auto first = std::ranges::find_if(histogram.counts, full);
  const auto last = std::find_if(histogram.counts.rbegin(), histogram.counts.rend(), full).base();
  Json json = {first - histogram.counts.begin(), histogram.total};
  for (auto count = first; count < last; ++count) json.push_back(*count);
  return json;
}

Json histograms_json(const LayerRecord& layer, std::size_t most) {
  std::vector<std::int64_t> steps;
  for (const LayerHistograms& entry : layer.histograms) steps.push_back(entry.step);
  steps = thinned(steps, most);
  const auto entries = at_columns<LayerHistograms>(layer.histograms, steps,
                                                   [](const LayerHistograms&) { return false; });
  Json json = {{"step", steps}};
  for (const auto& [key, member] :
       {std::pair{"z", &LayerHistograms::z}, std::pair{"a", &LayerHistograms::activation},
        std::pair{"g", &LayerHistograms::grad}}) {
    add_row<LayerHistograms>(json, key, entries, [member](const LayerHistograms& entry) {
      const LogHistogram& histogram = entry.*member;
      return histogram.total > 0 ? histogram_json(histogram) : Json();
    });
  }
  return json;
}

/// A layer's weights: its largest parameter.
const ParameterRecord* weights_of(const RunRecord& record, const LayerRecord& layer) {
  const ParameterRecord* largest = nullptr;
  for (std::size_t i : layer.parameters) {
    const ParameterRecord& candidate = record.parameters[i];
    if (largest == nullptr || candidate.shape.product() > largest->shape.product())
      largest = &candidate;
  }
  return largest;
}

Json layer_json(const RunRecord& record, const LayerRecord& layer,
                const std::vector<std::int64_t>& columns, std::size_t histograms) {
  Json json = {{"name", layer.path},
               {"label", label(layer)},
               {"type", layer.type},
               {"at", layer.at.line > 0 ? fmt::format("{}:{}", layer.at.file_name(), layer.at.line)
                                        : std::string()},
               {"units", layer.units},
               {"activation", layer.activation},
               {"saturates", layer.saturates},
               {"rectifies", layer.rectifies}};
  const auto steps = at_columns<LayerStep>(layer.steps, columns, [](const LayerStep& step) {
    return step.z.nonfinite > 0 || step.grad.nonfinite > 0;
  });
  add_row<LayerStep>(json, "z", steps, [](const LayerStep& s) { return rms(s.z); });
  add_row<LayerStep>(json, "a", steps, [](const LayerStep& s) { return rms(s.activation); });
  add_row<LayerStep>(json, "g", steps, [](const LayerStep& s) { return rms(s.grad); });
  if (layer.saturates) {
    add_row<LayerStep>(json, "low", steps,
                       [](const LayerStep& s) { return number(s.saturated_low); });
    add_row<LayerStep>(json, "high", steps,
                       [](const LayerStep& s) { return number(s.saturated_high); });
  }
  add_row<LayerStep>(json, "dead", steps, [](const LayerStep& s) {
    return std::isnan(s.dead_units) ? Json() : number(s.dead_units);
  });
  if (const ParameterRecord* weights = weights_of(record, layer)) {
    json["weights"] = weights->name;
    const auto updates =
        at_columns<ParameterStep>(weights->steps, columns, [](const ParameterStep& step) {
          return step.change.nonfinite > 0 || step.value.nonfinite > 0;
        });
    add_row<ParameterStep>(json, "update", updates, [](const ParameterStep& step) {
      if (!step.change) return Json();
      const bool lost = step.change.nonfinite > 0 || step.value.nonfinite > 0;
      return lost ? Json("NaN") : number(step.update_ratio());
    });
  }
  json["histograms"] = histograms_json(layer, histograms);
  return json;
}

Json steps_json(const RunRecord& record) {
  Json steps = Json::array(), loss = Json::array(), grad = Json::array(), clipped = Json::array(),
       update = Json::array();
  for (const RunStep& step : record.steps) {
    const auto observed = [&](double value) { return step.observed ? number(value) : Json(); };
    steps.push_back(step.step);
    loss.push_back(number(step.loss));
    grad.push_back(observed(step.grad_norm));
    clipped.push_back(observed(step.clipped_norm));
    update.push_back(observed(step.update_norm));
  }
  return {{"step", std::move(steps)},
          {"loss", std::move(loss)},
          {"grad_norm", std::move(grad)},
          {"clipped_norm", std::move(clipped)},
          {"update_norm", std::move(update)}};
}

Json cost_json(const Cost& cost) {
  return {{"share", number(cost.share())},
          {"observing_seconds", number(cost.observing_seconds)},
          {"setup_seconds", number(cost.setup_seconds)},
          {"observed_steps", cost.observed_steps},
          {"bytes", cost.bytes}};
}

}  // namespace

std::string report_data(const RunRecord& record, const Findings& findings) {
  const std::size_t depth = std::max<std::size_t>(record.layers.size(), 1);
  const auto columns =
      thinned(common_steps(
                  record.layers, [](const LayerRecord& l) -> auto& { return l.steps; }),
              std::max<std::size_t>(kMostCells / depth, 32));
  const std::size_t histograms = std::max<std::size_t>(kMostHistograms / depth, 8);

  std::int64_t parameters = 0;
  for (const ParameterRecord& parameter : record.parameters)
    parameters += parameter.shape.product();
  const ExpectedProfile expected = expected_profile(record);
  Json layers = Json::array();
  for (std::size_t i = 0; i < record.layers.size(); ++i) {
    Json layer = layer_json(record, record.layers[i], columns, histograms);
    layer["expected_z"] = number(expected.z_rms[i]);
    layer["expected_g"] = number(expected.relative_grad_rms[i]);
    layers.push_back(std::move(layer));
  }
  const Json json = {{"network", record.network},
                     {"parameters", parameters},
                     {"run_steps", record.steps.empty() ? 0 : record.steps.back().step + 1},
                     {"cost", cost_json(record.cost)},
                     {"findings", Json::parse(to_json(findings))},
                     {"steps", steps_json(record)},
                     {"columns", columns},
                     {"hidden", record.hidden_layers()},
                     {"anchor", expected.top ? Json(*expected.top) : Json()},
                     {"layers", std::move(layers)}};
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace gradus::observe
