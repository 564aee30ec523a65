// Faults of architectures: what is summed, shared, gated, normalised or adapted the wrong way.

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

using enum observe::Symptom;

/// f(h, layer) over layers of one width, after a first Linear.
struct Stack : nn::Module {
  using F = std::function<Tensor(const Tensor& h, nn::Linear& layer)>;
  Stack(const Problem& problem, int depth, std::int64_t width, F f)
      : first(child("first", nn::Linear(problem.inputs, width))),
        head(child("head", nn::Linear(width, problem.outputs))),
        function(std::move(f)) {
    for (int i = 0; i < depth; ++i) {
      layers.push_back(child("layer" + std::to_string(i), nn::Linear(width, width)));
    }
  }
  Tensor forward(const Tensor& x) override {
    Tensor h = first(x);
    for (nn::Linear& layer : layers) h = function(h, layer);
    return head(h);
  }
  nn::Linear first, head;
  std::vector<nn::Linear> layers;
  F function;
};

/// One layer, called again and again.
struct Again : nn::Module {
  Again(const Problem& problem, int times, std::int64_t width)
      : first(child("first", nn::Linear(problem.inputs, width))),
        body(child("body", nn::Linear(width, width))),
        head(child("head", nn::Linear(width, problem.outputs))),
        count(times) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = relu(first(x));
    for (int i = 0; i < count; ++i) h = relu(body(h));
    return head(h);
  }
  nn::Linear first, body, head;
  int count;
};

/// Frozen layers, each beside a product of two small ones that shall be trained (Hu et al. 2022).
struct Adapted : nn::Module {
  Adapted(std::int64_t in, std::int64_t out)
      : frozen(child("frozen", nn::Linear(in, out))),
        down(child("down", nn::Linear(in, 4, {.bias = false}))),
        up(child("up", nn::Linear(4, out, {.bias = false}))) {
    frozen.requires_grad_(false);
    init::zeros_(down.weight);
    init::zeros_(up.weight);
  }
  Tensor forward(const Tensor& x) override { return frozen(x) + up(down(x)); }
  nn::Linear frozen, down, up;
};

/// Keeps its layers in a plain vector, where no parameters() finds them.
struct Unregistered : nn::Module {
  explicit Unregistered(const Problem& problem)
      : first(child("first", nn::Linear(problem.inputs, 24))),
        head(child("head", nn::Linear(24, problem.outputs))) {
    for (int i = 0; i < 3; ++i) hidden.emplace_back(24, 24);
  }
  Tensor forward(const Tensor& x) override {
    Tensor h = relu(first(x));
    for (nn::Linear& layer : hidden) h = relu(layer(h));
    return head(h);
  }
  nn::Linear first, head;
  std::vector<nn::Linear> hidden;
};

/// A generator and a critic (Goodfellow et al. 2014) in one loss: the critic learns, and the
/// generator would, if its picture had not been detached for both.
struct Adversaries : nn::Module {
  Adversaries()
      : generator(
            child("generator", nn::Sequential{nn::Linear(4, 24), nn::ReLU(), nn::Linear(24, 2)})),
        critic(child("critic",
                     nn::Sequential{nn::Linear(2, 24), nn::LeakyReLU(), nn::Linear(24, 1)})) {}
  Tensor forward(const Tensor& x) override {
    Tensor made = generator(randn({x.size(0), 4}));
    return cat({critic(x), critic(made.detach())}, 1);
  }
  nn::Sequential generator, critic;
};

void add_flow(Gallery& gallery) {
  add_to_report(gallery, {.name = "hard sigmoids", .causes = {Vanishing, Initialization}},
                "hardsigmoid-8x40-digits", [] {
                  return classifier(digits(), {8, 40, make<nn::Hardsigmoid>}, sgd(0.05));
                });
  add_to_report(gallery, {.name = "orthogonal, gain of 3", .causes = {Initialization, Exploding}},
                "orthogonal-3-prelu-10x32-blobs", [] {
                  Problem problem = blobs(4, 6);
                  return classifier(problem,
                                    {10, 32, make<nn::PReLU>,
                                     [](const Tensor& w) { init::orthogonal_(w, {.gain = 3}); }},
                                    sgd(0.01));
                });
  add_to_report(gallery, {.name = "leaky ReLU, slope of 3", .causes = {Initialization, Exploding}},
                "leaky-3-12x32-digits", [] {
                  return classifier(
                      digits(),
                      {12, 32, [] { return nn::AnyModule(nn::LeakyReLU({.slope = 3})); }, he()},
                      sgd(0.01));
                });
  add_to_report(
      gallery, {.name = "means of skip and branch", .causes = {Vanishing, Initialization}},
      "halved-residual-24x32-spirals", [] {
        Problem problem = spirals();
        return classifier(
            problem,
            Stack(problem, 24, 32,
                  [](const Tensor& h, nn::Linear& layer) { return 0.5 * (h + relu(layer(h))); }),
            sgd(0.05));
      });
  add_to_report(
      gallery, {.name = "gates one after the other", .causes = {Vanishing, Initialization}},
      "gated-14x32-digits", [] {
        return classifier(
            digits(),
            Stack(digits(), 14, 32,
                  [](const Tensor& h, nn::Linear& layer) { return h * sigmoid(layer(h)); }),
            sgd(0.05));
      });
  add_to_report(gallery,
                {.name = "one layer, many times over", .causes = {Vanishing, Initialization}},
                "again-20x40-blobs", [] {
                  Problem problem = blobs(4, 6);
                  return classifier(problem, Again(problem, 20, 40), sgd(0.05));
                });
  add_to_tune(gallery, {.name = "an autoencoder of sigmoids", .causes = {Vanishing}},
              "sigmoid-autoencoder-digits", [] {
                Problem problem = digits();
                problem.data.targets = problem.data.inputs;
                nn::Sequential net{nn::Linear(64, 32), nn::Sigmoid(),     nn::Linear(32, 16),
                                   nn::Sigmoid(),      nn::Linear(16, 6), nn::Sigmoid(),
                                   nn::Linear(6, 16),  nn::Sigmoid(),     nn::Linear(16, 32),
                                   nn::Sigmoid(),      nn::Linear(32, 64)};
                return regression(problem, net, sgd(0.1));
              });
  add_to_report(gallery, {.name = "batch norm over two samples", .causes = {Vanishing}},
                "bn-batch-2-digits", [] {
                  Program p = classifier(
                      digits(), {.depth = 4, .weight = he(), .norm = Norm::Batch}, sgd(0.02));
                  p.batch = 2;
                  return p;
                });
}

void add_units(Gallery& gallery) {
  add_to_report(gallery, {.name = "biases drawn too wide", .causes = {Saturation, Initialization}},
                "bias-8-tanh-3x48-digits", [] {
                  nn::Sequential net = mlp(digits(), {3, 48, make<nn::Tanh>, glorot()});
                  for (std::int64_t i = 0; i < 6; i += 2) init::normal_(bias_of(net, i), 0, 8);
                  return classifier(digits(), net, sgd(0.05));
                });
  add_to_report(gallery,
                {.name = "ReLU6 at its ceiling",
                 .causes = {Saturation, ZeroGradient, DeadUnits, Initialization}},
                "relu6-bias-12-circles", [] {
                  nn::Sequential net = mlp(circles(), {2, 32, make<nn::ReLU6>, he()});
                  init::constant_(bias_of(net, 0), 12);
                  return classifier(circles(), net);
                });
  add_to_report(gallery,
                {.name = "sigmoids on a thousand inputs", .causes = {Saturation, Initialization}},
                "sigmoid-normal-1x64-shapes", [] {
                  return classifier(shapes(), {1, 64, make<nn::Sigmoid>, normal(1)}, sgd(0.05));
                });
  add_to_report(
      gallery,
      {.name = "adapters that start as 0 twice",
       .causes = {ZeroGradient, Symmetry, Initialization}},
      "zero-adapters-digits", [] {
        return classifier(digits(), nn::Sequential{Adapted(64, 32), nn::ReLU(), Adapted(32, 10)});
      });
  add_to_tune(gallery, {.name = "layer norm of one unit", .causes = {ZeroGradient, LossMismatch}},
              "layer-norm-of-1-waves", [] {
                Problem problem = waves();
                problem.data.targets = problem.data.targets.narrow(1, 0, 1);
                problem.outputs = 1;
                return regression(problem, with_end(mlp(problem, {3, 32, make<nn::GELU>, he()}),
                                                    nn::LayerNorm(Shape{1})));
              });
  add_to_tune(gallery,
              {.name = "dropout that keeps 1 in 100",
               .causes = {SlowLearning, ZeroGradient, DeadUnits, OscillatingLoss}},
              "dropout-0.99-digits", [] {
                return classifier(digits(),
                                  {.depth = 3, .width = 64, .weight = he(), .dropout = 0.99},
                                  adam(1e-3));
              });
}

void add_parts(Gallery& gallery) {
  add_to_tune(gallery,
              {.name = "layers nobody registered", .causes = {UpdateTooSmall, ZeroGradient}},
              "unregistered-3x24-spirals", [] {
                Problem problem = spirals();
                return classifier(problem, Unregistered(problem));
              });
  add_to_report(gallery,
                {.name = "a generator detached",
                 .causes = {ZeroGradient},
                 .layer = "critic",
                 .word = "generator"},
                "adversaries-blobs", [] {
                  Problem problem = blobs(3, 2);
                  Program p = classifier(problem, Adversaries());
                  p.loss = [](const Tensor& output, const Tensor&) {
                    return binary_cross_entropy_with_logits(
                        output, tensor({1.0F, 0.0F}).expand(output.shape()));
                  };
                  p.score = [](const Tensor&, const Tensor&) { return 0.0; };
                  return p;
                });
}

}  // namespace

void add_architecture_faults(Gallery& gallery) {
  add_flow(gallery);
  add_units(gallery);
  add_parts(gallery);
}

}  // namespace clinic
