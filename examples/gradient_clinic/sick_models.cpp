// Faults of networks that were written by hand.

#include <cmath>
#include <limits>

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

using enum observe::Symptom;

/// A chain of one layer's shape, its activation given as a function.
struct Chain : nn::Module {
  using F = std::function<Tensor(const Tensor&)>;
  Chain(const Problem& problem, int depth, std::int64_t width, F f)
      : function(std::move(f)), head(child("head", nn::Linear(width, problem.outputs))) {
    for (int i = 0; i < depth; ++i) {
      layers.push_back(
          child("hidden" + std::to_string(i), nn::Linear(i == 0 ? problem.inputs : width, width)));
    }
  }
  Tensor forward(const Tensor& x) override {
    Tensor h = x;
    for (nn::Linear& layer : layers) h = function(layer(h));
    return head(h);
  }
  F function;
  std::vector<nn::Linear> layers;
  nn::Linear head;
};

/// What the first layer makes leaves the graph on its way to the second.
struct Detached : nn::Module {
  explicit Detached(const Problem& problem)
      : first(child("first", nn::Linear(problem.inputs, 40))),
        second(child("second", nn::Linear(40, 40))),
        head(child("head", nn::Linear(40, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = relu(first(x));
    return head(relu(second(tensor(h.to_vector<float>()).reshape(h.shape()))));
  }
  nn::Linear first, second, head;
};

/// Chooses an expert by argmax, through which no gradient passes to the gate.
struct HardGate : nn::Module {
  explicit HardGate(const Problem& problem)
      : gate(child("gate", nn::Linear(problem.inputs, 3))),
        hidden(child("hidden", nn::Linear(problem.inputs, 60))),
        head(child("head", nn::Linear(20, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor chosen = one_hot(gate(x).argmax(1), 3).to(float32);
    return head(sum(chosen.unsqueeze(2) * tanh(hidden(x)).reshape({-1, 3, 20}), {1}));
  }
  nn::Linear gate, hidden, head;
};

/// Experts copied from one, and a gate of zeros: they stay copies.
struct CopiedExperts : nn::Module {
  explicit CopiedExperts(const Problem& problem)
      : gate(child("gate", nn::Linear(problem.inputs, 2))),
        left(child("left", nn::Linear(problem.inputs, 24))),
        right(child("right", nn::Linear(problem.inputs, 24))),
        head(child("head", nn::Linear(24, problem.outputs))) {
    init::zeros_(gate.weight);
    init::zeros_(gate.bias);
    NoGrad no_grad;
    right.weight.copy_(left.weight);
    right.bias.copy_(left.bias);
  }
  Tensor forward(const Tensor& x) override {
    Tensor share = softmax(gate(x), 1);
    return head(share.narrow(1, 0, 1) * tanh(left(x)) + share.narrow(1, 1, 1) * tanh(right(x)));
  }
  nn::Linear gate, left, right, head;
};

/// Attention in which some rows may look at nothing: softmax of nothing but -inf.
struct Masked : nn::Module {
  explicit Masked(const Problem& problem)
      : embed(child("embed", nn::Linear(8, 24))),
        query(child("query", nn::Linear(24, 24))),
        key(child("key", nn::Linear(24, 24))),
        head(child("head", nn::Linear(8 * 24, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor rows = x.reshape({-1, 8, 8});
    Tensor h = embed(rows);
    Tensor scores = matmul(query(h), key(h).transpose(1, 2));
    Tensor blank = (sum(rows, {2}) < 1.2).unsqueeze(2);
    scores = masked_fill(scores, blank, -std::numeric_limits<double>::infinity());
    return head((h + matmul(softmax(scores, -1), h)).flatten(1));
  }
  nn::Linear embed, query, key, head;
};

/// Blocks without a norm, attention over 8 tokens and all weights with He's variance.
struct Unnormed : nn::Module {
  explicit Unnormed(std::int64_t n)
      : value(child("value", nn::Linear(n, n))), out(child("out", nn::Linear(n, n))) {}
  Tensor forward(const Tensor& x) override { return x + out(relu(value(x))); }
  nn::Linear value, out;
};

/// Scores by hand, whose logarithm is taken of what softmax has rounded to 0.
struct LogOfSoftmax : nn::Module {
  explicit LogOfSoftmax(const Problem& problem)
      : hidden(child("hidden", nn::Linear(problem.inputs, 32))),
        head(child("head", nn::Linear(32, problem.outputs))) {}
  Tensor forward(const Tensor& x) override { return log(softmax(300 * head(relu(hidden(x))), 1)); }
  nn::Linear hidden, head;
};

nn::AnyModule in_evaluation(nn::Sequential net) {
  net.eval();
  return net;
}

void add_flow(Gallery& gallery) {
  add_to_report(gallery, {.name = "sigmoids by hand", .causes = {Vanishing}},
                "sigmoid-function-7x40-spirals", [] {
                  Problem problem = spirals();
                  return classifier(
                      problem, Chain(problem, 7, 40, [](const Tensor& x) { return sigmoid(x); }));
                });
  add_to_report(
      gallery,
      {.name = "softmax in every hidden layer", .causes = {Vanishing, Saturation, Initialization}},
      "softmax-hidden-5x32-digits", [] {
        Problem problem = digits();
        return classifier(problem,
                          Chain(problem, 5, 32, [](const Tensor& x) { return softmax(x, 1); }));
      });
  add_to_report(
      gallery, {.name = "GELU by hand, defaults, deep", .causes = {Initialization, Vanishing}},
      "gelu-function-20x40-blobs", [] {
        Problem problem = blobs(4, 6);
        return classifier(problem, Chain(problem, 20, 40, [](const Tensor& x) { return gelu(x); }),
                          sgd(0.05));
      });
  add_to_report(gallery, {.name = "tanh, scaled by 0.3", .causes = {Initialization, Vanishing}},
                "0.3-tanh-8x32-circles", [] {
                  Problem problem = circles();
                  return classifier(
                      problem, Chain(problem, 8, 32, [](const Tensor& x) { return 0.3 * tanh(x); }),
                      sgd(0.05));
                });
  add_to_report(
      gallery, {.name = "batch norm left in evaluation", .causes = {Initialization, Vanishing}},
      "bn-eval-16x40-digits", [] {
        nn::Sequential net = mlp(digits(), {.depth = 16, .width = 40, .norm = Norm::Batch});
        return classifier(digits(), in_evaluation(net), sgd(0.05));
      });
  add_to_report(gallery, {.name = "blocks without a norm", .causes = {Exploding, Initialization}},
                "unnormed-24x32-digits", [] {
                  nn::Sequential net{nn::Linear(64, 32)};
                  for (int i = 0; i < 24; ++i) net.push_back(Unnormed(32));
                  net.push_back(nn::Linear(32, 10));
                  init::apply(net, he());
                  return classifier(digits(), net, sgd(0.05));
                });
  add_to_report(
      gallery,
      {.name = "recurrent tanh, chaotic", .causes = {Exploding, Saturation, Initialization}},
      "rnn-tanh-5x30", [] {
        Problem problem = memory(30);
        return classifier(problem, Recurrent(problem, 24, 5, tanh));
      });
  add_to_report(gallery, {.name = "recurrent sigmoid", .causes = {Vanishing, Initialization}},
                "rnn-sigmoid-1x20", [] {
                  Problem problem = memory(20);
                  return classifier(problem, Recurrent(problem, 24, 1, sigmoid));
                });
}

void add_graph(Gallery& gallery) {
  add_to_report(gallery, {.name = "a tensor made anew of values", .causes = {ZeroGradient}},
                "made-anew-blobs", [] {
                  Problem problem = blobs();
                  return classifier(problem, Detached(problem));
                });
  add_to_report(gallery,
                {.name = "a gate through argmax", .causes = {ZeroGradient}, .layer = "gate"},
                "hard-gate-circles", [] {
                  Problem problem = circles();
                  return classifier(problem, HardGate(problem));
                });
  add_to_report(
      gallery,
      {.name = "clamped where it is flat", .causes = {ZeroGradient, Saturation, DeadUnits}},
      "clamped-3x32-digits", [] {
        Problem problem = digits();
        Chain net(problem, 3, 32, [](const Tensor& x) { return clamp(x + 4, 0, 1); });
        return classifier(problem, net, sgd(0.05));
      });
  add_to_tune(gallery, {.name = "copied experts", .causes = {Symmetry}}, "copied-experts-blobs",
              [] {
                Problem problem = blobs(4, 5);
                return classifier(problem, CopiedExperts(problem));
              });
  add_to_report(gallery,
                {.name = "negative biases everywhere", .causes = {DeadUnits, Initialization}},
                "biases-3-4x40-digits", [] {
                  nn::Sequential net = mlp(digits(), {4, 40, make<nn::ReLU>, he()});
                  for (std::int64_t i : {0, 2, 4, 6}) init::constant_(bias_of(net, i), -3);
                  return classifier(digits(), net, sgd(0.05));
                });
}

void add_ends(Gallery& gallery) {
  const Mlp elu_2x48{2, 48, make<nn::ELU>, he()};
  add_to_report(gallery, {.name = "tanh on the logits", .causes = {LossMismatch}, .word = "tanh"},
                "tanh-logits-digits", [=] {
                  return classifier(digits(), with_end(mlp(digits(), elu_2x48), nn::Tanh()));
                });
  add_to_report(
      gallery,
      {.name = "softmax before BCE of logits", .causes = {LossMismatch}, .word = "softmax"},
      "softmax-bce-digits", [=] {
        Program p = classifier(digits(), with_end(mlp(digits(), elu_2x48), nn::Softmax()));
        p.problem.data.targets = one_hot(p.problem.data.targets, 10).to(float32);
        p.loss = binary_entropy;
        p.score = [](const Tensor& y, const Tensor& t) { return accuracy(y, t.argmax(1)); };
        return p;
      });
  add_to_report(
      gallery, {.name = "ReLU on what must be negative", .causes = {LossMismatch, DeadUnits}},
      "relu-negative-waves", [=] {
        Problem problem = waves();
        problem.data.targets = problem.data.targets - 3;
        return regression(problem, with_end(mlp(problem, elu_2x48), nn::ReLU()), adam(3e-3));
      });
  add_to_tune(gallery, {.name = "sigmoid on what exceeds 1", .causes = {LossMismatch}},
              "sigmoid-50-waves", [=] {
                Problem problem = waves();
                problem.data.targets = problem.data.targets * 20 + 50;
                return regression(problem, with_end(mlp(problem, elu_2x48), nn::Sigmoid()),
                                  adam(0.01));
              });
  add_to_tune(gallery,
              {.name = "softmax of nothing but -inf", .causes = {NonFinite}, .word = "softmax"},
              "masked-rows-digits", [] {
                Problem problem = digits();
                return classifier(problem, Masked(problem));
              });
  add_to_report(gallery,
                {.name = "log of a softmax that is 0", .causes = {NonFinite}, .word = "log"},
                "log-of-softmax-digits", [] {
                  Problem problem = digits();
                  Program p = classifier(problem, LogOfSoftmax(problem));
                  p.loss = [](const Tensor& y, const Tensor& t) { return nll_loss(y, t); };
                  return p;
                });
}

}  // namespace

void add_model_faults(Gallery& gallery) {
  add_flow(gallery);
  add_graph(gallery);
  add_ends(gallery);
}

}  // namespace clinic
