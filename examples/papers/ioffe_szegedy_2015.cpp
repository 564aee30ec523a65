// What a sigmoid unit is fed while the layers below it learn: with batch norm, inputs of a steady
// distribution; without, ones that wander.

#include <fmt/core.h>
#include <gradus/gradus.h>

#include <algorithm>
#include <cmath>

#include "paper.h"
#include "picture.h"

using namespace gradus;

namespace {

constexpr std::int64_t width = 100;
constexpr double percentages[] = {15, 50, 85};

struct Run {
  std::vector<papers::Point> accuracy;        ///< on held-out digits, by step
  std::vector<papers::Point> percentiles[3];  ///< of the unit's input, by step
};

nn::Sequential build(bool batch_norm) {
  nn::Sequential net;
  for (std::int64_t inputs : {std::int64_t{64}, width, width}) {
    net.push_back(nn::Linear(inputs, width));
    if (batch_norm) net.push_back(nn::BatchNorm1d(width));
    net.push_back(nn::Sigmoid());
  }
  net.push_back(nn::Linear(width, 10));
  // The paper: small random Gaussian values.
  nn::init::apply(net, [](const Tensor& w) { nn::init::normal_(w, 0, 0.1); });
  return net;
}

/// Trains as the paper does, in batches of 60; looks at the first unit of the last hidden layer,
/// in evaluation, and not before batch norm has gathered its running statistics.
Run train(bool batch_norm, const data::TrainTest& digits, std::int64_t steps) {
  nn::Sequential net = build(batch_norm);
  optim::SGD sgd(net.parameters(), {.lr = 0.1});
  data::DataLoader loader(digits.train, {.batch_size = 60, .shuffle = true, .drop_last = true});
  Run run;
  Tensor unit;
  net[net.size() - 2].register_forward_pre_hook(
      [&unit](const nn::Module&, std::span<Tensor> inputs) { unit = inputs[0].select(1, 0); });

  std::int64_t step = 0;
  while (step <= steps) {
    for (const auto& [x, y] : loader) {
      if (step > 0 && step % (steps / 100) == 0) {
        NoGrad no_grad;
        net.eval();
        const Tensor hits = eq(argmax(net(digits.test.inputs), 1), digits.test.targets);
        net.train();
        const double at = static_cast<double>(step);
        run.accuracy.push_back({at, mean(to(hits, float32)).item<double>()});
        const Tensor sorted = sort(unit).values;
        for (std::size_t i = 0; i < 3; ++i) {
          const auto index =
              static_cast<std::int64_t>(percentages[i] / 100 * static_cast<double>(sorted.numel()));
          run.percentiles[i].push_back({at, sorted.at(index)});
        }
      }
      if (++step > steps) break;
      sgd.zero_grad();
      Tensor loss = cross_entropy(net(x), y);
      loss.backward();
      sgd.step();
    }
  }
  return run;
}

/// The greatest change of the median, in units of the spread (85th less 15th percentile) it has on
/// average.
double wander(const Run& run) {
  double low = INFINITY, high = -INFINITY, spread = 0;
  for (std::size_t i = 0; i < run.accuracy.size(); ++i) {
    low = std::min(low, run.percentiles[1][i].y);
    high = std::max(high, run.percentiles[1][i].y);
    spread += run.percentiles[2][i].y - run.percentiles[0][i].y;
  }
  return (high - low) / (spread / static_cast<double>(run.accuracy.size()));
}

/// The greatest spread over the least.
double growth(const Run& run) {
  double least = INFINITY, greatest = 0;
  for (std::size_t i = 0; i < run.accuracy.size(); ++i) {
    const double spread = run.percentiles[2][i].y - run.percentiles[0][i].y;
    least = std::min(least, spread);
    greatest = std::max(greatest, spread);
  }
  return greatest / least;
}

/// The first step with this accuracy, or infinity.
double reaches(const Run& run, double accuracy) {
  for (const papers::Point& p : run.accuracy) {
    if (p.y >= accuracy) return p.x;
  }
  return INFINITY;
}

papers::Chart percentile_chart(const std::string& name, const Run& run, papers::Colour colour) {
  return {name + ": 15th, 50th, 85th percentile",
          {"step"},
          {"input of a sigmoid", false, -3, 3},
          {{"", run.percentiles[0], colour, papers::Mark::Line, run.percentiles[2]},
           {"", run.percentiles[0], colour, papers::Mark::Dashes},
           {"", run.percentiles[2], colour, papers::Mark::Dashes},
           {"", run.percentiles[1], colour}}};
}

void compare(const papers::Settings& settings) {
  const data::TrainTest digits = data::digits();
  const std::int64_t steps = settings.pick(50000, 1000);
  const Run plain = train(false, digits, steps), normed = train(true, digits, steps);
  papers::draw(settings.picture("ioffe_szegedy_2015"),
               {"Batch norm, 3 sigmoid layers of 100 (Ioffe & Szegedy 2015, fig. 1)",
                {{"accuracy on held-out digits",
                  {"step"},
                  {"accuracy", false, {}, 1},
                  {{"without batch norm", plain.accuracy, papers::Colour::Orange},
                   {"with batch norm", normed.accuracy, papers::Colour::Blue}}},
                 percentile_chart("without", plain, papers::Colour::Orange),
                 percentile_chart("with", normed, papers::Colour::Blue)},
                3});

  fmt::print("\n{:<10} {:>20} {:>30}\n", "", "held-out accuracy", "percentiles of a unit's input");
  fmt::print("{:<10} {:>10} {:>10}", "", "step 5 %", "at the end");
  for (double percentage : percentages) fmt::print(" {:>9.0f} %", percentage);
  fmt::print("\n");
  for (const auto& [name, run] : {std::pair("without", &plain), std::pair("with", &normed)}) {
    fmt::print("{:<10} {:>8.1f} % {:>8.1f} %", name, 100 * run->accuracy[4].y,
               100 * run->accuracy.back().y);
    for (const auto& curve : run->percentiles) fmt::print(" {:>11.2f}", curve.back().y);
    fmt::print("\n");
  }

  papers::Claims claims;
  const double slow = reaches(plain, 0.9), fast = reaches(normed, 0.9);
  claims.add("steps to 90 % accuracy, without and with", "faster",
             fmt::format("{:.0f}, {:.0f}", slow, fast), fast < slow);
  claims.add("final accuracy with batch norm, less without", "higher",
             fmt::format("{:+.1f} %", 100 * (normed.accuracy.back().y - plain.accuracy.back().y)),
             normed.accuracy.back().y > plain.accuracy.back().y);
  claims.add("spread of the input, most over least: without", "changes",
             fmt::format("{:.1f}", growth(plain)), growth(plain) > growth(normed));
  claims.add("the same with batch norm", "more stable", fmt::format("{:.1f}", growth(normed)),
             growth(normed) < growth(plain));
  claims.add("wandering of the median, in spreads: without", "changes",
             fmt::format("{:.2f}", wander(plain)), wander(plain) > wander(normed));
  claims.add("the same with batch norm", "more stable", fmt::format("{:.2f}", wander(normed)),
             wander(normed) < wander(plain));
  claims.print();
}

}  // namespace

int main(int argc, char** argv) {
  return papers::run(
      argc, argv,
      {"ioffe_szegedy_2015",
       "Ioffe & Szegedy 2015: Batch Normalization: Accelerating Deep Network Training\n"
       "by Reducing Internal Covariate Shift",
       "Fig. 1: accuracy, and the {15, 50, 85}th percentiles of a unit's input, in 3\n"
       "sigmoid layers of 100 units for 50,000 steps of 60 digits, as in the paper, but\n"
       "on the 1,437 8x8 digits at hand instead of MNIST."},
      compare);
}
