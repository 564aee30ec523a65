#pragma once

#include <unordered_map>
#include <vector>

#include "gradus/autograd/hooks.h"
#include "gradus/autograd/node.h"
#include "gradus/autograd/pending.h"

namespace gradus {

struct PassOptions {
  bool retain_graph = false;
  bool create_graph = false;
};

/// One run of the backward pass. See Note [Sequence order] in node.h.
class Pass {
 public:
  explicit Pass(const PassOptions& options) : options_(options) {}
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  /// Adds a gradient for an output of a node, to be carried on when the node's turn comes.
  void add(const Edge& to, Tensor gradient);

  enum class Targets { Capture, Accumulate };
  /// From here on only nodes that lead to a target run. Captured targets can be read from
  /// captured(), and no leaf accumulates; otherwise the targets, leaves, do.
  void restrict_to(std::vector<Edge> targets, Targets use);

  /// Carries gradients until none is pending. Throws what a rule or a hook throws; leaves whose
  /// turn had come keep what they got, the others are as they were.
  void run();

  /// The gradient of target i; undefined where nothing flowed.
  const Tensor& captured(std::size_t i) const { return captured_[i]; }

  // For nodes, while they run:
  bool create_graph() const { return options_.create_graph; }
  bool needs(const Edge& edge) {
    return edge.node && (!restricted_ || leads_to_target(edge.node.get()));
  }
  /// Carries a gradient along input i of the running node: summed to the input's shape, cast to
  /// its dtype. Undefined gradients are ignored.
  void deliver(const Node& from, std::size_t i, Tensor gradient);

 private:
  struct Observation {
    Ref<ObserverNode> marker;
    std::vector<Tensor> grad_inputs;
    std::vector<Tensor> grad_outputs;
  };

  void run_node(Node& node, std::span<Tensor> gradients);
  void run_checked(Node& node, std::span<Tensor> gradients);
  void call_hooks(Node& node, std::span<Tensor> gradients);
  void notice_outputs(const Node& node, std::span<const Tensor> gradients);
  void notice_edge(const Node& from, const Edge& edge, const Tensor& gradient);
  bool finish_observation(const Node& marker);
  bool leads_to_target(Node* node);
  Tensor sum_of(Tensor a, const Tensor& b) const;

  PassOptions options_;
  PendingNodes pending_;
  std::vector<Observation> observations_;

  bool restricted_ = false;
  Targets use_ = Targets::Capture;
  std::vector<Edge> targets_;
  std::vector<Tensor> captured_;
  std::unordered_map<const Node*, bool> leads_;  // memo of leads_to_target
};

}  // namespace gradus
