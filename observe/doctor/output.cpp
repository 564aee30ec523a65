#include "gradus/observe/doctor/output.h"

#include <set>

#include "gradus/observe/doctor/advice.h"
#include "gradus/observe/doctor/loss_fit.h"
#include "gradus/observe/watch/origin.h"

// The loss against what the output layer makes.
namespace gradus::observe::doctor {
namespace {

/// Which loss it is, told by its ops, and where they begin.
struct Loss {
  LossTakes takes = LossTakes::Other;
  std::size_t begin = 0;
};

Loss loss_of(const Tail& tail, const Course& course) {
  auto find = [&](const char* op) {
    return static_cast<std::size_t>(std::ranges::find(tail.ops, op) - tail.ops.begin());
  };
  const std::size_t none = tail.ops.size();
  if (find("cross_entropy") < none) return {LossTakes::Logits, find("cross_entropy")};
  if (find("logsigmoid") < none) return {LossTakes::BinaryLogits, find("logsigmoid")};
  // Scores picked and negated are a likelihood only if a logarithm was taken somewhere. A loss
  // below 0 shows that it was not: it has no lower bound, or is that of a probability.
  const bool logarithm = find("log") < none || find("log_softmax") < none;
  const bool picked = find("gather") < none && find("neg") < none && !logarithm;
  if (picked && course.recent < 0) return {LossTakes::LogProbabilities, find("gather")};
  return {};
}

/// Softmax, sigmoid, ReLU or tanh in front of a loss that wants scores.
bool check_last_op(const Tail& tail, const Loss& loss, const LayerRecord* output, Found& found) {
  if (loss.takes == LossTakes::Other) return false;
  if (loss.begin == 0) {
    if (loss.takes != LossTakes::LogProbabilities) return false;
    found.push_back(mismatch(output,
                             "NLLLoss takes log-probabilities and is given scores as they are, so "
                             "that the loss falls below 0 without end",
                             "nn::CrossEntropyLoss()(logits, target);"));
    return true;
  }
  const std::string& op = tail.ops[loss.begin - 1];
  std::optional<Misfit> found_misfit = misfit(op, loss.takes);
  const bool bounded = op == "tanh" || op == "hardtanh" || op == "softsign";
  if (!found_misfit && bounded) {
    found_misfit = Misfit{"",
                          fmt::format("{} on a classifier's output keeps scores between -1 and "
                                      "1, and so the loss away from 0",
                                      op),
                          fmt::format("loss(logits, target);  // the network without its {}", op)};
  }
  if (!found_misfit) return false;
  found.push_back(mismatch(output, found_misfit->message, found_misfit->fix));
  if (tail.at[loss.begin - 1].line > 0) found.back().at = tail.at[loss.begin - 1];
  return true;
}

/// A cross entropy that is made as large as can be. It is never below 0 by itself, and a loss that
/// is has had its sign turned, on purpose only where the layer that makes the scores is frozen.
bool check_sign(const Case& c, const Tail& tail, const LayerRecord* output, Found& found) {
  auto begin = std::ranges::find_if(
      tail.ops, [](const std::string& op) { return op == "cross_entropy" || op == "log_softmax"; });
  if (begin == tail.ops.end() || output == nullptr || c.course.losses.empty()) return false;
  const bool entropy = *begin == "cross_entropy";
  const std::set<std::string> plain = {"gather", "mean", "sum", "neg", "div"};
  const bool known = std::all_of(begin + 1, tail.ops.end(),
                                 [&](const std::string& op) { return plain.count(op) > 0; });
  const bool picked = entropy || std::count(begin, tail.ops.end(), "gather") > 0;
  const bool below = std::ranges::all_of(c.course.losses, [](double loss) { return loss <= 0; });
  if (!known || !picked || !below || !c.trainable(*output) || c.course.recent == 0) return false;
  Finding f = mismatch(output,
                       "the loss is a cross entropy with its sign turned: it falls without end as "
                       "the probability of the right class goes to 0",
                       "");
  f.remedies = {{Cure::Manual, "turn the sign back",
                 entropy ? "cross_entropy(logits, target)  // without the minus"
                         : "nll_loss(log_probabilities, target)  // it has the minus"}};
  f.statistic = "the loss, where a cross entropy is never below 0";
  f.measured = c.course.recent;
  f.threshold = 0;
  found.push_back(std::move(f));
  return true;
}

/// A softmax over one unit, or classes of which there is one.
bool check_single(const Case& c, const Loss& loss, const LayerRecord* output, Found& found) {
  std::vector<const TracedOp*> ops;
  if (c.run.structure) {
    for (const LayerCall& layer : c.run.structure->layers) {
      for (const observe::Origin& origin : layer.origins) {
        for (const TracedOp& op : origin.ops) ops.push_back(&op);
      }
    }
    for (const TracedOp& op : c.run.structure->end.ops) ops.push_back(&op);
  }
  for (const TracedOp* op : ops) {
    if (op->kind != OpKind::Softmax || op->shape.empty() || op->shape.back() != 1) continue;
    const Misfit single = softmax_of_one(op->name);
    found.push_back(mismatch(output, single.message, single.fix));
    found.back().at = op->at;
    return true;
  }
  for (const LayerRecord& layer : c.run.layers) {
    if (layer.type != "LayerNorm" || layer.units != 1 || layer.steps.empty()) continue;
    // Over more dimensions than the last, one unit is none of a kind.
    const bool constant = layer.parameters.empty()
                              ? layer.last().z.rms == 0
                              : c.run.parameters[layer.parameters[0]].tensor.numel() == 1;
    if (!constant) continue;
    found.push_back(at_layer(Symptom::ZeroGradient, Severity::Error, layer));
    found.back().cause =
        "layer norm over a single unit makes its own bias of whatever the unit says, for the unit "
        "less its mean is 0: no gradient passes";
    found.back().remedies = {{Cure::Manual, "normalise where there are units to compare",
                              "nn::LayerNorm(Shape{units})  // in front of the last nn::Linear"}};
    return true;
  }
  if (loss.takes != LossTakes::Logits || output == nullptr || output->units != 1) return false;
  found.push_back(mismatch(output,
                           "cross entropy over a single unit is 0 whatever the unit says: it takes "
                           "one unit a class",
                           "nn::BCEWithLogitsLoss()(logits, target);  // or two units"));
  return true;
}

/// A cross entropy that is 0 from the first step on, of scores too small for that: float32 takes a
/// softmax for 1 where its score exceeds the others by ln(2^24) = 17. What comes after it, a mask
/// or a weight, makes it 0.
bool check_masked(const Case& c, const Loss& loss, const Tail& tail, const LayerRecord* output,
                  Found& found) {
  const bool entropy =
      loss.takes != LossTakes::Other || std::ranges::count(tail.ops, "log_softmax") > 0;
  if (!entropy || output == nullptr || output->steps.empty() || c.course.losses.empty()) {
    return false;
  }
  auto is_zero = [](double value) { return value == 0; };
  if (!std::ranges::all_of(c.course.losses, is_zero) || output->last().z.abs_max > 8) return false;
  Finding f = at_layer(Symptom::ZeroGradient, Severity::Error, *output);
  f.since_step = c.run.steps.front().step;
  f.statistic = "the loss";
  f.threshold = 0;
  f.cause =
      "the loss is exactly 0 from the first step on, and so is the gradient: a cross entropy of "
      "these scores is not, so a mask or a weight leaves out every sample";
  f.remedies = {{Cure::Manual, "see that the mask keeps what it should",
                 "fmt::print(\"{}\\n\", sum(mask));  // how many count for the loss"}};
  found.push_back(std::move(f));
  return true;
}

}  // namespace

Tail tail_of(const RunRecord& run) {
  Tail tail;
  if (run.structure) {
    for (const TracedOp& op : run.structure->end.ops) {
      if (op.kind == OpKind::Shape) continue;
      tail.ops.push_back(op.name);
      tail.at.push_back(op.at);
    }
  }
  for (const std::string& op : run.loss_ops) {
    if (kind_of(op) == OpKind::Shape) continue;
    tail.ops.push_back(op);
    tail.at.emplace_back();
  }
  return tail;
}

const LayerRecord* output_layer(const Case& c) {
  const LayerRecord* output = nullptr;
  for (const LayerRecord& layer : c.run.layers) {
    if (!layer.is_output) continue;
    if (output != nullptr && output->module != layer.module) return nullptr;
    output = &layer;
  }
  return output;
}

Finding mismatch(const LayerRecord* output, const std::string& cause, const std::string& code) {
  Finding f{.symptom = Symptom::LossMismatch, .severity = Severity::Error};
  if (output != nullptr) f = at_layer(f.symptom, f.severity, *output);
  f.cause = cause;
  f.remedies = {{Cure::OtherLoss, "hand the loss what it takes", code}};
  return f;
}

void check_output(const Case& c, Found& found) {
  const Tail tail = tail_of(c.run);
  const Loss loss = loss_of(tail, c.course);
  const LayerRecord* output = output_layer(c);
  if (check_single(c, loss, output, found)) return;
  if (check_sign(c, tail, output, found)) return;
  if (check_last_op(tail, loss, output, found)) return;
  if (check_masked(c, loss, tail, output, found)) return;
  check_targets(c, tail, output, found);
}

}  // namespace gradus::observe::doctor
