// A 20-layer network on handwritten digits, five times: it fails because its gradients vanish on
// the way down, and then learns, remedy by remedy. A monitor measures the gradient at every layer's
// pre-activation, and says what is wrong.

#include <fmt/core.h>
#include <gradus/gradus.h>

#include <chrono>
#include <cstdlib>

#include "terminal.h"

using namespace gradus;
namespace init = gradus::nn::init;

namespace {

constexpr int depth = 20;
constexpr std::int64_t width = 28;

struct Variant {
  std::string title;
  nn::AnyModule (*activation)();
  init::Initializer initializer;
  bool batch_norm = false;
  bool residual = false;
};

/// RMS dL/dz at the pre-activation of each hidden layer, first to last, at the first step.
std::vector<double> gradient_flow(const observe::Monitor& monitor) {
  std::vector<double> rms;
  for (const observe::LayerRecord& layer : monitor.record().layers) {
    if (!layer.activation.empty()) rms.push_back(layer.steps.front().grad.rms);
  }
  return rms;
}

nn::Sequential build(const Variant& variant) {
  nn::Sequential net;
  std::int64_t inputs = 64;
  for (int i = 0; i < depth; ++i) {
    nn::Sequential layer(nn::Linear(inputs, width));
    if (variant.batch_norm) layer.push_back(nn::BatchNorm1d(width));
    layer.push_back(variant.activation());
    bool skips = variant.residual && inputs == width;
    net.push_back(skips ? nn::AnyModule(nn::Residual(layer)) : nn::AnyModule(layer));
    inputs = width;
  }
  net.push_back(nn::Linear(width, 10));
  init::apply(net, variant.initializer);
  return net;
}

double accuracy(nn::Module& net, const data::Dataset& set) {
  NoGrad no_grad;
  net.eval();
  Tensor hits = eq(argmax(net(set.inputs), 1), set.targets);
  net.train();
  return mean(to(hits, float32)).item<double>();
}

struct Outcome {
  double ratio;
  double accuracy;
  double seconds;
  observe::Findings findings;
};

/// Writes a report of the training to `report`, if that is not empty.
Outcome run(const Variant& variant, const data::TrainTest& digits, std::uint64_t seed, long epochs,
            const std::string& report) {
  fmt::print("\n{}\n", variant.title);
  manual_seed(seed);
  auto start = std::chrono::steady_clock::now();

  nn::Sequential net = build(variant);
  optim::SGD sgd(net.parameters(), {.lr = 0.005, .momentum = 0.9});
  optim::CosineAnnealingLR schedule(sgd, {.T_max = epochs});
  data::DataLoader loader(digits.train, {.batch_size = 32, .shuffle = true});
  observe::Monitor monitor(net);

  double loss_mean = 0;
  examples::ProgressBar progress;
  for (long epoch = 0; epoch < epochs; ++epoch) {
    loss_mean = 0;
    for (const auto& [x, y] : loader) {
      sgd.zero_grad();
      Tensor loss = cross_entropy(net(x), y);
      loss.backward();
      sgd.step();
      monitor.step(loss);
      loss_mean += loss.item<double>() / static_cast<double>(loader.size());
    }
    schedule.step();
    progress.show(static_cast<double>(epoch + 1) / static_cast<double>(epochs),
                  fmt::format("epoch {}/{}  loss {:.3f}", epoch + 1, epochs, loss_mean));
  }
  progress.clear();

  double test = accuracy(net, digits.test);
  std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  fmt::print("  RMS dL/dz at the first step, log scale from 1e-6 to 1:\n");
  const std::vector<double> flow = gradient_flow(monitor);
  examples::log_bar_chart(flow, "layer", 1e-6, 1);
  fmt::print("  after {} epochs: training loss {:.3f}, accuracy on held-out digits {:.1f} %\n",
             epochs, loss_mean, 100 * test);
  if (!report.empty()) monitor.report(report);
  return {flow.front() / flow.back(), test, elapsed.count(), monitor.diagnose()};
}

constexpr const char* help = R"(digits: a 20-layer network on handwritten digits, sick and healed

usage: digits [--seed N] [--epochs N] [--report FILE]
  --seed N       of the initial weights and the order of the batches (default 1)
  --epochs N     passes over the 1,437 training digits for each variant (default 120)
  --report FILE  where to write what the first variant's training looked like (default digits.html)
)";

}  // namespace

int main(int argc, char** argv) try {
  examples::CommandLine arguments(argc, argv, help);
  auto seed = static_cast<std::uint64_t>(arguments.number("--seed", 1, 0));
  long epochs = arguments.number("--epochs", 120, 1);
  const std::string report = arguments.text("--report", "digits.html");
  arguments.finish();

  auto normal = [](const Tensor& weight) { init::normal_(weight, 0, 1); };
  auto glorot = init::recommended_for(init::Nonlinearity::Tanh);
  auto he = init::recommended_for(init::Nonlinearity::ReLU);
  auto sigmoid = [] { return nn::AnyModule(nn::Sigmoid()); };
  auto tanh = [] { return nn::AnyModule(nn::Tanh()); };
  auto relu = [] { return nn::AnyModule(nn::ReLU()); };
  const std::vector<Variant> variants = {
      {"sigmoid, weights N(0, 1)", sigmoid, normal},
      {"tanh, Glorot initialisation", tanh, glorot},
      {"ReLU, He initialisation", relu, he},
      {"ReLU, He, batch norm", relu, he, true},
      {"ReLU, He, batch norm, residual blocks", relu, he, true, true},
  };

  data::TrainTest digits = data::digits();
  fmt::print("{} hidden layers of {} units on {} handwritten 8x8 digits, {} held out\n", depth,
             width, digits.train.size(), digits.test.size());
  std::vector<Outcome> outcomes;
  for (const Variant& variant : variants) {
    outcomes.push_back(run(variant, digits, seed, epochs, outcomes.empty() ? report : ""));
  }

  fmt::print("\n{:<37} {:>10} {:>8} {:>6} {}\n", "variant", "first/last", "held-out", "time/s",
             "diagnosis");
  for (std::size_t i = 0; i < variants.size(); ++i) {
    const Outcome& outcome = outcomes[i];
    const char* first =
        outcome.findings.empty() ? "healthy" : to_string(outcome.findings.list.front().symptom);
    fmt::print("{:<37} {:>10.1e} {:>6.1f} % {:>6.1f} {}\n", variants[i].title, outcome.ratio,
               100 * outcome.accuracy, outcome.seconds, first);
  }
  fmt::print(
      "\nfirst/last: RMS dL/dz at layer 1 over that at layer {}, at the first step.\n"
      "Near 1, every layer hears of the error; far below, the first ones do not learn.\n"
      "Above 1 the gradient grows on its way down, as under batch norm without skip\n"
      "connections (Yang et al. 2019); the skips tame that.\n"
      "\nWhat the monitor found in '{}':\n\n{}\n"
      "\nIts report, to be opened in a browser: {}\n",
      depth, variants[0].title, outcomes[0].findings, report);
} catch (const Error& error) {
  fmt::print(stderr, "digits: {}\n", error.what());
  return 1;
}
