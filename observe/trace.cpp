#include "gradus/observe/trace.h"

#include <algorithm>

#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/record.h"
#include "gradus/nn/batch_norm.h"
#include "gradus/nn/layer_norm.h"
#include "gradus/observe/untouched.h"
#include "gradus/observe/watch/origin.h"
#include "gradus/observe/watch/recorder.h"
#include "gradus/tensor/context.h"

namespace gradus::observe {
namespace {

constexpr const char* kMark = "trace";

}  // namespace

Tensor marked(const Tensor& x) {
  if (!x.is_floating() || !grad_enabled()) return x;
  if (!x.requires_grad()) return x.detach().requires_grad_();
  return Op(kMark, {}).record(x.alias(x.layout()), wrt(x, [](const Tensor& g) { return g; }));
}

Recorder::Recorder(nn::Module& net, Trace& trace) {
  for (auto& [name, layer] : layers_of(net)) {
    hooks_.emplace_back(
        layer.register_forward_pre_hook([](const nn::Module&, std::span<Tensor> inputs) {
          for (Tensor& x : inputs) x = marked(x);
        }));
    hooks_.emplace_back(layer.register_forward_hook(
        [&trace, path = name, module = &layer](const nn::Module&, std::span<const Tensor> inputs,
                                               const Tensor& y) {
          const auto calls = std::ranges::count(trace.layers, module, &LayerCall::module);
          trace.layers.push_back({.path = path,
                                  .type = module->type_name(),
                                  .module = module,
                                  .call = static_cast<int>(calls),
                                  .inputs = {inputs.begin(), inputs.end()},
                                  .output = marked(y),
                                  .origins = {},
                                  .own_ops = {},
                                  .holds_layers = false});
          return trace.layers.back().output;
        }));
  }
}

bool Origin::has(OpKind kind) const {
  return std::ranges::any_of(ops, [&](const TracedOp& op) { return op.kind == kind; });
}

std::vector<std::string> Origin::activations() const {
  std::vector<std::string> names;
  for (const TracedOp& op : ops) {
    if (op.kind == OpKind::Activation) names.push_back(op.name);
  }
  return names;
}

bool Trace::leads_to(std::size_t a, std::size_t b) const {
  std::vector<bool> reached(layers.size());
  std::vector<std::size_t> stack{b};
  while (!stack.empty()) {
    const std::size_t at = stack.back();
    stack.pop_back();
    for (const Origin& origin : layers[at].origins) {
      for (std::size_t source : origin.sources) {
        if (source == a) return true;
        if (source > a && !reached[source]) {  // an earlier one cannot descend from a
          reached[source] = true;
          stack.push_back(source);
        }
      }
    }
  }
  return false;
}

std::vector<std::size_t> Trace::consumers(std::size_t source) const {
  auto takes = [&](const Origin& origin) { return std::ranges::count(origin.sources, source) > 0; };
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (std::ranges::any_of(layers[i].origins, takes)) found.push_back(i);
  }
  if (takes(end)) found.push_back(layers.size());
  return found;
}

bool is_normalization(const nn::Module& module) {
  return dynamic_cast<const nn::BatchNorm1d*>(&module) != nullptr ||
         dynamic_cast<const nn::LayerNorm*>(&module) != nullptr ||
         dynamic_cast<const nn::RMSNorm*>(&module) != nullptr;
}

std::vector<nn::NamedModule> layers_of(nn::Module& net) {
  std::vector<nn::NamedModule> layers;
  for (auto& [name, module] : net.named_modules()) {
    if (is_normalization(module) || !module.named_parameters(false).empty()) {
      layers.push_back({name, module});
    }
  }
  if (layers.size() > 1 && &layers[0].module == &net) return {layers.begin() + 1, layers.end()};
  return layers;
}

Trace trace(nn::Module& net, const Tensor& input, Where at) {
  Trace trace;
  {
    ContextScope scope(entering("trace", at));
    check(input.defined(), "the input is an undefined tensor: pass one that the network takes");
  }
  Untouched untouched(net);
  EnableGrad enable;
  {
    Recorder recorder(net, trace);
    trace.input = input.detach();
    if (input.is_floating()) trace.input.requires_grad_();
    trace.output = net(trace.input, at);
  }
  find_origins(net, trace);
  return trace;
}

}  // namespace gradus::observe
