#pragma once

#include "gradus/observe/doctor/case.h"
#include "gradus/observe/findings.h"

/// What may be done, each with the line of code that does it.
namespace gradus::observe::doctor {

Remedy matched_init(const InitFit& fit);
/// A non-saturating activation in place of the one named "tanh".
Remedy other_activation(const std::string& activation);
/// "leaky_relu" in place of a rectifier, which passes some gradient on the side that was 0.
Remedy leaky_activation(const std::string& activation);
Remedy batch_norm(const LayerRecord& layer);
Remedy residual(const LayerRecord& layer);
Remedy clip_norm(double max_norm);
/// By a power of ten that brings `measured` to `wanted` or below.
Remedy lower_rate(double measured, double wanted);
Remedy higher_rate(double factor);
Remedy scale_input();

}  // namespace gradus::observe::doctor
