// More layers should never fit the training data worse, but in plain networks they do, batch norm
// and all. With shortcuts around every two layers they do not.

#include <fmt/core.h>
#include <gradus/gradus.h>

#include <cmath>

#include "paper.h"
#include "picture.h"

using namespace gradus;

namespace {

constexpr std::int64_t width = 32;

/// Linear and batch norm, followed by a rectifier or not.
nn::Sequential layer(std::int64_t inputs, bool rectified) {
  nn::Sequential block(nn::Linear(inputs, width, {.bias = false}));
  block.push_back(nn::BatchNorm1d(width));
  if (rectified) block.push_back(nn::ReLU());
  return block;
}

/// `depth` layers with weights: one in, pairs, and the classifier.
nn::Sequential build(std::size_t depth, bool residual) {
  nn::Sequential net(layer(64, true));
  for (std::size_t i = 2; i < depth; i += 2) {
    if (residual) {
      net.push_back(
          nn::Residual{{.activation = nn::ReLU()}, layer(width, true), layer(width, false)});
    } else {
      net.push_back(layer(width, true));
      net.push_back(layer(width, true));
    }
  }
  net.push_back(nn::Linear(width, 10));
  nn::init::apply(net, nn::init::recommended_for(nn::init::Nonlinearity::ReLU));
  return net;
}

struct Run {
  std::vector<papers::Point> loss;  ///< by epoch, in training
  double last_loss = 0;             ///< mean of the last tenth of the epochs
  double error = 0;                 ///< on held-out digits
};

Run train(nn::Sequential net, const data::TrainTest& digits, int epochs) {
  optim::SGD sgd(net.parameters(), {.lr = 0.05, .momentum = 0.9, .weight_decay = 1e-4});
  optim::CosineAnnealingLR schedule(sgd, {.T_max = epochs});
  data::DataLoader loader(digits.train, {.batch_size = 128, .shuffle = true, .drop_last = true});
  Run run;
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    double total = 0;
    for (const auto& [x, y] : loader) {
      sgd.zero_grad();
      Tensor loss = cross_entropy(net(x), y);
      loss.backward();
      sgd.step();
      total += loss.item<double>();
    }
    schedule.step();
    run.loss.push_back({static_cast<double>(epoch), total / static_cast<double>(loader.size())});
  }
  const std::size_t tail = run.loss.size() / 10 + 1;
  for (std::size_t i = run.loss.size() - tail; i < run.loss.size(); ++i) {
    run.last_loss += run.loss[i].y / static_cast<double>(tail);
  }
  NoGrad no_grad;
  net.eval();
  const Tensor wrong = ne(argmax(net(digits.test.inputs), 1), digits.test.targets);
  run.error = mean(to(wrong, float32)).item<double>();
  return run;
}

void compare(const papers::Settings& settings) {
  const data::TrainTest digits = data::digits();
  const int epochs = settings.pick(60, 2);
  const std::vector<std::size_t> depths = {8, 20, 32, 56, 110};
  papers::Picture picture{"Plain and residual networks on digits (He et al. 2016, figs. 1, 6)", {}};
  fmt::print("\n{:<10} {:>7} {:>16} {:>18} {:>10}\n", "network", "layers", "training loss",
             "held-out error", "epochs");
  std::vector<Run> runs[2];
  for (bool residual : {false, true}) {
    const char* name = residual ? "residual" : "plain";
    papers::Chart chart{name, {"epoch"}, {"training loss", true, 1e-3, 3}, {}};
    for (std::size_t i = 0; i < depths.size(); ++i) {
      const Run run = train(build(depths[i], residual), digits, epochs);
      fmt::print("{:<10} {:>7} {:>16.4f} {:>16.1f} % {:>10}\n", name, depths[i], run.last_loss,
                 100 * run.error, epochs);
      chart.curves.push_back({fmt::format("{} layers", depths[i]), run.loss, papers::ramp(i)});
      runs[residual ? 1 : 0].push_back(run);
    }
    picture.charts.push_back(chart);
  }
  papers::draw(settings.picture("he_2016"), picture);

  papers::Claims claims;
  auto loss = [&](int residual, std::size_t i) { return runs[residual][i].last_loss; };
  auto error = [&](int residual, std::size_t i) { return runs[residual][i].error; };
  auto difference = [&](int residual) {
    return fmt::format("{:+.1f} %", 100 * (error(residual, 3) - error(residual, 1)));
  };
  claims.add("plain: training loss, 56 layers over 20", "rises",
             fmt::format("{:.3g} times", loss(0, 3) / loss(0, 1)), loss(0, 3) > 1.5 * loss(0, 1));
  claims.add("residual: training loss, 56 layers over 20", "falls",
             fmt::format("{:.3g} times", loss(1, 3) / loss(1, 1)), loss(1, 3) <= loss(1, 1));
  claims.add("residual: 110 layers can be trained", "yes", fmt::format("loss {:.2f}", loss(1, 4)),
             loss(1, 4) < 0.1);
  claims.add("plain: error at 56 layers, less at 20", "rises", difference(0),
             error(0, 3) > error(0, 1));
  claims.add("residual: error at 56, less at 20 (CIFAR-10)", "-1.8 %", difference(1),
             error(1, 3) <= error(1, 1));
  claims.print();
  fmt::print(
      "Eight layers can learn these 1,437 digits by heart, so deeper residual networks\n"
      "have no loss left to win, unlike the paper's. They lose little, plain ones all.\n");
}

}  // namespace

int main(int argc, char** argv) {
  return papers::run(
      argc, argv,
      {"he_2016", "He, Zhang, Ren, Sun 2016: Deep Residual Learning for Image Recognition",
       "Figs. 1 and 6: training by depth, plain and residual, all with batch norm. The\n"
       "loss, where the paper draws errors; fully connected, 32 units, on 8x8 digits,\n"
       "where the paper's are convolutional, on CIFAR-10."},
      compare);
}
