#include "gradus/observe/residual_share.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "gradus/autograd/engine.h"
#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/observe/untouched.h"
#include "gradus/observe/watch/origin.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/statistics.h"

namespace gradus::observe {
namespace {

/// The recorded ops below a tensor, in order of execution.
class Graph {
 public:
  /// `layers`: paths of the modules that hold parameters.
  Graph(const Tensor& input, const Tensor& output, std::unordered_set<std::string> layers)
      : input_(node_of(input)), layers_(std::move(layers)) {
    std::unordered_set<Node*> seen;
    std::vector<Node*> stack{node_of(output)};
    while (!stack.empty()) {
      Node* node = stack.back();
      stack.pop_back();
      if (node == nullptr || !seen.insert(node).second) continue;
      nodes_.push_back(node);
      for (const Edge& edge : node->inputs()) stack.push_back(edge.node.get());
    }
    std::ranges::sort(nodes_, {}, &Node::sequence);
    for (std::size_t i = 0; i < nodes_.size(); ++i) index_[nodes_[i]] = i;
  }

  const std::vector<Node*>& nodes() const { return nodes_; }

  /// Which nodes `from` is made of, itself among them.
  std::vector<bool> below(const Node* from) const {
    std::vector<bool> reached(nodes_.size());
    reached[index_.at(from)] = true;
    for (std::size_t i = index_.at(from) + 1; i-- > 0;) {
      if (!reached[i]) continue;
      for (const Edge& edge : nodes_[i]->inputs()) {
        if (edge.node) reached[index_.at(edge.node.get())] = true;
      }
    }
    return reached;
  }

  /// The last value that both are made of, parameters aside.
  std::size_t fork_of(const std::vector<bool>& a, const std::vector<bool>& b) const {
    for (std::size_t i = nodes_.size(); i-- > 0;) {
      const bool parameter = nodes_[i]->is_leaf() && nodes_[i] != input_;
      if (a[i] && b[i] && !parameter) return i;
    }
    return none;
  }
  static constexpr auto none = static_cast<std::size_t>(-1);

  /// One of the two ways from a fork to a sum.
  struct Way {
    bool carries = false;  ///< the value arrives as it was, whatever is added to it
    std::size_t layers = 0;
    std::size_t ops = 0;
    bool is_shorter_than(const Way& other) const {
      if (carries != other.carries) return carries;
      return std::tuple(layers, ops) < std::tuple(other.layers, other.ops);
    }
  };

  /// `reached`: below(end).
  Way way(std::size_t fork, const Node* end, const std::vector<bool>& reached,
          const Node& sum) const {
    // Nodes between, by whether they descend from the fork and whether they carry it.
    std::vector<bool> descends(nodes_.size());
    std::vector<bool> carries(nodes_.size());
    descends[fork] = carries[fork] = true;
    Way way;
    std::unordered_set<std::string> layers;
    for (std::size_t i = fork + 1; i < nodes_.size(); ++i) {
      if (!reached[i]) continue;
      const Node& node = *nodes_[i];
      const OpKind kind = kind_of(node.name());
      bool parameters = false;
      for (const Edge& edge : node.inputs()) {
        if (!edge.node) continue;
        const std::size_t from = index_.at(edge.node.get());
        descends[i] = descends[i] || descends[from];
        const bool keeps = kind == OpKind::Sum || kind == OpKind::Shape;
        carries[i] = carries[i] || (keeps && carries[from]);
        parameters = parameters || (edge.node->is_leaf() && edge.node.get() != input_);
      }
      if (!descends[i]) continue;
      ++way.ops;
      // Where the sum stands in a module with parameters of its own, their use must be seen.
      const bool in_layer = node.layer() != std::string(sum.layer()) && layers_.count(node.layer());
      if (parameters || in_layer) layers.insert(node.layer());
    }
    way.carries = carries[index_.at(end)];
    way.layers = layers.size();
    return way;
  }

 private:
  const Node* input_;
  std::unordered_set<std::string> layers_;
  std::vector<Node*> nodes_;
  std::unordered_map<const Node*, std::size_t> index_;
};

struct ResidualSum {
  Node* sum;
  std::size_t skip;  ///< which operand
  bool projected;
  Edge fork;
};

std::optional<ResidualSum> as_residual(const Graph& graph, Node* sum) {
  const std::span<const Edge> operands = sum->inputs();
  if (kind_of(sum->name()) != OpKind::Sum || operands.size() != 2) return {};
  if (!operands[0].node || !operands[1].node) return {};
  const std::vector<bool> below[] = {graph.below(operands[0].node.get()),
                                     graph.below(operands[1].node.get())};
  const std::size_t fork = graph.fork_of(below[0], below[1]);
  if (fork == Graph::none) return {};
  const Graph::Way ways[] = {graph.way(fork, operands[0].node.get(), below[0], *sum),
                             graph.way(fork, operands[1].node.get(), below[1], *sum)};
  const bool first = ways[0].is_shorter_than(ways[1]);
  if (!first && !ways[1].is_shorter_than(ways[0])) return {};
  const std::size_t skip = first ? 0 : 1;
  if (ways[1 - skip].layers == 0) return {};
  return ResidualSum{sum, skip, !ways[skip].carries, {Ref<Node>(graph.nodes()[fork]), 0}};
}

/// dL/d(fork) of what goes through one operand of a sum whose gradient is g.
Tensor through(const ResidualSum& r, std::size_t operand, const Tensor& g) {
  const Edge& edge = r.sum->inputs()[operand];
  const OutputInfo& info = edge.node->outputs()[edge.output];
  Tensor arriving = to(sum_to(g, info.shape), info.dtype);
  if (operand == 1 && r.sum->name() == std::string("sub")) arriving = -arriving;
  Pass pass({.retain_graph = true});
  pass.restrict_to({r.fork}, Pass::Targets::Capture);
  pass.add(edge, arriving);
  pass.run();
  const Tensor& gradient = pass.captured(0);
  const OutputInfo& fork = r.fork.node->outputs()[0];
  return gradient.defined() ? gradient : zeros(fork.shape, fork.dtype);
}

}  // namespace

double ResidualShare::skip_share() const {
  const double both = skip_rms + branch_rms;
  return both == 0 ? 0 : skip_rms / both;
}

std::vector<ResidualShare> residual_shares(nn::Module& net, const Tensor& input,
                                           const std::function<Tensor(const Tensor&)>& loss,
                                           Where at) {
  ContextScope scope(entering("residual_shares", at));
  check(input.defined(), "the input is an undefined tensor: pass one that the network takes");
  check(static_cast<bool>(loss), "the loss is an empty function");
  Untouched untouched(net);
  EnableGrad enable;
  Tensor x = input.detach();
  if (x.is_floating()) x.requires_grad_();
  const Tensor y = net(x, at);
  const Tensor value = loss(y);
  check(value.defined() && value.numel() == 1 && value.requires_grad(),
        "the loss must be one number that depends on the network's output");

  NoGrad no_grad;
  std::unordered_set<std::string> layers;
  for (auto& [name, layer] : layers_of(net)) layers.insert(layer.path());
  const Graph graph(x, y, std::move(layers));
  std::vector<ResidualSum> residuals;
  std::vector<Edge> sums;
  for (Node* node : graph.nodes()) {
    if (auto residual = as_residual(graph, node)) {
      residuals.push_back(*residual);
      sums.push_back({Ref<Node>(node), 0});
    }
  }
  if (residuals.empty()) return {};

  Pass pass({.retain_graph = true});
  pass.restrict_to(std::move(sums), Pass::Targets::Capture);
  pass.add(edge_to(value), ones_like(value));
  pass.run();
  std::vector<ResidualShare> shares;
  for (std::size_t i = 0; i < residuals.size(); ++i) {
    const ResidualSum& r = residuals[i];
    ResidualShare& share = shares.emplace_back();
    share.layer = r.sum->layer();
    share.at = r.sum->at();
    share.projected = r.projected;
    if (!pass.captured(i).defined()) continue;
    const Tensor skip = through(r, r.skip, pass.captured(i));
    const Tensor branch = through(r, 1 - r.skip, pass.captured(i));
    share.skip_rms = statistics(skip).rms;
    share.branch_rms = statistics(branch).rms;
    share.total_rms = statistics(skip + branch).rms;
  }
  return shares;
}

}  // namespace gradus::observe
