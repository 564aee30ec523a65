#pragma once

#include "gradus/observe/trace.h"

namespace gradus::observe {

/// Fills in what lies between the layers of a run, from the graph it has recorded.
void find_origins(nn::Module& net, Trace& trace);

/// What an op of this name does.
OpKind kind_of(const std::string& op);

}  // namespace gradus::observe
