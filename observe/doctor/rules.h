#pragma once

#include "gradus/observe/doctor/case.h"
#include "gradus/observe/findings.h"

/// The doctor's rules, in the order in which they are asked: Note [Rules] in doctor.cpp. Each adds
/// what it finds.
namespace gradus::observe::doctor {

using Found = std::vector<Finding>;

// numbers.cpp
void check_finite(const Case& c, Found& found);
// wiring.cpp
void check_wiring(const Case& c, Found& found);
// reach.cpp
void check_reach(const Case& c, Found& found);
// output.cpp
void check_output(const Case& c, Found& found);
// symmetry.cpp
void check_copies(const Case& c, Found& found);
void check_symmetry(const Case& c, Found& found);
// weights.cpp
void check_large_updates(const Case& c, Found& found);
void check_small_updates(const Case& c, Found& found);
// start.cpp
void check_input(const Case& c, Found& found);
void check_initialization(const Case& c, Found& found);
// flow.cpp
void check_saturation(const Case& c, Found& found);
void check_explosion(const Case& c, Found& found);
void check_dead_units(const Case& c, Found& found);
void check_depth(const Case& c, Found& found);
// loss.cpp
void check_spikes(const Case& c, Found& found);
void check_clipping(const Case& c, Found& found);
void check_oscillation(const Case& c, Found& found);
void check_speed(const Case& c, Found& found);

/// A finding about a layer.
Finding at_layer(Symptom symptom, Severity severity, const LayerRecord& layer);
/// "'a', 'b' and 3 more".
std::string listed(const std::vector<std::string>& names);
/// The same of the paths of layers, by index.
std::string listed(const Case& c, const std::vector<std::size_t>& layers);

}  // namespace gradus::observe::doctor
