#include "network.h"

namespace clinic {
namespace {

void add_layer(nn::Sequential& net, std::int64_t inputs, const Mlp& options) {
  net.push_back(nn::Linear(inputs, options.width));
  if (options.norm == Norm::Batch) net.push_back(nn::BatchNorm1d(options.width));
  if (options.norm == Norm::Layer) net.push_back(nn::LayerNorm(Shape{options.width}));
  if (options.activation != nullptr) net.push_back(options.activation());
  if (options.dropout > 0) net.push_back(nn::Dropout(options.dropout));
}

}  // namespace

nn::Sequential mlp(const Problem& problem, const Mlp& options) {
  nn::Sequential net;
  std::int64_t inputs = problem.inputs;
  for (int i = 0; i < options.depth; ++i) {
    if (options.skips && inputs == options.width) {
      nn::Sequential body;
      add_layer(body, inputs, options);
      net.push_back(nn::Residual(body));
    } else {
      add_layer(net, inputs, options);
    }
    inputs = options.width;
  }
  if (options.skips && options.norm == Norm::Batch) net.push_back(nn::BatchNorm1d(inputs));
  if (options.skips && options.norm == Norm::Layer) net.push_back(nn::LayerNorm(Shape{inputs}));
  net.push_back(nn::Linear(inputs, problem.outputs));
  if (options.weight) init::apply(net, options.weight);
  return net;
}

nn::Sequential with_end(nn::Sequential net, const nn::AnyModule& end) {
  net.push_back(end);
  return net;
}

Program classifier(const Problem& problem, const Mlp& options, Recipe optimizer) {
  return classifier(problem, mlp(problem, options), std::move(optimizer));
}

Program regression(const Problem& problem, const Mlp& options, Recipe optimizer, Loss loss) {
  return regression(problem, mlp(problem, options), std::move(optimizer), std::move(loss));
}

init::Initializer normal(double std) {
  return [=](const Tensor& weight) { init::normal_(weight, 0, std); };
}
init::Initializer constant(double value) {
  return [=](const Tensor& weight) { init::constant_(weight, value); };
}
init::Initializer he() { return init::recommended_for(init::Nonlinearity::ReLU); }
init::Initializer glorot() { return init::recommended_for(init::Nonlinearity::Tanh); }
init::Initializer lecun() { return init::recommended_for(init::Nonlinearity::SELU); }

Tensor weight_of(const nn::Sequential& net, std::int64_t index) {
  return net.get<nn::Linear>(index).weight;
}
Tensor bias_of(const nn::Sequential& net, std::int64_t index) {
  return net.get<nn::Linear>(index).bias;
}

Recurrent::Recurrent(const Problem& problem, std::int64_t width, double recurrent_gain,
                     Tensor (*activation_function)(const Tensor&, Where))
    : input(child("input", nn::Linear(problem.inputs, width))),
      recurrent(child("recurrent", nn::Linear(width, width, {.bias = false}))),
      head(child("head", nn::Linear(width, problem.outputs))),
      activation(activation_function) {
  init::orthogonal_(recurrent.weight, {.gain = recurrent_gain});
}

Tensor Recurrent::forward(const Tensor& x) {
  Tensor h = zeros({x.size(0), recurrent.weight.size(0)});
  for (std::int64_t t = 0; t < x.size(1); ++t) {
    h = activation(input(x.select(1, t)) + recurrent(h), Where::here());
  }
  return head(h);
}

}  // namespace clinic
