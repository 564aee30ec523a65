// Which activation for this problem? k-fold cross-validation over activations, each with the
// initialiser that belongs to it, on two interleaved spirals. Every fold is held out once from a
// network that starts anew; all candidates see the same folds, seeds and batches.

#include <fmt/core.h>
#include <gradus/gradus.h>

#include <cstdio>
#include <vector>

#include "terminal.h"

using namespace gradus;
namespace init = gradus::nn::init;

namespace {

struct Candidate {
  const char* name;
  nn::AnyModule (*make)();
  init::Nonlinearity nonlinearity;
};

template <class T>
nn::AnyModule make() {
  return T();
}

nn::Sequential build(const Candidate& candidate, std::int64_t classes) {
  nn::Sequential net;
  std::int64_t inputs = 2;
  for (int i = 0; i < 4; ++i) {
    net.push_back(nn::Linear(inputs, 32));
    net.push_back(candidate.make());
    inputs = 32;
  }
  net.push_back(nn::Linear(inputs, classes));
  init::apply(net, init::recommended_for(candidate.nonlinearity));
  return net;
}

// What fold `fold` of `folds` holds out, and the rest, whose mean and deviation standardise both.
data::TrainTest split(const data::Dataset& set, const Tensor& order, long fold, long folds) {
  std::vector<Tensor> parts = chunk(order, folds);
  Tensor held_out = parts[static_cast<std::size_t>(fold)];
  parts.erase(parts.begin() + fold);
  Tensor rest = cat(parts);

  Tensor known = index_select(set.inputs, 0, rest);
  Tensor centre = mean(known, 0);
  Tensor scale = gradus::std(known, 0);
  auto rows = [&](const Tensor& index) {
    return data::Dataset{(index_select(set.inputs, 0, index) - centre) / scale,
                         index_select(set.targets, 0, index)};
  };
  return {.train = rows(rest), .test = rows(held_out)};
}

// Trains a new network; its accuracy on what was held out.
double score(const Candidate& candidate, const data::TrainTest& set, long fold, long epochs) {
  manual_seed(static_cast<std::uint64_t>(fold));
  nn::Sequential net = build(candidate, 2);
  optim::Adam adam(net.parameters(), {.lr = 0.003});
  data::DataLoader loader(set.train, {.batch_size = 50, .shuffle = true});
  for (long epoch = 0; epoch < epochs; ++epoch) {
    for (const auto& [x, y] : loader) {
      adam.zero_grad();
      cross_entropy(net(x), y).backward();
      adam.step();
    }
  }
  NoGrad no_grad;
  Tensor right = argmax(net(set.test.inputs), 1) == set.test.targets;
  return right.to(float32).mean().item<double>();
}

}  // namespace

int main(int argc, char** argv) try {
  examples::CommandLine arguments(argc, argv,
                                  R"(activations: cross-validation over activations, on two spirals

usage: activations [--folds N] [--epochs N]
  --folds N   parts of the data, each held out once (default 5)
  --epochs N  passes over the others (default 40)
)");
  long folds = arguments.number("--folds", 5, 2);
  long epochs = arguments.number("--epochs", 40, 1);
  arguments.finish();

  using enum init::Nonlinearity;
  const std::vector<Candidate> candidates = {
      {"sigmoid", make<nn::Sigmoid>, Sigmoid},
      {"tanh", make<nn::Tanh>, Tanh},
      {"ReLU", make<nn::ReLU>, ReLU},
      {"leaky ReLU", make<nn::LeakyReLU>, LeakyReLU},
      {"ELU", make<nn::ELU>, ELU},
      {"SELU", make<nn::SELU>, SELU},
      {"GELU", make<nn::GELU>, GELU},
      {"SiLU", make<nn::SiLU>, SiLU},
      {"Mish", make<nn::Mish>, Mish},
  };
  Generator generator(1);
  data::Dataset spirals = data::spirals(600, {.turns = 2}, &generator);
  Tensor order = randperm(spirals.size(), &generator);

  fmt::print("Two spirals of 2 turns, {} points; 4 layers of 32 units; {} epochs of Adam.\n",
             spirals.size(), epochs);
  fmt::print("Accuracy on held-out points, mean and standard deviation over {} folds:\n\n", folds);
  fmt::print("{:<12} {:<16} {:>10} {:>10}\n", "activation", "initialiser", "accuracy", "deviation");
  for (const Candidate& candidate : candidates) {
    std::vector<double> scores;
    for (long fold = 0; fold < folds; ++fold) {
      scores.push_back(score(candidate, split(spirals, order, fold, folds), fold, epochs));
    }
    Tensor all = tensor(scores) * 100;
    fmt::print("{:<12} {:<16} {:>8.1f} % {:>8.1f} %\n", candidate.name,
               init::recommended_for(candidate.nonlinearity).name, all.mean().item<double>(),
               gradus::std(all).item<double>());
    std::fflush(stdout);
  }
  fmt::print(
      "\nA sigmoid passes on at most a quarter of the gradient: four layers of it have\n"
      "hardly begun to learn. ReLU's smooth relatives are the fastest here.\n");
} catch (const Error& error) {
  fmt::print(stderr, "activations: {}\n", error.what());
  return 1;
}
