#pragma once

#include <string>
#include <vector>

#include "gradus/autograd/node.h"

namespace gradus {

/// One recorded op, for tools that draw or examine a graph.
struct NodeView {
  std::string name;            ///< of the op; "leaf" for a tensor that gathers a gradient
  std::string layer;           ///< path of the module it ran in, "" outside of one
  Where at;                    ///< the user's line
  std::uint64_t sequence = 0;  ///< order of recording
  bool is_leaf = false;
  bool released = false;            ///< a backward pass has dropped what it saved
  std::vector<Shape> input_shapes;  ///< only inputs that need a gradient
  std::vector<std::size_t> inputs;  ///< their nodes, as indices into GraphView::nodes()
  std::vector<Shape> output_shapes;
};

/// A snapshot of the graph below a tensor: every node it depends on, in order of recording, so that
/// a node comes after its inputs. Empty where the tensor needs no gradient.
class GraphView {
 public:
  explicit GraphView(const Tensor& output);
  explicit GraphView(const std::vector<Tensor>& outputs);

  const std::vector<NodeView>& nodes() const { return nodes_; }
  /// One line a node: number, name, shapes, inputs, layer and line.
  std::string to_string() const;

 private:
  std::vector<NodeView> nodes_;
};

}  // namespace gradus

template <>
struct fmt::formatter<gradus::GraphView> : gradus::TextFormatter {
  auto format(const gradus::GraphView& graph, fmt::format_context& ctx) const {
    return write(graph.to_string(), ctx);
  }
};
