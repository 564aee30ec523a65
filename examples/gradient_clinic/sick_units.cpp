// Faults of units: equal ones, layers of zeros, dead ones.

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

using enum observe::Symptom;

/// Whether a layer of the net is 0 on all of x.
bool born_dead(const nn::Sequential& net, const Tensor& x) {
  NoGrad no_grad;
  Tensor h = x;
  for (std::int64_t i = 0; i + 1 < net.size(); ++i) {
    h = net[i](h);
    if (h.max().item<double>() == 0 && h.min().item<double>() == 0) return true;
  }
  return false;
}

/// As somebody meets it who has bad luck: drawn again until a layer is dead.
Program unlucky(const Problem& problem, const Mlp& options) {
  nn::Sequential net = mlp(problem, options);
  while (!born_dead(net, problem.data.inputs)) net = mlp(problem, options);
  return {.problem = problem, .net = net};
}

/// Gives each unit of the Linear at `index` a twin, with the same outgoing weights.
void duplicate_units(const nn::Sequential& net, std::int64_t index, std::int64_t next) {
  NoGrad no_grad;
  const std::int64_t half = weight_of(net, index).size(0) / 2;
  const Tensor weight = weight_of(net, index), out = weight_of(net, next);
  weight.narrow(0, half, half).copy_(weight.narrow(0, 0, half).clone());
  out.narrow(1, half, half).copy_(out.narrow(1, 0, half).clone());
  const Tensor bias = bias_of(net, index);
  bias.narrow(0, half, half).copy_(bias.narrow(0, 0, half).clone());
}

void add_symmetry(Gallery& gallery) {
  gallery.push_back(
      {.name = "all weights equal",
       .causes = {Symmetry},
       .repairable = true,
       .tune = {"constant-2x16-circles",
                [] {
                  Problem problem = circles();
                  return Program{.problem = problem,
                                 .net = mlp(problem, {2, 16, make<nn::Tanh>, constant(0.3)})};
                }},
       .report = {"constant-3x24-digits", [] {
                    Problem problem = digits();
                    return Program{.problem = problem,
                                   .net = mlp(problem, {3, 24, make<nn::ReLU>, constant(0.05)})};
                  }}});
  gallery.push_back(
      {.name = "all weights zero",
       .causes = {Symmetry, ZeroGradient, Initialization},
       .repairable = true,
       .tune = {"zeros-3x32-spirals",
                [] {
                  Problem problem = spirals();
                  return Program{.problem = problem,
                                 .net = mlp(problem, {3, 32, make<nn::Tanh>, constant(0)})};
                }},
       .report = {"zeros-2x48-digits", [] {
                    Problem problem = digits();
                    return Program{.problem = problem,
                                   .net = mlp(problem, {2, 48, make<nn::ReLU>, constant(0)}),
                                   .optimizer = adam(1e-3)};
                  }}});
  gallery.push_back({.name = "one layer zero",
                     .causes = {ZeroGradient, Symmetry, Initialization},
                     .layer = "4",
                     .repairable = true,
                     .tune = {"zero-layer-4x32-digits",
                              [] {
                                Problem problem = digits();
                                nn::Sequential net = mlp(problem, {4, 32, make<nn::ReLU>, he()});
                                init::zeros_(weight_of(net, 4));
                                return Program{.problem = problem, .net = net};
                              }},
                     .report = {"zero-layer-6x24-circles", [] {
                                  Problem problem = circles();
                                  nn::Sequential net = mlp(problem, {6, 24, make<nn::ReLU>, he()});
                                  init::zeros_(weight_of(net, 4));
                                  return Program{
                                      .problem = problem, .net = net, .optimizer = adam(3e-3)};
                                }}});
  gallery.push_back(
      {.name = "units copied in pairs",
       .causes = {Symmetry},
       .layer = "2",
       .tune = {"copied-3x32-spirals",
                [] {
                  Problem problem = spirals();
                  nn::Sequential net = mlp(problem, {3, 32, make<nn::Tanh>, glorot()});
                  duplicate_units(net, 2, 4);
                  return Program{.problem = problem, .net = net};
                }},
       .report = {"copied-4x48-digits", [] {
                    Problem problem = digits();
                    nn::Sequential net = mlp(problem, {4, 48, make<nn::ELU>, he()});
                    duplicate_units(net, 2, 4);
                    return Program{.problem = problem, .net = net, .optimizer = adam(1e-3)};
                  }}});
}

void add_dead(Gallery& gallery) {
  gallery.push_back(
      {.name = "dead by their bias",
       .causes = {DeadUnits},
       .flow = Flow::DyingReLU,
       .layer = "2",
       .repairable = true,
       .tune = {"bias-3x32-circles",
                [] {
                  Problem problem = circles();
                  nn::Sequential net = mlp(problem, {3, 32, make<nn::ReLU>, he()});
                  init::constant_(bias_of(net, 2), -20);
                  return Program{.problem = problem, .net = net};
                }},
       .report = {"bias-4x40-spirals",
                  [] {
                    Problem problem = spirals();
                    nn::Sequential net = mlp(problem, {4, 40, make<nn::ReLU>, he()});
                    init::constant_(bias_of(net, 2), -15);
                    return Program{.problem = problem, .net = net, .optimizer = adam(1e-3)};
                  }},
       .also_tune = {"bias-4x64-digits", [] {
                       Problem problem = digits();
                       nn::Sequential net = mlp(problem, {4, 64, make<nn::ReLU>, he()});
                       const Tensor bias = bias_of(net, 2);  // a few units live
                       init::constant_(bias.narrow(0, 4, 60), -20);
                       return Program{.problem = problem, .net = net};
                     }}});
  gallery.push_back({.name = "born dead, narrow",
                     .causes = {DeadUnits},
                     .flow = Flow::DyingReLU,
                     .repairable = true,
                     .tune = {"born-dead-20x3-circles",
                              [] {
                                return unlucky(circles(), {20, 3, make<nn::ReLU>, he()});
                              }},
                     .report = {"born-dead-30x4-blobs", [] {
                                  return unlucky(blobs(3, 6), {30, 4, make<nn::ReLU>, he()});
                                }}});
  gallery.push_back({.name = "killed by the learning rate",
                     .causes = {UpdateTooLarge},
                     .flow = Flow::DyingReLU,
                     .repairable = true,
                     .tune = {"killed-4x32-digits",
                              [] {
                                Problem problem = digits();
                                return Program{.problem = problem,
                                               .net = mlp(problem, {4, 32, make<nn::ReLU>, he()}),
                                               .optimizer = sgd(5)};
                              }},
                     .report = {"killed-5x48-blobs",
                                [] {
                                  Problem problem = blobs(4, 5);
                                  return Program{.problem = problem,
                                                 .net = mlp(problem, {5, 48, make<nn::ReLU>, he()}),
                                                 .optimizer = sgd(8)};
                                }},
                     .also_tune = {"killed-adam-3x64-spirals", [] {
                                     Problem problem = spirals();
                                     return Program{
                                         .problem = problem,
                                         .net = mlp(problem, {3, 64, make<nn::ReLU>, he()}),
                                         .optimizer = adam(1)};
                                   }}});
}

}  // namespace

void add_unit_faults(Gallery& gallery) {
  add_symmetry(gallery);
  add_dead(gallery);
}

}  // namespace clinic
