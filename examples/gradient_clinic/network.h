#pragma once

#include "program.h"

/// Networks that many programs share.
namespace clinic {

namespace init = nn::init;

using MakeModule = nn::AnyModule (*)();
template <class T>
nn::AnyModule make() {
  return T();
}

enum class Norm { None, Batch, Layer };

struct Mlp {
  int depth = 3;  ///< hidden layers
  std::int64_t width = 32;
  MakeModule activation = make<nn::ReLU>;
  init::Initializer weight = {};  ///< with zero biases; none: Linear's own, PyTorch's default
  Norm norm = Norm::None;         ///< in front of the activation, and after the last skip
  bool skips = false;             ///< around each layer that keeps its width
  double dropout = 0;
};
/// In one flat Sequential, but for residual blocks: layer i's Linear is "0", "2", "4", ...
nn::Sequential mlp(const Problem& problem, const Mlp& options);
/// With one module more.
nn::Sequential with_end(nn::Sequential net, const nn::AnyModule& end);
Program classifier(const Problem& problem, const Mlp& options, Recipe optimizer = sgd(0.05));
Program regression(const Problem& problem, const Mlp& options, Recipe optimizer,
                   Loss loss = squares);

init::Initializer normal(double std);
init::Initializer constant(double value);
init::Initializer he();
init::Initializer glorot();
init::Initializer lecun();

/// The weight of the Linear at `index`.
Tensor weight_of(const nn::Sequential& net, std::int64_t index);
Tensor bias_of(const nn::Sequential& net, std::int64_t index);

/// A module of one expression.
template <class F>
struct Apply : nn::Module {
  explicit Apply(F f) : function(f) {}
  Tensor forward(const Tensor& x) override { return function(x); }
  F function;
};

/// h = act(input(x_t) + recurrent(h)) over a sequence (N, T, inputs), and a Linear on the last h.
struct Recurrent : nn::Module {
  Recurrent(const Problem& problem, std::int64_t width, double recurrent_gain,
            Tensor (*activation)(const Tensor&, Where));
  Tensor forward(const Tensor& x) override;

  nn::Linear input, recurrent, head;
  Tensor (*activation)(const Tensor&, Where);
};

}  // namespace clinic
