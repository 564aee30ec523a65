#include "gradus/observe/doctor/loss_fit.h"

#include <fmt/core.h>

namespace gradus::observe {

std::optional<Misfit> misfit(const std::string& op, LossTakes takes) {
  const bool probabilities = op == "softmax" || op == "sigmoid";
  const bool rectified = op == "relu" || op == "relu6";
  const char* loss = takes == LossTakes::Logits         ? "CrossEntropyLoss"
                     : takes == LossTakes::BinaryLogits ? "BCEWithLogitsLoss"
                                                        : "NLLLoss";
  if (takes == LossTakes::Other) return {};
  if (rectified) {
    return Misfit{"relu-on-output",
                  fmt::format("{} on a classifier's output: scores cannot be negative, and where "
                              "they would be, no gradient flows",
                              op),
                  "loss(logits, target);  // the network without it"};
  }
  if (!probabilities) return {};
  if (takes == LossTakes::LogProbabilities) {
    return Misfit{"loss-takes-log-probabilities",
                  fmt::format("{} in front of {}, which takes log-probabilities", op, loss),
                  "nn::CrossEntropyLoss()(logits, target);  // the network without it"};
  }
  return Misfit{"loss-takes-logits",
                fmt::format("{} in front of {}, which takes logits and applies its own: the "
                            "gradient shrinks twice",
                            op, loss),
                fmt::format("loss(logits, target);  // the network without its {}", op)};
}

Misfit softmax_of_one(const std::string& op) {
  return {"softmax-of-one",
          fmt::format("{} over a single unit is constant, whatever the unit says", op),
          "nn::Sigmoid()  // in place of it, or two units in the layer before"};
}

}  // namespace gradus::observe
