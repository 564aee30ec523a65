// Faults of the training step: its size, its target, clipping, momentum.

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

using enum observe::Symptom;

Problem scaled_targets(Problem problem, double scale, double shift) {
  problem.data.targets = problem.data.targets * scale + shift;
  return problem;
}

/// The classes as ten numbers to predict.
Problem one_hot_digits() {
  Problem problem = digits();
  problem.data.targets = one_hot(problem.data.targets, 10).to(float32);
  return problem;
}

void add_size(Gallery& gallery) {
  gallery.push_back(
      {.name = "learning rate far too large",
       .causes = {UpdateTooLarge},
       .repairable = true,
       .tune = {"sgd-20-tanh-3x32-circles",
                [] {
                  return classifier(circles(), {3, 32, make<nn::Tanh>, glorot()}, sgd(20, 0));
                }},
       .report = {"adam-0.5-gelu-4x48-digits", [] {
                    return classifier(digits(), {4, 48, make<nn::GELU>, he()}, adam(0.5));
                  }}});
  gallery.push_back(
      {.name = "summed loss, rate of a mean",
       .causes = {UpdateTooLarge},
       .repairable = true,
       .tune = {"sum-ce-3x32-blobs",
                [] {
                  Program p = classifier(blobs(), {3, 32, make<nn::Tanh>, glorot()}, sgd(0.1));
                  p.loss = [](const Tensor& output, const Tensor& target) {
                    return cross_entropy(output, target, {.reduction = Reduction::Sum});
                  };
                  p.batch = 128;
                  return p;
                }},
       .report = {"sum-mse-2x48-waves", [] {
                    Program p = regression(waves(), {2, 48, make<nn::Tanh>, glorot()}, sgd(0.05));
                    p.loss = [](const Tensor& output, const Tensor& target) {
                      return mse_loss(output, target, {.reduction = Reduction::Sum});
                    };
                    p.batch = 200;
                    return p;
                  }}});
  gallery.push_back({.name = "targets of a huge scale",
                     .causes = {UpdateTooLarge, Exploding},
                     .flow = Flow::Exploding,
                     .tune = {"targets-1e3-2x32-waves",
                              [] {
                                return regression(scaled_targets(waves(), 1000, 0),
                                                  {2, 32, make<nn::ReLU>, he()}, sgd(0.05));
                              }},
                     .report = {"targets-300-2x48-waves",
                                [] {
                                  return regression(scaled_targets(waves(), 300, 100),
                                                    {2, 48, make<nn::Tanh>, glorot()}, sgd(0.1));
                                }},
                     .also_tune = {"targets-plus-500-3x32-waves", [] {
                                     return regression(scaled_targets(waves(), 50, 500),
                                                       {3, 32, make<nn::Tanh>, glorot()},
                                                       sgd(0.05));
                                   }}});
  gallery.push_back(
      {.name = "learning rate far too small",
       .causes = {UpdateTooSmall},
       .repairable = true,
       .tune = {"sgd-1e-7-relu-3x32-circles",
                [] {
                  return classifier(circles(), {3, 32, make<nn::ReLU>, he()}, sgd(1e-7));
                }},
       .report = {"adam-1e-8-tanh-4x48-digits", [] {
                    return classifier(digits(), {4, 48, make<nn::Tanh>, glorot()}, adam(1e-8));
                  }}});
  gallery.push_back(
      {.name = "loss scaled down",
       .causes = {UpdateTooSmall},
       .repairable = true,
       .tune = {"loss-1e-6-3x32-blobs",
                [] {
                  Program p = classifier(blobs(), {3, 32, make<nn::ReLU>, he()}, sgd(0.05));
                  p.loss = [](const Tensor& output, const Tensor& target) {
                    return cross_entropy(output, target) * 1e-6;
                  };
                  return p;
                }},
       .report = {"loss-3e-7-2x48-circles",
                  [] {
                    Program p = classifier(circles(), {2, 48, make<nn::Tanh>, glorot()}, sgd(0.1));
                    p.loss = [](const Tensor& output, const Tensor& target) {
                      return cross_entropy(output, target) * 3e-7;
                    };
                    return p;
                  }},
       .also_tune = {"loss-1e-7-2x48-waves", [] {
                       Program p = regression(waves(), {2, 48, make<nn::Tanh>, glorot()}, sgd(0.1));
                       p.loss = [](const Tensor& output, const Tensor& target) {
                         return mse_loss(output, target) / 1e7;
                       };
                       return p;
                     }}});
}

void add_dynamics(Gallery& gallery) {
  gallery.push_back(
      {.name = "clipping at a tiny norm",
       .causes = {ClippingAlways},
       .tune = {"clip-1e-3-relu-3x32-digits",
                [] {
                  Program p = classifier(digits(), {3, 32, make<nn::ReLU>, he()}, sgd(0.05));
                  p.clip = 1e-3;
                  return p;
                }},
       .report = {
           "clip-2e-3-tanh-4x48-circles", [] {
             Program p = classifier(circles(), {4, 48, make<nn::Tanh>, glorot()}, sgd(0.1, 0));
             p.clip = 2e-3;
             return p;
           }}});
  gallery.push_back({.name = "momentum that overshoots",
                     .causes = {OscillatingLoss, UpdateTooLarge},
                     .repairable = true,
                     .tune = {"momentum-0.99-linear-waves",
                              [] {
                                Program p = regression(waves(), {.depth = 0}, sgd(0.5, 0.99));
                                p.batch = 300;
                                p.steps = 120;
                                return p;
                              }},
                     .report = {"momentum-0.999-linear-digits", [] {
                                  Program p =
                                      regression(one_hot_digits(), {.depth = 0}, sgd(0.5, 0.999));
                                  p.score = [](const Tensor& output, const Tensor& target) {
                                    return accuracy(output, target.argmax(1));
                                  };
                                  p.batch = 128;
                                  p.steps = 120;
                                  return p;
                                }}});
  gallery.push_back(
      {.name = "gradients never zeroed",
       .causes = {UpdateTooLarge, OscillatingLoss, Exploding},
       .tune = {"no-zero-grad-3x32-blobs",
                [] {
                  Program p = classifier(blobs(), {3, 32, make<nn::ReLU>, he()}, sgd(0.1));
                  p.zeroes_gradients = false;
                  p.steps = 120;
                  return p;
                }},
       .report = {"no-zero-grad-3x48-digits", [] {
                    Program p = classifier(digits(), {3, 48, make<nn::Tanh>, glorot()}, sgd(0.1));
                    p.zeroes_gradients = false;
                    p.steps = 120;
                    return p;
                  }}});
}

}  // namespace

void add_step_faults(Gallery& gallery) {
  add_size(gallery);
  add_dynamics(gallery);
}

}  // namespace clinic
