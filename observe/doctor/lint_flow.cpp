#include <algorithm>
#include <cmath>

#include "gradus/nn/batch_norm.h"
#include "gradus/nn/losses.h"
#include "gradus/observe/doctor/lint_rules.h"
#include "gradus/observe/doctor/loss_fit.h"
#include "gradus/observe/number.h"
#include "gradus/tensor/statistics.h"

// Rules on what follows what, on the inputs and on the parameters' owners.
namespace gradus::observe {
namespace {

void check_softmax(const Origin& origin, Remarks& remarks) {
  for (const TracedOp& op : origin.ops) {
    if (op.kind != OpKind::Softmax || op.shape.empty() || op.shape[op.shape.size() - 1] != 1) {
      continue;
    }
    const Misfit found = softmax_of_one(op.name);
    remarks.push_back({Severity::Error, found.rule, op.layer, found.message, found.fix});
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

LossTakes taken_by(const nn::AnyModule& loss) {
  if (is<nn::CrossEntropyLoss>(loss)) return LossTakes::Logits;
  if (is<nn::BCEWithLogitsLoss>(loss)) return LossTakes::BinaryLogits;
  return is<nn::NLLLoss>(loss) ? LossTakes::LogProbabilities : LossTakes::Other;
}

void check_loss(const Origin& end, const nn::AnyModule& loss, Remarks& remarks) {
  const TracedOp* last = last_op(end);
  if (last == nullptr) return;
  if (const auto found = misfit(last->name, taken_by(loss))) {
    remarks.push_back({Severity::Error, found->rule, last->layer, found->message, found->fix});
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
                       fmt::format("inputs have RMS {} (mean {}, standard deviation {}); "
                                   "initialisers count on about 1",
                                   number(x.rms), number(x.mean), number(x.std)),
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
                     "optim::SGD opt(net.parameters(), {.lr = 0.1});"});
}

}  // namespace gradus::observe
