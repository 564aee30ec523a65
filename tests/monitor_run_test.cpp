// Which steps a monitor observes, what it costs, and what it does when something is amiss.
#include "gradus/observe/monitor.h"

#include <cmath>

#include "gradus/gradus.h"
#include "tests/catch.h"
#include "tests/monitored_training.h"

using namespace gradus;
using observe::Monitor;
using tests::small_net;
using tests::Training;

TEST_CASE("a monitor keeps the network alive", "[monitor]") {
  std::optional<nn::Sequential> net = small_net();
  const Tensor x = randn({8, 4});
  Monitor monitor(*net);
  nn::Sequential other = *net;
  net.reset();
  Tensor loss = other(x).sum();
  loss.backward();
  monitor.step(loss);
  CHECK(monitor.layer("0").module->type_name() == "Linear");
  nn::Module& base = other;
  Monitor of_base(base);
  CHECK(of_base.record().network == "Sequential");
}

TEST_CASE("clipping shows in the norms", "[monitor]") {
  nn::Sequential net = small_net();
  Training training(net);
  Monitor monitor(net);
  Tensor loss = training.backward();
  optim::clip_grad_norm_(net.parameters(), 1e-3);
  training.sgd.step();
  monitor.step(loss);
  training.step(monitor);
  const auto& steps = monitor.record().steps;
  CHECK(steps[0].clipped());
  CHECK(steps[0].clipped_norm == Approx(1e-3).epsilon(1e-3));
  CHECK(steps[0].grad_norm > 0.01);
  CHECK(steps[0].update_norm == Approx(1e-4).epsilon(1e-2));
  CHECK_FALSE(steps[1].clipped());
}

TEST_CASE("steps are sampled, and memory stays bounded", "[monitor]") {
  nn::Sequential net = small_net();
  Training training(net);
  Monitor monitor(net, {.dense = 3, .every = 5, .history = 16, .histograms = 8});
  std::size_t bytes = 0;
  for (int i = 0; i < 400; ++i) {
    training.step(monitor);
    if (i == 200) bytes = monitor.record().cost.bytes;
  }
  const auto& layer = monitor.layer("2");
  CHECK(layer.steps.size() <= 16);
  CHECK(layer.steps.back().step == 395);
  CHECK(layer.steps.front().step == 0);
  CHECK(monitor.record().cost.observed_steps == 3 + 79);
  CHECK(monitor.record().steps.back().step == 399);
  CHECK(monitor.record().cost.bytes < bytes + 300 * sizeof(observe::RunStep));
  CHECK(monitor.record().cost.share() > 0);
  for (std::size_t i = 1; i < layer.steps.size(); ++i) {
    CHECK(layer.steps[i].step > layer.steps[i - 1].step);
  }
}

TEST_CASE("histograms are spread over the run", "[monitor]") {
  nn::Sequential net = small_net();
  Training training(net);
  Monitor monitor(net, {.every = 1, .histograms = 8, .predict = false});
  for (int i = 0; i < 150; ++i) training.step(monitor);
  const auto& histograms = monitor.layer("2").histograms;
  REQUIRE(histograms.size() >= 5);
  CHECK(histograms.size() <= 8);
  CHECK(histograms.front().step == 0);
  CHECK(histograms.back().step > 120);
  CHECK(histograms.back().step - histograms[histograms.size() - 2].step >= 10);
}

TEST_CASE("what writes to a parameter between steps is no change of the optimiser's", "[monitor]") {
  nn::Sequential net = small_net();
  Training training(net);
  Monitor monitor(net);
  training.step(monitor);
  {
    NoGrad no_grad;
    net.parameters()[0].mul_(100);
  }
  training.step(monitor);
  const auto& weight = monitor.parameter("0.weight").steps;
  CHECK(weight[1].value.rms > 50 * weight[0].value.rms);
  CHECK(weight[1].change.rms == Approx(0.1 * weight[1].gradient.rms).epsilon(1e-3));
}

TEST_CASE("a budget spaces the observed steps", "[monitor]") {
  nn::Sequential net = small_net();
  Training training(net);
  Monitor monitor(net, {.dense = 0, .every = 1, .budget = 0.001, .predict = false});
  for (int i = 0; i < 50; ++i) training.step(monitor);
  CHECK(monitor.record().cost.observed_steps >= 1);
  CHECK(monitor.record().cost.observed_steps < 50);
}

TEST_CASE("evaluations between two steps are not watched", "[monitor]") {
  nn::Sequential net = small_net();
  Training training(net);
  Monitor monitor(net);
  Tensor loss = training.backward();
  const double seen =
      statistics(linear(training.x, net.parameters()[0], net.parameters()[1]).detach()).rms;
  {
    NoGrad no_grad;
    net(training.x * 100);
  }
  training.sgd.step();
  monitor.step(loss);
  CHECK(monitor.layer("0").z_rms() == Approx(seen));
  CHECK(monitor.record().layers.size() == 3);
}

TEST_CASE("a monitor's errors name what there is", "[monitor]") {
  nn::Sequential net = small_net();
  Training training(net);
  nn::ReLU nothing;
  CHECK_THROWS_WITH(Monitor(nothing), Contains("holds no layer to watch"));
  CHECK_THROWS_WITH(Monitor(net, {.every = 0}), Contains("every must be at least 1, got 0"));
  CHECK_THROWS_WITH(Monitor(net, {.budget = 1.5}), Contains("budget"));
  Monitor monitor(net);
  training.step(monitor);
  CHECK_THROWS_WITH(monitor.layer("1"), Contains("layer '1'") && Contains("'0', '2', '4'"));
  CHECK_THROWS_WITH(monitor.parameter("9.weight"), Contains("'0.weight', '0.bias'"));
  CHECK_THROWS_WITH(monitor.step(training.x), Contains("a tensor of one element"));
}

TEST_CASE("theory stands beside what was measured", "[monitor]") {
  manual_seed(7);
  nn::Sequential net;
  for (int i = 0; i < 10; ++i) {
    net.push_back(nn::Linear(i == 0 ? 4 : 100, 100));
    net.push_back(nn::Tanh());
  }
  net.push_back(nn::Linear(100, 3));
  Training training(net);
  Monitor monitor(net);
  training.step(monitor);
  REQUIRE(monitor.record().expected.has_value());
  const auto& expected = *monitor.record().expected;
  REQUIRE(expected.layers.size() == monitor.record().layers.size());
  const double ratio = *expected.layers[0].grad_rms / *expected.layers[9].grad_rms;
  CHECK(monitor.record().gradient_ratio().value() == Approx(ratio).epsilon(0.5));
  CHECK(monitor.record().hidden_layers().size() == 10);
}

TEST_CASE("a network that theory cannot run is watched all the same", "[monitor]") {
  struct Once : nn::Module {
    nn::Linear layer = child("layer", nn::Linear(4, 3));
    std::shared_ptr<int> runs = std::make_shared<int>(0);
    Tensor forward(const Tensor& x) override {
      if (++*runs == 2) throw std::runtime_error("runs once a step");
      return layer(x);
    }
  };
  Once net;
  Training training(net);
  Monitor monitor(net);
  *net.runs = 1;  // so that theory's run fails
  training.step(monitor);
  CHECK_FALSE(monitor.record().expected.has_value());
  CHECK(monitor.layer("layer").last().grad);
  training.step(monitor);
  CHECK(monitor.layer("layer").steps.size() == 2);
}

TEST_CASE("a large tensor is judged by some of it, for the whole", "[monitor]") {
  manual_seed(1);
  nn::Sequential net{nn::Linear(4, 700), nn::ReLU(), nn::Linear(700, 3)};
  Training training(net);
  Monitor some(net);
  Monitor all(net, {.elements = 0});
  Tensor loss = training.backward();
  training.sgd.step();
  some.step(loss);
  all.step(loss);

  const observe::Sample& z = some.layer("0").last().z;
  CHECK(z.count == 16 * 700);
  CHECK(z.looked_at < 16 * 700);
  CHECK(z.rms == Approx(all.layer("0").last().z.rms).epsilon(0.05));
  CHECK(all.layer("0").last().z.looked_at == 16 * 700);
  const double moved = all.record().steps.back().update_norm;
  CHECK(some.record().steps.back().update_norm == Approx(moved).epsilon(0.05));
  CHECK(moved == Approx(0.1 * all.record().steps.back().grad_norm).epsilon(1e-4));
}
