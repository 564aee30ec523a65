// How much of the gradient arrives at the first of 30 layers, for each activation and initialiser,
// beside what theory expects: the table from which to choose.

#include <fmt/core.h>
#include <gradus/gradus.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "terminal.h"

using namespace gradus;
namespace init = gradus::nn::init;

namespace {

constexpr int depth = 30;

struct Start {
  const char* name;
  const char* function;  ///< as init::recommended_for() names it
  init::Initializer initialize;
};

struct Activation {
  const char* name;
  nn::AnyModule (*make)();
  init::Nonlinearity nonlinearity;
};

template <class M>
nn::AnyModule make() {
  return nn::AnyModule(M());
}

struct Ratio {
  double measured;
  double expected;
};

/// RMS dL/dz of the first hidden layer over that of the last, medians over seeds.
Ratio first_to_last(const Activation& activation, const Start& start, std::int64_t width,
                    long seeds) {
  std::vector<double> measured, expected;
  for (long seed = 1; seed <= seeds; ++seed) {
    manual_seed(static_cast<std::uint64_t>(seed));
    nn::Sequential net;
    std::int64_t inputs = 2;
    for (int i = 0; i < depth; ++i) {
      net.push_back(nn::Linear(inputs, width));
      net.push_back(activation.make());
      inputs = width;
    }
    net.push_back(nn::Linear(width, 1));
    init::apply(net, start.initialize);
    const Tensor x = data::circles(128).inputs;

    std::vector<observe::LayerPrediction> hidden;
    for (auto& layer : observe::predict(net, x).layers) {
      if (layer.number >= 1 && layer.number <= depth) hidden.push_back(layer);
    }
    measured.push_back(hidden.front().measured_grad_rms.value_or(0) /
                       hidden.back().measured_grad_rms.value_or(1));
    expected.push_back(hidden.front().grad_rms.value_or(NAN) /
                       hidden.back().grad_rms.value_or(NAN));
  }
  std::ranges::sort(measured);
  std::ranges::sort(expected);
  return {measured[measured.size() / 2], expected[expected.size() / 2]};
}

}  // namespace

int main(int argc, char** argv) try {
  examples::CommandLine arguments(argc, argv,
                                  R"(initialisation: which initialiser for which activation

usage: initialisation [--width N] [--seeds N]
  --width N  units a layer (default 100)
  --seeds N  networks of which the median is shown (default 3)
)");
  const long width = arguments.number("--width", 100, 2);
  const long seeds = arguments.number("--seeds", 3, 1);
  arguments.finish();

  using N = init::Nonlinearity;
  const Activation activations[] = {
      {"none", make<nn::Identity>, N::Linear}, {"sigmoid", make<nn::Sigmoid>, N::Sigmoid},
      {"tanh", make<nn::Tanh>, N::Tanh},       {"ReLU", make<nn::ReLU>, N::ReLU},
      {"ELU", make<nn::ELU>, N::ELU},          {"SELU", make<nn::SELU>, N::SELU},
      {"GELU", make<nn::GELU>, N::GELU},       {"SiLU", make<nn::SiLU>, N::SiLU},
      {"Mish", make<nn::Mish>, N::Mish}};
  const Start starts[] = {
      {"N(0, 1)", "", [](const Tensor& w) { init::normal_(w, 0, 1); }},
      {"U(+-1/sqrt n)", "",
       [](const Tensor& w) {
         const double bound = 1 / std::sqrt(static_cast<double>(init::fan_in(w)));
         init::uniform_(w, -bound, bound);
       }},
      {"Glorot", "glorot_normal_", [](const Tensor& w) { init::glorot_normal_(w); }},
      {"He", "he_normal_", [](const Tensor& w) { init::he_normal_(w); }},
      {"LeCun", "lecun_normal_", [](const Tensor& w) { init::lecun_normal_(w); }}};

  fmt::print("RMS dL/dz at layer 1 over layer {}, {} units a layer; below, what theory expects\n\n",
             depth, width);
  fmt::print("{:<8}", "");
  for (const Start& start : starts) fmt::print(" {:>13}", start.name);
  fmt::print("\n");
  for (const Activation& activation : activations) {
    std::string measured = fmt::format("{:<8}", activation.name), expected(8, ' ');
    const std::string advice = init::recommended_for(activation.nonlinearity).name;
    for (const Start& start : starts) {
      const Ratio ratio = first_to_last(activation, start, width, seeds);
      const bool advised = advice == start.function;
      measured += fmt::format(" {:>12.1e}{}", ratio.measured, advised ? '*' : ' ');
      expected += fmt::format(" {:>12.1e} ", ratio.expected);
    }
    fmt::print("{}\n{}\n", measured, expected);
  }
  fmt::print("* recommended_for(): the rule of thumb. Near 1 is best. A sigmoid has none.\n");
} catch (const Error& error) {
  fmt::print(stderr, "initialisation: {}\n", error.what());
  return 1;
}
