// Faults of practice: options of optimisers, groups of parameters, schedules, data on its way in.

#include <algorithm>
#include <cmath>

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

using enum observe::Symptom;

const Mlp relu_3x40{3, 40, make<nn::ReLU>, he()};
const Mlp tanh_2x48{2, 48, make<nn::Tanh>, glorot()};
const Mlp elu_4x32{4, 32, make<nn::ELU>, he()};

Recipe adam_with(optim::AdamOptions options) {
  return {options.lr, [=](const std::vector<Tensor>& params, double rate) {
            optim::AdamOptions all = options;
            all.lr = rate;
            return std::make_unique<optim::Adam>(params, all);
          }};
}

/// A rate for each layer, `factor` times the one above's.
Recipe by_layer(double lr, double factor) {
  return {lr, [=](const std::vector<Tensor>& params, double rate) {
            std::vector<optim::SGD::Group> groups;
            for (std::size_t i = params.size(); i >= 2; i -= 2, rate *= factor) {
              groups.push_back({{params[i - 2], params[i - 1]}, {.lr = rate, .momentum = 0.9}});
            }
            return std::make_unique<optim::SGD>(groups);
          }};
}

Recipe rmsprop_with(double lr, double momentum) {
  return {lr, [=](const std::vector<Tensor>& params, double rate) {
            return std::make_unique<optim::RMSprop>(
                params, optim::RMSpropOptions{.lr = rate, .momentum = momentum});
          }};
}

void add_options(Gallery& gallery) {
  add_to_report(gallery,
                {.name = "a thousandth of the rate for each layer down",
                 .causes = {UpdateTooSmall},
                 .layer = "0"},
                "rates-by-layer-4x32-spirals",
                [] { return classifier(spirals(), elu_4x32, by_layer(0.05, 1e-3)); });
  add_to_report(
      gallery, {.name = "Adam's eps of 1e4", .causes = {UpdateTooSmall}}, "adam-eps-1e4-digits",
      [] { return classifier(digits(), relu_3x40, adam_with({.lr = 1e-3, .eps = 1e4})); });
  add_to_tune(
      gallery, {.name = "Adam's decay in the gradient", .causes = {UpdateTooLarge}},
      "adam-l2-30-circles",
      [] { return classifier(circles(), tanh_2x48, adam_with({.lr = 0.01, .weight_decay = 30})); });
  add_to_tune(gallery, {.name = "Adam, far too fast, ELU", .causes = {UpdateTooLarge}},
              "adam-1-elu-waves", [] { return regression(waves(), elu_4x32, adam(1)); });
  add_to_report(gallery,
                {.name = "RMSprop with much momentum",
                 .causes = {UpdateTooLarge, OscillatingLoss, Exploding}},
                "rmsprop-0.99-circles",
                [] { return classifier(circles(), tanh_2x48, rmsprop_with(0.05, 0.99)); });
  add_to_report(gallery,
                {.name = "Adam, gradients never zeroed",
                 .causes = {OscillatingLoss, UpdateTooLarge, Exploding, SlowLearning}},
                "no-zero-grad-adam-spirals", [] {
                  Program p = classifier(spirals(), elu_4x32, adam(0.02));
                  p.zeroes_gradients = false;
                  p.steps = 150;
                  return p;
                });
  add_to_report(gallery, {.name = "an autoencoder, far too slow", .causes = {UpdateTooSmall}},
                "sgd-1e-6-autoencoder-digits", [] {
                  Problem problem = digits();
                  problem.data.targets = problem.data.inputs;
                  problem.outputs = 64;
                  return regression(problem, {3, 24, make<nn::ELU>, he()}, sgd(1e-6));
                });
}

void add_schedules(Gallery& gallery) {
  add_to_report(gallery,
                {.name = "a warm-up over epochs, counted in steps", .causes = {UpdateTooSmall}},
                "warm-up-1e7-digits", [] {
                  Program p = classifier(digits(), relu_3x40, adam(1e-3));
                  p.schedule = [](int step) { return (step + 1) / 1e7; };
                  return p;
                });
  add_to_report(gallery,
                {.name = "a cycle with far too high a peak",
                 .causes = {UpdateTooLarge, Exploding, OscillatingLoss}},
                "one-cycle-5-spirals", [] {
                  Program p = classifier(spirals(), elu_4x32, sgd(5));
                  p.schedule = [](int step) {
                    return std::max(1e-3, 1 - std::abs(step - 30) / 30.0);
                  };
                  return p;
                });
  add_to_report(gallery,
                {.name = "a decay at every step", .causes = {UpdateTooSmall, SlowLearning}},
                "halved-each-step-gelu-spirals", [] {
                  Program p = classifier(spirals(), {3, 40, make<nn::GELU>, he()}, adam(2e-3));
                  p.schedule = [](int step) { return std::pow(0.5, step); };
                  return p;
                });
}

void add_data(Gallery& gallery) {
  add_to_tune(
      gallery, {.name = "pixels divided as whole numbers", .causes = {InputScale, ZeroGradient}},
      "inputs-all-0-digits", [] {
        Problem problem = with_inputs(digits(), [](const Tensor& x) { return floor(x * 0.99); });
        return classifier(problem, relu_3x40, adam(1e-3));
      });
  add_to_report(gallery, {.name = "counts nobody took the log of", .causes = {InputScale}},
                "counts-1e5-gelu-blobs", [] {
                  Problem problem =
                      with_inputs(blobs(4, 6), [](const Tensor& x) { return exp(4 * x + 4); });
                  return classifier(problem, {3, 32, make<nn::GELU>, he()}, adam(1e-3));
                });
  add_to_report(gallery, {.name = "years beside shares", .causes = {InputScale}},
                "years-2000-elu-waves", [] {
                  Problem problem = with_inputs(waves(), [](const Tensor& x) {
                    return cat({x.narrow(1, 0, 2), 10 * x.narrow(1, 2, 2) + 2000}, 1);
                  });
                  return regression(problem, elu_4x32, sgd(0.01));
                });
  add_to_report(gallery, {.name = "volts measured in microvolts' unit", .causes = {InputScale}},
                "inputs-1e-6-sigmoid-blobs", [] {
                  Problem problem =
                      with_inputs(blobs(4, 6), [](const Tensor& x) { return x * 1e-6; });
                  return classifier(problem, {1, 48, make<nn::Sigmoid>, glorot()}, adam(3e-3));
                });
}

}  // namespace

void add_practice_faults(Gallery& gallery) {
  add_options(gallery);
  add_schedules(gallery);
  add_data(gallery);
}

}  // namespace clinic
