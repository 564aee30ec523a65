#include "gradus/autograd/graph_view.h"

#include <map>
#include <unordered_map>

namespace gradus {

GraphView::GraphView(const Tensor& output) : GraphView(std::vector{output}) {}

GraphView::GraphView(const std::vector<Tensor>& outputs) {
  std::map<std::uint64_t, Node*> found;
  std::vector<Node*> stack;
  auto visit = [&](Node* node) {
    if (node != nullptr && found.emplace(node->sequence(), node).second) stack.push_back(node);
  };
  for (const Tensor& output : outputs) visit(node_of(output));
  while (!stack.empty()) {
    Node* node = stack.back();
    stack.pop_back();
    for (const Edge& edge : node->inputs()) visit(edge.node.get());
  }

  std::unordered_map<const Node*, std::size_t> index;
  for (const auto& [sequence, node] : found) {
    index[node] = nodes_.size();
    NodeView view{.name = node->name(),
                  .layer = node->layer(),
                  .at = node->at(),
                  .sequence = sequence,
                  .is_leaf = node->is_leaf(),
                  .released = node->released(),
                  .input_shapes = {},
                  .inputs = {},
                  .output_shapes = {}};
    for (const Edge& edge : node->inputs()) {
      if (!edge.node) continue;
      view.inputs.push_back(index.at(edge.node.get()));
      view.input_shapes.push_back(edge.node->outputs()[edge.output].shape);
    }
    for (const OutputInfo& output : node->outputs()) view.output_shapes.push_back(output.shape);
    nodes_.push_back(std::move(view));
  }
}

std::string GraphView::to_string() const {
  std::string text;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const NodeView& node = nodes_[i];
    text += fmt::format("{:>4}  {}", i, node.name);
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      text +=
          fmt::format("{}{} {}", k == 0 ? "  from " : ", ", node.inputs[k], node.input_shapes[k]);
    }
    text += "  ->";
    for (const Shape& shape : node.output_shapes) text += " " + gradus::to_string(shape);
    if (!node.layer.empty()) text += fmt::format("  in '{}'", node.layer);
    if (node.at.line != 0) text += fmt::format("  at {}:{}", node.at.file_name(), node.at.line);
    text += "\n";
  }
  return text;
}

}  // namespace gradus
