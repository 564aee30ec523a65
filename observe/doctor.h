#pragma once

#include "gradus/observe/findings.h"
#include "gradus/observe/record.h"

namespace gradus::observe {

/// Reads a run and says what is wrong with it, most causal first; nothing for a healthy one. What
/// each symptom is told by, and how a false alarm is avoided: Note [Rules] in doctor.cpp.
/// Monitor::diagnose() calls it.
Findings diagnose(const RunRecord& record);

}  // namespace gradus::observe
