#pragma once

#include <memory>
#include <span>

#include "gradus/tensor/context.h"
#include "gradus/tensor/tensor.h"

namespace gradus {

class Node;
class Pass;
struct NodeHooks;

/// An input of a node: the `output`-th result of `node`. Without a node where the input needs no
/// gradient.
struct Edge {
  Ref<Node> node;
  std::uint32_t output = 0;
};

/// Shape and dtype of one result of a node.
struct OutputInfo {
  DType dtype = DType::Float32;
  Shape shape;
};

/// A recorded op, or the gradient accumulator of a leaf.
///
/// Note [Sequence order]
/// Nodes carry a number drawn from one global counter when they are made, and a node is always
/// made after the nodes it consumes. So every consumer of a node has a greater number, and meeting
/// pending nodes in descending order runs each after all its consumers: the backward pass needs no
/// dependency counts and no prior walk, and may be handed new nodes while it runs (checkpoint).
class Node : public GradState {
  bool released_ = false;  // first, in the padding behind the reference count

 public:
  ~Node() override;

  const char* name() const { return name_; }
  Where at() const { return at_; }              ///< the user's line
  const char* layer() const { return layer_; }  ///< path of the module, "" outside of one
  std::uint64_t sequence() const { return sequence_; }
  std::span<const Edge> inputs() const { return inputs_; }
  std::span<const OutputInfo> outputs() const { return outputs_; }
  /// Whether a backward pass has dropped what this node had saved.
  bool released() const { return released_; }

  /// Context under which the node's gradient is computed: its own line and layer.
  Context backward_context() const { return {name_, at_, layer_, name_}; }

  virtual bool is_leaf() const { return false; }
  /// Whether inputs() does not name everything that the gradient reaches (see checkpoint).
  virtual bool is_opaque() const { return false; }

  /// Computes the gradients of the inputs from those of the outputs (undefined where nothing
  /// flowed), which it may move from, and hands them to pass.deliver().
  virtual void run(std::span<Tensor> gradients, Pass& pass) = 0;
  /// Drops everything saved for run().
  void release_saved() {
    released_ = true;
    drop_rules();
  }

  /// Created on first use.
  NodeHooks& hooks();
  NodeHooks* hooks_if_any() const { return hooks_.get(); }

 protected:
  explicit Node(const char* name);
  virtual void drop_rules() {}
  void dispose() final;

  // Point into the derived object.
  std::span<Edge> inputs_;
  std::span<OutputInfo> outputs_;

 private:
  friend void collect_dead_nodes(Node* first);

  const char* name_;
  Where at_;
  const char* layer_;
  std::unique_ptr<NodeHooks> hooks_;
  union {
    std::uint64_t sequence_;
    Node* next_dead_;  // of a node without references
  };
};

/// The number the next node will get.
std::uint64_t next_sequence();

/// The node that made x, or x's leaf accumulator; null where x needs no gradient.
inline Node* node_of(const Tensor& x) {
  return x.defined() ? static_cast<Node*>(x.impl().grad_state.get()) : nullptr;
}

inline Edge edge_to(const Tensor& x) {
  return {Ref<Node>(node_of(x)), x.defined() ? x.impl().output_nr : 0U};
}

}  // namespace gradus
