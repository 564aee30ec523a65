#include "gradus/observe/doctor/loss_kind.h"

#include <algorithm>

#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/graph_view.h"

namespace gradus::observe {

LossKind kind_of_loss(const LossFunction& loss, const Tensor& output, const Tensor& target) {
  EnableGrad enable;
  const Tensor leaf = output.detach().requires_grad_();
  const GraphView graph(loss(leaf, target));
  const auto has = [&](const char* name) {
    return std::ranges::any_of(graph.nodes(), [&](const NodeView& n) { return n.name == name; });
  };
  if (has("cross_entropy") || has("log_softmax") || has("softmax") || has("logsigmoid")) {
    return LossKind::Logits;
  }
  return has("gather") ? LossKind::LogProbabilities : LossKind::Other;
}

}  // namespace gradus::observe
