// Faults of the training loop: rates, schedules, decay, what the optimiser owns, data.

#include <cmath>
#include <limits>

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

using enum observe::Symptom;

const Mlp relu_3x40{3, 40, make<nn::ReLU>, he()};
const Mlp tanh_2x48{2, 48, make<nn::Tanh>, glorot()};

/// Each sample by the standard deviation of its batch, of which there is one.
struct ByBatch : nn::Module {
  explicit ByBatch(const Problem& problem)
      : hidden(child("hidden", nn::Linear(problem.inputs, 32))),
        head(child("head", nn::Linear(32, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = hidden(x);
    return head(relu((h - mean(h, {0})) / gradus::std(h, {0})));
  }
  nn::Linear hidden, head;
};

/// A power below 1 of a scale that starts at 0.
struct Power : nn::Module {
  explicit Power(const Problem& problem)
      : hidden(child("hidden", nn::Linear(problem.inputs, 32))),
        scale(parameter("scale", zeros({32}))),
        head(child("head", nn::Linear(32, problem.outputs))) {}
  Tensor forward(const Tensor& x) override { return head(tanh(hidden(x)) * pow(abs(scale), 0.4)); }
  nn::Linear hidden;
  Tensor scale;
  nn::Linear head;
};

void add_rates(Gallery& gallery) {
  add_to_report(gallery, {.name = "RMSprop, too fast", .causes = {UpdateTooLarge}},
                "rmsprop-0.5-tanh-spirals",
                [] { return classifier(spirals(), tanh_2x48, rmsprop(0.5)); });
  add_to_report(
      gallery, {.name = "residual, too fast", .causes = {UpdateTooLarge}},
      "adam-0.3-residual-digits", [] {
        return classifier(digits(), {8, 32, make<nn::GELU>, {}, Norm::None, true}, adam(0.3));
      });
  add_to_report(
      gallery, {.name = "loss scaled up", .causes = {UpdateTooLarge}}, "loss-1e4-circles", [] {
        Program p = classifier(circles(), relu_3x40, sgd(0.05));
        p.loss = [](const Tensor& y, const Tensor& t) { return cross_entropy(y, t) * 1e4; };
        return p;
      });
  add_to_report(gallery, {.name = "summed over an image", .causes = {UpdateTooLarge}},
                "sum-mse-autoencoder-digits", [] {
                  Problem problem = digits();
                  problem.data.targets = problem.data.inputs;
                  problem.outputs = 64;
                  Program p = regression(problem, tanh_2x48, sgd(0.02));
                  p.loss = [](const Tensor& y, const Tensor& t) {
                    return mse_loss(y, t, {.reduction = Reduction::Sum});
                  };
                  return p;
                });
  add_to_report(gallery, {.name = "AdamW, far too slow", .causes = {UpdateTooSmall}},
                "adamw-1e-9-gelu-blobs", [] {
                  return classifier(blobs(4, 6), {4, 32, make<nn::GELU>, he()}, adamw(1e-9, 0.01));
                });
  add_to_report(gallery, {.name = "absolute error, far too slow", .causes = {UpdateTooSmall}},
                "l1-1e-8-waves", [] {
                  Program p = regression(waves(), relu_3x40, sgd(1e-8));
                  p.loss = [](const Tensor& y, const Tensor& t) { return l1_loss(y, t); };
                  return p;
                });
  add_to_tune(gallery, {.name = "decay that eats the weights", .causes = {UpdateTooLarge}},
              "decay-8-digits", [] { return classifier(digits(), relu_3x40, sgd(0.1, 0, 8)); });
  add_to_tune(
      gallery,
      {.name = "a rate that doubles", .causes = {UpdateTooLarge, Exploding, OscillatingLoss}},
      "rate-grows-digits", [] {
        Program p = classifier(digits(), relu_3x40, sgd(0.02, 0));
        p.schedule = [](int step) { return std::pow(1.15, step); };
        return p;
      });
  add_to_tune(gallery,
              {.name = "a rate that is gone too soon", .causes = {UpdateTooSmall, SlowLearning}},
              "rate-gone-digits", [] {
                Program p = classifier(digits(), tanh_2x48, sgd(0.01, 0));
                p.schedule = [](int step) { return std::pow(0.6, step); };
                return p;
              });
  add_to_report(
      gallery,
      {.name = "momentum of 0.999", .causes = {OscillatingLoss, UpdateTooLarge, Exploding}},
      "momentum-0.999-circles", [] {
        Program p = classifier(circles(), tanh_2x48, sgd(0.3, 0.999));
        p.steps = 150;
        return p;
      });
  add_to_report(
      gallery,
      {.name = "never zeroed, by hand", .causes = {UpdateTooLarge, OscillatingLoss, Exploding}},
      "no-zero-grad-elu-circles", [] {
        Program p = classifier(circles(), {3, 40, make<nn::ELU>, he()}, sgd(0.05));
        p.zeroes_gradients = false;
        p.steps = 150;
        return p;
      });
  add_to_report(
      gallery, {.name = "clipped to nothing", .causes = {ClippingAlways}},
      "clip-1e-3-residual-spirals", [] {
        Program p = classifier(spirals(), {6, 32, make<nn::GELU>, {}, Norm::Layer, true}, sgd(0.1));
        p.clip = 1e-3;
        return p;
      });
}

void add_ownership(Gallery& gallery) {
  add_to_report(gallery, {.name = "an optimiser of another network", .causes = {UpdateTooSmall}},
                "owns-a-copy-blobs", [] {
                  Program p = classifier(blobs(), relu_3x40, adam(1e-3));
                  p.trained = [](nn::Module&) { return mlp(blobs(), relu_3x40).parameters(); };
                  return p;
                });
  add_to_report(gallery,
                {.name = "only biases are trained", .causes = {UpdateTooSmall, ZeroGradient}},
                "biases-only-digits", [] {
                  Program p = classifier(digits(), tanh_2x48, adam(1e-3));
                  p.trained = [](nn::Module& net) {
                    std::vector<Tensor> all = net.parameters();
                    std::erase_if(all, [](const Tensor& t) { return t.dim() > 1; });
                    return all;
                  };
                  return p;
                });
}

void add_data(Gallery& gallery) {
  add_to_tune(gallery, {.name = "a time stamp among the inputs", .causes = {InputScale}},
              "time-stamp-2x48-waves", [] {
                Problem problem = with_inputs(waves(), [](const Tensor& x) {
                  return cat({x.narrow(1, 0, 3), x.narrow(1, 3, 1) * 1e6 + 1.7e9}, 1);
                });
                return regression(problem, {2, 48, make<nn::ReLU>, he()}, adam(1e-3));
              });
  add_to_tune(gallery, {.name = "columns of many scales", .causes = {InputScale}},
              "columns-1-1e4-waves", [] {
                Problem problem = with_inputs(waves(), [](const Tensor& x) {
                  return x * tensor({1.0F, 30.0F, 1000.0F, 1e4F});
                });
                return regression(problem, relu_3x40, adam(1e-3));
              });
  add_to_report(
      gallery, {.name = "16-bit pixels", .causes = {InputScale}}, "pixels-65535-tanh-digits", [] {
        Problem problem = with_inputs(digits(), [](const Tensor& x) { return x * 65535; });
        return classifier(problem, tanh_2x48, adam(1e-3));
      });
  add_to_report(gallery, {.name = "kelvins", .causes = {InputScale}}, "plus-300-sigmoid-circles",
                [] {
                  Problem problem = with_inputs(circles(), [](const Tensor& x) { return x + 300; });
                  return classifier(problem, {2, 32, make<nn::Sigmoid>, glorot()}, adam(3e-3));
                });
  add_to_tune(gallery, {.name = "NaN among the targets", .causes = {NonFinite}, .word = "target"},
              "nan-targets-waves", [] {
                Problem problem = waves();
                Tensor& y = problem.data.targets;
                y = masked_fill(y, gradus::rand(y.shape()) < 0.01,
                                std::numeric_limits<double>::quiet_NaN());
                return regression(problem, relu_3x40, adam(1e-3));
              });
  add_to_tune(gallery, {.name = "std of one sample", .causes = {NonFinite}, .word = "std"},
              "std-of-one-blobs", [] {
                Problem problem = blobs(3, 6);
                Program p{.problem = problem, .net = ByBatch(problem), .optimizer = adam(1e-3)};
                p.batch = 1;
                return p;
              });
  add_to_tune(gallery, {.name = "pow of 0", .causes = {NonFinite}, .word = "pow"}, "pow-0.4-digits",
              [] {
                Problem problem = digits();
                return Program{.problem = problem, .net = Power(problem), .optimizer = adam(1e-3)};
              });
}

}  // namespace

void add_recipe_faults(Gallery& gallery) {
  add_rates(gallery);
  add_ownership(gallery);
  add_data(gallery);
}

}  // namespace clinic
