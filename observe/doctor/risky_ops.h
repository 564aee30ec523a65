#pragma once

#include <string>
#include <vector>

#include "gradus/observe/findings.h"

namespace gradus::observe::doctor {

/// Which of `ops`, in order of execution, most probably made a NaN or Inf of finite numbers, on its
/// way forward or by its slope on the way back; "" if none is known to. `one_sample`: the batch has
/// no more.
std::string suspect(const std::vector<std::string>& ops, bool backward, bool one_sample);

/// How to keep such an op, or softmax, from it.
Remedy safer(const std::string& op);

}  // namespace gradus::observe::doctor
