#pragma once

#include <optional>
#include <string>

/// What a loss takes, against what the network's output is, as lint() and the doctor say it.
namespace gradus::observe {

enum class LossTakes {
  Logits,            ///< cross entropy
  BinaryLogits,      ///< binary cross entropy with logits
  LogProbabilities,  ///< negative log likelihood
  Other
};

struct Misfit {
  std::string rule;     ///< "loss-takes-logits"
  std::string message;  ///< one sentence
  std::string fix;      ///< the line of code that mends it
};
/// `op` made what the loss is given: "softmax". Absent where they fit.
std::optional<Misfit> misfit(const std::string& op, LossTakes takes);

/// Of an op that sums to 1 over a dimension of size 1.
Misfit softmax_of_one(const std::string& op);

}  // namespace gradus::observe
