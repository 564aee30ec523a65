#include "gradus/nn/summary.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "gradus/nn/eval_scope.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/generator.h"

namespace gradus::nn {
namespace {

class KeepRandomState {
 public:
  ~KeepRandomState() { default_generator().set_state(before_); }

 private:
  Generator::State before_ = default_generator().get_state();
};

using Shapes = std::unordered_map<const Module*, Shape>;

Shapes shapes_of_outputs(Module& module, const std::function<void()>& run) {
  Shapes shapes;
  std::vector<ScopedHook> hooks;
  for (auto& [name, layer] : module.named_modules()) {
    hooks.emplace_back(layer.register_forward_hook(
        [&shapes, key = &layer](const Module&, std::span<const Tensor>, const Tensor& y) {
          shapes.emplace(key, y.shape());
        }));
  }
  EvalScope evaluation(module);
  KeepRandomState random;
  run();
  return shapes;
}

// 1234567 as "1,234,567".
std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3) {
    digits.insert(static_cast<std::size_t>(i), ",");
  }
  return digits;
}

// The branches before the label of row i: "│  └─" and the like.
std::string branches(const std::vector<SummaryRow>& rows, std::size_t i) {
  std::string text;
  for (int depth = 1; depth <= rows[i].depth; ++depth) {
    // Whether another module of this depth follows below the same parent.
    auto next = std::find_if(rows.begin() + static_cast<std::ptrdiff_t>(i) + 1, rows.end(),
                             [&](const SummaryRow& row) { return row.depth <= depth; });
    bool more = next != rows.end() && next->depth == depth;
    bool last = depth == rows[i].depth;
    text += last ? (more ? "├─" : "└─") : (more ? "│  " : "   ");
  }
  return text;
}

}  // namespace

Summary summary(Module& module, const Shape& input_shape, SummaryOptions options, Where at) {
  return summary(module, [&] { module(zeros(input_shape, options.dtype, at), at); });
}

Summary summary(Module& module, const std::function<void()>& run) {
  {
    ContextScope scope(entering("summary", {}));
    check(static_cast<bool>(run), "the function is empty: pass one that calls the module");
  }
  Shapes shapes = shapes_of_outputs(module, run);
  Summary result;
  std::unordered_set<const TensorImpl*> counted;
  auto count = [&](const Tensor& x) {
    if (!counted.insert(&x.impl()).second) return false;
    result.bytes += x.numel() * static_cast<std::int64_t>(item_size(x.dtype()));
    return true;
  };
  for (auto& [path, layer] : module.named_modules()) {
    auto shape = shapes.find(&layer);
    SummaryRow row{.name = path.substr(path.rfind('.') + 1),
                   .type = layer.type_name(),
                   .depth = path.empty() ? 0 : 1 + static_cast<int>(std::ranges::count(path, '.')),
                   .output_shape = {},
                   .parameters = 0};
    if (shape != shapes.end()) row.output_shape = shape->second;
    for (auto& [name, parameter] : layer.named_parameters(false)) {
      if (!count(parameter)) continue;
      row.parameters += parameter.numel();
      if (parameter.requires_grad()) result.trainable += parameter.numel();
    }
    for (auto& [name, buffer] : layer.named_buffers(false)) count(buffer);
    result.parameters += row.parameters;
    result.rows.push_back(std::move(row));
  }
  return result;
}

std::string to_string(const Summary& summary) {
  struct Line {
    std::string label, shape, parameters;
  };
  std::vector<Line> lines{{"Layer", "Output shape", "Parameters"}};
  for (std::size_t i = 0; i < summary.rows.size(); ++i) {
    const SummaryRow& row = summary.rows[i];
    lines.push_back({branches(summary.rows, i) +
                         (row.name.empty() ? row.type : fmt::format("{}: {}", row.name, row.type)),
                     row.output_shape ? to_string(*row.output_shape) : "not called",
                     row.parameters > 0 ? grouped(row.parameters) : "--"});
  }
  std::size_t label = 0, shape = 0, parameters = 0;
  for (const Line& line : lines) {
    auto points = std::ranges::count_if(line.label, [](char c) { return (c & 0xc0) != 0x80; });
    label = std::max(label, static_cast<std::size_t>(points));
    shape = std::max(shape, line.shape.size());
    parameters = std::max(parameters, line.parameters.size());
  }
  std::string rule(label + shape + parameters + 4, '=');
  std::string text = rule + "\n";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    text += fmt::format("{:<{}}  {:<{}}  {:>{}}\n", lines[i].label, label, lines[i].shape, shape,
                        lines[i].parameters, parameters);
    if (i == 0) text += rule + "\n";
  }
  return fmt::format("{0}{1}\nParameters: {2} ({3} trainable, {4} not)\nMemory: {5:.2f} MB\n{1}",
                     text, rule, grouped(summary.parameters), grouped(summary.trainable),
                     grouped(summary.parameters - summary.trainable),
                     static_cast<double>(summary.bytes) / 1e6);
}

}  // namespace gradus::nn
