// Units that start equal stay equal: they get the same gradient at every step, so a layer of them
// has the power of one unit. Random initial weights part them.

#include <fmt/core.h>
#include <gradus/gradus.h>

#include "terminal.h"

using namespace gradus;
namespace init = gradus::nn::init;

namespace {

// The number of different rows in a layer's weight, rows counted as equal within 1e-6.
int distinct_units(const Tensor& weight) {
  int distinct = 0;
  for (std::int64_t i = 0; i < weight.size(0); ++i) {
    bool seen = false;
    for (std::int64_t j = 0; j < i && !seen; ++j) seen = allclose(weight[i], weight[j], 1e-6, 1e-6);
    distinct += seen ? 0 : 1;
  }
  return distinct;
}

void train(const char* title, const init::Initializer& initializer, long steps) {
  manual_seed(1);
  Generator generator(2);
  data::Dataset circles = data::circles(200, {.inner_radius = 0.5, .noise = 0.05}, &generator);
  nn::Linear hidden(2, 16);
  nn::Sequential net{hidden, nn::Tanh(), nn::Linear(16, 2)};
  init::apply(net, initializer);

  optim::SGD sgd(net.parameters(), {.lr = 0.2, .momentum = 0.9});
  fmt::print("\n{}\n{:>8} {:>10} {:>10} {:>18}\n", title, "step", "loss", "accuracy",
             "different units");
  for (long step = 0; step <= steps; ++step) {
    Tensor logits = net(circles.inputs);
    Tensor loss = cross_entropy(logits, circles.targets);
    if (step % (steps / 5) == 0) {
      Tensor right = argmax(logits, 1) == circles.targets;
      fmt::print("{:>8} {:>10.4f} {:>8.1f} % {:>15}/16\n", step, loss.item<double>(),
                 100 * right.to(float32).mean().item<double>(), distinct_units(hidden.weight));
    }
    sgd.zero_grad();
    loss.backward();
    sgd.step();
  }
}

}  // namespace

int main(int argc, char** argv) try {
  examples::CommandLine arguments(argc, argv, R"(symmetry: equal weights never part

usage: symmetry [--steps N]
  --steps N  gradient steps of each run (default 500)
)");
  long steps = arguments.number("--steps", 500, 5);
  arguments.finish();

  fmt::print("A circle inside another, 16 tanh units, gradient descent with momentum.\n");
  train(
      "all weights 0.5", [](const Tensor& weight) { init::constant_(weight, 0.5); }, steps);
  train("random weights (Glorot)", init::recommended_for(init::Nonlinearity::Tanh), steps);
  fmt::print(
      "\nUnits with equal weights get equal gradients and stay equal: sixteen of them\n"
      "draw the one line that one unit can. Unequal ones share the work.\n");
} catch (const Error& error) {
  fmt::print(stderr, "symmetry: {}\n", error.what());
  return 1;
}
