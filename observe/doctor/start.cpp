#include "gradus/observe/doctor/advice.h"
#include "gradus/observe/doctor/rules.h"
#include "gradus/observe/number.h"

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
  f.statistic = fmt::format("n Var W (fan-in times variance) of '{}'", hidden.weight->name);
  f.measured = hidden.gain;
  f.expected = hidden.wanted;
  f.cause =
      fmt::format("{} of {} hidden layers {} not have the weights that {} needs ({})", off, all,
                  off == 1 ? "does" : "do", hidden.fit->needed_by(), hidden.fit->initializer);
  return f;
}

/// The gradient's change with depth in the first observed step, where matched weights would have
/// mended it.
bool check_depth_at_start(const Case& c, const std::vector<const Hidden*>& off, Found& found) {
  if (off.empty() || c.gradient_ratio.empty()) return false;
  const double ratio = c.gradient_ratio.front().value;
  // Each layer but the first scales the gradient on its way down by the root of its gain.
  double correction = 0;
  for (const Hidden* hidden : off) {
    const int below = hidden->calls - (hidden->layer == c.first ? 1 : 0);
    correction -= below * hidden->off() / 2;
  }
  const double change = ratio > 0 ? std::log(ratio) : -100;
  const bool mends = change * correction < 0 && std::abs(correction) > std::log(10.0) &&
                     std::abs(correction) > 0.4 * std::min(std::abs(change), 60.0);
  if (!mends) return false;
  const bool shrinks = change < 0;
  auto beyond = [&](double size) {
    return shrinks ? ratio < c.bound(1 / size) : ratio > c.bound(size);
  };
  const bool error = (!c.course.learned() && beyond(!c.grown() ? 1e6
                                                    : shrinks  ? 1e4
                                                               : 1e3)) ||
                     (c.went_wrong() && beyond(1e2));
  const bool warning = c.grown() && c.course.flat() && beyond(1e2);
  if (!error && !warning) return false;
  std::vector<const Hidden*> guilty;
  for (const Hidden* hidden : off) {
    if (hidden->off() * change > 0) guilty.push_back(hidden);
  }
  Finding f = misfit_of(*worst_of(guilty), error ? Severity::Error : Severity::Warning,
                        guilty.size(), c.hidden.size());
  f.cause += ratio == 0
                 ? std::string(": nothing of RMS dL/dz is left at the first of them")
                 : fmt::format(": RMS dL/dz {} {} from the last of them to the first",
                               shrinks ? "shrinks" : "grows", fold(std::exp(std::abs(change))));
  if (c.expected_ratio && shrinks == (*c.expected_ratio < 1)) {
    f.cause += fmt::format(", as theory expects of these weights ({})",
                           fold(std::max(*c.expected_ratio, 1 / *c.expected_ratio)));
  }
  f.remedies = remedies_for(*worst_of(guilty), false);
  found.push_back(std::move(f));
  return true;
}

/// Weights that put units onto the flat part of their activation before anything was learned.
bool check_saturation_at_start(const Case& c, const std::vector<const Hidden*>& off,
                               std::size_t sigmoids, Found& found) {
  const Hidden* flat = nullptr;
  const double share = saturated_at_start(c, flat);
  if (flat == nullptr || !flat->judged() || share < 0.3) return false;
  const double excess = flat->gain / flat->wanted;
  const bool learned = c.course.learned();
  if (excess < 4 || (excess < 16 && (learned || (c.young() && share < 0.6)))) return false;
  Finding f = misfit_of(*flat, share > 0.6 && !learned ? Severity::Error : Severity::Warning,
                        off.size(), c.hidden.size());
  f.cause += fmt::format(
      ": they are so large that {:.0f} % of what '{}' made lay on the flat part "
      "of {} before the first step",
      100 * share, flat->layer->path, flat->layer->activation);
  f.remedies = remedies_for(*flat, true);
  // Smaller weights do not help as many sigmoids: their slope is 1/4 at best.
  if (sigmoids >= 4) f.remedies.erase(f.remedies.begin());
  found.push_back(std::move(f));
  return true;
}

/// Weights so large that the first loss is far above that of knowing nothing.
void check_loss_at_start(const Case& c, const std::vector<const Hidden*>& off, Found& found) {
  if (!c.course.uninformed) return;
  const double first = c.course.losses.empty() ? c.run.steps.front().loss : c.course.losses[0];
  std::vector<const Hidden*> large;
  for (const Hidden* hidden : off) {
    if (hidden->gain > 8 * hidden->wanted) large.push_back(hidden);
  }
  if (large.empty() || first < 10 * *c.course.uninformed) return;
  const Hidden& worst = *worst_of(large);
  Finding f = misfit_of(worst, c.course.learned() ? Severity::Warning : Severity::Error,
                        large.size(), c.hidden.size());
  f.cause += fmt::format(
      ": they are so large that the first loss was {}, where a network that says the same of "
      "every input has {}",
      number(first), number(*c.course.uninformed));
  f.remedies = remedies_for(worst, false);
  found.push_back(std::move(f));
}

/// An input that tells nothing of the samples: all of its elements are one number.
bool report_constant_input(const Case& c, double deviation, Found& found) {
  const Sample& x = c.run.input;
  const bool constant = x.all_zero() || (x.looked_at > 1 && deviation == 0);
  if (!constant || c.young() || c.course.learned()) return false;
  Finding f{.symptom = Symptom::InputScale, .severity = Severity::Error};
  if (!c.run.layers.empty()) f.at = c.run.layers.front().at;
  f.statistic = "standard deviation of the first input";
  f.cause = fmt::format(
      "all {} elements of the first input are {:.3g}: nothing in it tells one sample from another",
      x.count, x.mean);
  f.remedies = {{Cure::Manual, "see what becomes of the data on their way to the network",
                 "fmt::print(\"{} {}\\n\", amin(x, {0}), amax(x, {0}));  // of each feature"}};
  found.push_back(std::move(f));
  return true;
}

}  // namespace

void check_input(const Case& c, Found& found) {
  const Sample& x = c.run.input;
  if (!x || input_is_normalized(c)) return;
  const double deviation =
      std::sqrt(std::max(0.0, double(x.rms) * x.rms - double(x.mean) * x.mean));
  if (report_constant_input(c, deviation, found) || x.rms == 0) return;
  const bool off_scale = x.rms > 20 || x.rms < 0.01;
  const bool off_centre = deviation > 0 && std::abs(x.mean) > 10 * deviation;
  if (!off_scale && !off_centre) return;
  // What learns all the same is healthy. Far out, learning in part is not all the same.
  const bool far_out = x.rms > 1000 || x.rms < 1e-4;
  const bool learned = far_out ? c.course.fallen > 0.7 : c.course.learned();
  if (learned && !c.course.own_noise) return;
  const Hidden* where = nullptr;
  const bool harm = c.nonfinite_at || c.course.diverged() || c.course.own_noise ||
                    saturated_at_start(c, where) > 0.6;
  if ((c.young() || (c.course.falling() && !far_out)) && !harm) return;
  Finding f{.symptom = Symptom::InputScale,
            .severity = harm || c.course.flat() ? Severity::Error : Severity::Warning};
  if (!c.run.layers.empty()) f.at = c.run.layers.front().at;
  f.statistic =
      off_scale ? "RMS of the first input" : "mean over standard deviation of the first input";
  f.measured = off_scale ? x.rms : std::abs(x.mean) / deviation;
  f.expected = off_scale ? 1 : 0;
  f.threshold = off_scale ? (x.rms > 20 ? 20 : 0.01) : 10;
  f.cause = fmt::format(
      "inputs have mean {} and standard deviation {}, where initialisers and learning rates count "
      "on about 0 and 1",
      number(x.mean), number(deviation));
  f.remedies = {scale_input(),
                {Cure::Manual, "let the network normalise them",
                 "nn::BatchNorm1d(features)  // as its first layer"}};
  found.push_back(std::move(f));
}

void check_initialization(const Case& c, Found& found) {
  std::vector<const Hidden*> off;
  std::size_t sigmoids = 0;
  for (const Hidden& hidden : c.hidden) {
    if (!hidden.judged()) continue;
    if (hidden.fit->sigmoid()) ++sigmoids;
    if (!hidden.fits()) off.push_back(&hidden);
  }
  if (check_saturation_at_start(c, off, sigmoids, found)) return;
  // No initialisation saves deep sigmoids: check_depth says why.
  if (sigmoids < 4 && check_depth_at_start(c, off, found)) return;
  check_loss_at_start(c, off, found);
}

}  // namespace gradus::observe::doctor
