// Which activation for this problem? k-fold cross-validation over activations, each with the
// initialiser that belongs to it, on two interleaved spirals.

#include <fmt/core.h>
#include <gradus/gradus.h>

#include <cmath>

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

double accuracy(nn::Module& net, const Tensor& x, const Tensor& y) {
  NoGrad no_grad;
  net.eval();
  return mean(to(eq(argmax(net(x), 1), y), float32)).item<double>();
}

// Trains on all but the rows of fold `fold` of `folds`; accuracy on those.
double cross_validate(const Candidate& candidate, const data::Dataset& set, const Tensor& order,
                      long fold, long folds, long epochs) {
  std::vector<Tensor> parts = chunk(order, folds);
  Tensor held_out = parts[static_cast<std::size_t>(fold)];
  parts.erase(parts.begin() + fold);
  Tensor rest = cat(parts);
  auto rows = [](const Tensor& x, const Tensor& index) { return index_select(x, 0, index); };

  manual_seed(static_cast<std::uint64_t>(fold));
  nn::Sequential net = build(candidate, 2);
  optim::Adam adam(net.parameters(), {.lr = 0.01});
  data::DataLoader loader({rows(set.inputs, rest), rows(set.targets, rest)},
                          {.batch_size = 50, .shuffle = true});
  for (long epoch = 0; epoch < epochs; ++epoch) {
    for (const auto& [x, y] : loader) {
      adam.zero_grad();
      cross_entropy(net(x), y).backward();
      adam.step();
    }
  }
  return accuracy(net, rows(set.inputs, held_out), rows(set.targets, held_out));
}

}  // namespace

int main(int argc, char** argv) try {
  examples::CommandLine arguments(argc, argv,
                                  R"(activations: cross-validation over activations, on two spirals

usage: activations [--folds N] [--epochs N]
  --folds N   parts of the data, each held out once (default 5)
  --epochs N  passes over the others (default 60)
)");
  long folds = arguments.number("--folds", 5, 2);
  long epochs = arguments.number("--epochs", 60, 1);
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
  data::Dataset spirals = data::spirals(600, {}, &generator);
  Tensor order = randperm(spirals.size(), &generator);

  fmt::print(
      "Two spirals of {} points, 4 x 32 units, {}-fold cross-validation, {} epochs of Adam\n\n",
      spirals.size(), folds, epochs);
  fmt::print("{:<12} {:<18} {:>10} {:>8}\n", "activation", "initialiser", "accuracy", "spread");
  for (const Candidate& candidate : candidates) {
    std::vector<double> scores;
    for (long fold = 0; fold < folds; ++fold) {
      scores.push_back(cross_validate(candidate, spirals, order, fold, folds, epochs));
    }
    double average = 0, squares = 0;
    for (double score : scores) average += score / static_cast<double>(folds);
    for (double score : scores) squares += (score - average) * (score - average);
    fmt::print("{:<12} {:<18} {:>8.1f} % {:>7.1f}\n", candidate.name,
               init::recommended_for(candidate.nonlinearity).name, 100 * average,
               100 * std::sqrt(squares / static_cast<double>(folds - 1)));
  }
} catch (const Error& error) {
  fmt::print(stderr, "activations: {}\n", error.what());
  return 1;
}
