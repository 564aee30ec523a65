#include "gradus/observe/doctor/advice.h"
#include "gradus/observe/doctor/rules.h"
#include "gradus/observe/number.h"

// How far the optimiser moves the weights.
namespace gradus::observe::doctor {
namespace {

/// The first of a weight's first `steps` in which its update is far too large, or else the
/// largest of them; once a run diverges, updates tell nothing more. Weights that start from
/// about 0, and those whose scale is normalised away, move by any share of themselves.
Point largest_update(const Case& c, const ParameterRecord& p, std::size_t steps) {
  Point largest{0, 0};
  const double inputs = static_cast<double>(p.tensor.numel()) / static_cast<double>(p.shape[0]);
  std::size_t seen = 0;
  for (const ParameterStep& step : p.steps) {
    if (++seen > steps || (c.nonfinite_at && step.step >= *c.nonfinite_at)) break;
    if (step.value.rms * std::sqrt(inputs) < 0.05) continue;
    const double ratio = step.update_ratio();
    if (ratio > largest.value) largest = {step.step, ratio};
    if (ratio > 1) break;
  }
  return largest;
}

/// Whether the first steps did nothing but shrink the weight, as decay does: by as much as they
/// changed it.
bool decays(const ParameterRecord& p) {
  const std::size_t steps = std::min(kWindow, p.steps.size() - 1);
  std::size_t shrunk = 0;
  for (std::size_t i = 0; i < steps; ++i) {
    const double change = p.steps[i].update_ratio();
    const double lost = 1 - double(p.steps[i + 1].value.rms) / p.steps[i].value.rms;
    if (std::abs(lost - change) < 0.1 * change) ++shrunk;
  }
  return 2 * shrunk > steps;
}

/// What decay leaves of a weight in the end, if it has shrunk at nearly every step: as a share of
/// what it was.
double left_by_decay(const ParameterRecord& p) {
  if (p.steps.size() < 3 * kWindow || !(p.steps.front().value.rms > 0)) return 1;
  std::size_t shrunk = 0;
  for (std::size_t i = 1; i < p.steps.size(); ++i) {
    shrunk += p.steps[i].value.rms < p.steps[i - 1].value.rms ? 1U : 0U;
  }
  // Once next to nothing is left, it trembles about 0.
  return 2 * shrunk > p.steps.size() ? double(p.steps.back().value.rms) / p.steps.front().value.rms
                                     : 1;
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

bool moves(const ParameterRecord& p) {
  return !p.steps.empty() && p.steps.back().change && !p.steps.back().change.all_zero();
}

/// Whether those that do not move are the network's beginning, below all that does: as where a new
/// head is trained on a network taken over from elsewhere.
bool is_below_all_that_moves(const Case& c, const std::vector<const ParameterRecord*>& still) {
  bool moving = false;
  for (const ParameterRecord& p : c.run.parameters) {
    moving = moving || moves(p);
    if (moving && std::ranges::count(still, &p) > 0) return false;
  }
  return moving;
}

bool report_unmoved(const Case& c, Found& found) {
  const auto still = unmoved(c);
  if (still.empty() || (c.course.learned() && is_below_all_that_moves(c, still))) return false;
  const bool all = std::ranges::none_of(c.run.parameters, moves);
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
    f.remedies = {
        {Cure::Manual,
         "step an optimiser that owns the network's parameters, before "
         "monitor.step()",
         "optim::SGD opt(net.parameters(), {.lr = 0.1});  // opt.step() after backward()"},
        higher_rate(10)};
  } else {
    f.cause = fmt::format(
        "a gradient arrives at {0}, and the optimiser does not change {1}: it does not own {1}, or "
        "its rate there is 0",
        listed(names), names.size() == 1 ? "it" : "them");
    f.remedies = {{Cure::Manual, "hand all parameters to the optimiser",
                   "optim::SGD opt(net.parameters(), {.lr = 0.1});"},
                  {Cure::Manual, "freeze what is not to learn", "layer.requires_grad_(false);"}};
  }
  found.push_back(std::move(f));
  return true;
}

std::vector<Remedy> decay_remedies(double update) {
  return {{Cure::Manual, "lower the weight decay", "opt.option(0, \"weight_decay\") = 1e-4;"},
          lower_rate(update, 0.02)};
}

/// Every weight has shrunk to next to nothing, and nothing was learned: no gradient does that, for
/// where all weights are 0 it is 0 as well.
void report_decayed(const Case& c, Found& found) {
  if (c.young() || !c.course.flat() || c.nonfinite_at) return;
  const ParameterRecord* largest = nullptr;
  double left = 0;
  for (const ParameterRecord& p : c.run.parameters) {
    if (!is_weight(c, p)) continue;
    const double share = left_by_decay(p);
    if (share < left) continue;
    left = share;
    largest = &p;
  }
  if (largest == nullptr || left > 0.2) return;
  Finding f = at_parameter(c, Symptom::UpdateTooLarge, Severity::Error, *largest);
  f.statistic = "RMS of the weights over what it was at first, where most is left";
  f.measured = left;
  f.threshold = 0.2;
  f.cause =
      "all weights have shrunk to next to nothing, as by weight decay that outweighs the loss; in "
      "Adam, unlike AdamW, decay may move them by the full rate at every step";
  f.remedies = decay_remedies(1);
  found.push_back(std::move(f));
}

bool report_large(const Case& c, Found& found) {
  const ParameterRecord* worst = nullptr;
  Point largest{0, 0};
  auto look_at = [&](std::size_t steps) {
    for (const ParameterRecord& p : c.run.parameters) {
      if (!is_weight(c, p)) continue;
      const Point update = largest_update(c, p, steps);
      if (update.value <= largest.value) continue;
      largest = update;
      worst = &p;
    }
  };
  look_at(kWindow);
  // The rate of a run that diverges, or loses what it had learned, may have grown since.
  const bool later = (c.went_wrong() || c.course.lost) && largest.value < 0.1;
  if (later) look_at(c.observed);
  if (worst == nullptr || (later && !c.course.lost && largest.value < 0.5)) return false;
  // Where hardly any gradient comes down, the top moves alone, and much.
  const bool lost = !c.gradient_ratio.empty() && c.gradient_ratio.front().value < c.bound(1e-3);
  if (lost && !c.went_wrong()) return false;
  const bool worse = c.course.losses.size() >= kWindow && c.course.recent > 1.2 * c.course.start;
  const bool went_wrong = c.went_wrong() || (c.young() && worse);
  const bool stuck = !c.young() && !c.course.learned();
  const bool error = largest.value > (c.grown() ? 0.5 : 1) && (went_wrong || stuck);
  const bool warning =
      largest.value > 0.1 && (went_wrong || (stuck && c.grown() && c.course.flat()));
  if (!error && !warning) return false;
  Finding f =
      at_parameter(c, Symptom::UpdateTooLarge, error ? Severity::Error : Severity::Warning, *worst);
  f.since_step = largest.step;
  f.statistic = fmt::format("RMS of a step over RMS of the weights, among the first {} steps",
                            later ? c.observed : kWindow);
  f.measured = largest.value;
  f.threshold = error ? 0.5 : 0.1;
  if (decays(*worst)) {
    f.cause = fmt::format(
        "each step takes {:.0f} % off the weights: weight decay times learning rate, which "
        "leaves nothing of them",
        100 * largest.value);
    f.remedies = decay_remedies(largest.value);
  } else {
    const std::string size = largest.value < 1 ? fmt::format("{:.0f} % of", 100 * largest.value)
                                               : number(largest.value) + " times";
    f.cause = fmt::format(
        "a single step changed the weights by {} their size, which throws away what they held",
        size);
    f.remedies = {lower_rate(largest.value, 0.02), clip_norm(1)};
  }
  found.push_back(std::move(f));
  return true;
}

}  // namespace

void check_large_updates(const Case& c, Found& found) {
  if (!report_large(c, found)) report_decayed(c, found);
}

void check_small_updates(const Case& c, Found& found) {
  if (report_unmoved(c, found)) return;
  if (c.young() || c.course.learned() || c.slope() < 0.3) return;
  const ParameterRecord* fastest = nullptr;
  double greatest = 0, last = 0;
  Series updates;
  for (const ParameterRecord& p : c.run.parameters) {
    if (!is_weight(c, p) || !p.tensor.requires_grad()) continue;
    const Series ratios = c.update_ratios(p);
    const std::vector<double> medians = windows(ratios);
    if (!medians.empty()) last = std::max(last, medians.back());
    for (double ratio : medians) {
      if (!(ratio > greatest) && fastest != nullptr) continue;
      greatest = ratio;
      fastest = &p;
      updates = ratios;
    }
  }
  // One window will do where float32 no longer tells the weights from what they were.
  const bool lost = last < std::ldexp(1.0, -24);
  if (fastest == nullptr || (greatest > 1e-5 && !lost)) return;
  if (lost) greatest = last;
  Finding f = at_parameter(c, Symptom::UpdateTooSmall, Severity::Error, *fastest);
  f.since_step = since(updates, [](double x) { return x < 1e-5; });
  f.statistic = "RMS of a step over RMS of the weights, where they move most";
  f.measured = greatest;
  f.threshold = 1e-5;
  f.cause = fmt::format(
      "a step moves the weights by {:.1g} of their size, so that they would take {} steps to "
      "become others",
      greatest, number(1 / std::max(greatest, 1e-12), 1));
  f.remedies = {
      higher_rate(std::pow(10, std::clamp(std::round(std::log10(1e-3 / greatest)), 1.0, 6.0)))};
  found.push_back(std::move(f));
}

}  // namespace gradus::observe::doctor
