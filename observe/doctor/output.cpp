#include "gradus/observe/doctor/advice.h"
#include "gradus/observe/doctor/loss_fit.h"
#include "gradus/observe/doctor/rules.h"
#include "gradus/observe/watch/origin.h"

// The loss against what the output layer makes.
namespace gradus::observe::doctor {
namespace {

/// What happens between the last layers and the loss, shapes left out.
struct Tail {
  std::vector<std::string> ops;
  std::vector<Where> at;  ///< line 0 for those of the loss
};

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

const LayerRecord* output_layer(const Case& c) {
  for (auto layer = c.run.layers.rbegin(); layer != c.run.layers.rend(); ++layer) {
    if (layer->is_output) return &*layer;
  }
  return nullptr;
}

Finding mismatch(const LayerRecord* output, const std::string& cause, const std::string& code) {
  Finding f{.symptom = Symptom::LossMismatch, .severity = Severity::Error};
  if (output != nullptr) f = at_layer(f.symptom, f.severity, *output);
  f.cause = cause;
  f.remedies = {{Cure::OtherLoss, "hand the loss what it takes", code}};
  return f;
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
  if (loss.takes != LossTakes::Logits || output == nullptr || output->units != 1) return false;
  found.push_back(mismatch(output,
                           "cross entropy over a single unit is 0 whatever the unit says: it takes "
                           "one unit a class",
                           "nn::BCEWithLogitsLoss()(logits, target);  // or two units"));
  return true;
}

/// From end to end of what an op can make; absent where that is not bounded, or not known.
std::optional<double> width_of(const std::string& op) {
  if (op == "sigmoid" || op == "hardsigmoid" || op == "softmax") return 1;
  if (op == "tanh" || op == "softsign") return 2;
  return {};
}

std::string without(const std::string& op) {
  return fmt::format(
      "loss(outputs, target);  // the network without its {}, or targets in its range", op);
}

/// A regression that misses its targets by more than its output's range is wide: they lie outside.
bool check_range(const Case& c, const Tail& tail, const LayerRecord* output, Found& found) {
  const std::size_t loss = c.run.loss_ops.size();
  if (loss != 3 || tail.ops.size() <= loss || tail.ops[tail.ops.size() - 3] != "sub") return false;
  const std::string &distance = tail.ops[tail.ops.size() - 2], &op = tail.ops[tail.ops.size() - 4];
  const bool squared = distance == "square";
  if ((!squared && distance != "abs") || tail.ops.back() != "mean") return false;
  const std::optional<double> width = width_of(op);
  const double miss = squared ? std::sqrt(c.course.recent) : c.course.recent;
  if (!width || !(miss > *width)) return false;
  Finding f =
      mismatch(output,
               fmt::format("{} on the output cannot reach the targets: what it makes lies in a "
                           "range {} wide, and misses them by more than that",
                           op, *width),
               without(op));
  f.statistic = squared ? "root of the mean squared error" : "mean absolute error";
  f.measured = miss;
  f.threshold = *width;
  found.push_back(std::move(f));
  return true;
}

/// A regression whose output cannot take the targets' values: it sticks to a bound.
void check_bounds(const Case& c, const Tail& tail, const LayerRecord* output, Found& found) {
  const bool regression =
      std::ranges::count(tail.ops, "square") > 0 || std::ranges::count(tail.ops, "abs") > 0;
  if (output == nullptr || !regression || c.course.learned() || c.young()) return;
  auto stuck = [](const LayerStep& step) {
    const double flat =
        static_cast<double>(step.saturated_low) + static_cast<double>(step.saturated_high);
    const double zero = step.activation ? step.activation.zero_share : 0;
    return std::max(flat, zero);
  };
  const Series share = c.series(output->steps, stuck);
  auto most = [](double x) { return x > 0.9; };
  if (!lasts(share, most)) return;
  Finding f =
      mismatch(output,
               fmt::format("{} on the output cannot reach the targets, so the output sticks "
                           "to its bound",
                           output->activation),
               without(output->activation));
  f.statistic = "share of outputs at the bound";
  f.measured = windows(share).back();
  f.threshold = 0.9;
  f.since_step = since(share, most);
  found.push_back(std::move(f));
}

}  // namespace

void check_output(const Case& c, Found& found) {
  const Tail tail = tail_of(c.run);
  const Loss loss = loss_of(tail, c.course);
  const LayerRecord* output = output_layer(c);
  if (check_single(c, loss, output, found)) return;
  if (check_last_op(tail, loss, output, found)) return;
  if (check_range(c, tail, output, found)) return;
  check_bounds(c, tail, output, found);
}

}  // namespace gradus::observe::doctor
