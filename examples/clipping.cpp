// A deep linear chain multiplies the gradient by its weight at every layer: W^n. A factor a little
// above 1 makes it explode. Clipping by norm keeps the direction and bounds the step; clipping by
// value bounds each entry and bends the direction.

#include <fmt/core.h>
#include <gradus/gradus.h>

#include <cmath>

#include "terminal.h"

using namespace gradus;

namespace {

constexpr int depth = 30;
constexpr std::int64_t width = 8;

enum class Clip { None, Norm, Value };

// Cosine of the angle between the gradients before and after.
double cosine(const std::vector<Tensor>& before, const std::vector<Tensor>& after) {
  double dot = 0, a = 0, b = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    dot += sum(before[i] * after[i]).item<double>();
    a += sum(square(before[i])).item<double>();
    b += sum(square(after[i])).item<double>();
  }
  return dot / std::sqrt(a * b);
}

// Learns the identity with weights that start at 1.3 times an orthogonal matrix.
void train(const char* title, Clip clip, long steps) {
  manual_seed(1);
  std::vector<Tensor> weights;
  for (int i = 0; i < depth; ++i) {
    weights.push_back(nn::init::orthogonal_(empty({width, width}), {.gain = 1.3}).requires_grad_());
  }
  optim::SGD sgd(weights, {.lr = 0.01});
  Tensor x = randn({64, width});

  fmt::print("\n{}\n{:>6} {:>12} {:>14} {:>10} {:>8}\n", title, "step", "loss", "gradient norm",
             "clipped to", "cosine");
  for (long step = 0; step <= steps; ++step) {
    Tensor h = x;
    for (const Tensor& w : weights) h = linear(h, w);
    Tensor loss = mse_loss(h, x);
    sgd.zero_grad();
    loss.backward();

    std::vector<Tensor> before;
    for (const Tensor& w : weights) before.push_back(w.grad().clone());
    // The norm before clipping: the only place where an explosion still shows.
    double norm = optim::clip_grad_norm_(weights, INFINITY, 2, optim::NonFinite::Skip);
    if (!std::isfinite(norm)) {
      fmt::print("{:>6} {:>12.3g} {:>14.3g}   it has exploded\n", step, loss.item<double>(), norm);
      return;
    }
    if (clip == Clip::Norm) optim::clip_grad_norm_(weights, 1.0);
    if (clip == Clip::Value) optim::clip_grad_value_(weights, 0.1);
    if (step % (steps / 5) == 0) {
      std::vector<Tensor> after;
      for (const Tensor& w : weights) after.push_back(w.grad());
      double clipped = optim::clip_grad_norm_(weights, INFINITY);
      fmt::print("{:>6} {:>12.3g} {:>14.3g} {:>10.3g} {:>8.3f}\n", step, loss.item<double>(), norm,
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
  --steps N  gradient steps of each run (default 200)
)");
  long steps = arguments.number("--steps", 200, 5);
  arguments.finish();

  fmt::print("{} linear layers of 1.3 Q: the signal grows by 1.3^{} = {:.0f}.\n", depth, depth,
             std::pow(1.3, depth));
  train("no clipping", Clip::None, steps);
  train("clipped by norm, at 1", Clip::Norm, steps);
  train("clipped by value, at 0.1", Clip::Value, steps);
} catch (const Error& error) {
  fmt::print(stderr, "clipping: {}\n", error.what());
  return 1;
}
