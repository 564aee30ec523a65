// Healthy networks of one kind of layer in a row, with and without skips.

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

init::Initializer orthogonal() {
  return [](const Tensor& weight) { init::orthogonal_(weight); };
}

void add_shallow(Gallery& gallery) {
  gallery.push_back({.name = "ReLU with He",
                     .tune = {"relu-he-3x32-circles",
                              [] {
                                return classifier(circles(), {3, 32, make<nn::ReLU>, he()});
                              }},
                     .report = {"relu-he-4x64-digits", [] {
                                  return classifier(digits(), {4, 64, make<nn::ReLU>, he()});
                                }}});
  gallery.push_back({.name = "tanh with Glorot",
                     .tune = {"tanh-glorot-3x32-spirals",
                              [] {
                                return classifier(spirals(), {3, 32, make<nn::Tanh>, glorot()});
                              }},
                     .report = {"tanh-glorot-5x48-digits", [] {
                                  return classifier(digits(), {5, 48, make<nn::Tanh>, glorot()});
                                }}});
  gallery.push_back(
      {.name = "PyTorch's defaults, shallow",
       .tune = {"relu-default-2x64-digits",
                [] { return classifier(digits(), {.depth = 2, .width = 64}, adam(1e-3)); }},
       .report = {"tanh-default-2x32-blobs", [] {
                    return classifier(blobs(), {2, 32, make<nn::Tanh>});
                  }}});
  gallery.push_back(
      {.name = "narrow",
       .tune = {"tanh-2x4-circles",
                [] {
                  return classifier(circles(), {2, 4, make<nn::Tanh>, glorot()}, adam(0.02));
                }},
       .report = {"relu-2x8-digits", [] {
                    return classifier(digits(), {2, 8, make<nn::ReLU>, he()});
                  }}});
  gallery.push_back(
      {.name = "wide",
       .tune = {"relu-2x256-shapes",
                [] {
                  return classifier(shapes(), {2, 256, make<nn::ReLU>, he()}, sgd(0.005));
                }},
       .report = {"gelu-2x200-digits", [] {
                    return classifier(digits(), {2, 200, make<nn::GELU>, he()});
                  }}});
  gallery.push_back(
      {.name = "no hidden layer",
       .tune = {"linear-digits", [] { return classifier(digits(), {.depth = 0}, sgd(0.2)); }},
       .report = {"linear-blobs", [] { return classifier(blobs(), {.depth = 0}, sgd(0.2)); }}});
  gallery.push_back(
      {.name = "one or two sigmoids",
       .tune =
           {"sigmoid-1x32-circles",
            [] {
              Program p = classifier(circles(), {1, 32, make<nn::Sigmoid>, glorot()}, adam(0.1));
              p.steps = 150;
              return p;
            }},
       .report = {"sigmoid-2x48-digits", [] {
                    return classifier(digits(), {2, 48, make<nn::Sigmoid>, glorot()}, adam(0.01));
                  }}});
  gallery.push_back(
      {.name = "GELU, SiLU, Mish",
       .tune = {"gelu-4x48-spirals",
                [] {
                  return classifier(spirals(), {4, 48, make<nn::GELU>, he()}, adam(3e-3));
                }},
       .report = {"silu-5x40-digits", [] {
                    return classifier(digits(), {5, 40, make<nn::SiLU>, he()}, adam(3e-3));
                  }}});
}

void add_deep(Gallery& gallery) {
  gallery.push_back(
      {.name = "SELU with LeCun, deep",
       .tune = {"selu-12x32-circles",
                [] {
                  return classifier(circles(), {12, 32, make<nn::SELU>, lecun()}, adam(1e-3));
                }},
       .report = {"selu-20x48-digits", [] {
                    return classifier(digits(), {20, 48, make<nn::SELU>, lecun()}, sgd(0.005));
                  }}});
  gallery.push_back(
      {.name = "ReLU with He, deep",
       .tune = {"relu-he-16x64-blobs",
                [] {
                  return classifier(blobs(3, 6), {16, 64, make<nn::ReLU>, he()}, adam(1e-3));
                }},
       .report = {"leaky-he-24x80-digits", [] {
                    return classifier(digits(), {24, 80, make<nn::LeakyReLU>, he()}, adam(1e-3));
                  }}});
  gallery.push_back(
      {.name = "tanh with Glorot, deep",
       .tune = {"tanh-glorot-15x40-circles",
                [] {
                  return classifier(circles(), {15, 40, make<nn::Tanh>, glorot()}, adam(3e-3));
                }},
       .report = {"tanh-orthogonal-20x48-digits", [] {
                    return classifier(digits(), {20, 48, make<nn::Tanh>, orthogonal()}, sgd(0.02));
                  }}});
  gallery.push_back(
      {.name = "linear chain, orthogonal",
       .tune = {"linear-orthogonal-20x16-blobs",
                [] {
                  return classifier(blobs(), {20, 16, nullptr, orthogonal()}, sgd(0.005));
                }},
       .report = {"linear-orthogonal-12x32-digits", [] {
                    return classifier(digits(), {12, 32, nullptr, orthogonal()}, sgd(0.01));
                  }}});
  gallery.push_back(
      {.name = "batch norm",
       .tune = {"bn-relu-4x32-circles",
                [] {
                  return classifier(circles(), {.depth = 4, .weight = he(), .norm = Norm::Batch});
                }},
       .report = {"bn-tanh-6x48-digits", [] {
                    return classifier(digits(), {6, 48, make<nn::Tanh>, glorot(), Norm::Batch});
                  }}});
  gallery.push_back(
      {.name = "batch norm and skips, deep",
       .tune = {"bn-skip-20x32-circles",
                [] {
                  return classifier(
                      circles(), {.depth = 20, .weight = he(), .norm = Norm::Batch, .skips = true},
                      sgd(0.02));
                }},
       .report = {
           "bn-skip-30x40-digits", [] {
             return classifier(
                 digits(),
                 {.depth = 30, .width = 40, .weight = he(), .norm = Norm::Batch, .skips = true},
                 adam(1e-3));
           }}});
  gallery.push_back(
      {.name = "layer norm and skips, deep",
       .tune = {"ln-skip-16x32-spirals",
                [] {
                  return classifier(spirals(), {16, 32, make<nn::GELU>, he(), Norm::Layer, true},
                                    adam(2e-3));
                }},
       .report = {"ln-skip-24x48-digits", [] {
                    return classifier(digits(), {24, 48, make<nn::ReLU>, he(), Norm::Layer, true},
                                      adam(1e-3));
                  }}});
  gallery.push_back(
      {.name = "dropout",
       .tune = {"dropout-3x64-digits",
                [] {
                  Program p = classifier(digits(), {.width = 64, .weight = he(), .dropout = 0.5});
                  p.steps = 150;
                  return p;
                }},
       .report = {"dropout-4x48-blobs", [] {
                    return classifier(blobs(4, 6),
                                      {4, 48, make<nn::ELU>, he(), Norm::None, false, 0.3},
                                      adam(1e-3));
                  }}});
}

}  // namespace

void add_healthy_plain(Gallery& gallery) {
  add_shallow(gallery);
  add_deep(gallery);
}

}  // namespace clinic
