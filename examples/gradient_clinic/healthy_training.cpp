// Healthy training: losses that fit, optimisers and schedules of many kinds, noise, late phases.

#include <algorithm>
#include <cmath>

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

Problem with_noise(Problem problem, double share) {
  Tensor& y = problem.data.targets;
  y = where(gradus::rand(y.shape()) < share, randint(0, problem.outputs, y.shape()), y);
  return problem;
}

Program with_end(Program program, const nn::AnyModule& end, Loss loss) {
  auto net = dynamic_cast<nn::Sequential&>(*program.net);
  net.push_back(end);
  program.net = net;
  program.loss = std::move(loss);
  return program;
}

Program regression(const Mlp& options, Loss loss, Recipe optimizer) {
  return clinic::regression(waves(), options, std::move(optimizer), std::move(loss));
}

const Mlp relu_3x32{3, 32, make<nn::ReLU>, he()};
const Mlp tanh_3x32{3, 32, make<nn::Tanh>, glorot()};

void add_losses(Gallery& gallery) {
  gallery.push_back(
      {.name = "regression",
       .tune = {"mse-relu-waves", [] { return regression(relu_3x32, squares, adam(3e-3)); }},
       .report = {"huber-tanh-waves", [] {
                    return regression(
                        tanh_3x32,
                        [](const Tensor& output, const Tensor& target) {
                          return huber_loss(output, target);
                        },
                        sgd(0.2));
                  }}});
  gallery.push_back({.name = "binary losses that fit",
                     .tune = {"bce-logits-circles",
                              [] {
                                Program p = classifier(binary(circles()), relu_3x32);
                                p.loss = binary_entropy;
                                p.score = binary_accuracy;
                                return p;
                              }},
                     .report = {"sigmoid-bce-spirals", [] {
                                  Program p = with_end(
                                      classifier(binary(spirals()), tanh_3x32), nn::Sigmoid(),
                                      [](const Tensor& output, const Tensor& target) {
                                        return binary_cross_entropy(output, target);
                                      });
                                  p.score = [](const Tensor& output, const Tensor& target) {
                                    return binary_accuracy(output - 0.5, target);
                                  };
                                  return p;
                                }}});
  gallery.push_back({.name = "class losses that fit",
                     .tune = {"log-softmax-nll-blobs",
                              [] {
                                return with_end(classifier(blobs(), relu_3x32), nn::LogSoftmax(),
                                                [](const Tensor& output, const Tensor& target) {
                                                  return nll_loss(output, target);
                                                });
                              }},
                     .report = {"label-smoothing-digits", [] {
                                  Program p = classifier(digits(), relu_3x32);
                                  p.loss = [](const Tensor& output, const Tensor& target) {
                                    return cross_entropy(output, target, {.label_smoothing = 0.1});
                                  };
                                  return p;
                                }}});
}

void add_optimizers(Gallery& gallery) {
  gallery.push_back({.name = "Adam and kin",
                     .tune = {"adamw-relu-digits",
                              [] { return classifier(digits(), relu_3x32, adamw(2e-3, 0.05)); }},
                     .report = {"rmsprop-tanh-spirals",
                                [] { return classifier(spirals(), tanh_3x32, rmsprop(3e-3)); }}});
  gallery.push_back(
      {.name = "plain SGD",
       .tune = {"sgd-0.3-spirals", [] { return classifier(spirals(), tanh_3x32, sgd(0.3, 0)); }},
       .report = {"sgd-decay-digits",
                  [] { return classifier(digits(), relu_3x32, sgd(0.2, 0, 1e-3)); }}});
  gallery.push_back(
      {.name = "clipping now and then",
       .tune = {"clip-1-rnn-8",
                [] {
                  Problem problem = memory(8);
                  return Program{.problem = problem,
                                 .net = Recurrent(problem, 24, 1, tanh),
                                 .optimizer = adam(5e-3),
                                 .clip = 1};
                }},
       .report = {"clip-1-relu-digits", [] {
                    Program p = classifier(digits(), {4, 48, make<nn::ReLU>, he()}, sgd(0.05));
                    p.clip = 1;
                    return p;
                  }}});
  gallery.push_back(
      {.name = "schedules",
       .tune = {"warm-up-adam-digits",
                [] {
                  Program p = classifier(digits(), {4, 48, make<nn::GELU>, he()}, adam(5e-3));
                  p.schedule = [](int step) { return std::min(1.0, (step + 1) / 40.0); };
                  return p;
                }},
       .report = {"cosine-spirals", [] {
                    Program p = classifier(spirals(), tanh_3x32, sgd(0.1));
                    p.schedule = [](int step) { return (1 + std::cos(0.039 * step)) / 2; };
                    return p;
                  }}});
  gallery.push_back({.name = "small and full batches",
                     .tune = {"batch-4-circles",
                              [] {
                                Program p = classifier(circles(), relu_3x32, sgd(0.01));
                                p.batch = 4;
                                p.steps = 150;
                                return p;
                              }},
                     .report = {"full-batch-blobs", [] {
                                  Program p = classifier(blobs(), tanh_3x32, sgd(0.2));
                                  p.batch = 300;
                                  return p;
                                }}});
}

void add_phases(Gallery& gallery) {
  gallery.push_back(
      {.name = "noisy labels",
       .tune = {"noise-0.3-blobs",
                [] { return classifier(with_noise(blobs(3, 6), 0.3), relu_3x32, sgd(0.02)); }},
       .report = {"noise-0.4-digits",
                  [] { return classifier(with_noise(digits(), 0.4), relu_3x32, adam(2e-3)); }}});
  gallery.push_back(
      {.name = "a small rate, good progress",
       .tune = {"sgd-0.005-relu-blobs",
                [] { return classifier(blobs(3, 6), relu_3x32, sgd(0.005)); }},
       .report = {"adam-3e-4-digits", [] {
                    return classifier(digits(), {2, 128, make<nn::ReLU>, he()}, adam(3e-4));
                  }}});
  gallery.push_back(
      {.name = "converged long ago",
       .tune = {"converged-blobs",
                [] {
                  Program p = classifier(blobs(3, 8), relu_3x32, sgd(0.1));
                  p.steps_before = 400;
                  return p;
                }},
       .report = {"converged-digits", [] {
                    Program p = classifier(digits(), {2, 64, make<nn::ReLU>, he()}, adam(3e-3));
                    p.steps_before = 500;
                    return p;
                  }}});
  gallery.push_back(
      {.name = "watched in mid-training",
       .tune = {"after-50-circles",
                [] {
                  Program p = classifier(circles(), tanh_3x32, sgd(0.1));
                  p.steps_before = 50;
                  return p;
                }},
       .report = {"after-80-digits", [] {
                    Program p = classifier(digits(), {5, 40, make<nn::ReLU>, he()}, adam(2e-3));
                    p.steps_before = 80;
                    return p;
                  }}});
  gallery.push_back({.name = "long runs",
                     .tune = {"steps-300-spirals",
                              [] {
                                Program p = classifier(spirals(), relu_3x32, adam(5e-3));
                                p.steps = 300;
                                return p;
                              }},
                     .report = {"steps-300-digits", [] {
                                  Program p = classifier(digits(), tanh_3x32, sgd(0.1));
                                  p.steps = 300;
                                  return p;
                                }}});
}

}  // namespace

void add_healthy_training(Gallery& gallery) {
  add_losses(gallery);
  add_optimizers(gallery);
  add_phases(gallery);
}

}  // namespace clinic
