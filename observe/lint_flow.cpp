#include <algorithm>
#include <cmath>

#include "gradus/nn/batch_norm.h"
#include "gradus/nn/losses.h"
#include "gradus/observe/lint_rules.h"
#include "gradus/tensor/statistics.h"

// Rules on what follows what, on the inputs and on the parameters' owners.
namespace gradus::observe {
namespace {

void check_softmax(const Origin& origin, Remarks& remarks) {
  for (const TracedOp& op : origin.ops) {
    if (op.kind != OpKind::Softmax || op.shape.empty() || op.shape[op.shape.size() - 1] != 1) {
      continue;
    }
    remarks.push_back(
        {Severity::Error, "softmax-of-one", op.layer,
         fmt::format("{} over a single unit is constant, whatever the unit says", op.name),
         "nn::Sigmoid()  // in place of it, or two units in the layer before"});
  }
}

/// The last thing that happens to the network's output but for its shape; null if a layer made it.
const TracedOp* last_op(const Origin& end) {
  for (auto op = end.ops.rbegin(); op != end.ops.rend(); ++op) {
    if (op->kind != OpKind::Shape) return &*op;
  }
  return nullptr;
}

template <class Loss>
bool is(const nn::AnyModule& loss) {
  return dynamic_cast<const Loss*>(loss.get().get()) != nullptr;
}

void check_loss(const Origin& end, const nn::AnyModule& loss, Remarks& remarks) {
  const TracedOp* last = last_op(end);
  if (last == nullptr) return;
  const std::string& name = last->name;
  const bool softmax = name == "softmax", sigmoid = name == "sigmoid";
  const bool entropy = is<nn::CrossEntropyLoss>(loss), binary = is<nn::BCEWithLogitsLoss>(loss);
  const bool likelihood = is<nn::NLLLoss>(loss);
  const std::string takes = entropy ? "CrossEntropyLoss" : "BCEWithLogitsLoss";
  if ((entropy || binary) && (softmax || sigmoid)) {
    remarks.push_back({Severity::Error, "loss-takes-logits", last->layer,
                       fmt::format("{} in front of {}, which takes logits and applies its own: "
                                   "the gradient shrinks twice",
                                   name, takes),
                       fmt::format("loss(logits, target);  // the network without its {}", name)});
  }
  if (likelihood && (softmax || sigmoid)) {
    remarks.push_back({Severity::Error, "loss-takes-log-probabilities", last->layer,
                       fmt::format("{} in front of NLLLoss, which takes log-probabilities", name),
                       "nn::CrossEntropyLoss()(logits, target);  // the network without it"});
  }
  if ((entropy || binary || likelihood) && (name == "relu" || name == "relu6")) {
    remarks.push_back({Severity::Error, "relu-on-output", last->layer,
                       fmt::format("{} on a classifier's output: scores cannot be negative, and "
                                   "where they would be, no gradient flows",
                                   name),
                       "loss(logits, target);  // the network without it"});
  }
}

}  // namespace

void check_flow(const Trace& trace, const nn::AnyModule& loss, Remarks& remarks) {
  for (const LayerCall& layer : trace.layers) {
    if (layer.call > 0) continue;
    for (const Origin& origin : layer.origins) check_softmax(origin, remarks);
    const bool batch_norm = dynamic_cast<const nn::BatchNorm1d*>(layer.module) != nullptr;
    if (batch_norm && layer.origin().has(OpKind::Dropout)) {
      // Li et al. 2019, Understanding the Disharmony between Dropout and Batch Normalization by
      // Variance Shift.
      remarks.push_back(
          {Severity::Warning, "dropout-before-batch-norm", layer.path,
           "dropout in front of batch norm: its running variance is that of "
           "training, with dropout, and does not fit evaluation, without",
           "nn::Sequential{nn::BatchNorm1d(n), nn::ReLU(), nn::Dropout(p)}  // in this order"});
    }
  }
  check_softmax(trace.end, remarks);
  if (loss) check_loss(trace.end, loss, remarks);
}

void check_input(const Trace& trace, Remarks& remarks) {
  if (!trace.input.is_floating()) return;
  const Statistics x = statistics(trace.input.detach());
  const std::string fix = "x = (x - mean(x, {0})) / (gradus::std(x, {0}) + 1e-8);";
  if (x.nonfinite > 0) {
    remarks.push_back({Severity::Error, "input-not-finite", "",
                       fmt::format("{} of {} inputs are NaN or infinite", x.nonfinite, x.count),
                       "x = masked_fill(x, logical_not(isfinite(x)), 0);"});
  }
  const bool normalized = std::ranges::any_of(trace.layers, [](const LayerCall& layer) {
    return layer.origin().from_input && role_of(layer).kind == LayerRole::Kind::Normalization;
  });
  if (normalized || x.rms == 0) return;
  if (x.rms > 20 || x.rms < 0.01) {
    remarks.push_back({Severity::Warning, "input-scale", "",
                       fmt::format("inputs have RMS {:.3g} (mean {:.3g}, standard deviation "
                                   "{:.3g}); initialisers count on about 1",
                                   x.rms, x.mean, x.std),
                       fix});
  }
}

void check_owners(const nn::Module& net, const std::vector<Tensor>& owned, Remarks& remarks) {
  std::vector<std::string> orphans;
  for (const auto& [name, p] : net.named_parameters()) {
    const Tensor& parameter = p;
    const bool found =
        std::ranges::any_of(owned, [&](const Tensor& other) { return other.is_same(parameter); });
    if (!found && p.requires_grad()) orphans.push_back(name);
  }
  if (orphans.empty()) return;
  std::string names;
  for (std::size_t i = 0; i < std::min<std::size_t>(orphans.size(), 4); ++i) {
    names += (i == 0 ? "'" : ", '") + orphans[i] + "'";
  }
  if (orphans.size() > 4) names += fmt::format(" and {} more", orphans.size() - 4);
  remarks.push_back({Severity::Error, "no-optimizer", orphans[0],
                     fmt::format("no optimiser owns {}: what is not meant to stay as it is must be "
                                 "handed to one",
                                 names),
                     "optim::SGD(net.parameters(), options);"});
}

}  // namespace gradus::observe
