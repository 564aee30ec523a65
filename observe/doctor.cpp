#include "gradus/observe/doctor.h"

#include <iterator>

#include "gradus/observe/doctor/rules.h"
#include "gradus/observe/monitor.h"

/* Note [Rules]

A healthy training gets no finding: that is worth more than one more fault found. So nothing is told
by an absolute size, nothing by the accuracy reached, and nothing that may heal by itself is told
before it has lasted for three windows of ten observed steps. Thresholds are those of the literature
where there are any; what guards them against false alarms was found by training small networks,
sick ones and healthy ones.

How the loss went (Course) is the most important guard. A classifier that knows nothing has a loss
of ln(classes); below .7 of that, or of what the run began with, a network has `learned`; above .9
it is `flat`. In a regression the outputs' variance over samples stands for what the targets
explain: one that knows the targets' mean and comes no further is flat. Where the outputs alone make
up the loss at first and at last, their shrinking is no learning (`own_noise`).

  symptom      told by                                      only if
  loss         the ops between network and loss; a cross     one layer makes the output; targets:
               entropy below 0; targets missed by more      not diverged, and for the last flat
               than the output's range, or below 0 where
               the output is not, or 30 times as far as
               the outputs are large
  zero         no gradient, or exactly 0, at a trainable    there is something left to learn
               layer in three observed steps, or at all
               calls of a layer but the last; dropout that
               leaves .1 of the samples nothing
  symmetry     rows of a weight equal within 1e-6, and      no output layer
               those of its gradient; two layers' weights
               and gradients equal to the last bit
  input scale  RMS outside [.01, 20], mean > 10             not learned, or own_noise; not
               deviations, or one number throughout         normalised
  initial      n Var W off by a third, and at the first     matched weights would have mended
               step dL/dz shrunk 1e4 or grown 1e3 by        it; not learned, or 16-fold off
               depth, units saturated, or a loss of 10
               ln(classes)
  explosion    dL/dz grown 1e3 by depth at the first step   not learned
  large steps  RMS(dw) / RMS(w) > .5 (.1) in one of the     not learned (flat), or diverged;
               first ten, or later (where what was learned  weights not near 0, not normalised
               is lost)
               all weights shrunk to .2 of what they were   flat
  saturation   > .6 (.3) of a layer where phi' < .05 max    flat; no output layer
               phi'
  dead units   > .6 (.25) of a layer 0 on every sample      not learned (flat); they died
                                                            since the beginning, or nearly all
                                                            are. However it learns, if biases
                                                            drown what > .6 take (a warning)
  vanishing    dL/dz, first over last, < 1e-4 (1e-2)        not learned (flat)
  spikes       gradient 10 times as long as in the steps    three times, to the loss's harm
               around
  clipping     9 of 10 steps clipped, to less than .3       not learned
  small steps  RMS(dw) / RMS(w) < 1e-5 in every weight, or  not learned, though there is a
               0 where a gradient arrives; in one window    slope (Case::slope)
               if below float32's resolution
               a leaf gets gradients and is no parameter    nothing has ever changed it
  oscillation  the loss turns, by more than batches         it came no lower meanwhile, and
               explain                                      turns more or less often than noise
  slow         RMS(dw) / RMS(w) < 1e-4 for 200 steps        flat, though there is a slope
  non-finite   the first NaN or Inf of a step, forward,     -
               then backward

What stands in parentheses makes it a warning instead of an error.

The ratio of gradients scatters in narrow layers (Hanin & Nica 2020): limits on it move out by two
standard deviations, unless theory expects as much of these very weights. Normalised layers let the
gradient grow by design. In deep rectifier networks half of the units are 0 on all samples: they
look alike there.

The rules are asked in the order above, causes before consequences, and a symptom that follows from
one already found is dropped (consequences()). What is true before the first step, weights and
inputs, comes before what the steps did. NaN is always told, but last: what led to it, if that is
known, is of more use. */

namespace gradus::observe {
namespace doctor {
namespace {

using Symptoms = std::vector<Symptom>;

/// What may be no more than the consequence of a cause.
const Symptoms& consequences(Symptom cause) {
  using enum Symptom;
  static const Symptoms none;
  static const Symptoms not_learning = {OscillatingLoss, SlowLearning, UpdateTooSmall,
                                        ClippingAlways};
  static const Symptoms of_a_bad_signal = {UpdateTooLarge, Saturation,      DeadUnits,
                                           Vanishing,      Exploding,       UpdateTooSmall,
                                           SlowLearning,   OscillatingLoss, ClippingAlways};
  static const Symptoms of_the_input = [] {
    Symptoms all = of_a_bad_signal;
    all.push_back(Initialization);
    return all;
  }();
  static const Symptoms of_the_loss = {Saturation,     DeadUnits,      Vanishing,
                                       Exploding,      SlowLearning,   OscillatingLoss,
                                       UpdateTooSmall, UpdateTooLarge, ClippingAlways};
  static const Symptoms of_large_steps = {Saturation,      DeadUnits,      Vanishing,
                                          Exploding,       Symmetry,       SlowLearning,
                                          OscillatingLoss, ClippingAlways, UpdateTooSmall};
  static const Symptoms of_no_gradient = {DeadUnits,      Vanishing,       Exploding,   Saturation,
                                          UpdateTooSmall, OscillatingLoss, SlowLearning};
  static const Symptoms of_equal_units = [] {
    Symptoms all = of_no_gradient;
    all.push_back(ZeroGradient);  // at what chooses among equals
    return all;
  }();
  static const Symptoms of_lost_units = {Vanishing, Exploding, UpdateTooSmall, SlowLearning,
                                         OscillatingLoss};
  static const Symptoms of_clipping = {UpdateTooSmall, SlowLearning};
  static const Symptoms of_small_steps = {SlowLearning};
  switch (cause) {
    case InputScale:
      return of_the_input;
    case Initialization:
      return of_a_bad_signal;
    case LossMismatch:
      return of_the_loss;
    case UpdateTooLarge:
      return of_large_steps;
    case ZeroGradient:
      return of_no_gradient;
    case Symmetry:
      return of_equal_units;
    case Saturation:
    case DeadUnits:
      return of_lost_units;
    case Exploding:
      return of_a_bad_signal;
    case Vanishing:
      return not_learning;
    case ClippingAlways:
      return of_clipping;
    case UpdateTooSmall:
    case OscillatingLoss:
      return of_small_steps;
    default:
      return none;
  }
}

bool explained(Symptom symptom, const Found& earlier) {
  return std::ranges::any_of(earlier, [&](const Finding& cause) {
    return std::ranges::count(consequences(cause.symptom), symptom) > 0;
  });
}

}  // namespace

Finding at_layer(Symptom symptom, Severity severity, const LayerRecord& layer) {
  Finding finding{.symptom = symptom, .severity = severity, .layer = layer.path, .at = layer.at};
  return finding;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  const std::size_t shown = names.size() > 4 ? 3 : names.size();
  for (std::size_t i = 0; i < shown; ++i) {
    text += i == 0 ? "" : i + 1 == names.size() ? " and " : ", ";
    text += "'" + names[i] + "'";
  }
  return shown < names.size() ? fmt::format("{} and {} more", text, names.size() - shown) : text;
}

std::string listed(const Case& c, const std::vector<std::size_t>& layers) {
  std::vector<std::string> names;
  for (std::size_t i : layers) names.push_back(c.run.layers[i].path);
  return listed(names);
}

}  // namespace doctor

Findings diagnose(const RunRecord& record) {
  using namespace doctor;
  static constexpr auto rules = {check_output,         check_copies,     check_wiring,
                                 check_reach,          check_symmetry,   check_input,
                                 check_initialization, check_explosion,  check_large_updates,
                                 check_saturation,     check_dead_units, check_depth,
                                 check_spikes,         check_clipping,   check_small_updates,
                                 check_oscillation,    check_speed};
  const Case c(record);
  Found found;
  for (const auto& rule : rules) {
    Found more = found;
    rule(c, more);
    for (std::size_t i = found.size(); i < more.size(); ++i) {
      if (!explained(more[i].symptom, found)) found.push_back(std::move(more[i]));
    }
  }
  check_finite(c, found);
  return {std::move(found)};
}

Findings Monitor::diagnose() const { return observe::diagnose(record()); }

}  // namespace gradus::observe
