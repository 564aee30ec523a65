#include "gradus/autograd/backward.h"

#include "gradus/autograd/engine.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/creation.h"

namespace gradus {
namespace {

void add_outputs(Pass& pass, std::span<const Tensor> outputs, std::span<const Tensor> gradients) {
  check(!outputs.empty(), "there is nothing to differentiate: no outputs");
  check(gradients.empty() || gradients.size() == outputs.size(), "{} gradients for {} outputs",
        gradients.size(), outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& y = outputs[i];
    check(y.requires_grad(),
          "the output (shape {}) needs no gradient: nothing it was computed from has "
          "requires_grad_(), or it was computed under NoGrad",
          y.shape());
    Tensor g = gradients.empty() ? Tensor() : gradients[i];
    if (!g.defined()) {
      check(y.numel() == 1,
            "only an output of one element has a gradient by itself; this one has shape {}: pass a "
            "gradient of that shape, or reduce it first, as with sum()",
            y.shape());
      g = ones(y.shape(), y.dtype());
    }
    check(g.shape() == y.shape() && g.dtype() == y.dtype(),
          "the gradient ({}, {}) does not match the output ({}, {})", g.dtype(), g.shape(),
          y.dtype(), y.shape());
    pass.add(edge_to(y), g);
  }
}

void run_backward(std::span<const Tensor> outputs, std::span<const Tensor> gradients,
                  const BackwardOptions& options, Where at) {
  Op op("backward", at);
  Pass pass({options.retain_graph.value_or(options.create_graph), options.create_graph});
  add_outputs(pass, outputs, gradients);
  if (!options.inputs.empty()) {
    std::vector<Edge> targets;
    for (const Tensor& input : options.inputs) {
      check(
          input.requires_grad() && input.is_leaf(),
          "input {} is no leaf that requires a gradient, and gradients accumulate only there; use "
          "grad() for other inputs",
          targets.size());
      targets.push_back(edge_to(input));
    }
    pass.restrict_to(std::move(targets), Pass::Targets::Accumulate);
  }
  pass.run();
}

}  // namespace

void backward(const std::vector<Tensor>& outputs, const std::vector<Tensor>& gradients,
              const BackwardOptions& options, Where at) {
  run_backward(outputs, gradients, options, at);
}

void Tensor::backward(Where at) const { run_backward({this, 1}, {}, {}, at); }

void Tensor::backward(const BackwardOptions& options, Where at) const {
  run_backward({this, 1}, {}, options, at);
}

void Tensor::backward(const Tensor& gradient, Where at) const {
  run_backward({this, 1}, {&gradient, 1}, {}, at);
}

void Tensor::backward(const Tensor& gradient, const BackwardOptions& options, Where at) const {
  run_backward({this, 1}, {&gradient, 1}, options, at);
}

std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const GradOptions& options, Where at) {
  Op op("grad", at);
  check(!inputs.empty(), "there is nothing to differentiate by: no inputs");
  std::vector<Edge> targets;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    check(inputs[i].requires_grad(), "input {} (shape {}) does not require a gradient", i,
          inputs[i].shape());
    targets.push_back(edge_to(inputs[i]));
  }
  Pass pass({options.retain_graph.value_or(options.create_graph), options.create_graph});
  add_outputs(pass, outputs, options.grad_outputs);
  pass.restrict_to(std::move(targets), Pass::Targets::Capture);
  pass.run();
  std::vector<Tensor> result;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    result.push_back(pass.captured(i));
    check(
        result[i].defined() || options.allow_unused,
        "the outputs do not depend on input {} (shape {}); pass {{.allow_unused = true}} to get an "
        "undefined gradient for it",
        i, inputs[i].shape());
  }
  return result;
}

Tensor grad(const Tensor& output, const Tensor& input, const GradOptions& options, Where at) {
  return grad(std::vector{output}, std::vector{input}, options, at)[0];
}

}  // namespace gradus
