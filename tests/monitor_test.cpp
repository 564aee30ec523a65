// What a monitor records, against values taken by hand from the same training.
#include "gradus/observe/monitor.h"

#include <cmath>
#include <numeric>

#include "gradus/gradus.h"
#include "tests/catch.h"
#include "tests/monitored_training.h"

using namespace gradus;
using observe::Monitor;
using tests::small_net;
using tests::Training;

namespace {

void check_sample(const observe::Sample& sample, const Tensor& x) {
  const Statistics s = statistics(x.detach());
  CHECK(sample.rms == Approx(s.rms));
  CHECK(sample.mean == Approx(s.mean).margin(1e-9));
  CHECK(sample.abs_max == Approx(s.abs_max));
  CHECK(sample.zero_share == Approx(s.zero_share()));
  CHECK(sample.nonfinite == static_cast<std::uint32_t>(s.nonfinite));
  CHECK(sample.count == static_cast<std::uint32_t>(x.numel()));
}

}  // namespace

TEST_CASE("a monitor records what flows through each layer", "[monitor]") {
  nn::Sequential net = small_net();
  Training training(net);
  Monitor monitor(net);

  // The same numbers by hand.
  const auto w = net.parameters();
  Tensor z1 = linear(training.x, w[0], w[1]);
  Tensor a1 = relu(z1);
  Tensor z2 = linear(a1, w[2], w[3]);
  Tensor a2 = tanh(z2);
  Tensor z3 = linear(a2, w[4], w[5]);
  const auto g = grad({cross_entropy(z3, training.y)}, {z1, z2, z3, w[0], w[3]});
  const Tensor before = w[0].detach().clone();

  training.step(monitor);

  REQUIRE(monitor.record().layers.size() == 3);
  const auto& first = monitor.layer("0");
  check_sample(first.last().z, z1);
  check_sample(first.last().activation, a1);
  check_sample(first.last().grad, g[0]);
  CHECK(first.type == "Linear");
  CHECK(first.units == 8);
  CHECK(first.at.line > 0);
  CHECK(first.activation == "relu");
  CHECK(first.rectifies);
  CHECK_FALSE(first.saturates);
  const auto& second = monitor.layer("2");
  check_sample(second.last().activation, a2);
  check_sample(second.last().grad, g[1]);
  CHECK(second.activation == "tanh");
  CHECK(second.saturates);
  const auto& top = monitor.layer("4");
  check_sample(top.last().grad, g[2]);
  CHECK(top.is_output);
  CHECK_FALSE(top.last().activation);
  CHECK(monitor.record().gradient_ratio().value() ==
        Approx(statistics(g[0]).rms / statistics(g[1]).rms));

  const auto& weight = monitor.parameter("0.weight");
  check_sample(weight.steps.back().value, before);
  check_sample(weight.steps.back().gradient, g[3]);
  check_sample(weight.steps.back().change, w[0].detach() - before);
  CHECK(weight.steps.back().update_ratio() ==
        Approx(0.1 * statistics(g[3]).rms / statistics(before).rms).epsilon(1e-4));
  check_sample(monitor.parameter("2.bias").steps.back().gradient, g[4]);
  CHECK(monitor.record().loss_ops == std::vector<std::string>{"cross_entropy"});
}

TEST_CASE("a monitor leaves the training as it is", "[monitor]") {
  auto train = [](bool monitored) {
    manual_seed(1);
    nn::Sequential net{nn::Linear(4, 8), nn::BatchNorm1d(8), nn::ReLU(), nn::Dropout(0.3),
                       nn::Linear(8, 3)};
    Training training(net);
    std::optional<Monitor> monitor;
    for (int i = 0; i < 5; ++i) {
      if (monitored && i == 2) monitor.emplace(net);  // in mid-training
      Tensor loss = training.backward();
      training.sgd.step();
      if (monitor) monitor->step(loss);
      if (i == 3) monitor.reset();
    }
    std::vector<double> values = net(training.x).detach().to(float64).to_vector<double>();
    for (auto& [name, buffer] : net.named_buffers()) {
      for (double v : buffer.to(float64).to_vector<double>()) values.push_back(v);
    }
    return values;
  };
  CHECK(train(true) == train(false));
}

TEST_CASE("layers called again, frozen, shared or residual", "[monitor]") {
  struct Net : nn::Module {
    nn::Linear in = child("in", nn::Linear(4, 6));
    nn::Linear again = child("again", nn::Linear(6, 6));
    nn::Linear out = child("out", nn::Linear(6, 3));
    Tensor forward(const Tensor& x) override {
      Tensor h = tanh(in(x));
      for (int i = 0; i < 3; ++i) h = h + tanh(again(h));
      return out(h);
    }
  };
  manual_seed(2);
  Net net;
  net.in.requires_grad_(false);
  Training training(net);
  Monitor monitor(net);
  for (int i = 0; i < 3; ++i) training.step(monitor);
  const auto& record = monitor.record();
  REQUIRE(record.layers.size() == 5);
  CHECK(monitor.layer("again", 2).steps.size() == 3);
  CHECK(monitor.layer("again", 1).last().grad);
  CHECK(monitor.layer("again", 1).skip_joins);
  CHECK_FALSE(monitor.layer("in").last().grad);  // no parameter before it learns
  CHECK_FALSE(monitor.parameter("in.weight").steps.back().gradient);
  CHECK(monitor.parameter("again.weight").steps.back().gradient);
  REQUIRE(record.structure.has_value());
  CHECK(record.structure->layers.size() == 5);
  CHECK(monitor.layer("out").is_output);

  net.in.requires_grad_(true);
  for (int i = 0; i < 2; ++i) training.step(monitor);
  CHECK(monitor.parameter("in.weight").steps.back().gradient);
  CHECK(monitor.layer("in").last().grad);
}

TEST_CASE("dead units are those that are 0 for a whole window", "[monitor]") {
  nn::Sequential net{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 3)};
  {
    NoGrad no_grad;
    net.parameters()[1].select(0, 2).copy_(tensor(-100.0));
    net.parameters()[1].select(0, 5).copy_(tensor(-100.0));
  }
  Training training(net, 1e-3);
  Monitor monitor(net, {.window = 4});
  for (int i = 0; i < 6; ++i) {
    training.x = zeros({16, 4});  // 6 units are what their bias is
    if (i == 5) training.x = full({16, 4}, 1000.0);
    training.step(monitor);
  }
  CHECK(monitor.layer("0").dead_share() >= 0.25 - 1e-6);
  CHECK(monitor.layer("0").steps[0].dead_units >= 0.25);
}

TEST_CASE("dead units of a residual branch are told by its pre-activation", "[monitor]") {
  manual_seed(6);
  nn::Linear branch(8, 8);
  nn::Sequential net{nn::Linear(4, 8), nn::ReLU(), nn::Residual(branch, nn::ReLU()),
                     nn::Linear(8, 3)};
  {
    NoGrad no_grad;
    branch.bias.fill_(0.0);
    branch.bias.narrow(0, 0, 2).fill_(-100.0);
  }
  Training training(net, 1e-3);
  Monitor monitor(net, {.window = 3});
  for (int i = 0; i < 5; ++i) training.step(monitor);
  const auto& layer = monitor.record().layers[1];
  CHECK(layer.activation == "relu");
  CHECK(layer.rectifies);
  CHECK_FALSE(layer.last().activation);
  const Tensor z = branch(relu(net[0](training.x)));
  const double dead = mean((amax(z, {0}) <= 0).to(float32)).item<double>();
  CHECK(layer.dead_share() == Approx(dead));
  CHECK(layer.dead_share() >= 0.25);
}

TEST_CASE("saturated shares tell the side", "[monitor]") {
  manual_seed(5);
  nn::Sequential net{nn::Linear(4, 50), nn::Sigmoid(), nn::Linear(50, 3)};
  {
    NoGrad no_grad;
    net.parameters()[1].fill_(6.0);
  }
  Training training(net);
  Monitor monitor(net);
  training.step(monitor);
  CHECK(monitor.layer("0").last().saturated_high > 0.9);
  CHECK(monitor.layer("0").last().saturated_low == 0);
  CHECK(monitor.layer("0").saturates);
}

TEST_CASE("histograms count magnitudes by powers of two", "[monitor]") {
  manual_seed(4);
  nn::Sequential net{nn::Linear(4, 3)};
  {
    NoGrad no_grad;
    net.parameters()[0].fill_(0.0);
    net.parameters()[1].copy_(tensor({0.0, 3.0, -0.25}));
  }
  Training training(net);
  Monitor monitor(net);
  training.step(monitor);
  const auto& z = monitor.layer("0").histograms.back().z;
  CHECK(z.total == 48);
  auto bin = [&](int exponent) {
    return z.counts[static_cast<std::size_t>(exponent - observe::LogHistogram::exponent_of_first)];
  };
  CHECK(bin(1) == 16);
  CHECK(bin(-2) == 16);
  CHECK(std::accumulate(z.counts.begin(), z.counts.end(), 0) == 32);  // zeros are in no bin
}

TEST_CASE("histograms leave NaN out and keep what is too large or small at their ends",
          "[monitor]") {
  nn::Sequential net{nn::Linear(4, 3)};
  {
    NoGrad no_grad;
    net.parameters()[0].fill_(0.0);
    net.parameters()[1].copy_(tensor({std::nanf(""), HUGE_VALF, 1e-40f}));
  }
  Training training(net);
  Monitor monitor(net);
  training.step(monitor);
  const auto& counts = monitor.layer("0").histograms.back().z.counts;
  CHECK(counts.front() == 16);
  CHECK(counts.back() == 16);
  CHECK(std::accumulate(counts.begin(), counts.end(), 0) == 32);
}

TEST_CASE("the gradient's signal-to-noise ratio is that of its batch mean", "[monitor]") {
  nn::Sequential net{nn::Linear(4, 3)};
  Training training(net);
  Monitor monitor(net);
  Tensor z = linear(training.x, net.parameters()[0], net.parameters()[1]);
  Tensor g = grad(cross_entropy(z, training.y), z).to(float64);
  const double of_means = mean(square(mean(g, {0}))).item<double>();
  const double of_variances = mean(var(g, {0})).item<double>() / 16;
  training.step(monitor);
  CHECK(monitor.layer("0").last().signal_to_noise == Approx(of_means / of_variances).epsilon(1e-4));
}

TEST_CASE("an activation with parameters is no hidden layer", "[monitor]") {
  manual_seed(8);
  nn::Sequential net{nn::Linear(4, 6), nn::PReLU(), nn::Linear(6, 6), nn::PReLU(),
                     nn::Linear(6, 3)};
  Training training(net);
  Monitor monitor(net);
  training.step(monitor);
  CHECK(monitor.layer("1").is_activation);
  CHECK(monitor.record().hidden_layers() == std::vector<std::size_t>{0, 2});
}

TEST_CASE("a network of one layer has a structure, too", "[monitor]") {
  nn::Linear net(4, 3);
  Training training(net);
  Monitor monitor(net);
  training.step(monitor);
  REQUIRE(monitor.record().structure);
  CHECK(monitor.record().structure->layers.size() == 1);
  CHECK(monitor.layer("").is_output);
  CHECK(monitor.layer("").last().grad);
  CHECK(monitor.record().loss_ops == std::vector<std::string>{"cross_entropy"});
}

TEST_CASE("what makes the output is known", "[monitor]") {
  manual_seed(1);
  nn::Sequential net{nn::Linear(4, 8), nn::Tanh(), nn::Linear(8, 3), nn::Sigmoid()};
  Monitor monitor(net);
  Training(net).step(monitor);
  const auto& end = monitor.record().structure->end;
  REQUIRE(end.ops.size() == 1);
  CHECK(end.ops[0].name == "sigmoid");
  CHECK(monitor.layer("2").is_output);
  CHECK(monitor.layer("2").saturates);
  CHECK(monitor.layer("2").last().activation);
}
