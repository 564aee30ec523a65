// Faults of the objective: its sign, its targets, what stands between it and the output, and the
// functions that it is written with.

#include <limits>

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

using enum observe::Symptom;

const Mlp relu_2x48{2, 48, make<nn::ReLU>, he()};
const Mlp tanh_3x32{3, 32, make<nn::Tanh>, glorot()};
const Mlp gelu_3x40{3, 40, make<nn::GELU>, he()};

Program with_loss(Program program, Loss loss) {
  program.loss = std::move(loss);
  return program;
}

double signs(const Tensor& output, const Tensor& target) {
  return 2 * mean(((output > 0) == (target > 0)).to(float32)).item<double>() - 1;
}

/// Weighs each pixel, then divides it by its standard deviation in the batch. Some pixels are 0 in
/// every picture, and the small number stands behind the root.
struct Whitened : nn::Module {
  explicit Whitened(const Problem& problem)
      : weights(parameter("weights", ones({problem.inputs}))),
        head(child("head", nn::Linear(problem.inputs, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = x * weights;
    Tensor centred = h - mean(h, {0});
    return head(centred / (sqrt(mean(square(centred), {0})) + 1e-5));
  }
  Tensor weights;
  nn::Linear head;
};

void add_direction(Gallery& gallery) {
  add_to_tune(gallery, {.name = "a loss that is to grow", .causes = {LossMismatch}},
              "negated-ce-digits", [] {
                return with_loss(
                    classifier(digits(), relu_2x48),
                    [](const Tensor& y, const Tensor& t) { return -cross_entropy(y, t); });
              });
  add_to_tune(gallery, {.name = "the minus of the likelihood forgotten", .causes = {LossMismatch}},
              "plus-log-p-blobs", [] {
                return with_loss(classifier(blobs(4, 5), tanh_3x32, adam(3e-3)),
                                 [](const Tensor& y, const Tensor& t) {
                                   return mean(gather(log_softmax(y, 1), 1, t.unsqueeze(1)));
                                 });
              });
  add_to_report(gallery, {.name = "hinge loss on 0 and 1", .causes = {LossMismatch}},
                "hinge-0-1-circles", [] {
                  Program p = with_loss(
                      classifier(binary(circles()), relu_2x48, adam(3e-3)),
                      [](const Tensor& y, const Tensor& t) { return mean(relu(1 - t * y)); });
                  p.score = [](const Tensor& y, const Tensor& t) { return signs(y, t); };
                  return p;
                });
  add_to_report(gallery, {.name = "softmax over the batch", .causes = {LossMismatch}},
                "softmax-dim-0-digits", [] {
                  return with_loss(classifier(digits(), relu_2x48),
                                   [](const Tensor& y, const Tensor& t) {
                                     return nll_loss(log_softmax(y, 0), t);
                                   });
                });
}

void add_outputs(Gallery& gallery) {
  add_to_tune(gallery,
              {.name = "softplus on what must be negative", .causes = {LossMismatch, DeadUnits}},
              "softplus-negative-waves", [] {
                Problem problem = with_targets(waves(), [](const Tensor& y) { return y - 3; });
                return regression(problem, with_end(mlp(problem, gelu_3x40), nn::Softplus()));
              });
  add_to_tune(
      gallery, {.name = "a norm on the output", .causes = {LossMismatch}}, "bn-output-waves", [] {
        Problem problem = with_targets(waves(), [](const Tensor& y) { return 10 * y + 40; });
        return regression(problem,
                          with_end(mlp(problem, relu_2x48), nn::BatchNorm1d(2, {.affine = false})));
      });
  add_to_report(gallery, {.name = "a rounded output", .causes = {ZeroGradient, LossMismatch}},
                "rounded-output-waves", [] {
                  return with_loss(regression(waves(), tanh_3x32, adam(3e-3)),
                                   [](const Tensor& y, const Tensor& t) {
                                     return mse_loss(round(y * 10) / 10, t);
                                   });
                });
  add_to_report(
      gallery,
      {.name = "logits divided away", .causes = {UpdateTooSmall, SlowLearning, LossMismatch}},
      "logits-1e-4-circles", [] {
        return with_loss(classifier(circles(), tanh_3x32), [](const Tensor& y, const Tensor& t) {
          return cross_entropy(y / 1e4, t);
        });
      });
  add_to_tune(gallery, {.name = "logits times 500", .causes = {UpdateTooLarge, LossMismatch}},
              "logits-500-digits", [] {
                return with_loss(
                    classifier(digits(), relu_2x48),
                    [](const Tensor& y, const Tensor& t) { return cross_entropy(500 * y, t); });
              });
  add_to_report(gallery, {.name = "Huber loss, delta of 1e-6", .causes = {UpdateTooSmall}},
                "huber-delta-1e-6-waves", [] {
                  return regression(waves(), relu_2x48, sgd(0.05),
                                    [](const Tensor& y, const Tensor& t) {
                                      return huber_loss(y, t, {.delta = 1e-6});
                                    });
                });
  add_to_tune(gallery,
              {.name = "targets far off, small steps",
               .causes = {SlowLearning, UpdateTooSmall, LossMismatch}},
              "targets-2000-adam-waves", [] {
                Problem problem =
                    with_targets(waves(), [](const Tensor& y) { return 300 * y + 2000; });
                return regression(problem, relu_2x48, adam(1e-3));
              });
  add_to_report(gallery, {.name = "targets with outliers", .causes = {UpdateTooLarge, Exploding}},
                "outliers-3e3-waves", [] {
                  Problem problem = with_targets(waves(), [](const Tensor& y) {
                    return y + 3000 * (gradus::rand({y.size(0), 1}) < 0.01).to(float32);
                  });
                  return regression(problem, relu_2x48, sgd(0.02));
                });
}

void add_numbers(Gallery& gallery) {
  add_to_report(
      gallery, {.name = "missing targets times 0", .causes = {NonFinite}, .word = "target"},
      "nan-times-0-waves", [] {
        Problem problem = with_targets(waves(), [](const Tensor& y) {
          return masked_fill(y, gradus::rand(y.shape()) < 0.1,
                             std::numeric_limits<double>::quiet_NaN());
        });
        return regression(problem, tanh_3x32, adam(3e-3), [](const Tensor& y, const Tensor& t) {
          Tensor known = logical_not(isnan(t)).to(float32);
          return mean(known * square(y - t));
        });
      });
  add_to_report(
      gallery, {.name = "log of a sigmoid that is 0", .causes = {NonFinite}, .word = "log"},
      "hand-bce-blobs", [] {
        Problem problem = binary(blobs(2, 8));
        Program p = with_loss(classifier(problem, {2, 32, make<nn::ReLU>, normal(1.5)}, adam(1e-3)),
                              [](const Tensor& y, const Tensor& t) {
                                Tensor q = sigmoid(y);
                                return -mean(t * log(q) + (1 - t) * log(1 - q));
                              });
        p.score = binary_accuracy;
        return p;
      });
  add_to_report(
      gallery, {.name = "a variance of 0", .causes = {NonFinite}}, "relu-variance-waves", [] {
        Problem problem = waves();
        problem.outputs = 4;
        Program p =
            regression(problem, tanh_3x32, adam(3e-3), [](const Tensor& y, const Tensor& t) {
              Tensor var = relu(y.narrow(1, 2, 2));
              Tensor error = square(y.narrow(1, 0, 2) - t);
              return mean(log(var) + error / var);
            });
        p.score = [](const Tensor& y, const Tensor& t) { return explained(y.narrow(1, 0, 2), t); };
        return p;
      });
  add_to_report(
      gallery, {.name = "the root of no variance, backward", .causes = {NonFinite}, .word = "sqrt"},
      "whitened-pixels-digits",
      [] { return classifier(digits(), Whitened(digits()), adam(1e-3)); });
  add_to_tune(gallery, {.name = "log1p below -1", .causes = {NonFinite}, .word = "log1p"},
              "log1p-3x32-circles", [] {
                nn::Sequential net{nn::Linear(2, 32),
                                   Apply([](const Tensor& x) { return log1p(x); }),
                                   nn::Linear(32, 2)};
                init::apply(net, he());
                return classifier(circles(), net);
              });
}

}  // namespace

void add_objective_faults(Gallery& gallery) {
  add_direction(gallery);
  add_outputs(gallery);
  add_numbers(gallery);
}

}  // namespace clinic
