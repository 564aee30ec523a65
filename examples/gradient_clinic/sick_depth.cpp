// Faults of depth: initialisers and activations that lose the gradient, or blow it up, on its way.

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

using enum observe::Symptom;

void add_vanishing(Gallery& gallery) {
  gallery.push_back(
      {.name = "many sigmoids",
       .causes = {Vanishing},
       .flow = Flow::Vanishing,
       .word = "sigmoid",
       .repairable = true,
       .tune = {"sigmoid-8x32-circles",
                [] {
                  return classifier(circles(), {8, 32, make<nn::Sigmoid>, glorot()}, sgd(0.1));
                }},
       .report = {"sigmoid-6x64-digits", [] {
                    return classifier(digits(), {6, 64, make<nn::Sigmoid>, glorot()}, adam(1e-3));
                  }}});
  gallery.push_back({.name = "ReLU, Glorot, deep",
                     .causes = {Initialization},
                     .flow = Flow::Vanishing,
                     .repairable = true,
                     .tune = {"relu-glorot-30x50-circles",
                              [] {
                                return classifier(circles(), {30, 50, make<nn::ReLU>, glorot()});
                              }},
                     .report = {"relu-glorot-24x40-digits", [] {
                                  return classifier(digits(), {24, 40, make<nn::ReLU>, glorot()});
                                }}});
  gallery.push_back({.name = "ReLU, PyTorch's default, deep",
                     .causes = {Initialization},
                     .flow = Flow::Vanishing,
                     .repairable = true,
                     .tune = {"relu-default-12x48-digits",
                              [] { return classifier(digits(), {.depth = 12, .width = 48}); }},
                     .report = {"relu-default-16x32-blobs", [] {
                                  return classifier(blobs(4, 5), {.depth = 16, .width = 32});
                                }}});
  gallery.push_back({.name = "tanh, PyTorch's default, deep",
                     .causes = {Initialization},
                     .flow = Flow::Vanishing,
                     .repairable = true,
                     .tune = {"tanh-default-20x40-blobs",
                              [] {
                                return classifier(blobs(), {20, 40, make<nn::Tanh>});
                              }},
                     .report = {"tanh-default-25x50-circles", [] {
                                  return classifier(circles(), {25, 50, make<nn::Tanh>});
                                }}});
  gallery.push_back(
      {.name = "tiny weights",
       .causes = {Initialization},
       .flow = Flow::Vanishing,
       .repairable = true,
       .tune = {"tanh-tiny-6x40-spirals",
                [] {
                  return classifier(spirals(), {6, 40, make<nn::Tanh>, normal(0.01)});
                }},
       .report = {"leaky-tiny-8x64-digits", [] {
                    return classifier(digits(), {8, 64, make<nn::LeakyReLU>, normal(0.02)});
                  }}});
  gallery.push_back({.name = "linear chain, small weights",
                     .causes = {Initialization},
                     .flow = Flow::Vanishing,
                     .repairable = true,
                     .tune = {"linear-15x20-blobs",
                              [] {
                                return classifier(blobs(), {15, 20, nullptr, normal(0.1)});
                              }},
                     .report = {"linear-10x32-digits", [] {
                                  return classifier(digits(), {10, 32, nullptr, normal(0.05)});
                                }}});
  gallery.push_back({.name = "SiLU, GELU, deep",
                     .causes = {Vanishing, Initialization},
                     .flow = Flow::Vanishing,
                     .repairable = true,
                     .tune = {"silu-he-28x32-circles",
                              [] {
                                return classifier(circles(), {28, 32, make<nn::SiLU>, he()});
                              }},
                     .report = {"gelu-he-32x48-digits", [] {
                                  return classifier(digits(), {32, 48, make<nn::GELU>, he()});
                                }}});
  gallery.push_back(
      {.name = "softplus, deep",
       .causes = {Vanishing, Initialization},
       .flow = Flow::Vanishing,
       .repairable = true,
       .tune = {"softplus-16x32-circles",
                [] {
                  return classifier(circles(), {16, 32, make<nn::Softplus>, glorot()});
                }},
       .report = {"softplus-20x40-digits", [] {
                    return classifier(digits(), {20, 40, make<nn::Softplus>, glorot()});
                  }}});
  gallery.push_back(
      {.name = "recurrent, small weights",
       .causes = {Vanishing, Initialization},
       .flow = Flow::Vanishing,
       .tune = {"rnn-tanh-0.5x40",
                [] {
                  Problem problem = memory(40);
                  return Program{.problem = problem, .net = Recurrent(problem, 24, 0.5, tanh)};
                }},
       .report = {"rnn-relu-0.7x60", [] {
                    Problem problem = memory(60);
                    return Program{.problem = problem, .net = Recurrent(problem, 32, 0.7, relu)};
                  }}});
}

void add_large(Gallery& gallery) {
  gallery.push_back(
      {.name = "sigmoid, weights N(0, 1)",
       .causes = {Saturation, Initialization},
       .flow = Flow::Vanishing,
       .repairable = true,
       .tune = {"sigmoid-normal-12x28-digits",
                [] {
                  return classifier(digits(), {12, 28, make<nn::Sigmoid>, normal(1)});
                }},
       .report = {"sigmoid-normal-14x32-digits",
                  [] {
                    return classifier(digits(), {14, 32, make<nn::Sigmoid>, normal(1)}, adam(1e-3));
                  }},
       .also_tune = {"sigmoid-normal-16x32-circles", [] {
                       return classifier(circles(), {16, 32, make<nn::Sigmoid>, normal(1)});
                     }}});
  gallery.push_back(
      {.name = "tanh, large weights",
       .causes = {Saturation, Initialization},
       .flow = Flow::Exploding,
       .repairable = true,
       .tune = {"tanh-normal-5x64-digits",
                [] {
                  return classifier(digits(), {5, 64, make<nn::Tanh>, normal(1)});
                }},
       .report = {"tanh-normal-7x48-blobs",
                  [] {
                    return classifier(blobs(4, 6), {7, 48, make<nn::Tanh>, normal(1)});
                  }},
       .also_tune = {"hardtanh-normal-8x32-spirals", [] {
                       return classifier(spirals(), {8, 32, make<nn::Hardtanh>, normal(2)});
                     }}});
  gallery.push_back(
      {.name = "ReLU, weights N(0, 1)",
       .causes = {Initialization, Exploding},
       .flow = Flow::Exploding,
       .repairable = true,
       .tune = {"relu-normal-8x50-digits",
                [] {
                  return classifier(digits(), {8, 50, make<nn::ReLU>, normal(1)}, sgd(0.01));
                }},
       .report = {"relu-normal-12x64-blobs", [] {
                    return classifier(blobs(), {12, 64, make<nn::ReLU>, normal(0.6)}, adam(1e-3));
                  }}});
  gallery.push_back(
      {.name = "residual, branches unscaled",
       .causes = {Exploding, Initialization},
       .flow = Flow::Exploding,
       .repairable = true,
       .tune = {"residual-he-30x32-circles",
                [] {
                  Problem problem = circles();
                  nn::Sequential net{nn::Linear(2, 32)};
                  for (int i = 0; i < 30; ++i) {
                    net.push_back(nn::Residual{nn::Linear(32, 32), nn::ReLU(), nn::Linear(32, 32)});
                  }
                  net.push_back(nn::Linear(32, 2));
                  init::apply(net, he());
                  return Program{.problem = problem, .net = net};
                }},
       .report = {"residual-he-40x24-digits", [] {
                    return classifier(digits(),
                                      {.depth = 40, .width = 24, .weight = he(), .skips = true});
                  }}});
  gallery.push_back(
      {.name = "batch norm, deep, no skips",
       .causes = {Exploding},
       .flow = Flow::Exploding,
       .repairable = true,
       .tune = {"bn-60x32-circles",
                [] {
                  return classifier(circles(),
                                    {.depth = 60, .width = 32, .weight = he(), .norm = Norm::Batch},
                                    sgd(0.01));
                }},
       .report = {"bn-50x48-digits", [] {
                    return classifier(
                        digits(), {.depth = 50, .width = 48, .weight = he(), .norm = Norm::Batch},
                        adam(1e-3));
                  }}});
  gallery.push_back(
      {.name = "recurrent, large weights",
       .causes = {Exploding, Initialization},
       .flow = Flow::Exploding,
       .tune = {"rnn-relu-2x40",
                [] {
                  Problem problem = memory(40);
                  return Program{.problem = problem, .net = Recurrent(problem, 24, 2, relu)};
                }},
       .report = {"rnn-relu-2.2x35",
                  [] {
                    Problem problem = memory(35);
                    return Program{.problem = problem, .net = Recurrent(problem, 16, 2.2, relu)};
                  }},
       .also_tune = {"rnn-relu-1.8x30", [] {
                       Problem problem = memory(30);
                       return Program{.problem = problem,
                                      .net = Recurrent(problem, 32, 1.8, relu),
                                      .optimizer = adam(1e-3)};
                     }}});
}

}  // namespace

void add_depth_faults(Gallery& gallery) {
  add_vanishing(gallery);
  add_large(gallery);
}

}  // namespace clinic
