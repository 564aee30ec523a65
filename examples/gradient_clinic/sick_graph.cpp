// Faults of the graph: losses that do not fit the output, and gradients that do not get through.

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

using enum observe::Symptom;

/// A program whose net ends in one more module, where none belongs.
Program with_end(const Problem& problem, const Mlp& options, const nn::AnyModule& end) {
  nn::Sequential net = mlp(problem, options);
  net.push_back(end);
  return {.problem = problem, .net = net};
}

Program binary_program(Program program) {
  program.loss = binary_entropy;
  program.score = binary_accuracy;
  return program;
}

Tensor likelihood(const Tensor& output, const Tensor& target) { return nll_loss(output, target); }

void add_loss(Gallery& gallery) {
  gallery.push_back(
      {.name = "softmax before cross_entropy",
       .causes = {LossMismatch},
       .word = "softmax",
       .repairable = true,
       .tune = {"softmax-ce-3x32-blobs",
                [] {
                  return with_end(blobs(), {3, 32, make<nn::ReLU>, he()}, nn::Softmax());
                }},
       .report = {"softmax-ce-2x64-digits", [] {
                    return with_end(digits(), {2, 64, make<nn::Tanh>, glorot()}, nn::Softmax());
                  }}});
  gallery.push_back(
      {.name = "sigmoid before BCE of logits",
       .causes = {LossMismatch},
       .word = "sigmoid",
       .repairable = true,
       .tune = {"sigmoid-bce-3x32-circles",
                [] {
                  return binary_program(
                      with_end(binary(circles()), {3, 32, make<nn::ReLU>, he()}, nn::Sigmoid()));
                }},
       .report = {"sigmoid-bce-2x48-spirals", [] {
                    return binary_program(with_end(
                        binary(spirals()), {2, 48, make<nn::Tanh>, glorot()}, nn::Sigmoid()));
                  }}});
  gallery.push_back(
      {.name = "ReLU on the logits",
       .causes = {LossMismatch},
       .word = "relu",
       .repairable = true,
       .tune = {"relu-logits-3x32-digits",
                [] {
                  return with_end(digits(), {3, 32, make<nn::ReLU>, he()}, nn::ReLU());
                }},
       .report = {"relu-logits-2x32-circles", [] {
                    return with_end(circles(), {2, 32, make<nn::ELU>, he()}, nn::ReLU());
                  }}});
  gallery.push_back(
      {.name = "nll_loss of no log-probabilities",
       .causes = {LossMismatch},
       .word = "NLL",
       .repairable = true,
       .tune = {"nll-of-logits-3x32-blobs",
                [] {
                  Problem problem = blobs();
                  return Program{.problem = problem,
                                 .net = mlp(problem, {3, 32, make<nn::ReLU>, he()}),
                                 .loss = likelihood};
                }},
       .report = {
           "nll-of-softmax-2x48-digits", [] {
             Program p = with_end(digits(), {2, 48, make<nn::Tanh>, glorot()}, nn::Softmax());
             p.loss = likelihood;
             return p;
           }}});
  gallery.push_back(
      {.name = "softmax over one unit",
       .causes = {LossMismatch, ZeroGradient},
       .word = "softmax",
       .tune =
           {"softmax-of-one-2x32-circles",
            [] {
              Program p = with_end(binary(circles()), {2, 32, make<nn::ReLU>, he()}, nn::Softmax());
              p.loss = [](const Tensor& output, const Tensor& target) {
                return binary_cross_entropy(output, target);
              };
              p.score = binary_accuracy;
              return p;
            }},
       .report = {"softmax-of-one-3x24-spirals", [] {
                    return binary_program(with_end(
                        binary(spirals()), {3, 24, make<nn::Tanh>, glorot()}, nn::Softmax()));
                  }}});
}

/// Two branches, one of which is cut off: `kept(x) + cut(x).detach()`.
struct Branches : nn::Module {
  explicit Branches(const Problem& problem)
      : kept(child("kept", nn::Linear(problem.inputs, 32))),
        cut(child("cut", nn::Linear(problem.inputs, 32))),
        head(child("head", nn::Linear(32, problem.outputs))) {}
  Tensor forward(const Tensor& x) override { return head(tanh(kept(x)) + tanh(cut(x)).detach()); }
  nn::Linear kept, cut, head;
};

/// Computes its first layers without recording, which was meant for evaluation only.
struct Unrecorded : nn::Module {
  explicit Unrecorded(const Problem& problem)
      : features(child("features", nn::Linear(problem.inputs, 48))),
        hidden(child("hidden", nn::Linear(48, 32))),
        head(child("head", nn::Linear(32, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor h;
    {
      NoGrad no_grad;
      h = relu(features(x));
    }
    return head(relu(hidden(h)));
  }
  nn::Linear features, hidden, head;
};

/// A layer that the constructor makes and forward forgets.
struct Forgotten : nn::Module {
  explicit Forgotten(const Problem& problem)
      : first(child("first", nn::Linear(problem.inputs, 32))),
        second(child("second", nn::Linear(32, 32))),
        head(child("head", nn::Linear(32, problem.outputs))) {}
  Tensor forward(const Tensor& x) override { return head(relu(first(x))); }
  nn::Linear first, second, head;
};

Program frozen(const Problem& problem, const Mlp& options, std::int64_t index) {
  nn::Sequential net = mlp(problem, options);
  net[index].requires_grad_(false);
  return {.problem = problem, .net = net};
}

Program not_owned(const Problem& problem, const Mlp& options, std::int64_t index) {
  Program program{.problem = problem, .net = mlp(problem, options)};
  program.trained = [=](nn::Module& net) {
    std::vector<Tensor> params;
    const std::string prefix = std::to_string(index) + ".";
    for (const auto& [name, p] : net.named_parameters()) {
      if (!name.starts_with(prefix)) params.push_back(p);
    }
    return params;
  };
  return program;
}

void add_cut(Gallery& gallery) {
  gallery.push_back({.name = "a branch detached",
                     .causes = {ZeroGradient},
                     .layer = "cut",
                     .tune = {"detached-branch-circles",
                              [] {
                                Problem problem = circles();
                                return Program{.problem = problem, .net = Branches(problem)};
                              }},
                     .report = {"detached-branch-digits", [] {
                                  Problem problem = digits();
                                  return Program{.problem = problem,
                                                 .net = Branches(problem),
                                                 .optimizer = adam(1e-3)};
                                }}});
  gallery.push_back({.name = "a layer not recorded",
                     .causes = {ZeroGradient},
                     .layer = "features",
                     .tune = {"no-grad-layer-spirals",
                              [] {
                                Problem problem = spirals();
                                return Program{.problem = problem, .net = Unrecorded(problem)};
                              }},
                     .report = {"no-grad-layer-digits", [] {
                                  Problem problem = digits();
                                  return Program{.problem = problem,
                                                 .net = Unrecorded(problem),
                                                 .optimizer = adam(1e-3)};
                                }}});
  gallery.push_back({.name = "a layer never called",
                     .causes = {ZeroGradient},
                     .layer = "second",
                     .tune = {"forgotten-layer-blobs",
                              [] {
                                Problem problem = blobs();
                                return Program{.problem = problem, .net = Forgotten(problem)};
                              }},
                     .report = {"forgotten-layer-digits", [] {
                                  Problem problem = digits();
                                  return Program{.problem = problem,
                                                 .net = Forgotten(problem),
                                                 .optimizer = adam(1e-3)};
                                }}});
  gallery.push_back(
      {.name = "an op without a gradient",
       .causes = {ZeroGradient},
       .tune = {"round-4x32-circles",
                [] {
                  Problem problem = circles();
                  nn::Sequential net{nn::Linear(2, 32),
                                     nn::ReLU(),
                                     Apply([](const Tensor& x) { return round(x * 4) / 4; }),
                                     nn::Linear(32, 32),
                                     nn::ReLU(),
                                     nn::Linear(32, 2)};
                  return Program{.problem = problem, .net = net};
                }},
       .report = {"sign-3x48-digits", [] {
                    Problem problem = digits();
                    nn::Sequential net{nn::Linear(64, 48), nn::Tanh(), nn::Linear(48, 48),
                                       Apply([](const Tensor& x) { return sign(x); }),
                                       nn::Linear(48, 10)};
                    return Program{.problem = problem, .net = net, .optimizer = adam(1e-3)};
                  }}});
  gallery.push_back({.name = "a middle layer left frozen",
                     .causes = {ZeroGradient},
                     .layer = "4",
                     .tune = {"frozen-4x32-digits",
                              [] {
                                return frozen(digits(), {4, 32, make<nn::ReLU>, he()}, 4);
                              }},
                     .report = {"frozen-5x24-spirals", [] {
                                  return frozen(spirals(), {5, 24, make<nn::Tanh>, glorot()}, 4);
                                }}});
  gallery.push_back({.name = "a layer that no optimiser owns",
                     .causes = {UpdateTooSmall, ZeroGradient},
                     .layer = "2",
                     .tune = {"not-owned-3x32-blobs",
                              [] {
                                return not_owned(blobs(), {3, 32, make<nn::ReLU>, he()}, 2);
                              }},
                     .report = {"not-owned-4x48-digits", [] {
                                  return not_owned(digits(), {4, 48, make<nn::Tanh>, glorot()}, 2);
                                }}});
}

}  // namespace

void add_graph_faults(Gallery& gallery) {
  add_loss(gallery);
  add_cut(gallery);
}

}  // namespace clinic
