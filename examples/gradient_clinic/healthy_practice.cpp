// Healthy practice that few examples show: gradients of several batches, rates by layer, random
// features, networks of one unit, ranges of rates, networks taken over from another task.

#include <algorithm>
#include <cmath>

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

const Mlp relu_3x40{3, 40, make<nn::ReLU>, he()};
const Mlp gelu_2x64{2, 64, make<nn::GELU>, he()};

Recipe amsgrad(double lr) {
  return {lr, [](const std::vector<Tensor>& params, double rate) {
            return std::make_unique<optim::Adam>(
                params,
                optim::AdamOptions{.lr = rate, .beta1 = 0.5, .beta2 = 0.9, .amsgrad = true});
          }};
}

Recipe centered(double lr) {
  return {lr, [](const std::vector<Tensor>& params, double rate) {
            return std::make_unique<optim::RMSprop>(
                params, optim::RMSpropOptions{.lr = rate, .momentum = 0.5, .centered = true});
          }};
}

/// A tenth of the rate for all but the last layer.
Recipe slower_below(double lr) {
  return {lr, [](const std::vector<Tensor>& params, double rate) {
            std::vector<Tensor> below(params.begin(), params.end() - 2);
            std::vector<Tensor> last(params.end() - 2, params.end());
            return std::make_unique<optim::AdamW>(std::vector<optim::AdamW::Group>{
                {last, {.lr = rate}}, {below, {.lr = 0.1 * rate, .weight_decay = 0.1}}});
          }};
}

/// x' = f(x) in twenty small steps (Chen et al. 2018).
struct Flowing : nn::Module {
  explicit Flowing(const Problem& problem)
      : first(child("first", nn::Linear(problem.inputs, 24))),
        speed(child("speed", nn::Linear(24, 24))),
        head(child("head", nn::Linear(24, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = first(x);
    for (int i = 0; i < 20; ++i) h = h + 0.1 * tanh(speed(h));
    return head(h);
  }
  nn::Linear first, speed, head;
};

/// A random recurrent network that is not trained, and a head that is (Jaeger 2001).
struct Echo : nn::Module {
  explicit Echo(const Problem& problem)
      : input(child("input", nn::Linear(problem.inputs, 64))),
        recurrent(child("recurrent", nn::Linear(64, 64))),
        head(child("head", nn::Linear(64, problem.outputs))) {
    init::orthogonal_(recurrent.weight, {.gain = 0.95});
    input.requires_grad_(false);
    recurrent.requires_grad_(false);
  }
  Tensor forward(const Tensor& x) override {
    Tensor h = zeros({x.size(0), 64});
    for (std::int64_t t = 0; t < x.size(1); ++t) h = tanh(input(x.select(1, t)) + recurrent(h));
    return head(h);
  }
  nn::Linear input, recurrent, head;
};

/// Cosines of random projections, held in a buffer (Rahimi & Recht 2007).
struct Fourier : nn::Module {
  Fourier(std::int64_t in, std::int64_t out)
      : waves(buffer("waves", 2 * randn({in, 100}))),
        phase(buffer("phase", 6.28 * gradus::rand({100}))),
        head(child("head", nn::Linear(100, out))) {}
  Tensor forward(const Tensor& x) override { return head(cos(matmul(x, waves) + phase)); }
  Tensor waves, phase;
  nn::Linear head;
};

/// Dilated convolutions with gates over a sequence (Oord et al. 2016).
struct Dilated : nn::Module {
  Dilated() : head(child("head", nn::Linear(16, 1))) {
    for (int i = 0; i < 4; ++i) {
      layers.push_back(child("layer" + std::to_string(i), nn::Linear(i == 0 ? 2 : 32, 32)));
    }
  }
  Tensor forward(const Tensor& x) override {
    Tensor h = x;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const std::int64_t back = std::int64_t{1} << i;
      Tensor before = pad(h, {0, 0, back, 0}).narrow(1, 0, h.size(1));
      Tensor z = layers[i](cat({before, h}, 2));
      Tensor out = tanh(z.narrow(2, 0, 16)) * sigmoid(z.narrow(2, 16, 16));
      h = i == 0 ? out : h + out;
    }
    return head(h).squeeze(2);
  }
  std::vector<nn::Linear> layers;
  nn::Linear head;
};

/// The next value of a sum of two sines with phases of its own for each sample.
Problem series() {
  Tensor t = arange(33).to(float32).unsqueeze(0) * 0.4;
  Tensor y =
      sin(t + 6.28 * gradus::rand({200, 1})) + 0.5 * sin(2.3 * t + 6.28 * gradus::rand({200, 1}));
  return {.data = {y.narrow(1, 0, 32).unsqueeze(2), y.narrow(1, 1, 32)}, .inputs = 1, .outputs = 1};
}

/// A network that has learned the digits' halves (0 to 4, or more), under a new head for all ten.
nn::Sequential taken_over() {
  Problem problem = digits();
  nn::Sequential net = mlp(problem, relu_3x40);
  optim::Adam optimizer(net.parameters(), {.lr = 3e-3});
  for (int i = 0; i < 60; ++i) {
    optimizer.zero_grad();
    cross_entropy(net(problem.data.inputs), (problem.data.targets > 4).to(int64)).backward();
    optimizer.step();
  }
  init::normal_(weight_of(net, 6), 0, 0.1);
  init::zeros_(bias_of(net, 6));
  return net;
}

void add_optimizers(Gallery& gallery) {
  add_to_report(gallery, {.name = "gradients of four batches"}, "accumulated-digits", [] {
    Program p = classifier(digits(), relu_3x40, adam(5e-3));
    p.batch = 8;
    p.accumulate = 4;
    return p;
  });
  add_to_report(gallery, {.name = "AMSGrad, small betas"}, "amsgrad-waves",
                [] { return regression(waves(), gelu_2x64, amsgrad(5e-3)); });
  add_to_report(gallery, {.name = "centred RMSprop with momentum"}, "centered-digits",
                [] { return classifier(digits(), gelu_2x64, centered(1e-3)); });
  add_to_report(gallery, {.name = "slower below the head"}, "slower-below-digits",
                [] { return classifier(digits(), relu_3x40, slower_below(0.01)); });
  add_to_report(gallery, {.name = "a range of rates"}, "rate-range-digits", [] {
    Program p = classifier(digits(), relu_3x40, sgd(1e-5, 0.9));
    p.steps = 120;
    p.schedule = [](int step) { return std::pow(10, step / 30.0); };
    return p;
  });
  add_to_report(gallery, {.name = "all samples a step"}, "full-batch-digits", [] {
    Program p = classifier(digits(), gelu_2x64, sgd(0.2));
    p.batch = 100000;
    return p;
  });
  add_to_report(gallery, {.name = "four samples, for ever"}, "xor", [] {
    Tensor x = tensor({0.0F, 0.0F, 0.0F, 1.0F, 1.0F, 0.0F, 1.0F, 1.0F}).reshape({4, 2});
    Tensor y = tensor({0.0F, 1.0F, 1.0F, 0.0F}).reshape({4, 1});
    Program p = classifier({.data = {x, y}, .inputs = 2, .outputs = 1},
                           {1, 8, make<nn::Tanh>, glorot()}, adam(0.05));
    p.loss = binary_entropy;
    p.score = binary_accuracy;
    p.steps = 200;
    return p;
  });
  add_to_report(gallery, {.name = "one unit"}, "one-unit-blobs", [] {
    Program p = classifier(binary(blobs(2, 5)), {.depth = 0}, sgd(1, 0));
    p.loss = binary_entropy;
    p.score = binary_accuracy;
    return p;
  });
  add_to_report(gallery, {.name = "much decay, much data"}, "decay-0.02-spirals",
                [] { return classifier(blobs(5, 8), relu_3x40, sgd(0.05, 0.9, 0.02)); });
  add_to_report(gallery, {.name = "taken over from another task"}, "taken-over-digits",
                [] { return classifier(digits(), taken_over(), adam(3e-3)); });
  add_to_tune(gallery, {.name = "a head of its own on a frozen body"}, "frozen-body-digits", [] {
    nn::Sequential net = taken_over();
    Program p = classifier(digits(), net, adam(0.02));
    p.trained = [](nn::Module& all) {
      std::vector<Tensor> params = all.parameters();
      return std::vector<Tensor>(params.end() - 2, params.end());
    };
    p.steps = 150;
    return p;
  });
}

void add_networks(Gallery& gallery) {
  add_to_report(gallery, {.name = "small steps of one flow"}, "flowing-20-spirals", [] {
    Program p = classifier(spirals(), Flowing(spirals()), adam(0.02));
    p.steps = 150;
    return p;
  });
  add_to_report(gallery, {.name = "an echo state network"}, "echo-6", [] {
    Problem problem = memory(6);
    Program p = classifier(problem, Echo(problem), adam(0.02));
    p.steps = 150;
    return p;
  });
  add_to_report(gallery, {.name = "random Fourier features"}, "fourier-circles",
                [] { return classifier(circles(), Fourier(2, 2), adam(0.02)); });
  add_to_report(gallery, {.name = "dilated convolutions with gates"}, "dilated-series",
                [] { return regression(series(), Dilated(), adam(0.01)); });
  add_to_report(gallery, {.name = "powers of one number"}, "powers-line", [] {
    Tensor x = gradus::uniform(-2, 2, {300, 1});
    Tensor powers = cat({x, square(x), square(x) * x, square(square(x))}, 1);
    Problem problem{.data = {powers, sin(2 * x)}, .inputs = 4, .outputs = 1};
    Program p = regression(problem, {1, 32, make<nn::Tanh>, glorot()}, adam(0.02));
    p.steps = 150;
    return p;
  });
  add_to_report(gallery, {.name = "noise on every layer"}, "noisy-layers-digits", [] {
    auto noise = [] { return Apply([](const Tensor& x) { return x + 0.3 * randn(x.shape()); }); };
    nn::Sequential net{nn::Linear(64, 64), nn::ReLU(), noise(),           nn::Linear(64, 64),
                       nn::ReLU(),         noise(),    nn::Linear(64, 10)};
    return classifier(digits(), net, adam(3e-3));
  });
  add_to_report(gallery, {.name = "mostly empty pictures"}, "sparse-pixels-digits", [] {
    Problem problem = with_inputs(
        digits(), [](const Tensor& x) { return x * (gradus::rand(x.shape()) < 0.3).to(float32); });
    Program p = classifier(problem, relu_3x40, adam(5e-3));
    p.steps = 150;
    return p;
  });
}

}  // namespace

void add_healthy_practice(Gallery& gallery) {
  add_optimizers(gallery);
  add_networks(gallery);
}

}  // namespace clinic
