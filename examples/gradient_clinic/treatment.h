#pragma once

#include <optional>

#include "program.h"

/// One program in the clinic: it is trained under a monitor, diagnosed, and repaired.
namespace clinic {

struct Diagnosis {
  observe::Findings findings;
  Flow autotrainer = Flow::None;
  double score = 0;  ///< on its data after training; see Program::score
};

/// Trains `program` with a monitor on its net.
Diagnosis examine(const Program& program);

/// Whether the first finding names one of the fault's causes, and the layer and word it must; for a
/// healthy program, whether there is none.
bool is_right(const Fault& fault, const observe::Findings& findings);

struct Treatment {
  observe::Repair repair;
  double score = 0;  ///< after training the repaired network
};

/// Has the net of an untrained `program` repaired for what was found, and trains it for twice as
/// many steps, at least 150.
Treatment treat(Program program, const observe::Findings& findings);

/// The score above which a repaired network counts as training.
inline constexpr double trains = 0.5;

}  // namespace clinic
