#pragma once

#include <string>
#include <vector>

#include "gradus/observe/remedy/net_editor.h"
#include "gradus/observe/remedy/plan.h"
#include "gradus/observe/what_if.h"

namespace gradus::observe {

/// Changes `net` as the plan says: its structure in the Sequentials in it, and its initial values,
/// which come from `seed` alone. The batch and the loss tell what follows what. Returns what it
/// did, a line each. Throws NotApplicable where one of the remedies finds nothing to do; some of
/// the others may be done by then.
std::vector<std::string> apply(nn::Module& net, const Plan& plan, const Batch& batch,
                               const LossFunction& loss, std::uint64_t seed);

}  // namespace gradus::observe
