// Faults of the other files, met elsewhere: with other activations, losses, rates and data.

#include <cmath>
#include <limits>

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

using enum observe::Symptom;

Tensor absolute(const Tensor& output, const Tensor& target) { return l1_loss(output, target); }
Tensor huber(const Tensor& output, const Tensor& target) { return huber_loss(output, target); }

Problem scaled_waves(double inputs, double targets) {
  Problem problem = waves();
  problem.data.inputs = problem.data.inputs * inputs;
  problem.data.targets = problem.data.targets * targets;
  return problem;
}

/// Owns a scale beside its layers, and ends in a softmax.
struct Scaled : nn::Module {
  explicit Scaled(const Problem& problem)
      : scale(parameter("scale", ones({32}))),
        first(child("first", nn::Linear(problem.inputs, 32))),
        second(child("second", nn::Linear(32, 32))),
        head(child("head", nn::Linear(32, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    return softmax(head(relu(second(relu(first(x)) * scale))), 1);
  }
  Tensor scale;
  nn::Linear first, second, head;
};

/// Hands on whether the units are above a threshold, which has no slope.
struct Thresholds : nn::Module {
  explicit Thresholds(const Problem& problem)
      : first(child("first", nn::Linear(problem.inputs, 40))),
        second(child("second", nn::Linear(40, 40))),
        head(child("head", nn::Linear(40, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    return head(relu(second((relu(first(x)) > 0.5).to(float32))));
  }
  nn::Linear first, second, head;
};

/// By its own length, which is 0 for a sample of zeros.
struct Normed : nn::Module {
  explicit Normed(const Problem& problem)
      : first(child("first", nn::Linear(problem.inputs, 16, {.bias = false}))),
        head(child("head", nn::Linear(16, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = first(x);
    return head(h / norm(h, 2, {1}, true));
  }
  nn::Linear first, head;
};

/// A rate that begins well and ends far too high.
Program warmed_too_far(const Mlp& options) {
  Program program = classifier(digits(), mlp(digits(), options), adam(1e-4));
  program.schedule = [](int step) { return std::exp(step / 20.0); };
  program.steps = 200;
  return program;
}

void add_networks(Gallery& gallery) {
  add_to_report(gallery,
                {.name = "softmax before cross_entropy, by hand",
                 .causes = {LossMismatch},
                 .word = "softmax"},
                "scaled-softmax-digits",
                [] { return classifier(digits(), Scaled(digits()), adam(2e-3)); });
  add_to_report(gallery, {.name = "thresholds", .causes = {ZeroGradient}}, "thresholds-digits",
                [] { return classifier(digits(), Thresholds(digits()), adam(2e-3)); });
  add_to_report(gallery, {.name = "the norm of zeros", .causes = {NonFinite}}, "normed-digits", [] {
    Problem problem = with_inputs(digits(), [](const Tensor& x) {
      return x * (gradus::rand({x.size(0), 1}) > 0.02).to(float32);
    });
    return classifier(problem, Normed(problem), adam(1e-3));
  });
  add_to_report(gallery, {.name = "ELU, small weights", .causes = {Initialization, Vanishing}},
                "elu-small-12x40-digits", [] {
                  return classifier(digits(), mlp(digits(), {12, 40, make<nn::ELU>, normal(0.05)}),
                                    adam(1e-3));
                });
  add_to_report(
      gallery, {.name = "SELU, large weights", .causes = {Initialization, Exploding}},
      "selu-large-14x40-blobs", [] {
        Problem problem = blobs(3, 6);
        return classifier(problem, mlp(problem, {14, 40, make<nn::SELU>, normal(0.5)}), sgd(0.01));
      });
  add_to_report(gallery, {.name = "sigmoids, defaults", .causes = {Vanishing, Saturation}},
                "sigmoid-default-5x48-digits", [] {
                  return classifier(digits(), mlp(digits(), {5, 48, make<nn::Sigmoid>}), sgd(0.05));
                });
  add_to_report(gallery,
                {.name = "most units dead by their bias", .causes = {DeadUnits}, .layer = "0"},
                "bias-40-of-48-blobs", [] {
                  Problem problem = blobs(4, 6);
                  nn::Sequential net = mlp(problem, {3, 48, make<nn::ReLU>, he()});
                  const Tensor bias = bias_of(net, 0);
                  init::constant_(bias.narrow(0, 0, 40), -12);
                  return classifier(problem, net, adam(3e-3));
                });
  add_to_report(gallery, {.name = "equal weights in two layers", .causes = {Symmetry}},
                "equal-two-of-4x32-blobs", [] {
                  Problem problem = blobs(3, 5);
                  nn::Sequential net = mlp(problem, {4, 32, make<nn::SiLU>, he()});
                  init::constant_(weight_of(net, 4), 0.1);
                  init::constant_(weight_of(net, 6), 0.1);
                  return classifier(problem, net, adam(2e-3));
                });
  add_to_report(
      gallery, {.name = "tanh on targets up to 10", .causes = {LossMismatch}}, "tanh-10-waves", [] {
        Problem problem = scaled_waves(1, 10);
        return regression(
            problem, with_end(mlp(problem, {3, 32, make<nn::ReLU>, he()}), nn::Tanh()), adam(3e-3));
      });
  add_to_report(gallery, {.name = "softmax on targets of 10", .causes = {LossMismatch}},
                "softmax-10-digits", [] {
                  Problem problem = digits();
                  problem.data.targets = one_hot(problem.data.targets, 10).to(float32) * 10;
                  return regression(
                      problem, with_end(mlp(problem, {2, 48, make<nn::ReLU>, he()}), nn::Softmax()),
                      adam(3e-3));
                });
}

void add_training(Gallery& gallery) {
  add_to_tune(gallery, {.name = "warmed up too far", .causes = {UpdateTooLarge}},
              "warmed-relu-4x40-digits", [] {
                return warmed_too_far({4, 40, make<nn::ReLU>, he()});
              });
  add_to_tune(gallery, {.name = "warmed up too far, tanh", .causes = {UpdateTooLarge}},
              "warmed-tanh-3x40-digits", [] {
                return warmed_too_far({3, 40, make<nn::Tanh>, glorot()});
              });
  add_to_report(gallery,
                {.name = "a regression at a rate of 2", .causes = {UpdateTooLarge, Exploding}},
                "sgd-2-waves", [] {
                  return regression(waves(), mlp(waves(), {2, 64, make<nn::ReLU>, he()}), sgd(2));
                });
  add_to_report(
      gallery, {.name = "Huber loss, far too slow", .causes = {UpdateTooSmall}}, "huber-1e-7-waves",
      [] {
        return regression(waves(), mlp(waves(), {3, 32, make<nn::GELU>, he()}), adam(1e-7), huber);
      });
  add_to_report(gallery, {.name = "clipped to nothing, GELU", .causes = {ClippingAlways}},
                "clip-5e-4-gelu-waves", [] {
                  Program program =
                      regression(waves(), mlp(waves(), {3, 32, make<nn::GELU>, he()}), sgd(0.1));
                  program.clip = 5e-4;
                  return program;
                });
  add_to_report(gallery, {.name = "AdamW's decay eats the weights", .causes = {UpdateTooLarge}},
                "adamw-70-spirals", [] {
                  return classifier(spirals(), mlp(spirals(), {3, 32, make<nn::Tanh>, glorot()}),
                                    adamw(0.01, 70));
                });
  add_to_tune(gallery, {.name = "large inputs, absolute error", .causes = {InputScale}},
              "inputs-1e4-l1-waves", [] {
                Problem problem = scaled_waves(1e4, 1);
                return regression(problem, mlp(problem, {2, 48, make<nn::ReLU>, he()}), adam(1e-3),
                                  absolute);
              });
  add_to_report(gallery, {.name = "tiny inputs, GELU", .causes = {InputScale}},
                "inputs-1e-5-gelu-spirals", [] {
                  Problem problem =
                      with_inputs(spirals(), [](const Tensor& x) { return x * 1e-5; });
                  return classifier(problem, mlp(problem, {3, 32, make<nn::GELU>, he()}), sgd(0.1));
                });
  add_to_tune(
      gallery,
      {.name = "NaN among the targets, Huber loss", .causes = {NonFinite}, .word = "target"},
      "nan-huber-waves", [] {
        Problem problem = waves();
        Tensor& y = problem.data.targets;
        y = masked_fill(y, gradus::rand(y.shape()) < 0.003,
                        std::numeric_limits<double>::quiet_NaN());
        return regression(problem, mlp(problem, {2, 48, make<nn::ReLU>, he()}), adam(1e-3), huber);
      });
}

}  // namespace

void add_sick_variations(Gallery& gallery) {
  add_networks(gallery);
  add_training(gallery);
}

}  // namespace clinic
