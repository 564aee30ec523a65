// Healthy networks of structures that are rare: binary codes, gates in pairs, blocks in blocks,
// normalised states, pictures that miss most pixels, two passes a step.

#include <algorithm>
#include <cmath>

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

const Mlp relu_2x64{2, 64, make<nn::ReLU>, he()};

Problem onto_itself() {
  Problem problem = digits();
  problem.data.targets = problem.data.inputs;
  problem.outputs = 64;
  return problem;
}

/// A code of zeros and ones, whose slope is taken for that of its sigmoid.
struct Binary : nn::Module {
  Binary() : code(child("code", nn::Linear(64, 24))), back(child("back", nn::Linear(24, 64))) {}
  Tensor forward(const Tensor& x) override {
    Tensor p = sigmoid(code(x));
    return back(p + ((p > 0.5).to(float32) - p).detach());
  }
  nn::Linear code, back;
};

/// An autoencoder that sees half of its pixels.
struct Denoising : nn::Module {
  Denoising()
      : body(child("body", nn::Sequential{nn::Linear(64, 48), nn::ELU(), nn::Linear(48, 64)})) {}
  Tensor forward(const Tensor& x) override {
    return body(is_training() ? x * (gradus::rand(x.shape()) < 0.5).to(float32) * 2 : x);
  }
  nn::Sequential body;
};

/// Pairs of features, each by a product of two short vectors (Rendle 2010).
struct Factors : nn::Module {
  explicit Factors(const Problem& problem)
      : linear_part(child("linear", nn::Linear(problem.inputs, problem.outputs))),
        factors(parameter("factors", 0.1 * randn({problem.inputs, 6}))),
        head(child("head", nn::Linear(6, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor pairs = square(matmul(x, factors)) - matmul(square(x), square(factors));
    return linear_part(x) + head(0.5 * pairs);
  }
  nn::Linear linear_part;
  Tensor factors;
  nn::Linear head;
};

/// A recurrent state that is normalised at each step (Ba et al. 2016).
struct NormedState : nn::Module {
  explicit NormedState(const Problem& problem)
      : input(child("input", nn::Linear(problem.inputs, 24))),
        recurrent(child("recurrent", nn::Linear(24, 24))),
        norm(child("norm", nn::LayerNorm(Shape{24}))),
        head(child("head", nn::Linear(24, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = zeros({x.size(0), 24});
    for (std::int64_t t = 0; t < x.size(1); ++t) {
      h = tanh(norm(input(x.select(1, t)) + recurrent(h)));
    }
    return head(h);
  }
  nn::Linear input, recurrent;
  nn::LayerNorm norm;
  nn::Linear head;
};

/// Two passes of one network with other units dropped, which shall agree (Liang et al. 2021).
struct TwoPasses : nn::Module {
  TwoPasses()
      : body(child("body", nn::Sequential{nn::Linear(64, 64), nn::ReLU(), nn::Dropout(0.3),
                                          nn::Linear(64, 10)})) {}
  Tensor forward(const Tensor& x) override { return cat({body(x), body(x)}, 1); }
  nn::Sequential body;
};

Tensor agreeing(const Tensor& output, const Tensor& target) {
  Tensor a = output.narrow(1, 0, 10), b = output.narrow(1, 10, 10);
  Tensor apart = (softmax(a, 1) - softmax(b, 1)) * (log_softmax(a, 1) - log_softmax(b, 1));
  return 0.5 * (cross_entropy(a, target) + cross_entropy(b, target)) + mean(sum(apart, {1}));
}

/// Scores at a temperature that is learned.
struct Warm : nn::Module {
  explicit Warm(const Problem& problem)
      : body(child("body", mlp(problem, relu_2x64))),
        log_scale(parameter("log_scale", zeros({1}))) {}
  Tensor forward(const Tensor& x) override { return body(x) * exp(log_scale); }
  nn::Sequential body;
  Tensor log_scale;
};

}  // namespace

void add_healthy_structures(Gallery& gallery) {
  add_to_report(gallery, {.name = "a binary code"}, "binary-code-24-digits", [] {
    Program p = regression(onto_itself(), Binary(), adam(0.01));
    p.steps = 150;
    return p;
  });
  add_to_report(gallery, {.name = "half of the pixels"}, "denoising-digits", [] {
    Program p = regression(onto_itself(), Denoising(), adam(5e-3));
    p.steps = 150;
    return p;
  });
  add_to_report(gallery, {.name = "a factorisation machine"}, "factors-of-products", [] {
    Tensor x = randn({300, 4});
    Tensor y = x.select(1, 0) * x.select(1, 1) + x.select(1, 2) * x.select(1, 3);
    Problem problem{.data = {x, (y > 0).to(int64)}, .inputs = 4, .outputs = 2};
    return classifier(problem, Factors(problem), adam(0.02));
  });
  add_to_report(gallery, {.name = "gated linear units"}, "glu-3x32-digits", [] {
    return classifier(digits(),
                      nn::Sequential{nn::Linear(64, 64), nn::GLU(), nn::Linear(32, 64), nn::GLU(),
                                     nn::Linear(32, 64), nn::GLU(), nn::Linear(32, 10)},
                      adam(5e-3));
  });
  add_to_report(gallery, {.name = "blocks in blocks"}, "nested-residual-digits", [] {
    nn::Sequential net{nn::Linear(64, 32)};
    for (int i = 0; i < 3; ++i) {
      net.push_back(nn::Residual{nn::LayerNorm(Shape{32}),
                                 nn::Residual{nn::Linear(32, 32), nn::GELU()}, nn::Linear(32, 32)});
    }
    net.push_back(nn::Linear(32, 10));
    return classifier(digits(), net, adam(3e-3));
  });
  add_to_report(gallery, {.name = "a normalised state"}, "normed-state-8", [] {
    Problem problem = memory(8);
    Program p = classifier(problem, NormedState(problem), adam(0.01));
    p.steps = 120;
    return p;
  });
  add_to_report(gallery, {.name = "rare labels, weighted"}, "pos-weight-digits", [] {
    Problem problem = digits();
    problem.data.targets = one_hot(problem.data.targets, 10).to(float32);
    Program p = classifier(problem, mlp(problem, relu_2x64), adam(3e-3));
    p.loss = [](const Tensor& y, const Tensor& t) {
      return binary_cross_entropy_with_logits(y, t, {.pos_weight = tensor({9.0F})});
    };
    p.score = [](const Tensor& y, const Tensor& t) { return accuracy(y, t.argmax(1)); };
    return p;
  });
  add_to_report(gallery, {.name = "most targets left out"}, "ignored-digits", [] {
    Problem problem = digits();
    Tensor& y = problem.data.targets;
    y = where(gradus::rand(y.shape()) < 0.7, zeros(y.shape()).to(int64) - 100, y);
    Program p = classifier(problem, mlp(problem, relu_2x64), adam(3e-3));
    p.score = [](const Tensor& out, const Tensor& t) {
      Tensor known = (t >= 0).to(float32);
      Tensor right = (out.argmax(1) == t).to(float32);
      return (sum(right) / sum(known)).item<double>();
    };
    return p;
  });
  add_to_report(gallery, {.name = "two passes that agree"}, "two-passes-digits", [] {
    Program p = classifier(digits(), TwoPasses(), adam(5e-3));
    p.loss = agreeing;
    p.score = [](const Tensor& y, const Tensor& t) { return accuracy(y.narrow(1, 0, 10), t); };
    return p;
  });
  add_to_report(gallery, {.name = "a temperature that is learned"}, "warm-spirals",
                [] { return classifier(spirals(), Warm(spirals()), adam(0.01)); });
  add_to_report(gallery, {.name = "SELU with its own dropout"}, "selu-alpha-dropout-digits", [] {
    nn::Sequential net;
    for (int i = 0; i < 6; ++i) {
      net.push_back(nn::Linear(i == 0 ? 64 : 48, 48));
      net.push_back(nn::SELU());
      net.push_back(nn::AlphaDropout(0.1));
    }
    net.push_back(nn::Linear(48, 10));
    init::apply(net, lecun());
    return classifier(digits(), net, adam(2e-3));
  });
  add_to_report(gallery, {.name = "a saw of rates"}, "saw-digits", [] {
    Program p = classifier(digits(), relu_2x64, sgd(0.1, 0.95));
    p.steps = 120;
    p.schedule = [](int step) { return 0.05 + 0.95 * std::abs(step % 40 - 20) / 20.0; };
    return p;
  });
  add_to_report(gallery, {.name = "batch norm over eight samples"}, "bn-batch-8-digits", [] {
    Program p = classifier(digits(), {.depth = 3, .weight = he(), .norm = Norm::Batch}, adam(3e-3));
    p.batch = 8;
    p.steps = 150;
    return p;
  });
  add_to_report(gallery, {.name = "logarithms of a wide range"}, "log-targets-waves", [] {
    Problem problem = waves();
    problem.data.targets = log1p(exp(10 * problem.data.targets));
    return regression(problem, mlp(problem, relu_2x64), adam(0.01));
  });
}

}  // namespace clinic
