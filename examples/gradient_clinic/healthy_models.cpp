// Healthy networks of shapes that people write by hand: gated, dense, mixed, drawn at random.

#include <cmath>

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

/// Srivastava et al. 2015: gates that start nearly closed carry the signal past the layers.
struct Highway : nn::Module {
  explicit Highway(std::int64_t n)
      : change(child("change", nn::Linear(n, n))), gate(child("gate", nn::Linear(n, n))) {
    init::constant_(gate.bias, -2);
  }
  Tensor forward(const Tensor& x) override {
    Tensor open = sigmoid(gate(x));
    return open * relu(change(x)) + (1 - open) * x;
  }
  nn::Linear change, gate;
};

/// Each layer takes what all before it made (Huang et al. 2017).
struct Dense : nn::Module {
  explicit Dense(const Problem& problem)
      : first(child("first", nn::Linear(problem.inputs, 16))),
        second(child("second", nn::Linear(problem.inputs + 16, 16))),
        third(child("third", nn::Linear(problem.inputs + 32, 16))),
        head(child("head", nn::Linear(problem.inputs + 48, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = cat({x, relu(first(x))}, 1);
    h = cat({h, relu(second(h))}, 1);
    h = cat({h, relu(third(h))}, 1);
    return head(h);
  }
  nn::Linear first, second, third, head;
};

/// Experts, mixed by a gate (Jacobs et al. 1991).
struct Experts : nn::Module {
  explicit Experts(const Problem& problem)
      : gate(child("gate", nn::Linear(problem.inputs, 3))),
        hidden(child("hidden", nn::Linear(problem.inputs, 60))),
        head(child("head", nn::Linear(20, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor said = tanh(hidden(x)).reshape({-1, 3, 20});
    return head(sum(softmax(gate(x), 1).unsqueeze(2) * said, {1}));
  }
  nn::Linear gate, hidden, head;
};

/// The larger of two linear maps (Goodfellow et al. 2013).
struct Maxout : nn::Module {
  Maxout(std::int64_t in, std::int64_t out)
      : a(child("a", nn::Linear(in, out))), b(child("b", nn::Linear(in, out))) {}
  Tensor forward(const Tensor& x) override { return maximum(a(x), b(x)); }
  nn::Linear a, b;
};

/// 3x3 patches of digits through one layer, then the mean over places: a convolution by hand.
struct Patches : nn::Module {
  explicit Patches(const Problem& problem)
      : filter(child("filter", nn::Linear(9, 24))),
        second(child("second", nn::Linear(24, 32))),
        head(child("head", nn::Linear(32 * 9, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor image = x.reshape({-1, 8, 8});
    std::vector<Tensor> taps;
    for (std::int64_t i = 0; i < 9; ++i) {
      taps.push_back(image.narrow(1, i / 3, 6).narrow(2, i % 3, 6));
    }
    Tensor h = relu(second(relu(filter(stack(taps, 3)))));
    return head(amax(h.reshape({-1, 3, 2, 3, 2, 32}), {2, 4}).flatten(1));
  }
  nn::Linear filter, second, head;
};

/// x + f(x), of which some are left out at random (Huang et al. 2016).
struct StochasticDepth : nn::Module {
  explicit StochasticDepth(std::int64_t n) : body(child("body", nn::Linear(n, n))) {}
  Tensor forward(const Tensor& x) override {
    if (is_training() && gradus::rand({1}).item<double>() < 0.3) return x;
    return x + 0.5 * relu(body(x));
  }
  nn::Linear body;
};

/// Radial basis functions about centres that the network owns itself.
struct Radial : nn::Module {
  explicit Radial(const Problem& problem)
      : centres(parameter("centres", problem.data.inputs.narrow(0, 0, 40).clone())),
        head(child("head", nn::Linear(40, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    return head(exp(-2 * sum(square(x.unsqueeze(1) - centres), {2})));
  }
  Tensor centres;
  nn::Linear head;
};

/// Direction and length of the weights apart (Salimans & Kingma 2016).
struct WeightNormed : nn::Module {
  WeightNormed(std::int64_t in, std::int64_t out)
      : direction(parameter("direction", randn({out, in}))),
        length(parameter("length", ones({out, 1}))),
        bias(parameter("bias", zeros({out}))) {}
  Tensor forward(const Tensor& x) override {
    Tensor weight = length * direction / sqrt(sum(square(direction), {1}, true));
    return linear(x, weight, bias);
  }
  Tensor direction, length, bias;
};

/// A code and back through the same weights.
struct Tied : nn::Module {
  explicit Tied(std::int64_t in) : code(child("code", nn::Linear(in, 12))) {}
  Tensor forward(const Tensor& x) override { return matmul(code(x), code.weight); }
  nn::Linear code;
};

/// Sines of scaled sums (Sitzmann et al. 2020).
struct Siren : nn::Module {
  Siren(std::int64_t in, std::int64_t out, double bound)
      : inner(child("inner", nn::Linear(in, out))) {
    init::uniform_(inner.weight, -bound, bound);
  }
  Tensor forward(const Tensor& x) override { return sin(6 * inner(x)); }
  nn::Linear inner;
};

}  // namespace

void add_healthy_models(Gallery& gallery) {
  add_to_report(gallery, {.name = "a highway network"}, "highway-10x32-digits", [] {
    nn::Sequential net{nn::Linear(64, 32)};
    for (int i = 0; i < 10; ++i) net.push_back(Highway(32));
    net.push_back(nn::Linear(32, 10));
    return classifier(digits(), net);
  });
  add_to_report(gallery, {.name = "dense connections"}, "dense-spirals", [] {
    Problem problem = spirals();
    return classifier(problem, Dense(problem), adam(0.01));
  });
  add_to_report(gallery, {.name = "mixed experts"}, "experts-circles", [] {
    Problem problem = circles();
    return classifier(problem, Experts(problem), adam(0.02));
  });
  add_to_report(gallery, {.name = "maxout"}, "maxout-4x24-blobs", [] {
    Problem problem = blobs(5, 4);
    return classifier(problem,
                      nn::Sequential{Maxout(4, 24), Maxout(24, 24), Maxout(24, 24), Maxout(24, 24),
                                     nn::Linear(24, 5)},
                      sgd(0.03));
  });
  add_to_report(gallery, {.name = "a convolution by hand"}, "patches-digits", [] {
    Problem problem = digits();
    return classifier(problem, Patches(problem), adam(5e-3));
  });
  add_to_report(gallery, {.name = "stochastic depth"}, "stochastic-depth-12x32-digits", [] {
    nn::Sequential net{nn::Linear(64, 32)};
    for (int i = 0; i < 12; ++i) net.push_back(StochasticDepth(32));
    net.push_back(nn::Linear(32, 10));
    return classifier(digits(), net);
  });
  add_to_report(gallery, {.name = "radial basis functions"}, "radial-spirals", [] {
    Problem problem = spirals();
    return classifier(problem, Radial(problem), adam(0.03));
  });
  add_to_report(gallery, {.name = "weight normalisation"}, "weight-normed-3x32-digits", [] {
    return classifier(
        digits(), nn::Sequential{WeightNormed(64, 32), nn::ReLU(), WeightNormed(32, 32), nn::ReLU(),
                                 WeightNormed(32, 10)});
  });
  add_to_report(gallery, {.name = "tied weights"}, "tied-autoencoder-12", [] {
    Program p = regression(digits(), Tied(64), adam(5e-3));
    p.problem.data.targets = p.problem.data.inputs;
    p.steps = 150;
    return p;
  });
  add_to_report(gallery, {.name = "sines"}, "siren-3x48-waves", [] {
    const double bound = std::sqrt(6.0 / 48) / 6;
    return regression(waves(), nn::Sequential{Siren(4, 48, 0.1), Siren(48, 48, bound),
                                              Siren(48, 48, bound), nn::Linear(48, 2)});
  });
  add_to_report(gallery, {.name = "rarer activations"}, "four-activations-digits", [] {
    nn::Sequential net{nn::Linear(64, 48), nn::PReLU(),        nn::Linear(48, 48),
                       nn::Softsign(),     nn::Linear(48, 48), nn::Hardswish(),
                       nn::Linear(48, 48), nn::ReLU6(),        nn::Linear(48, 10)};
    init::apply(net, he());
    return classifier(digits(), net, sgd(0.05));
  });
  add_to_report(
      gallery, {.name = "raw pixels behind a batch norm"}, "bn-first-pixels-255-digits", [] {
        Problem problem = with_inputs(digits(), [](const Tensor& x) { return x * 255; });
        return classifier(
            problem,
            nn::Sequential{nn::BatchNorm1d(64), mlp(problem, {2, 48, make<nn::ReLU>, he()})},
            sgd(0.05));
      });
}

}  // namespace clinic
