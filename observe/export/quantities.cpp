#include "gradus/observe/export/quantities.h"

#include <cmath>

namespace gradus::observe {
namespace {

std::optional<double> when(bool known, double value) {
  return known ? std::optional(value) : std::nullopt;
}

template <auto sample, auto number, class Entry>
std::optional<double> of_sample(const Entry& entry) {
  const Sample& s = entry.*sample;
  return when(static_cast<bool>(s), static_cast<double>(s.*number));
}

template <auto number, class Entry>
std::optional<double> unless_nan(const Entry& entry) {
  return when(!std::isnan(entry.*number), static_cast<double>(entry.*number));
}

constexpr Quantity<RunStep> of_run[] = {
    {"loss", [](const RunStep& s) { return when(true, s.loss); }},
    {"grad_norm", [](const RunStep& s) { return when(s.observed, s.grad_norm); }},
    {"clipped_norm", [](const RunStep& s) { return when(s.observed, s.clipped_norm); }},
    {"update_norm", [](const RunStep& s) { return when(s.observed, s.update_norm); }},
};

using L = LayerStep;
constexpr Quantity<LayerStep> of_layer[] = {
    {"z_rms", of_sample<&L::z, &Sample::rms, L>},
    {"z_mean", of_sample<&L::z, &Sample::mean, L>},
    {"z_abs_max", of_sample<&L::z, &Sample::abs_max, L>},
    {"z_zero_share", of_sample<&L::z, &Sample::zero_share, L>},
    {"z_nonfinite", of_sample<&L::z, &Sample::nonfinite, L>},
    {"activation_rms", of_sample<&L::activation, &Sample::rms, L>},
    {"activation_mean", of_sample<&L::activation, &Sample::mean, L>},
    {"activation_abs_max", of_sample<&L::activation, &Sample::abs_max, L>},
    {"activation_zero_share", of_sample<&L::activation, &Sample::zero_share, L>},
    {"activation_nonfinite", of_sample<&L::activation, &Sample::nonfinite, L>},
    {"grad_rms", of_sample<&L::grad, &Sample::rms, L>},
    {"grad_mean", of_sample<&L::grad, &Sample::mean, L>},
    {"grad_abs_max", of_sample<&L::grad, &Sample::abs_max, L>},
    {"grad_zero_share", of_sample<&L::grad, &Sample::zero_share, L>},
    {"grad_nonfinite", of_sample<&L::grad, &Sample::nonfinite, L>},
    {"saturated_low",
     [](const L& s) { return when(static_cast<bool>(s.activation), s.saturated_low); }},
    {"saturated_high",
     [](const L& s) { return when(static_cast<bool>(s.activation), s.saturated_high); }},
    {"dead_units", unless_nan<&L::dead_units, L>},
    {"signal_to_noise", unless_nan<&L::signal_to_noise, L>},
};

using P = ParameterStep;
constexpr Quantity<ParameterStep> of_parameter[] = {
    {"value_rms", of_sample<&P::value, &Sample::rms, P>},
    {"value_mean", of_sample<&P::value, &Sample::mean, P>},
    {"value_abs_max", of_sample<&P::value, &Sample::abs_max, P>},
    {"value_zero_share", of_sample<&P::value, &Sample::zero_share, P>},
    {"value_nonfinite", of_sample<&P::value, &Sample::nonfinite, P>},
    {"gradient_rms", of_sample<&P::gradient, &Sample::rms, P>},
    {"gradient_mean", of_sample<&P::gradient, &Sample::mean, P>},
    {"gradient_abs_max", of_sample<&P::gradient, &Sample::abs_max, P>},
    {"gradient_zero_share", of_sample<&P::gradient, &Sample::zero_share, P>},
    {"gradient_nonfinite", of_sample<&P::gradient, &Sample::nonfinite, P>},
    {"change_rms", of_sample<&P::change, &Sample::rms, P>},
    {"change_mean", of_sample<&P::change, &Sample::mean, P>},
    {"change_abs_max", of_sample<&P::change, &Sample::abs_max, P>},
    {"change_zero_share", of_sample<&P::change, &Sample::zero_share, P>},
    {"change_nonfinite", of_sample<&P::change, &Sample::nonfinite, P>},
    {"update_ratio",
     [](const P& s) { return when(static_cast<bool>(s.change), s.update_ratio()); }},
};

}  // namespace

std::span<const Quantity<RunStep>> run_quantities() { return of_run; }
std::span<const Quantity<LayerStep>> layer_quantities() { return of_layer; }
std::span<const Quantity<ParameterStep>> parameter_quantities() { return of_parameter; }

}  // namespace gradus::observe
