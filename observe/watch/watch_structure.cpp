#include <algorithm>
#include <iterator>
#include <map>
#include <unordered_set>

#include "gradus/autograd/node.h"
#include "gradus/observe/watch/origin.h"
#include "gradus/observe/watch/sampling.h"
#include "gradus/observe/watch/watch.h"

// What a monitor learns from the graph of the first pass: what follows what.
namespace gradus::observe {
namespace {

/// Those that ran after the layer: in a residual block, the ones of its branch and after the sum.
std::vector<TracedOp> ops_since(const LayerCall& layer, const Origin& origin) {
  std::vector<TracedOp> ops;
  const Node* made = node_of(layer.output);
  std::ranges::copy_if(origin.ops, std::back_inserter(ops), [&](const TracedOp& op) {
    return made == nullptr || op.sequence > made->sequence();
  });
  return ops;
}

/// The one activation among ops that otherwise leave elements as they are, or null.
const TracedOp* only_activation(const std::vector<TracedOp>& ops) {
  const TracedOp* found = nullptr;
  for (const TracedOp& op : ops) {
    if (op.kind == OpKind::Activation && found == nullptr) {
      found = &op;
    } else if (op.kind != OpKind::Shape && op.kind != OpKind::Dropout && op.kind != OpKind::Sum) {
      return nullptr;
    }
  }
  return found;
}

/// Whether the activation takes a sum of layers rather than what one of them made.
bool of_a_sum(const std::vector<TracedOp>& ops) {
  for (const TracedOp& op : ops) {
    if (op.kind == OpKind::Sum && op.operands > 1) return true;
    if (op.kind == OpKind::Activation) return false;
  }
  return false;
}

bool sum_after_activation(const std::vector<TracedOp>& ops) {
  bool activated = false;
  for (const TracedOp& op : ops) {
    if (activated && op.kind == OpKind::Sum && op.operands > 1) return true;
    activated = activated || op.kind == OpKind::Activation;
  }
  return false;
}

}  // namespace

void Monitor::Watch::fill_structure() {
  if (record_.layers.size() != trace_.layers.size()) {
    trace_ = {};
    return;  // some layers made no floating-point numbers: entries would not match
  }
  find_origins(*net_, trace_);
  const std::size_t count = trace_.layers.size();
  for (std::size_t i = 0; i < count; ++i) {
    const auto& ops = trace_.layers[i].own_ops;
    record_.layers[i].is_activation =
        !ops.empty() && std::ranges::all_of(ops, [](const std::string& op) {
          return kind_of(op) == OpKind::Activation || kind_of(op) == OpKind::Shape;
        });
  }
  for (std::size_t consumer = 0; consumer <= count; ++consumer) {
    const Origin& origin = consumer < count ? trace_.layers[consumer].origin() : trace_.end;
    if (origin.sources.empty()) continue;
    const std::size_t source = origin.sources.back();
    LayerRecord& layer = record_.layers[source];
    for (std::size_t s : origin.sources) {
      if (origin.skip) record_.layers[s].skip_joins = true;
      if (consumer == count) record_.layers[s].is_output = true;
    }
    const std::vector<TracedOp> ops = ops_since(trace_.layers[source], origin);
    const auto is_activation = [](const TracedOp& op) { return op.kind == OpKind::Activation; };
    const auto named = std::ranges::find_if(ops, is_activation);
    const bool alone = origin.sources.size() == 1 && !origin.from_input;
    const bool after_sum = of_a_sum(ops), before_sum = sum_after_activation(ops);
    if (named == ops.end() || !layer.activation.empty()) continue;
    if (!alone && !after_sum && !before_sum) continue;
    layer.activation = named->name;
    const TracedOp* activation = only_activation(ops);
    if (activation == nullptr) continue;
    LayerState& state = layers_[source];
    const ActivationShape shape = shape_of(*activation);
    layer.rectifies = shape.rectifies;
    if (!after_sum) {  // else it is not z that it takes
      layer.saturates = shape.saturates;
      state.shape = shape;
      state.dead_by_z = before_sum && shape.rectifies;
    }
    // This pass went by before its structure was known.
    judge_by_z(source, some_rows(trace_.layers[source].output, options_.elements));
    if (before_sum) continue;  // what arrives is not the activation alone
    const bool end = consumer == count;
    (end ? output_source_ : layers_[consumer].source) = source;
    take_activation(source, end ? trace_.output : trace_.layers[consumer].inputs[0]);
  }
  output_sequence_ = trace_.output.requires_grad() ? node_of(trace_.output)->sequence() : 0;
  trace_.input = {};
  trace_.output = {};
  for (LayerCall& layer : trace_.layers) {
    layer.inputs.clear();
    layer.output = {};
  }
  record_.structure = std::move(trace_);
  trace_ = {};
}

void Monitor::Watch::look_at(const Tensor& loss) {
  if (output_sequence_ == 0) return;
  const std::uint64_t output = std::exchange(output_sequence_, 0);
  std::map<std::uint64_t, const Node*> ops;
  std::vector<const Node*> stack{node_of(loss)};
  while (!stack.empty()) {
    const Node* node = stack.back();
    stack.pop_back();
    if (node == nullptr || node->is_leaf() || node->sequence() <= output) continue;
    if (!ops.emplace(node->sequence(), node).second) continue;
    for (const Edge& edge : node->inputs()) stack.push_back(edge.node.get());
  }
  for (const auto& [sequence, node] : ops) record_.loss_ops.emplace_back(node->name());
}

}  // namespace gradus::observe
