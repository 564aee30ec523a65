#pragma once

#include <vector>

#include "program.h"

namespace clinic {

/// The rules of AUTOTRAINER (Zhang et al., ICSE 2021) on a record, for comparison. They look at the
/// gradients of the parameters, here at every tenth step:
///   exploding  a NaN or Inf, or ||gW of the first layer|| > 70 ||gW of the last||
///   dying      at least 70 % of all entries are 0
///   vanishing  ||gW first|| < 1e-3 ||gW last|| and ||gW first|| < 1e-4
/// One step at which a rule holds is enough; of several rules NaN comes first, then dying,
/// exploding, vanishing, as in their published code. There all but NaN are asked only where the
/// accuracy is low or hardly rises; here they stand alone.
Flow autotrainer(const observe::RunRecord& record);

}  // namespace clinic
