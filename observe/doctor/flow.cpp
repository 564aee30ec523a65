#include "gradus/observe/doctor/advice.h"
#include "gradus/observe/doctor/rules.h"
#include "gradus/observe/number.h"

// What happens to units and gradients on the way through the hidden layers.
namespace gradus::observe::doctor {
namespace {

double saturated(const LayerStep& step) {
  return static_cast<double>(step.saturated_low) + static_cast<double>(step.saturated_high);
}

const Hidden* hidden_of(const Case& c, const LayerRecord& layer) {
  for (const Hidden& hidden : c.hidden) {
    if (hidden.layer == &layer) return &hidden;
  }
  return nullptr;
}

/// Mean of the layer's bias against the RMS of its output without it.
bool bias_drowns(const Hidden& hidden) {
  if (hidden.bias == nullptr || hidden.bias->steps.empty() || hidden.layer->steps.empty()) {
    return false;
  }
  const double bias = hidden.bias->steps.front().value.rms;
  const double z = hidden.layer->steps.front().z.rms;
  const double rest = std::sqrt(std::max(0.0, z * z - bias * bias));
  return bias > 1 && bias > 2 * rest;
}

/// Samples that a unit was seen on within a window.
double samples_in_window(const LayerRecord& layer) {
  const double rows = static_cast<double>(layer.last().z.looked_at) /
                      static_cast<double>(std::max<std::int64_t>(1, layer.units));
  return rows * static_cast<double>(std::min(kWindow, layer.steps.size()));
}

/// The layer with most dead units, and how many were dead from the beginning.
struct Dead {
  const LayerRecord* layer = nullptr;
  Series share = {};
  double now = 0;
  double born = 0;
};

Dead most_dead(const Case& c) {
  Dead most;
  for (const LayerRecord& layer : c.run.layers) {
    if (!layer.rectifies || layer.steps.empty() || samples_in_window(layer) < 64) continue;
    Dead dead{&layer, c.series(layer.steps, [](const LayerStep& step) { return step.dead_units; })};
    if (dead.share.empty()) continue;
    const std::vector<double> medians = windows(dead.share);
    dead.now = medians.empty() ? dead.share.back().value : std::ranges::min(medians);
    // Until a window is over, a unit counts as dead if it was never alive.
    dead.born = dead.share[std::min(dead.share.size(), kWindow) - 1].value;
    if (dead.now > most.now) most = std::move(dead);
  }
  return most;
}

std::ptrdiff_t calls_of(const Case& c, const LayerRecord& layer) {
  return std::ranges::count(c.run.layers, layer.module, &LayerRecord::module);
}

/// "'0'", or "the last call of 'recurrent'".
std::string end_of_way(const Case& c, const LayerRecord& layer, const char* which) {
  const std::string name = fmt::format("'{}'", layer.path);
  return calls_of(c, layer) > 1 ? fmt::format("the {} call of {}", which, name) : name;
}

/// The finding's part that vanishing and exploding share.
Finding changing(const Case& c, Symptom symptom, Severity severity, double ratio,
                 double threshold) {
  Finding f = at_layer(symptom, severity, *c.first);
  f.statistic = "RMS dL/dz, first over last hidden layer";
  f.measured = ratio;
  f.expected = c.expected_ratio;
  f.threshold = threshold;
  return f;
}

void report_vanishing(const Case& c, Severity severity, double ratio, double threshold,
                      Found& found) {
  std::size_t sigmoids = 0, others = 0;
  for (const Hidden& hidden : c.hidden) {
    const bool sigmoid = hidden.fit && hidden.fit->sigmoid();
    sigmoids += sigmoid ? 1U : 0U;
    others += sigmoid ? 0U : 1U;
  }
  Finding f = changing(c, Symptom::Vanishing, severity, ratio, threshold);
  f.since_step = since(c.gradient_ratio, [&](double x) { return x < threshold; });
  const bool recurs = calls_of(c, *c.first) > 1;
  if (sigmoids > others) {
    f.cause = fmt::format(
        "{} of sigmoid units: each {}multiplies the gradient by a slope of at most 1/4, which no "
        "initialisation makes up for",
        sigmoids == 1 ? "a layer" : fmt::format("{} layers", sigmoids), recurs ? "call " : "");
    f.remedies = {other_activation("sigmoid")};
  } else {
    f.cause = fmt::format("between {} and {} the gradient shrinks to {} of itself, so {}",
                          end_of_way(c, *c.last, "last"), end_of_way(c, *c.first, "first"),
                          number(ratio, 2),
                          recurs ? "it learns next to nothing from its first calls"
                                 : "the first layers learn next to nothing");
    const Hidden* first = c.hidden.empty() ? nullptr : &c.hidden.front();
    if (first != nullptr && first->judged() && !first->fits()) {
      f.remedies.push_back(matched_init(*first->fit));
    }
    if (c.first->saturates) f.remedies.push_back(other_activation(c.first->activation));
  }
  f.remedies.push_back(batch_norm(*c.first));
  f.remedies.push_back(residual(*c.first));
  f.remedies.push_back({Cure::Manual,
                        recurs ? "call it fewer times, or give it gates, as an LSTM or GRU has"
                               : "use fewer layers, or train them one after another",
                        ""});
  found.push_back(std::move(f));
}

void report_exploding(const Case& c, Severity severity, double ratio, double threshold,
                      Found& found) {
  Finding f = changing(c, Symptom::Exploding, severity, ratio, threshold);
  f.since_step = since(c.gradient_ratio, [&](double x) { return x > threshold; });
  const bool recurs = calls_of(c, *c.first) > 1;
  f.cause = fmt::format(
      "the gradient grows {} on its way from {} to {}, so a step that suits one {} is far off for "
      "the other",
      fold(ratio), end_of_way(c, *c.last, "last"), end_of_way(c, *c.first, "first"),
      recurs ? "of its calls" : "layer");
  const Hidden* first = c.hidden.empty() ? nullptr : &c.hidden.front();
  if (first != nullptr && first->judged() && !first->fits()) {
    f.remedies.push_back(matched_init(*first->fit));
  }
  f.remedies.push_back(lower_rate(10, 1));
  f.remedies.push_back(clip_norm(1));
  if (std::ranges::any_of(c.run.layers, &LayerRecord::skip_joins)) {
    f.remedies.push_back({Cure::Manual, "begin with residual branches that add nothing",
                          "nn::init::zeros_(last.weight);  // of each nn::Residual's body"});
  } else if (!c.normalized) {
    f.remedies.push_back(batch_norm(*c.first));
  }
  if (!c.first->skip_joins) f.remedies.push_back(residual(*c.first));
  found.push_back(std::move(f));
}

}  // namespace

void check_saturation(const Case& c, Found& found) {
  if (c.young() || !c.course.flat()) return;
  const LayerRecord* worst = nullptr;
  Series worst_share;
  double greatest = 0;
  for (const LayerRecord& layer : c.run.layers) {
    if (!layer.saturates || layer.is_output) continue;
    const Series share = c.series(layer.steps, saturated);
    if (!lasts(share, [](double x) { return x > 0.3; })) continue;
    const double least = std::ranges::min(windows(share));
    if (least <= greatest) continue;
    greatest = least;
    worst = &layer;
    worst_share = share;
  }
  if (worst == nullptr) return;
  Finding f =
      at_layer(Symptom::Saturation, greatest > 0.6 ? Severity::Error : Severity::Warning, *worst);
  f.since_step = since(worst_share, [](double x) { return x > 0.3; });
  f.statistic = fmt::format("share of '{}' where {} is flat", worst->path, worst->activation);
  f.measured = windows(worst_share).back();
  f.threshold = greatest > 0.6 ? 0.6 : 0.3;
  const Hidden* hidden = hidden_of(c, *worst);
  const bool from_start = worst_share.front().value > 0.3;
  if (hidden != nullptr && bias_drowns(*hidden)) {
    f.cause = fmt::format("biases of mean {} push the units onto the flat part of {}",
                          number(hidden->bias->steps.front().value.mean), worst->activation);
    f.remedies = {{Cure::MatchedInit, "begin with biases of 0",
                   fmt::format("nn::init::zeros_({}.bias);", code_for(worst->path, worst->type))}};
  } else {
    f.cause = fmt::format(
        "pre-activations of RMS {} lie where {} has no slope, {}, so that little gradient comes "
        "through",
        number(worst->last().z.rms), worst->activation,
        from_start ? "from the first step on" : "since training drove them there");
    if (hidden != nullptr && !hidden->fits()) f.remedies = {matched_init(*hidden->fit)};
    if (!from_start) f.remedies.insert(f.remedies.begin(), lower_rate(10, 1));
  }
  f.remedies.push_back(other_activation(worst->activation));
  f.remedies.push_back(batch_norm(*worst));
  found.push_back(std::move(f));
}

void check_dead_units(const Case& c, Found& found) {
  const Dead dead = most_dead(c);
  if (dead.layer == nullptr) return;
  const LayerRecord& layer = *dead.layer;
  const Hidden* hidden = hidden_of(c, layer);
  // A bias that keeps most units from ever firing is a fault, however well the others do.
  const bool drowned = hidden != nullptr && bias_drowns(*hidden);
  if (c.course.learned() && !(drowned && dead.born > 0.6)) return;
  const bool whole = dead.now == 1;
  const double died = dead.now - dead.born;
  // Far from the input all samples look alike to a deep rectifier network, and about half of its
  // units are 0 on all of them: only those that died since count, or nearly all.
  const bool most = !c.young() && (dead.now > 0.9 || (dead.now > 0.6 && (died > 0.25 || drowned)));
  const bool some = !c.young() && c.course.flat() && dead.now > 0.25 && died > 0.25;
  if (!whole && !most && !some) return;
  const bool error = (whole || most) && !c.course.learned();
  Finding f = at_layer(Symptom::DeadUnits, error ? Severity::Error : Severity::Warning, layer);
  const double threshold = whole || most ? 0.6 : 0.25;
  f.since_step = since(dead.share, [&](double x) { return x > threshold; });
  f.statistic = fmt::format("share of units of '{}' that are 0 on every sample", layer.path);
  f.measured = dead.now;
  f.threshold = threshold;
  const bool born = dead.born > 0.6;
  if (drowned) {
    f.cause = fmt::format("biases of mean {} keep what {} takes below 0, where it has no slope",
                          number(hidden->bias->steps.front().value.mean), layer.activation);
    f.remedies = {{Cure::MatchedInit, "begin with biases of 0",
                   fmt::format("nn::init::zeros_({}.bias);", code_for(layer.path, layer.type))}};
  } else if (born && layer.units <= 8) {
    // Lu et al. 2020, Dying ReLU and Initialization.
    const std::size_t depth = c.hidden.size();
    f.cause = fmt::format(
        "the layer was born dead, as happens somewhere in {} layer{} of {} unit{} with probability "
        "1 - (1 - 2^-{})^{} = {:.2g}",
        depth, depth == 1 ? "" : "s", layer.units, layer.units == 1 ? "" : "s", layer.units, depth,
        1 - std::pow(1 - std::pow(2, -static_cast<double>(layer.units)), depth));
    f.remedies = {{Cure::MatchedInit, "draw other initial weights",
                   "manual_seed(1);  // or another, before the network is made"}};
  } else if (born) {
    f.cause = fmt::format("what {} takes was below 0 from the first step on, where it has no slope",
                          layer.activation);
    if (hidden != nullptr && !hidden->fits()) f.remedies = {matched_init(*hidden->fit)};
  } else {
    f.cause = fmt::format(
        "{:.0f} % of the units have died since the first steps: what {} takes is "
        "below 0 for every sample, and no gradient brings it back",
        100 * died, layer.activation);
    f.remedies = {lower_rate(10, 1)};
  }
  f.remedies.push_back(leaky_activation(layer.activation));
  f.remedies.push_back(batch_norm(layer));
  if (layer.units <= 8) {
    f.remedies.push_back(
        {Cure::Manual, "make the layer wider", fmt::format("nn::Linear(in, {})", 4 * layer.units)});
  }
  found.push_back(std::move(f));
}

/// At the first step, before any update: steps that are too large for some layers follow from it.
void check_explosion(const Case& c, Found& found) {
  if (c.gradient_ratio.empty() || c.course.learned()) return;
  const double start = c.gradient_ratio.front().value;
  const double limit = c.went_wrong() ? std::min(c.bound(1e2), 1e3) : c.bound(1e3);
  if (!(start > limit)) return;
  // Normalised layers let the gradient grow by design, and often train.
  if (c.normalized && !(c.went_wrong() || (c.grown() && c.course.flat()))) return;
  if (c.young() && !c.went_wrong() && start < c.bound(1e6)) return;
  report_exploding(c, Severity::Error, start, limit, found);
}

void check_depth(const Case& c, Found& found) {
  if (c.first == nullptr || c.gradient_ratio.empty() || c.course.learned()) return;
  const std::vector<double> medians = windows(c.gradient_ratio);
  const double start = c.gradient_ratio.front().value;
  if (!c.grown()) {
    if (start < c.bound(1e-6)) report_vanishing(c, Severity::Error, start, c.bound(1e-6), found);
    return;
  }
  if (medians.empty()) return;
  const double lowest = std::ranges::min(medians), highest = std::ranges::max(medians);
  const double ratio = medians.back();
  // The weights of a recurrent layer are taught by its later calls, too.
  const bool recurs = calls_of(c, *c.first) > 1;
  if (highest < c.bound(1e-4)) {
    report_vanishing(c, Severity::Error, ratio, c.bound(1e-4), found);
  } else if (highest < c.bound(1e-2) && c.course.flat() && !recurs) {
    report_vanishing(c, Severity::Warning, ratio, c.bound(1e-2), found);
  }
  // Training by itself makes the gradient grow for a while.
  if (c.normalized || start < c.bound(1e2) || !c.course.flat()) return;
  if (lowest > c.bound(1e2)) {
    report_exploding(c, Severity::Warning, ratio, c.bound(1e2), found);
  }
}

}  // namespace gradus::observe::doctor
