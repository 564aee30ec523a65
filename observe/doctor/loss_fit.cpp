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
  const std::string without =
      fmt::format("loss(logits, target);  // the network without its {}", op);
  if (rectified) {
    return Misfit{"relu-on-output",
                  fmt::format("{} on a classifier's output: scores cannot be negative, and where "
                              "they would be, no gradient flows",
                              op),
                  without};
  }
  if (!probabilities) return {};
  if (takes == LossTakes::LogProbabilities) {
    return Misfit{"loss-takes-log-probabilities",
                  fmt::format("{} in front of {}, which takes log-probabilities", op, loss),
                  fmt::format("nn::CrossEntropyLoss()(logits, target);  // the network without "
                              "its {}",
                              op)};
  }
  return Misfit{"loss-takes-logits",
                fmt::format("{} in front of {}, which takes logits and applies a {} of its own: "
                            "the gradient shrinks twice",
                            op, loss, takes == LossTakes::Logits ? "softmax" : "sigmoid"),
                without};
}

Misfit softmax_of_one(const std::string& op) {
  return {"softmax-of-one",
          fmt::format("{} over a single unit is constant, whatever the unit says", op),
          fmt::format("nn::{}()  // in place of {}, or two units in front of it",
                      op == "log_softmax" ? "LogSigmoid" : "Sigmoid", op)};
}

}  // namespace gradus::observe
