#pragma once

#include <string>
#include <vector>

#include "gradus/observe/doctor/rules.h"

/// What the rules on output and loss share.
namespace gradus::observe::doctor {

/// What happens between the last layers and the loss, shapes left out.
struct Tail {
  std::vector<std::string> ops;
  std::vector<Where> at;  ///< line 0 for those of the loss
};

Tail tail_of(const RunRecord& run);

/// The one layer that the loss is made of; null where there are several, of which each may have a
/// loss of its own.
const LayerRecord* output_layer(const Case& c);

Finding mismatch(const LayerRecord* output, const std::string& cause, const std::string& code);

/// Targets that the output cannot reach, or not for long.
void check_targets(const Case& c, const Tail& tail, const LayerRecord* output, Found& found);

}  // namespace gradus::observe::doctor
