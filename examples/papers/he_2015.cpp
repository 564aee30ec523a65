// Rectifiers halve the signal at every layer. Glorot's initialisation, made for tanh, does not know
// of that, and a network of 30 layers stalls; twice the variance repairs it.

#include <fmt/core.h>
#include <gradus/gradus.h>

#include <cmath>

#include "paper.h"
#include "picture.h"

using namespace gradus;

namespace {

struct Start {
  const char* name;
  double gain;  ///< n Var W of a layer of n units
  nn::init::Initializer initialize;
  papers::Colour colour;
};

/// `depth` layers with weights, as the paper counts them: the last is the classifier.
nn::Sequential build(std::size_t depth, std::int64_t width, const Start& start) {
  nn::Sequential net;
  std::int64_t inputs = 64;
  for (std::size_t i = 1; i < depth; ++i) {
    net.push_back(nn::Linear(inputs, width));
    net.push_back(nn::ReLU());
    inputs = width;
  }
  net.push_back(nn::Linear(inputs, 10));
  nn::init::apply(net, start.initialize);
  return net;
}

/// RMS dL/dz of the hidden layers, first to last, at the start.
std::vector<double> gradient_profile(nn::Sequential& net, const data::Dataset& batch) {
  std::vector<Tensor> z;
  std::vector<ScopedHook> hooks;
  for (std::int64_t i = 1; i < net.size(); i += 2) {
    hooks.emplace_back(
        net[i].register_forward_pre_hook([&z](const nn::Module&, std::span<Tensor> inputs) {
          inputs[0].retain_grad();
          z.push_back(inputs[0]);
        }));
  }
  cross_entropy(net(batch.inputs), batch.targets).backward();
  net.zero_grad();
  std::vector<double> profile;
  for (const Tensor& layer : z) profile.push_back(statistics(layer.grad()).rms);
  return profile;
}

/// The loss of each epoch.
std::vector<double> train(nn::Sequential& net, const data::Dataset& set, int epochs) {
  optim::SGD sgd(net.parameters(), {.lr = 0.01, .momentum = 0.9});
  data::DataLoader loader(set, {.batch_size = 32, .shuffle = true});
  std::vector<double> losses;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    double total = 0;
    for (const auto& [x, y] : loader) {
      sgd.zero_grad();
      Tensor loss = cross_entropy(net(x), y);
      loss.backward();
      sgd.step();
      total += loss.item<double>();
    }
    losses.push_back(total / static_cast<double>(loader.size()));
  }
  return losses;
}

/// The first epoch whose loss is below half of where all begin, ln 10; 0 where there is none.
std::size_t first_half(const std::vector<double>& losses) {
  for (std::size_t i = 0; i < losses.size(); ++i) {
    if (losses[i] < 0.5 * std::log(10.0)) return i + 1;
  }
  return 0;
}

std::string epoch_text(std::size_t epoch) {
  return epoch == 0 ? "stalls" : fmt::format("epoch {}", epoch);
}

void compare(const papers::Settings& settings) {
  const Start starts[] = {
      {"Xavier (Glorot)", 1, [](const Tensor& w) { nn::init::glorot_normal_(w); },
       papers::Colour::Orange},
      {"He", 2, [](const Tensor& w) { nn::init::he_normal_(w); }, papers::Colour::Blue}};
  const int epochs = settings.pick(60, 2);
  const std::int64_t width = settings.pick(100, 30);
  const data::TrainTest digits = data::digits();
  papers::Claims claims;
  papers::Picture losses{"Rectifier networks on digits (He et al. 2015, figs. 2, 3)", {}, 3};
  papers::Chart profiles{"30 layers at the start", {"layer"}, {"RMS dL/dz", true}, {}};

  fmt::print("\n{:>7} {:<18} {:>15} {:>12} {:>12} {:>11}\n", "layers", "start", "dL/dz first/last",
             "by theory", "loss at end", "halves at");
  std::size_t halves[2][2];
  double ratios[2];
  for (std::size_t d = 0; d < 2; ++d) {
    const std::size_t depth = d == 0 ? 22 : 30;
    papers::Chart chart{fmt::format("{} layers", depth), {"epoch"}, {"loss", false, 0, 2.5}, {}};
    for (std::size_t s = 0; s < 2; ++s) {
      const Start& start = starts[s];
      nn::Sequential net = build(depth, width, start);
      const auto profile = gradient_profile(net, digits.train);
      const double ratio = profile.front() / profile.back();
      // A layer multiplies the mean square by n Var W E relu'^2 = gain / 2.
      const double theory = std::pow(start.gain / 2, static_cast<double>(profile.size() - 1) / 2);
      const auto curve = train(net, digits.train, epochs);
      halves[d][s] = first_half(curve);
      ratios[s] = ratio;
      fmt::print("{:>7} {:<18} {:>15.1e} {:>12.1e} {:>12.3f} {:>11}\n", depth, start.name, ratio,
                 theory, curve.back(), epoch_text(halves[d][s]));
      papers::Curve line{start.name, {}, start.colour}, flow = line;
      for (std::size_t i = 0; i < curve.size(); ++i) {
        line.points.push_back({static_cast<double>(i + 1), curve[i]});
      }
      for (std::size_t i = 0; i < profile.size(); ++i) {
        flow.points.push_back({static_cast<double>(i + 1), profile[i]});
      }
      chart.curves.push_back(line);
      if (d == 1) profiles.curves.push_back(flow);
    }
    losses.charts.push_back(chart);
  }
  losses.charts.push_back(profiles);
  papers::draw(settings.picture("he_2015"), losses);

  claims.add("30 layers, Xavier: the gradients", "diminishing", fmt::format("{:.0e}", ratios[0]),
             ratios[0] < 1e-3);
  claims.add("30 layers, He: the gradients", "healthy", fmt::format("{:.1f}", ratios[1]),
             ratios[1] > 0.1 && ratios[1] < 10);
  claims.add("22 layers: both converge", "both",
             fmt::format("{} of 2", (halves[0][0] > 0 ? 1 : 0) + (halves[0][1] > 0 ? 1 : 0)),
             halves[0][0] > 0 && halves[0][1] > 0);
  claims.add("22 layers: He begins to learn earlier", "earlier",
             fmt::format("{} < {}", halves[0][1], halves[0][0]),
             halves[0][1] > 0 && halves[0][1] < halves[0][0]);
  claims.add("30 layers: Xavier", "stalls", epoch_text(halves[1][0]), halves[1][0] == 0);
  claims.add("30 layers: He", "converges", epoch_text(halves[1][1]), halves[1][1] > 0);
  claims.print();
}

}  // namespace

int main(int argc, char** argv) {
  return papers::run(
      argc, argv,
      {"he_2015",
       "He, Zhang, Ren, Sun 2015: Delving Deep into Rectifiers: Surpassing Human-Level\n"
       "Performance on ImageNet Classification",
       "Figs. 2 and 3: 22 and 30 layers of rectifiers, initialised by Xavier Glorot's\n"
       "rule and by the paper's. Fully connected, 100 units, on 8x8 digits, where the\n"
       "paper's are convolutional, on ImageNet."},
      compare);
}
