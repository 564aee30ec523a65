#include "gradus/observe/watch/origin.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "gradus/autograd/leaf.h"
#include "gradus/nn/dropout.h"

namespace gradus::observe {
namespace {

/// What leads to a tensor, up to the layers before it.
struct Segment {
  std::map<std::uint64_t, const Node*> ops;  ///< by order of recording
  std::vector<std::size_t> layers;
  bool from_input = false;
};

class Walk {
 public:
  explicit Walk(const Trace& trace) : input_(node_of(trace.input)) {
    for (std::size_t i = 0; i < trace.layers.size(); ++i) {
      const LayerCall& layer = trace.layers[i];
      outputs_.emplace(node_of(layer.output), i);
      for (const Tensor& x : layer.inputs) inputs_.insert(node_of(x));
    }
  }

  /// Back from `end`, through layers' inputs if it is to look at what lies before a layer, and up
  /// to them if at what lies inside one.
  Segment back_from(const Tensor& end, bool inside) const {
    Segment segment;
    std::vector<const Node*> stack;
    std::unordered_set<const Node*> seen;
    auto visit = [&](const Node* node) {
      if (node != nullptr && seen.insert(node).second) stack.push_back(node);
    };
    if (inside) {  // end is the layer's own mark
      if (const Node* mark = node_of(end)) {
        for (const Edge& edge : mark->inputs()) visit(edge.node.get());
      }
    } else {
      visit(node_of(end));
    }
    while (!stack.empty()) {
      const Node* node = stack.back();
      stack.pop_back();
      if (auto layer = outputs_.find(node); layer != outputs_.end()) {
        segment.layers.push_back(layer->second);
        continue;
      }
      if (node == input_) segment.from_input = true;
      const bool mark = inputs_.count(node) > 0;
      if (inside && mark) continue;
      if (!mark && !node->is_leaf()) segment.ops.emplace(node->sequence(), node);
      for (const Edge& edge : node->inputs()) visit(edge.node.get());
    }
    std::ranges::sort(segment.layers);
    return segment;
  }

  /// Whether it is the network's input, or one of a layer's, under a node of the trace's own.
  bool is_mark(const Node* node) const { return node == input_ || inputs_.count(node) > 0; }

 private:
  const Node* input_;
  std::unordered_map<const Node*, std::size_t> outputs_;
  std::unordered_set<const Node*> inputs_;
};

/// What the origins are told with: the modules by their path in the outermost network, which is
/// what a node remembers, and the parameters, which are no path that a sum could join.
struct Names {
  std::unordered_map<std::string, nn::Module*> modules;
  std::unordered_set<const Node*> parameters;
};

TracedOp op_of(const Node& node, const Names& names) {
  const auto operands = std::ranges::count_if(node.inputs(), [&](const Edge& edge) {
    return edge.node && !names.parameters.count(edge.node.get());
  });
  OpKind kind = node.is_opaque() ? OpKind::Other : kind_of(node.name());
  if (kind == OpKind::Sum && node.inputs().size() < 2) kind = OpKind::Pointwise;
  return {.name = node.name(),
          .kind = kind,
          .layer = node.layer(),
          .at = node.at(),
          .operands = static_cast<int>(operands),
          .shape = node.outputs()[0].shape,
          .sequence = node.sequence()};
}

bool is_simple(nn::Module& module) {
  return module.children().empty() && module.named_parameters(false).empty();
}

/// Takes op into what the module has already contributed to the segment.
void merge(TracedOp& whole, const TracedOp& op) {
  const bool pointwise = op.kind == OpKind::Activation || op.kind == OpKind::Pointwise ||
                         op.kind == OpKind::Shape || op.kind == OpKind::Sum;
  const bool known = whole.kind == OpKind::Dropout;
  if (!known) {
    whole.name = whole.module->type_name();
    const bool so_far = whole.kind != OpKind::Other && whole.kind != OpKind::Softmax &&
                        whole.kind != OpKind::Normalization;
    whole.kind = pointwise && so_far ? OpKind::Activation : OpKind::Other;
  }
  whole.shape = op.shape;
}

std::vector<TracedOp> ops_of(const Segment& segment, const Names& names) {
  std::vector<TracedOp> ops;
  for (const auto& [sequence, node] : segment.ops) {
    TracedOp op = op_of(*node, names);
    auto module = names.modules.find(op.layer);
    if (module == names.modules.end() || !is_simple(*module->second)) {
      ops.push_back(std::move(op));
      continue;
    }
    auto same = std::ranges::find(ops, module->second, &TracedOp::module);
    if (same != ops.end()) {
      merge(*same, op);
      continue;
    }
    op.module = module->second;
    if (dynamic_cast<nn::Dropout*>(op.module) != nullptr) {
      op.name = "dropout";
      op.kind = OpKind::Dropout;
    } else if (dynamic_cast<nn::AlphaDropout*>(op.module) != nullptr) {
      op.name = "alpha_dropout";
      op.kind = OpKind::Dropout;
    }
    ops.push_back(std::move(op));
  }
  return ops;
}

void note_strays(const Segment& segment, const Walk& walk, const Names& names,
                 std::vector<Stray>& strays) {
  for (const auto& [sequence, node] : segment.ops) {
    for (const Edge& edge : node->inputs()) {
      const Node* input = edge.node.get();
      if (input == nullptr || !input->is_leaf() || names.parameters.count(input) > 0) continue;
      const Tensor leaf = static_cast<const Leaf*>(input)->tensor();
      auto is_leaf = [&](const Stray& stray) { return stray.tensor.is_same(leaf); };
      if (!leaf.defined() || walk.is_mark(input) || std::ranges::any_of(strays, is_leaf)) continue;
      strays.push_back({leaf, leaf.storage()->version(), node->name(), node->at()});
    }
  }
}

}  // namespace

OpKind kind_of(const std::string& op) {
  static const std::unordered_set<std::string> activations = {
      "relu",      "relu6",    "leaky_relu",  "prelu",      "rrelu",    "elu",
      "celu",      "selu",     "gelu",        "silu",       "mish",     "tanh",
      "hardswish", "hardtanh", "hardsigmoid", "sigmoid",    "erf",      "sin",
      "cos",       "clamp",    "logsigmoid",  "lecun_tanh", "softplus", "softsign"};
  static const std::unordered_set<std::string> pointwise = {
      "mul",  "div",   "neg", "exp", "expm1",  "log",  "log1p",
      "sqrt", "rsqrt", "abs", "pow", "square", "sign", "reciprocal"};
  static const std::unordered_set<std::string> shapes = {
      "view",    "reshape",   "flatten", "transpose", "permute",
      "squeeze", "unsqueeze", "clone",   "to",        "t"};
  if (activations.count(op)) return OpKind::Activation;
  if (op == "softmax" || op == "log_softmax") return OpKind::Softmax;
  if (op == "batch_norm" || op == "layer_norm" || op == "rms_norm") return OpKind::Normalization;
  if (op == "add" || op == "sub") return OpKind::Sum;
  if (pointwise.count(op)) return OpKind::Pointwise;
  if (shapes.count(op)) return OpKind::Shape;
  return OpKind::Other;
}

void find_origins(nn::Module& net, Trace& trace) {
  Names names;
  for (auto& [name, module] : net.named_modules()) names.modules.emplace(module.path(), &module);
  for (const Tensor& parameter : net.parameters()) names.parameters.insert(node_of(parameter));
  const Walk walk(trace);
  auto origin_of = [&](const Tensor& x) {
    Segment segment = walk.back_from(x, false);
    note_strays(segment, walk, names, trace.strays);
    Origin origin{.sources = std::move(segment.layers),
                  .from_input = segment.from_input,
                  .ops = ops_of(segment, names)};
    origin.detached = origin.sources.empty() && !origin.from_input && !x.is_same(trace.input);
    if (x.is_same(trace.input)) origin.from_input = true;
    const bool joined = std::ranges::any_of(
        origin.ops, [](const TracedOp& op) { return op.kind == OpKind::Sum && op.operands > 1; });
    const std::size_t last = origin.sources.empty() ? 0 : origin.sources.back();
    origin.skip = joined && ((origin.from_input && !origin.sources.empty()) ||
                             std::ranges::any_of(origin.sources, [&](std::size_t source) {
                               return source != last && trace.leads_to(source, last);
                             }));
    return origin;
  };
  for (LayerCall& layer : trace.layers) {
    for (const Tensor& x : layer.inputs) layer.origins.push_back(origin_of(x));
    const Segment inside = walk.back_from(layer.output, true);
    note_strays(inside, walk, names, trace.strays);
    layer.holds_layers = !inside.layers.empty();
    for (const auto& [sequence, node] : inside.ops) layer.own_ops.emplace_back(node->name());
  }
  trace.end = origin_of(trace.output);
}

}  // namespace gradus::observe
