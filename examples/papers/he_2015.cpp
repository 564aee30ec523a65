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

/// RMS of gradients of the hidden layers, first to last.
struct Flow {
  std::vector<double> z;       ///< by the pre-activations
  std::vector<double> weight;  ///< by the weights
};

Flow gradient_flow(nn::Sequential& net, const data::Dataset& batch) {
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
  Flow flow;
  for (std::size_t i = 0; i < z.size(); ++i) {
    const auto& layer = net.get<nn::Linear>(2 * static_cast<std::int64_t>(i));
    flow.z.push_back(statistics(z[i].grad()).rms);
    flow.weight.push_back(statistics(layer.weight.grad()).rms);
  }
  net.zero_grad();
  return flow;
}

papers::Curve curve_of(const std::string& name, const std::vector<double>& values,
                       papers::Colour colour, papers::Mark mark = papers::Mark::Line) {
  papers::Curve curve{name, {}, colour, mark};
  for (std::size_t i = 0; i < values.size(); ++i) {
    curve.points.push_back({static_cast<double>(i + 1), values[i]});
  }
  return curve;
}

/// The loss of each epoch.
std::vector<double> train(nn::Sequential& net, const data::Dataset& set, int epochs) {
  optim::SGD sgd(net.parameters(), {.lr = 0.003, .momentum = 0.9});
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
  const int epochs = settings.pick(80, 2);
  const std::int64_t width = settings.pick(100, 30);
  const data::TrainTest digits = data::digits();
  papers::Claims claims;
  papers::Picture losses{"Rectifier networks on digits (He et al. 2015, figs. 2, 3)", {}, 3};
  papers::Chart profiles{
      "30 layers: dL/dz; dashed: dL/dW", {"layer"}, {"RMS at the start", true}, {}};

  fmt::print("\ngradients of the first hidden layer over those of the last, and training\n");
  fmt::print("{:>6} {:<16} {:>8} {:>10} {:>12} {:>10} {:>10}\n", "layers", "start", "dL/dz",
             "by theory", "dL/dW", "loss", "halves at");
  std::size_t halves[2][2];
  double ratios[2];
  for (std::size_t d = 0; d < 2; ++d) {
    const std::size_t depth = d == 0 ? 22 : 30;
    papers::Chart chart{fmt::format("{} layers", depth), {"epoch"}, {"loss", false, 0, 2.5}, {}};
    for (std::size_t s = 0; s < 2; ++s) {
      const Start& start = starts[s];
      nn::Sequential net = build(depth, width, start);
      const Flow flow = gradient_flow(net, digits.train);
      ratios[s] = flow.z.front() / flow.z.back();
      // A layer multiplies the mean square by n Var W E relu'^2 = gain / 2.
      const double theory = std::pow(start.gain / 2, static_cast<double>(flow.z.size() - 1) / 2);
      const auto curve = train(net, digits.train, epochs);
      halves[d][s] = first_half(curve);
      fmt::print("{:>6} {:<16} {:>8.1e} {:>10.1e} {:>12.1e} {:>10.3f} {:>10}\n", depth, start.name,
                 ratios[s], theory, flow.weight.front() / flow.weight.back(), curve.back(),
                 epoch_text(halves[d][s]));
      chart.curves.push_back(curve_of(start.name, curve, start.colour));
      if (d == 1) {
        profiles.curves.push_back(curve_of(start.name, flow.z, start.colour));
        profiles.curves.push_back(curve_of("", flow.weight, start.colour, papers::Mark::Dashes));
      }
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
  claims.add("22 layers: epoch of half the loss, He, Xavier", "earlier",
             fmt::format("{}, {}", halves[0][1], halves[0][0]),
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
