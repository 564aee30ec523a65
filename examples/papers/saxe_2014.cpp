// How long a deep linear network takes to learn, by its depth: orthogonal weights keep the time,
// Gaussian ones of the same scale do not, for the product of many of them has singular values that
// lie ever further apart.

#include <fmt/core.h>
#include <gradus/gradus.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "paper.h"
#include "picture.h"

using namespace gradus;

namespace {

constexpr std::int64_t width = 64;
constexpr double wanted_loss = 0.5;  // it is 1 for a network that says 0, about .4 at best

/// The squared error of a linear map P from digits to one-hot classes, in the mean over samples,
/// by the moments of the data: |P x - y|^2 = tr P C_xx P^T - 2 tr P C_xy + E |y|^2.
class LinearTask {
 public:
  LinearTask() {
    const data::Dataset set = data::digits().train;
    const Tensor centred = set.inputs - mean(set.inputs, {0});
    const Tensor x = centred / statistics(centred).rms;
    const Tensor y = to(one_hot(set.targets, 10), float32);
    const auto samples = static_cast<double>(set.size());
    xx_ = matmul(x.t(), x) / samples;
    yx_ = matmul(y.t(), x) / samples;
  }
  Tensor loss(const Tensor& p) const { return sum(p * matmul(p, xx_)) - sum(p * yx_) * 2.0 + 1.0; }

 private:
  Tensor xx_;
  Tensor yx_;
};

using Weights = std::vector<Tensor>;

Weights make_weights(std::size_t depth, const nn::init::Initializer& initialize) {
  Weights weights;
  for (std::size_t i = 0; i < depth; ++i) {
    weights.push_back(empty({i + 1 < depth ? width : 10, width}));
    initialize(weights.back());
    weights.back().requires_grad_();
  }
  return weights;
}

Tensor product(const Weights& weights) {
  Tensor p = weights.front();
  for (std::size_t i = 1; i < weights.size(); ++i) p = matmul(weights[i], p);
  return p;
}

/// Steps of gradient descent to the wanted loss; none where it takes `limit` or more.
std::optional<int> learning_time(const LinearTask& task, const Weights& weights, double lr,
                                 int limit) {
  optim::SGD sgd(weights, {.lr = lr});
  for (int step = 0; step < limit; ++step) {
    Tensor loss = task.loss(product(weights));
    const double value = loss.item<double>();
    if (!(value < 1e3)) return {};  // it has exploded
    if (value < wanted_loss) return step;
    sgd.zero_grad();
    loss.backward();
    sgd.step();
  }
  return {};
}

struct Best {
  std::optional<int> steps;
  double lr = 0;
};

/// The shortest learning time over learning rates, each from the same weights.
Best best_time(const LinearTask& task, std::size_t depth, const nn::init::Initializer& initialize,
               const papers::Settings& settings) {
  Best best;
  for (double lr : {.1, .05, .02, .01, .005, .002, .001, .0005}) {
    manual_seed(settings.seed);
    const Weights weights = make_weights(depth, initialize);
    const int limit = best.steps.value_or(settings.pick(1000, 100));
    if (auto steps = learning_time(task, weights, lr, limit)) best = {steps, lr};
  }
  return best;
}

/// The greatest singular value of the product of the hidden layers over the RMS of all: 1 where it
/// is orthogonal.
double stretch(const Weights& weights) {
  NoGrad no_grad;
  Tensor p = eye(width);
  for (std::size_t i = 0; i + 1 < weights.size(); ++i) p = matmul(weights[i], p);
  Tensor v = randn({width, 1});
  for (int i = 0; i < 50; ++i) {
    v = matmul(p.t(), matmul(p, v));
    v = v / norm(v);
  }
  const double typical = norm(p).item<double>() / std::sqrt(static_cast<double>(width));
  return norm(matmul(p, v)).item<double>() / typical;
}

std::string text(const std::optional<int>& steps, int limit) {
  return steps ? std::to_string(*steps) : fmt::format("> {}", limit);
}

void compare(const papers::Settings& settings) {
  const LinearTask task;
  const int limit = settings.pick(1000, 100);
  struct Start {
    const char* name;
    nn::init::Initializer initialize;
    papers::Colour colour;
  };
  const Start starts[] = {
      {"orthogonal", [](const Tensor& w) { nn::init::orthogonal_(w); }, papers::Colour::Blue},
      {"Gaussian, variance 1/n",
       [](const Tensor& w) { nn::init::normal_(w, 0, 1 / std::sqrt(static_cast<double>(width))); },
       papers::Colour::Orange}};
  papers::Chart times{"learning time", {"depth", true}, {"steps", true}, {}};
  papers::Chart spread{"greatest singular value over the RMS of all",
                       {"depth", true},
                       {"of the product of the hidden layers", true},
                       {}};

  fmt::print("\n{:<24} {:>6} {:>10} {:>9} {:>26}\n", "weights", "depth", "steps", "best lr",
             "greatest sing. v. / RMS");
  std::vector<Best> found[2];
  for (std::size_t s = 0; s < 2; ++s) {
    papers::Curve time{starts[s].name, {}, starts[s].colour}, wide = time;
    for (std::size_t depth : {2, 4, 8, 16, 32, 64}) {
      const Best best = best_time(task, depth, starts[s].initialize, settings);
      const double ratio = stretch(make_weights(depth, starts[s].initialize));
      fmt::print("{:<24} {:>6} {:>10} {:>9} {:>26.2f}\n", starts[s].name, depth,
                 text(best.steps, limit), best.steps ? fmt::format("{:g}", best.lr) : "-", ratio);
      found[s].push_back(best);
      const auto x = static_cast<double>(depth);
      if (best.steps) time.points.push_back({x, static_cast<double>(*best.steps)});
      wide.points.push_back({x, ratio});
    }
    times.curves.push_back(time);
    spread.curves.push_back(wide);
  }
  papers::draw(settings.picture("saxe_2014"),
               {"Deep linear networks (Saxe et al. 2014)", {times, spread}});

  papers::Claims claims;
  auto steps = [&](std::size_t start, std::size_t i) {
    return static_cast<double>(found[start][i].steps.value_or(limit));
  };
  const double orthogonal = steps(0, 5) / steps(0, 0);
  claims.add("orthogonal: learning time, depth 64 over 2", "constant",
             fmt::format("{:.1f} times", orthogonal), orthogonal < 2);
  const double gaussian = steps(1, 3) / steps(1, 0);
  claims.add("Gaussian: learning time, depth 16 over 2", "grows",
             fmt::format("{:.1f} times", gaussian), gaussian > 2);
  claims.add(fmt::format("Gaussian: depth 64, within {} steps", limit), "too slow",
             text(found[1][5].steps, limit), !found[1][5].steps);
  claims.print();
}

}  // namespace

int main(int argc, char** argv) {
  return papers::run(
      argc, argv,
      {"saxe_2014",
       "Saxe, McClelland, Ganguli 2014: Exact solutions to the nonlinear dynamics of\n"
       "learning in deep linear neural networks",
       "Learning time by depth: steps of gradient descent to a fixed error, at the best\n"
       "of 8 learning rates. Linear layers of 64 units on 8x8 digits; the paper has 1000\n"
       "units on MNIST."},
      compare);
}
