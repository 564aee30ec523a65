// A recurrent network has to remember two symbols, far apart, and their order. On its way to that
// it meets steps in the error surface where the gradient is a hundred times as large as elsewhere;
// one such step throws it out for good, unless gradients are clipped.

#include <fmt/core.h>
#include <gradus/gradus.h>

#include <algorithm>
#include <cmath>

#include "paper.h"
#include "picture.h"

using namespace gradus;

namespace {

constexpr std::int64_t length = 50, symbols = 6, classes = 4, units = 50;

/// The temporal-order task: A or B somewhere in the second tenth of the sequence and again in its
/// fifth; all else is one of four distractors. The class is which of AA, AB, BA, BB it was.
/// inputs: (n, length) int64.
data::Dataset temporal_order(std::int64_t n) {
  constexpr std::int64_t tenth = length / 10;
  Tensor inputs = randint(2, symbols, {n, length});
  Tensor first = randint(tenth, 2 * tenth + 1, {n}),
         second = randint(4 * tenth, 5 * tenth + 1, {n});
  Tensor targets = randint(0, classes, {n});
  for (std::int64_t i = 0; i < n; ++i) {
    const auto target = targets.at<std::int64_t>(i);
    inputs.at<std::int64_t>(i, first.at<std::int64_t>(i)) = target / 2;
    inputs.at<std::int64_t>(i, second.at<std::int64_t>(i)) = target % 2;
  }
  return {inputs, targets};
}

/// h_t = tanh(W h_{t-1} + U x_t + b), and logits from the last h.
class Recurrent : public nn::Module {
 public:
  Recurrent() {
    nn::init::orthogonal_(hidden_.weight);
    nn::init::normal_(input_.weight, 0, 0.1);
    nn::init::normal_(head_.weight, 0, 0.1);
    nn::init::zeros_(hidden_.bias);
    nn::init::zeros_(head_.bias);
  }
  Tensor forward(const Tensor& x) override {
    Tensor h = zeros({x.size(0), units});
    for (std::int64_t t = 0; t < x.size(1); ++t) h = tanh(hidden_(h) + input_(x.select(1, t)));
    return head_(h);
  }

 private:
  nn::Embedding input_ = child("input", nn::Embedding(symbols, units));
  nn::Linear hidden_ = child("hidden", nn::Linear(units, units));
  nn::Linear head_ = child("head", nn::Linear(units, classes));
};

struct Run {
  std::vector<papers::Point> error;  ///< on 1000 held-out sequences, by update
  std::vector<papers::Point> norm;   ///< the greatest gradient norm since the last look, unclipped
  double solved = INFINITY;          ///< the update at which the error was 1 % twice in a row
};

Run train(bool clip, std::uint64_t seed, std::int64_t updates) {
  manual_seed(seed);
  Recurrent net;
  optim::SGD sgd(net.parameters(), {.lr = 0.01});
  const data::Dataset test = temporal_order(1000);
  Run run;
  double greatest = 0;
  for (std::int64_t update = 0; update <= updates && std::isinf(run.solved); ++update) {
    if (update % (updates / 40) == 0) {
      NoGrad no_grad;
      const Tensor wrong = ne(argmax(net(test.inputs), 1), test.targets);
      const double error = mean(to(wrong, float32)).item<double>(),
                   at = static_cast<double>(update);
      if (error <= 0.01 && !run.error.empty() && run.error.back().y <= 0.01) run.solved = at;
      run.error.push_back({at, error});
      if (update > 0) run.norm.push_back({at, greatest});
      greatest = 0;
    }
    const data::Dataset batch = temporal_order(20);
    sgd.zero_grad();
    cross_entropy(net(batch.inputs), batch.targets).backward();
    greatest =
        std::max<double>(greatest, optim::clip_grad_norm_(net.parameters(), clip ? 1.0 : INFINITY));
    sgd.step();
  }
  return run;
}

void compare(const papers::Settings& settings) {
  const std::int64_t updates = settings.pick(16000, 400);
  const std::uint64_t seeds = settings.pick(4, 1);
  papers::Chart errors{"error", {"update"}, {"error on held-out sequences", false, 0, 1}, {}};
  papers::Chart norms{"greatest gradient norm before clipping", {"update"}, {"norm", true}, {}};

  fmt::print("\n{:<12} {:>5} {:>16} {:>12} {:>12} {:>16}\n", "clipping", "seed", "greatest norm",
             "least error", "error at end", "solved at");
  int solved[2] = {0, 0};
  double greatest_norm = 0;
  for (bool clip : {false, true}) {
    const papers::Colour colour = clip ? papers::Colour::Blue : papers::Colour::Orange;
    const char* name = clip ? "clipped at norm 1" : "not clipped";
    for (std::uint64_t s = 0; s < seeds; ++s) {
      const Run run = train(clip, settings.seed + s, updates);
      const double norm = std::ranges::max(run.norm, {}, &papers::Point::y).y;
      const double least = std::ranges::min(run.error, {}, &papers::Point::y).y;
      fmt::print("{:<12} {:>5} {:>16.1f} {:>10.1f} % {:>10.1f} % {:>16}\n",
                 clip ? "at norm 1" : "none", settings.seed + s, norm, 100 * least,
                 100 * run.error.back().y,
                 std::isfinite(run.solved) ? fmt::format("{:.0f}", run.solved) : "-");
      solved[clip ? 1 : 0] += std::isfinite(run.solved) ? 1 : 0;
      greatest_norm = std::max(greatest_norm, norm);
      errors.curves.push_back({name, run.error, colour});
      norms.curves.push_back({name, run.norm, colour});
    }
  }
  papers::draw(settings.picture("pascanu_2013"),
               {"Temporal order, 50 steps, 50 tanh units (Pascanu et al. 2013)", {errors, norms}});

  papers::Claims claims;
  claims.add("greatest gradient norm", "explodes", fmt::format("{:.0f}", greatest_norm),
             greatest_norm > 10);
  claims.add("solved without clipping", "less often", fmt::format("{} of {}", solved[0], seeds),
             solved[0] < solved[1]);
  claims.add("solved with clipping at norm 1", "more often",
             fmt::format("{} of {}", solved[1], seeds),
             2 * static_cast<std::uint64_t>(solved[1]) > seeds);
  claims.print();
}

}  // namespace

int main(int argc, char** argv) {
  return papers::run(
      argc, argv,
      {"pascanu_2013",
       "Pascanu, Mikolov, Bengio 2013: On the difficulty of training recurrent neural\n"
       "networks",
       "Section 4.1.1, the temporal-order task: 50 tanh units, rate .01, batches of 20,\n"
       "gradients clipped at norm 1 or not. Sequences of 50 only, 4 seeds, at most\n"
       "16,000 updates, and orthogonal recurrent weights; solved: error at most 1 % of\n"
       "1,000 sequences, twice in a row."},
      compare);
}
