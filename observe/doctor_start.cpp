#include "gradus/observe/doctor_advice.h"
#include "gradus/observe/doctor_rules.h"

// What was wrong before the first step: the inputs' scale, and the initial weights.
namespace gradus::observe::doctor {
namespace {

/// Whether the first thing that happens to the input is a normalisation.
bool input_is_normalized(const Case& c) {
  if (!c.run.structure) return !c.run.layers.empty() && c.run.layers.front().normalizes;
  const Trace& trace = *c.run.structure;
  for (std::size_t i = 0; i < trace.layers.size() && i < c.run.layers.size(); ++i) {
    const auto& origins = trace.layers[i].origins;
    if (!origins.empty() && origins.front().from_input && c.run.layers[i].normalizes) return true;
  }
  return false;
}

/// Share of the units of saturating hidden layers that were flat in the first observed step, in the
/// layer where it is greatest.
double saturated_at_start(const Case& c, const Hidden*& where) {
  double greatest = 0;
  for (const Hidden& hidden : c.hidden) {
    if (!hidden.layer->saturates || hidden.layer->steps.empty()) continue;
    const LayerStep& step = hidden.layer->steps.front();
    const double share =
        static_cast<double>(step.saturated_low) + static_cast<double>(step.saturated_high);
    if (share <= greatest) continue;
    greatest = share;
    where = &hidden;
  }
  return greatest;
}

/// The layer whose weights are farthest off, among those off to that side; the first of equals.
const Hidden* worst_of(const std::vector<const Hidden*>& off) {
  const Hidden* worst = nullptr;
  for (const Hidden* hidden : off) {
    if (worst == nullptr || std::abs(hidden->off()) > std::abs(worst->off()) + 0.3) worst = hidden;
  }
  return worst;
}

std::vector<Remedy> remedies_for(const Hidden& hidden, bool saturated) {
  std::vector<Remedy> remedies = {matched_init(*hidden.fit)};
  if (saturated) remedies.push_back(other_activation(hidden.layer->activation));
  remedies.push_back(batch_norm(*hidden.layer));
  remedies.push_back(residual(*hidden.layer));
  return remedies;
}

Finding misfit_of(const Hidden& hidden, Severity severity, std::size_t off, std::size_t all) {
  Finding f = at_layer(Symptom::Initialization, severity, *hidden.layer);
  f.since_step = hidden.weight->steps.front().step;
  f.statistic = fmt::format("n Var W of '{}'", hidden.weight->name);
  f.measured = hidden.gain;
  f.expected = hidden.wanted;
  f.cause = fmt::format("{} of {} hidden layers do not have the weights that {} needs ({})", off,
                        all, hidden.layer->activation, hidden.fit->initializer);
  return f;
}

/// The gradient's change with depth in the first observed step, where matched weights would have
/// mended it.
void check_depth_at_start(const Case& c, const std::vector<const Hidden*>& off, Found& found) {
  if (off.empty() || c.gradient_ratio.empty()) return;
  const double ratio = c.gradient_ratio.front().value;
  // Each layer but the first scales the gradient on its way down by the root of its gain.
  double correction = 0;
  for (const Hidden* hidden : off) {
    if (hidden->layer != c.first) correction -= hidden->off() / 2;
  }
  const double change = ratio > 0 ? std::log(ratio) : -100;
  const bool mends = change * correction < 0 && std::abs(correction) > std::log(10.0) &&
                     std::abs(correction) > 0.4 * std::min(std::abs(change), 60.0);
  if (!mends) return;
  const double size = std::exp(std::abs(change)) / c.scatter;
  const bool error = size > (change < 0 ? 1e4 : 1e3) && !c.course.learned();
  const bool warning = size > 1e2 && c.course.flat() && !c.young();
  if (!error && !warning) return;
  std::vector<const Hidden*> guilty;
  for (const Hidden* hidden : off) {
    if (hidden->off() * change > 0) guilty.push_back(hidden);
  }
  Finding f = misfit_of(*worst_of(guilty), error ? Severity::Error : Severity::Warning,
                        guilty.size(), c.hidden.size());
  f.cause += fmt::format(": RMS dL/dz {} {:.2g}-fold from the last of them to the first",
                         change < 0 ? "shrinks" : "grows", std::exp(std::abs(change)));
  if (const auto expected = c.expected_ratio(); expected && *expected > 0) {
    f.cause += fmt::format(", as theory expects of these weights ({:.2g}-fold)",
                           std::max(*expected, 1 / *expected));
  }
  f.remedies = remedies_for(*worst_of(guilty), false);
  found.push_back(std::move(f));
}

}  // namespace

void check_input(const Case& c, Found& found) {
  const Sample& x = c.run.input;
  if (!x || x.rms == 0 || c.course.learned() || input_is_normalized(c)) return;
  const double deviation = std::sqrt(std::max(0.0, double(x.rms) * x.rms - double(x.mean) * x.mean));
  const bool off_scale = x.rms > 20 || x.rms < 0.01;
  const bool off_centre = deviation > 0 && std::abs(x.mean) > 10 * deviation;
  if (!off_scale && !off_centre) return;
  const Hidden* where = nullptr;
  const bool harm = c.nonfinite_at || c.course.diverged() || saturated_at_start(c, where) > 0.6;
  if (c.young() && !harm) return;
  Finding f{.symptom = Symptom::InputScale,
            .severity = harm || c.course.flat() ? Severity::Error : Severity::Warning};
  if (!c.run.layers.empty()) f.at = c.run.layers.front().at;
  f.statistic = off_scale ? "RMS of the first input" : "mean over standard deviation of the first input";
  f.measured = off_scale ? x.rms : std::abs(x.mean) / deviation;
  f.expected = off_scale ? 1 : 0;
  f.threshold = off_scale ? (x.rms > 20 ? 20 : 0.01) : 10;
  f.cause = fmt::format("inputs have mean {:.3g} and standard deviation {:.3g}, where initialisers "
                        "and learning rates count on about 0 and 1",
                        x.mean, deviation);
  f.remedies = {scale_input(),
                {Cure::Manual, "or let the network normalise them",
                 "nn::BatchNorm1d(features)  // as its first layer"}};
  found.push_back(std::move(f));
}

void check_initialization(const Case& c, Found& found) {
  std::vector<const Hidden*> off;
  std::size_t sigmoids = 0;
  for (const Hidden& hidden : c.hidden) {
    if (!hidden.judged()) continue;
    const double ratio = hidden.gain / hidden.wanted;
    if (hidden.fit->sigmoid()) ++sigmoids;
    if (ratio < 0.75 || ratio > 1.35) off.push_back(&hidden);
  }
  const Hidden* flat = nullptr;
  const double saturated = saturated_at_start(c, flat);
  const bool large = flat != nullptr && flat->judged() && flat->gain > 4 * flat->wanted;
  if (large && !c.course.learned() && saturated > (c.young() ? 0.6 : 0.3)) {
    Finding f = misfit_of(*flat, saturated > 0.6 ? Severity::Error : Severity::Warning, off.size(),
                          c.hidden.size());
    f.cause += fmt::format(": they are so large that {:.0f} % of the units of '{}' were saturated "
                           "before the first step",
                           100 * saturated, flat->layer->path);
    f.remedies = remedies_for(*flat, true);
    // Small weights do not save deep sigmoids: check_depth says why.
    if (sigmoids >= 4) f.remedies.erase(f.remedies.begin());
    found.push_back(std::move(f));
    return;
  }
  if (sigmoids < 4) check_depth_at_start(c, off, found);
}

}  // namespace gradus::observe::doctor
