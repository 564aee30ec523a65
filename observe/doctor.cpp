#include "gradus/observe/doctor.h"

#include <iterator>

#include "gradus/observe/doctor_rules.h"
#include "gradus/observe/monitor.h"

/* Note [Rules]

To be written. */

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
    case Symmetry:
      return of_no_gradient;
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

}  // namespace doctor

Findings diagnose(const RunRecord& record) {
  using namespace doctor;
  static constexpr auto rules = {check_reach,         check_output,         check_symmetry,
                                 check_input,         check_initialization, check_explosion,
                                 check_large_updates, check_saturation,     check_dead_units,
                                 check_depth,         check_spikes,         check_clipping,
                                 check_small_updates, check_oscillation,    check_speed};
  const Case c(record);
  Found found;
  for (const auto& rule : rules) {
    Found more;
    rule(c, more);
    for (Finding& finding : more) {
      if (!explained(finding.symptom, found)) found.push_back(std::move(finding));
    }
  }
  check_finite(c, found);
  return {std::move(found)};
}

Findings Monitor::diagnose() const { return observe::diagnose(record()); }

}  // namespace gradus::observe
