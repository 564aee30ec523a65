#include "gradus/observe/doctor/advice.h"
#include "gradus/observe/doctor/equal_units.h"
#include "gradus/observe/doctor/rules.h"
#include "gradus/tensor/statistics.h"

// Equal units, and how far the optimiser moves the weights.
namespace gradus::observe::doctor {
namespace {

/// As (units, inputs).
Tensor rows_of(const Case& c, const Hidden& hidden, const Tensor& weight) {
  bool columns = weight.size(0) != hidden.layer->units;
  if (!columns && weight.size(1) == hidden.layer->units && c.run.structure) {
    const auto& ops = c.run.structure->layers[hidden.index].own_ops;
    columns = std::ranges::count(ops, "matmul") > 0 && std::ranges::count(ops, "t") == 0 &&
              std::ranges::count(ops, "transpose") == 0;
  }
  return (columns ? weight.detach().t() : weight.detach());
}

/// Units whose gradients differ will part.
bool gradients_part(const Case& c, const Hidden& hidden, std::int64_t group) {
  const Tensor& weight = hidden.weight->tensor;
  const Tensor gradient = weight.requires_grad() ? weight.grad() : Tensor();
  if (!gradient.defined() || statistics(gradient.detach()).rms == 0) return false;
  return equal_units(rows_of(c, hidden, gradient), {}) < group;
}

Remedy random_init(const Hidden& hidden) {
  const std::string initializer = hidden.fit ? hidden.fit->initializer : "glorot_normal_";
  return {Cure::MatchedInit, "initialise the weights at random",
          fmt::format("nn::init::{}({}.weight);", initializer,
                      code_for(hidden.layer->path, hidden.layer->type))};
}

/// The first of the first steps in which the update of a weight is far too large, or else the
/// largest of them; once a run diverges, updates tell nothing more. Weights that start from
/// about 0, and those whose scale is normalised away, move by any share of themselves.
Point largest_first_update(const Case& c, const ParameterRecord& p) {
  Point largest{0, 0};
  const double inputs = static_cast<double>(p.tensor.numel()) / static_cast<double>(p.shape[0]);
  std::size_t seen = 0;
  for (const ParameterStep& step : p.steps) {
    if (++seen > kWindow || (c.nonfinite_at && step.step >= *c.nonfinite_at)) break;
    if (step.value.rms * std::sqrt(inputs) < 0.05) continue;
    const double ratio = step.update_ratio();
    if (ratio > largest.value) largest = {step.step, ratio};
    if (ratio > 1) break;
  }
  return largest;
}

bool is_weight(const Case& c, const ParameterRecord& p) {
  if (p.shape.size() < 2 || p.in_normalization || p.tensor.numel() == 0) return false;
  return std::ranges::none_of(
      c.hidden, [&](const Hidden& hidden) { return hidden.weight == &p && hidden.normalized; });
}

const LayerRecord* owner(const Case& c, const ParameterRecord& p) {
  const auto index = static_cast<std::size_t>(&p - c.run.parameters.data());
  for (const LayerRecord& layer : c.run.layers) {
    if (std::ranges::count(layer.parameters, index) > 0) return &layer;
  }
  return nullptr;
}

Finding at_parameter(const Case& c, Symptom symptom, Severity severity, const ParameterRecord& p) {
  Finding f{.symptom = symptom, .severity = severity, .layer = p.name};
  if (const LayerRecord* layer = owner(c, p)) f.at = layer->at;
  return f;
}

/// Weights that get a gradient and are never changed.
std::vector<const ParameterRecord*> unmoved(const Case& c) {
  std::vector<const ParameterRecord*> found;
  for (const ParameterRecord& p : c.run.parameters) {
    const auto recent = p.steps.last(3 * kWindow);
    // Not where the gradient is so small that a step at the rate 1 would be lost in rounding.
    const bool still = recent.size() >= 3 && std::ranges::all_of(recent, [](const auto& step) {
                         return step.gradient && step.gradient.rms > 1e-5 * step.value.rms &&
                                step.change.all_zero();
                       });
    if (still && p.tensor.requires_grad()) found.push_back(&p);
  }
  return found;
}

bool report_unmoved(const Case& c, Found& found) {
  const auto still = unmoved(c);
  if (still.empty()) return false;
  const auto moving = std::ranges::count_if(c.run.parameters, [](const ParameterRecord& p) {
    return !p.steps.empty() && p.steps.back().change && !p.steps.back().change.all_zero();
  });
  const bool all = moving == 0;
  Finding f = at_parameter(c, Symptom::UpdateTooSmall, all ? Severity::Error : Severity::Warning,
                           *still[0]);
  std::vector<std::string> names;
  for (const ParameterRecord* p : still) names.push_back(p->name);
  f.since_step = still[0]->steps.front().step;
  f.statistic = "RMS of the optimiser's change";
  f.threshold = 0;
  if (all) {
    f.layer = "";
    f.cause =
        "gradients arrive, and the optimiser changes no weight: it is not stepped, its rate "
        "is 0, or it owns other parameters";
    f.remedies = {{Cure::Manual,
                   "step an optimiser that owns the network's parameters, before "
                   "monitor.step()",
                   "optim::SGD opt(net.parameters(), {.lr = 0.1});  ...  opt.step();"},
                  higher_rate(10)};
  } else {
    f.cause = fmt::format(
        "a gradient arrives at {}, and the optimiser changes none of them: it "
        "does not own them, or its rate there is 0",
        listed(names));
    f.remedies = {
        {Cure::Manual, "hand all parameters to the optimiser",
         "optim::SGD opt(net.parameters(), {.lr = 0.1});"},
        {Cure::Manual, "if they are not to learn, freeze them", "layer.requires_grad_(false);"}};
  }
  found.push_back(std::move(f));
  return true;
}

}  // namespace

void check_symmetry(const Case& c, Found& found) {
  for (const Hidden& hidden : c.hidden) {
    const Tensor weight = rows_of(c, hidden, hidden.weight->tensor);
    const std::int64_t units = weight.size(0);
    const Statistics values = statistics(weight);
    if (units < 2 || values.nonfinite > 0) continue;
    const bool zero = values.rms == 0;
    const Tensor bias = hidden.bias != nullptr ? hidden.bias->tensor.detach() : Tensor();
    const std::int64_t group = zero ? units : equal_units(weight, bias);
    if (group < 2 || (zero && hidden.layer->skip_joins)) continue;
    if (gradients_part(c, hidden, group)) continue;
    const bool whole = group == units;
    Finding f =
        at_layer(Symptom::Symmetry, whole ? Severity::Error : Severity::Warning, *hidden.layer);
    f.since_step = hidden.weight->steps.front().step;
    f.statistic = fmt::format("of {} units are the same", units);
    f.measured = static_cast<double>(group);
    f.threshold = 1;
    f.cause = zero ? "all weights of the layer are 0, so its units are the same and the gradient "
                     "passes none of them"
                   : fmt::format(
                         "{} units began with equal weights, and so get equal gradients at "
                         "every step and never part",
                         whole ? "all" : "these");
    f.remedies = {random_init(hidden)};
    found.push_back(std::move(f));
    return;
  }
}

void check_large_updates(const Case& c, Found& found) {
  const ParameterRecord* worst = nullptr;
  Point largest{0, 0};
  for (const ParameterRecord& p : c.run.parameters) {
    if (!is_weight(c, p)) continue;
    const Point update = largest_first_update(c, p);
    if (update.value <= largest.value) continue;
    largest = update;
    worst = &p;
  }
  if (worst == nullptr) return;
  // Where hardly any gradient comes down, the top moves alone, and much.
  const bool lost = !c.gradient_ratio.empty() && c.gradient_ratio.front().value < c.bound(1e-3);
  if (lost && !c.went_wrong()) return;
  const bool worse = c.course.losses.size() >= kWindow && c.course.recent > 1.2 * c.course.start;
  const bool went_wrong = c.went_wrong() || (c.young() && worse);
  const bool stuck = !c.young() && !c.course.learned();
  const bool error = largest.value > (c.grown() ? 0.5 : 1) && (went_wrong || stuck);
  const bool warning =
      largest.value > 0.1 && (went_wrong || (stuck && c.grown() && c.course.flat()));
  if (!error && !warning) return;
  Finding f =
      at_parameter(c, Symptom::UpdateTooLarge, error ? Severity::Error : Severity::Warning, *worst);
  f.since_step = largest.step;
  f.statistic = "RMS of a step over RMS of the weights, among the first 10 steps";
  f.measured = largest.value;
  f.threshold = error ? 0.5 : 0.1;
  f.cause = fmt::format(
      "a single step changed the weights by {:.3g} % of their size, which throws away "
      "what they held",
      100 * largest.value);
  f.remedies = {lower_rate(largest.value, 0.02), clip_norm(1)};
  found.push_back(std::move(f));
}

void check_small_updates(const Case& c, Found& found) {
  if (report_unmoved(c, found)) return;
  if (c.young() || c.course.learned() || c.slope() < 0.3) return;
  const ParameterRecord* fastest = nullptr;
  double greatest = 0;
  Series updates;
  for (const ParameterRecord& p : c.run.parameters) {
    if (!is_weight(c, p) || !p.tensor.requires_grad()) continue;
    const Series ratios = c.update_ratios(p);
    for (double ratio : windows(ratios)) {
      if (!(ratio > greatest) && fastest != nullptr) continue;
      greatest = ratio;
      fastest = &p;
      updates = ratios;
    }
  }
  if (fastest == nullptr || greatest > 1e-5) return;
  Finding f = at_parameter(c, Symptom::UpdateTooSmall, Severity::Error, *fastest);
  f.since_step = since(updates, [](double x) { return x < 1e-5; });
  f.statistic = "RMS of a step over RMS of the weights, where they move most";
  f.measured = greatest;
  f.threshold = 1e-5;
  f.cause = fmt::format(
      "at {:.1g} of themselves a step, the weights would take {:.0e} steps to "
      "become others",
      greatest, 1 / std::max(greatest, 1e-12));
  f.remedies = {
      higher_rate(std::pow(10, std::clamp(std::round(std::log10(1e-3 / greatest)), 1.0, 6.0)))};
  found.push_back(std::move(f));
}

}  // namespace gradus::observe::doctor
