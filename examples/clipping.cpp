// A deep linear chain multiplies the gradient by its weight at every layer: W^n. A factor a little
// above 1 makes it explode. Clipping by norm bounds the step and keeps its direction; clipping by
// value bounds each entry and bends the direction.

#include <fmt/core.h>
#include <gradus/gradus.h>

#include <cmath>
#include <vector>

#include "terminal.h"

using namespace gradus;

namespace {

constexpr int depth = 30;
constexpr double gain = 1.3;
constexpr std::int64_t width = 8;

enum class Clip { None, Norm, Value };

// Weights of `gain` times an orthogonal matrix: each layer stretches all it is given by `gain`.
std::vector<Tensor> make_chain() {
  manual_seed(1);
  std::vector<Tensor> weights;
  for (int i = 0; i < depth; ++i) {
    weights.push_back(
        nn::init::orthogonal_(empty({width, width}), {.gain = gain}).requires_grad_());
  }
  return weights;
}

// RMS dL/dh at the outputs of a few layers, last to first; layer 0 is the input.
void show_growth() {
  Tensor h = randn({64, width}).requires_grad_();
  std::vector<Tensor> outputs = {h};
  for (const Tensor& w : make_chain()) {
    outputs.push_back(linear(outputs.back(), w));
    outputs.back().retain_grad();
  }
  mse_loss(outputs.back(), zeros({64, width})).backward();

  fmt::print("{} linear layers of {} Q, Q orthogonal: each multiplies the gradient by {}.\n\n",
             depth, gain, gain);
  fmt::print("{:>6} {:>12} {:>12}\n", "layer", "RMS dL/dh", "growth");
  auto rms = [&](int layer) {
    return sqrt(mean(square(outputs[static_cast<std::size_t>(layer)].grad()))).item<double>();
  };
  for (int layer = depth; layer >= 0; layer -= 10) {
    fmt::print("{:>6} {:>12.4g} {:>12.1f}\n", layer, rms(layer), rms(layer) / rms(depth));
  }
}

// Cosine of the angle between the gradients before and after, each as one long vector.
double cosine(const std::vector<Tensor>& before, const std::vector<Tensor>& after) {
  Tensor a = flatten(stack(before)), b = flatten(stack(after));
  // Scaled first, for the squares of an exploding gradient are larger than a float32 can be.
  a = a / a.norm();
  b = b / b.norm();
  return dot(a, b).item<double>();
}

std::vector<Tensor> gradients(const std::vector<Tensor>& weights) {
  std::vector<Tensor> copies;
  for (const Tensor& w : weights) copies.push_back(w.grad().clone());
  return copies;
}

// Teaches the chain to give back what it is given.
void train(const char* title, Clip clip, long steps) {
  std::vector<Tensor> weights = make_chain();
  optim::SGD sgd(weights, {.lr = 0.01});
  Tensor x = randn({64, width});

  fmt::print("\n{}\n{:>6} {:>12} {:>14} {:>12} {:>8}\n", title, "step", "loss", "gradient norm",
             "clipped to", "cosine");
  for (long step = 0; step <= steps; ++step) {
    Tensor h = x;
    for (const Tensor& w : weights) h = linear(h, w);
    Tensor loss = mse_loss(h, x);
    sgd.zero_grad();
    loss.backward();

    // The norm before clipping: the only place where an explosion still shows.
    double norm = optim::clip_grad_norm_(weights, INFINITY, 2, optim::NonFinite::Skip);
    if (!std::isfinite(norm)) {
      fmt::print("{:>6}   the loss and the gradient are no numbers any more: it has exploded\n",
                 step);
      return;
    }
    std::vector<Tensor> before = gradients(weights);
    if (clip == Clip::Norm) optim::clip_grad_norm_(weights, 1.0);
    if (clip == Clip::Value) optim::clip_grad_value_(weights, 0.1);
    if (step % (steps / 5) == 0) {
      std::vector<Tensor> after = gradients(weights);
      double clipped = optim::clip_grad_norm_(weights, INFINITY);
      fmt::print("{:>6} {:>12.4g} {:>14.4g} {:>12.4g} {:>8.3f}\n", step, loss.item<double>(), norm,
                 clipped, cosine(before, after));
    }
    sgd.step();
  }
}

}  // namespace

int main(int argc, char** argv) try {
  examples::CommandLine arguments(argc, argv,
                                  R"(clipping: an exploding deep linear chain, three times

usage: clipping [--steps N]
  --steps N  gradient steps of each run (default 600)
)");
  long steps = arguments.number("--steps", 600, 5);
  arguments.finish();

  show_growth();
  train("no clipping", Clip::None, steps);
  train("clipped by norm, at 1", Clip::Norm, steps);
  train("clipped by value, at 0.1", Clip::Value, steps);
  fmt::print(
      "\nBoth ways tame it. By norm, the step keeps its direction (cosine 1); by value,\n"
      "the largest entries are cut most, and the direction bends.\n");
} catch (const Error& error) {
  fmt::print(stderr, "clipping: {}\n", error.what());
  return 1;
}
