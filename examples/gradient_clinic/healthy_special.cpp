// Healthy networks that look sick to a careless rule: frozen on purpose, gated, sparse, shared,
// with layers of zeros, with gradients stopped or passed straight through.

#include <cmath>

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

/// A bag of words: each sample names some of 40, of which the first 20 speak for class 0.
Problem words(std::int64_t length) {
  Tensor target = randint(0, 2, {300});
  Tensor of_class = randint(0, 20, {300, length}) + target.unsqueeze(1) * 20;
  Tensor any = randint(0, 40, {300, length});
  Tensor index = where(gradus::rand({300, length}) < 0.5, of_class, any);
  return {.data = {index, target}, .inputs = 40, .outputs = 2};
}

Problem counts() {
  Problem problem = words(5);
  problem.data.inputs = sum(one_hot(problem.data.inputs, 40), {1}).to(float32);
  return problem;
}

struct Bag : nn::Module {
  explicit Bag(const Problem& problem, std::int64_t width = 16)
      : table(child("table", nn::Embedding(problem.inputs, width))),
        hidden(child("hidden", nn::Linear(width, 32))),
        head(child("head", nn::Linear(32, problem.outputs))) {}
  Tensor forward(const Tensor& index) override {
    return head(relu(hidden(mean(table(index), {1}))));
  }
  nn::Embedding table;
  nn::Linear hidden, head;
};

/// Cho et al. 2014, with an update gate that starts nearly closed.
struct Gated : nn::Module {
  Gated(const Problem& problem, std::int64_t n)
      : gate(child("gate", nn::Linear(problem.inputs + n, n))),
        candidate(child("candidate", nn::Linear(problem.inputs + n, n))),
        head(child("head", nn::Linear(n, problem.outputs))),
        width(n) {
    init::constant_(gate.bias, -2);
  }
  Tensor forward(const Tensor& x) override {
    Tensor h = zeros({x.size(0), width});
    for (std::int64_t t = 0; t < x.size(1); ++t) {
      Tensor joined = cat({x.select(1, t), h}, 1);
      Tensor z = sigmoid(gate(joined));
      h = h + z * (tanh(candidate(joined)) - h);
    }
    return head(h);
  }
  nn::Linear gate, candidate, head;
  std::int64_t width;
};

/// One layer called several times.
struct Shared : nn::Module {
  explicit Shared(const Problem& problem)
      : first(child("first", nn::Linear(problem.inputs, 32))),
        block(child("block", nn::Linear(32, 32))),
        head(child("head", nn::Linear(32, problem.outputs))) {
    init::apply(*this, glorot());
  }
  Tensor forward(const Tensor& x) override {
    Tensor h = tanh(first(x));
    for (int i = 0; i < 4; ++i) h = tanh(block(h));
    return head(h);
  }
  nn::Linear first, block, head;
};

/// A frozen layer and its low-rank correction, which starts at zero (Hu et al. 2021).
struct LowRank : nn::Module {
  LowRank(std::int64_t in, std::int64_t out)
      : base(child("base", nn::Linear(in, out))),
        down(child("down", nn::Linear(in, 4, {.bias = false}))),
        up(child("up", nn::Linear(4, out, {.bias = false}))) {
    init::he_normal_(base.weight);
    base.requires_grad_(false);
    init::zeros_(up.weight);
  }
  Tensor forward(const Tensor& x) override { return base(x) + up(down(x)); }
  nn::Linear base, down, up;
};

/// Single-head attention over the rows of an image, its head on their mean.
struct Attention : nn::Module {
  explicit Attention(const Problem& problem)
      : embed(child("embed", nn::Linear(8, 24))),
        query(child("query", nn::Linear(24, 24))),
        key(child("key", nn::Linear(24, 24))),
        value(child("value", nn::Linear(24, 24))),
        norm(child("norm", nn::LayerNorm(Shape{24}))),
        head(child("head", nn::Linear(8 * 24, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = embed(x.reshape({-1, 8, 8}));
    Tensor scores = matmul(query(h), key(h).transpose(1, 2)) / std::sqrt(24.0);
    h = norm(h + matmul(softmax(scores, -1), value(h)));
    return head(h.flatten(1));
  }
  nn::Linear embed, query, key, value;
  nn::LayerNorm norm;
  nn::Linear head;
};

/// x + scale * f(x) with scale 0 at first (Bachlechner et al. 2020, ReZero).
struct ReZero : nn::Module {
  explicit ReZero(std::int64_t width)
      : linear(child("linear", nn::Linear(width, width))), scale(parameter("scale", zeros({1}))) {
    init::he_normal_(linear.weight);
  }
  Tensor forward(const Tensor& x) override { return x + scale * relu(linear(x)); }
  nn::Linear linear;
  Tensor scale;
};

nn::Sequential rezero(const Problem& problem, int blocks, std::int64_t width) {
  nn::Sequential net{nn::Linear(problem.inputs, width)};
  for (int i = 0; i < blocks; ++i) net.push_back(ReZero(width));
  net.push_back(nn::Linear(width, problem.outputs));
  return net;
}

/// Rounds, and lets the gradient pass as if it had not (Bengio et al. 2013).
Tensor straight_through(const Tensor& x) { return x + (round(x * 4) / 4 - x).detach(); }

/// Reconstructs its input through a bottleneck.
Program autoencoder(std::int64_t code, bool as_probability) {
  Problem problem = digits();
  problem.data.targets = problem.data.inputs;
  nn::Sequential net{nn::Linear(64, 32),   nn::ReLU(), nn::Linear(32, code),
                     nn::Linear(code, 32), nn::ReLU(), nn::Linear(32, 64)};
  Program program{
      .problem = problem, .net = net, .optimizer = adam(5e-3), .score = explained, .steps = 150};
  program.loss = squares;
  if (as_probability) {
    net.push_back(nn::Sigmoid());
    program.net = net;
    program.loss = [](const Tensor& output, const Tensor& target) {
      return binary_cross_entropy(output, target);
    };
  }
  return program;
}

Program with_frozen_backbone(const Problem& problem, const Mlp& options, std::int64_t frozen) {
  nn::Sequential net = mlp(problem, options);
  for (std::int64_t i = 0; i < frozen; ++i) net[i].requires_grad_(false);
  return {.problem = problem, .net = net, .optimizer = adam(0.01)};
}

Program with_zero_head(const Problem& problem, const Mlp& options) {
  nn::Sequential net = mlp(problem, options);
  init::zeros_(weight_of(net, net.size() - 1));
  return {.problem = problem, .net = net};
}

void add_modules(Gallery& gallery) {
  gallery.push_back({.name = "embedding",
                     .tune = {"bag-of-5-words",
                              [] {
                                Problem problem = words(5);
                                return classifier(problem, Bag(problem), adam(0.01));
                              }},
                     .report = {"bag-of-12-words", [] {
                                  Problem problem = words(12);
                                  return classifier(problem, Bag(problem, 8), adam(0.01));
                                }}});
  gallery.push_back(
      {.name = "sparse inputs",
       .tune = {"counts-2x32",
                [] {
                  Problem problem = counts();
                  return classifier(problem, mlp(problem, {2, 32, make<nn::ReLU>, he()}));
                }},
       .report = {"strokes-3x48-digits", [] {
                    Problem problem = with_inputs(
                        digits(), [](const Tensor& x) { return (x > 0.9).to(float32); });
                    return classifier(problem, mlp(problem, {3, 48, make<nn::ReLU>, he()}));
                  }}});
  gallery.push_back({.name = "recurrent",
                     .tune = {"rnn-tanh-1x8",
                              [] {
                                Problem problem = memory(8);
                                return classifier(problem, Recurrent(problem, 24, 1, tanh));
                              }},
                     .report = {"rnn-relu-1x12", [] {
                                  Problem problem = memory(12);
                                  return classifier(problem, Recurrent(problem, 32, 1, relu));
                                }}});
  gallery.push_back({.name = "gates",
                     .tune = {"gated-10",
                              [] {
                                Problem problem = memory(10);
                                return classifier(problem, Gated(problem, 24), adam(0.01));
                              }},
                     .report = {"glu-digits", [] {
                                  Problem problem = digits();
                                  return classifier(problem,
                                                    nn::Sequential{nn::Linear(64, 64), nn::GLU(),
                                                                   nn::Linear(32, 64), nn::GLU(),
                                                                   nn::Linear(32, 10)});
                                }}});
  gallery.push_back({.name = "a layer called several times",
                     .tune = {"shared-circles",
                              [] {
                                Problem problem = circles();
                                return classifier(problem, Shared(problem));
                              }},
                     .report = {"shared-digits", [] {
                                  Problem problem = digits();
                                  return classifier(problem, Shared(problem));
                                }}});
  gallery.push_back({.name = "attention",
                     .tune = {"attention-digits",
                              [] {
                                Problem problem = digits();
                                return classifier(problem, Attention(problem));
                              }},
                     .report = {"attention-sgd-digits", [] {
                                  Problem problem = digits();
                                  return classifier(problem, Attention(problem), sgd(0.05));
                                }}});
  gallery.push_back({.name = "autoencoder",
                     .tune = {"autoencoder-8", [] { return autoencoder(8, false); }},
                     .report = {"autoencoder-bce-12", [] { return autoencoder(12, true); }}});
}

void add_intended(Gallery& gallery) {
  gallery.push_back(
      {.name = "frozen on purpose",
       .tune = {"backbone-3x64-digits",
                [] {
                  return with_frozen_backbone(digits(), {3, 64, make<nn::ReLU>, he()}, 4);
                }},
       .report = {"low-rank-circles",
                  [] {
                    nn::Sequential net{LowRank(2, 32),  nn::Tanh(), LowRank(32, 32),  nn::Tanh(),
                                       LowRank(32, 24), nn::Tanh(), nn::Linear(24, 2)};
                    return classifier(circles(), net, adam(0.01));
                  }},
       .also_tune = {"low-rank-digits", [] {
                       nn::Sequential net{LowRank(64, 48), nn::ReLU(), LowRank(48, 48), nn::ReLU(),
                                          nn::Linear(48, 10)};
                       return classifier(digits(), net, adam(0.01));
                     }}});
  gallery.push_back({.name = "zeros on purpose",
                     .tune = {"zero-head-3x32-circles",
                              [] {
                                return with_zero_head(circles(), {3, 32, make<nn::ReLU>, he()});
                              }},
                     .report = {"rezero-16x32-digits", [] {
                                  Problem problem = digits();
                                  return classifier(problem, rezero(problem, 16, 32));
                                }}});
  gallery.push_back(
      {.name = "straight through, stopped",
       .tune = {"straight-through-spirals",
                [] {
                  nn::Sequential net{nn::Linear(2, 48),  nn::Tanh(), Apply(straight_through),
                                     nn::Linear(48, 32), nn::Tanh(), nn::Linear(32, 2)};
                  return classifier(spirals(), net, adam(0.01));
                }},
       .report = {"scaled-by-its-norm-digits", [] {
                    nn::Sequential net{nn::Linear(64, 48), nn::ReLU(), Apply([](const Tensor& x) {
                                         return x /
                                                (sqrt(mean(square(x), {1}, true) + 1e-6)).detach();
                                       }),
                                       nn::Linear(48, 10)};
                    return classifier(digits(), net);
                  }}});
}

}  // namespace

void add_healthy_special(Gallery& gallery) {
  add_modules(gallery);
  add_intended(gallery);
}

}  // namespace clinic
