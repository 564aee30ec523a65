#pragma once

#include "gradus/observe/what_if.h"

namespace gradus::observe {

/// What a loss takes its input for.
enum class LossKind { Logits, LogProbabilities, Other };

/// By what the loss does to the output, whoever wrote it: a softmax or a log-sigmoid of its own
/// makes the output logits, a mere pick of the target's class makes it log-probabilities.
LossKind kind_of_loss(const LossFunction& loss, const Tensor& output, const Tensor& target);

}  // namespace gradus::observe
