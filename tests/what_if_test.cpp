#include "gradus/observe/what_if.h"

#include <algorithm>
#include <sstream>

#include "gradus/autograd/ops.h"
#include "gradus/data/synthetic.h"
#include "gradus/nn/activations.h"
#include "gradus/nn/batch_norm.h"
#include "gradus/nn/dropout.h"
#include "gradus/nn/init.h"
#include "gradus/nn/linear.h"
#include "gradus/nn/losses.h"
#include "gradus/nn/residual.h"
#include "gradus/observe/monitor.h"
#include "gradus/observe/remedy/matched_init.h"
#include "gradus/observe/repair.h"
#include "gradus/optim/adam.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"
#include "gradus/tensor/statistics.h"
#include "tests/messages.h"

using namespace gradus;
using observe::Cure;
using observe::Outcome;
using observe::WhatIf;

namespace {

/// All that a trial could change.
struct Snapshot {
  explicit Snapshot(nn::Module& net) : text(fmt::format("{}", net)) {
    for (auto& [name, module] : net.named_modules()) {
      modules.push_back(name + " " + module.path() + (module.is_training() ? " train" : " eval"));
      handles.push_back(&module);
    }
    auto note = [&](const std::string& name, const Tensor& x) {
      storages.push_back(x.storage().get());
      versions.push_back(x.storage()->version());
      values.push_back(x.to_vector<double>());
      gradients.push_back(x.grad().defined() ? &x.grad().impl() : nullptr);
      names.push_back(name);
    };
    for (auto& [name, p] : net.named_parameters()) note(name, p);
    for (auto& [name, buffer] : net.named_buffers()) note(name, buffer);
  }
  bool operator==(const Snapshot&) const = default;

  std::string text;
  std::vector<std::string> modules, names;
  std::vector<const nn::Module*> handles;
  std::vector<const Storage*> storages;
  std::vector<std::uint32_t> versions;
  std::vector<std::vector<double>> values;
  std::vector<const TensorImpl*> gradients;
  Generator::State random = default_generator().get_state();
};

nn::Sequential with_everything() {
  nn::Tanh shared;
  nn::Sequential net{nn::Linear(2, 8),
                     nn::BatchNorm1d(8),
                     shared,
                     nn::Sequential{nn::Linear(8, 8), shared, nn::Dropout(0.2)},
                     nn::Residual{nn::Linear(8, 8), nn::ReLU(), nn::Linear(8, 8)},
                     nn::Linear(8, 8),
                     nn::Sigmoid(),
                     nn::Linear(8, 2)};
  net[3].eval();
  return net;
}

observe::Batch circles(std::int64_t n = 64) {
  Generator generator(5);
  auto [x, y] = data::circles(n, {.inner_radius = 0.4}, &generator);
  return {x, y};
}

const Outcome& with(const WhatIf& result, const std::string& title) {
  const auto found = std::ranges::find(result.outcomes, title, &Outcome::title);
  REQUIRE(found != result.outcomes.end());
  return *found;
}

struct HandWritten : nn::Module {
  nn::Linear a = child("a", nn::Linear(2, 400));
  nn::Linear b = child("b", nn::Linear(400, 400));
  nn::Linear c = child("c", nn::Linear(400, 2));
  Tensor forward(const Tensor& x) override { return c(tanh(b(relu(a(x))))); }
};

double std_of(const Tensor& x) { return statistics(x.detach()).std; }

}  // namespace

TEST_CASE("what_if leaves the network exactly as it was", "[what_if]") {
  manual_seed(1);
  nn::Sequential net = with_everything();
  const observe::Batch batch = circles();
  nn::CrossEntropyLoss loss;
  loss(net(batch.inputs), batch.targets).backward();
  const Tensor recorded = loss(net(batch.inputs), batch.targets);
  const Snapshot before(net);
  const WhatIf result = observe::what_if(net, batch, loss, {.lr = 0.1, .steps = 3});
  CHECK(Snapshot(net) == before);
  CHECK(result.untouched.finite);
  CHECK(result.untouched.cures.empty());
  for (const char* title : {"matched initialisation", "ReLU instead", "batch norm"}) {
    CHECK(with(result, title).not_applicable.empty());
  }
  // A graph from before does not notice.
  const Tensor gradient = net.parameters()[0].grad().clone();
  recorded.backward();
  CHECK_FALSE(equal(net.parameters()[0].grad(), gradient));
}

TEST_CASE("what_if leaves the network as it was when a trial throws", "[what_if]") {
  manual_seed(1);
  nn::Sequential net = with_everything();
  const Snapshot before(net);
  for (int fails_at : {1, 2, 9, 40}) {
    int calls = 0;
    const auto loss = [&](const Tensor& y, const Tensor& target) {
      if (++calls == fails_at) throw std::runtime_error("stop");
      return cross_entropy(y, target);
    };
    REQUIRE_THROWS_WITH(observe::what_if(net, circles(), loss, {.steps = 3}), "stop");
    CHECK(Snapshot(net) == before);
  }
}

TEST_CASE("a monitor does not see the trials", "[what_if]") {
  manual_seed(1);
  nn::Sequential net{nn::Linear(2, 8), nn::Tanh(), nn::Linear(8, 8), nn::Tanh(), nn::Linear(8, 2)};
  const observe::Batch batch = circles();
  nn::CrossEntropyLoss loss;
  observe::Monitor monitor(net);
  const auto step = [&] {
    net.zero_grad();
    const Tensor value = loss(net(batch.inputs), batch.targets);
    value.backward();
    monitor.step(value);
  };
  step();
  const float first = monitor.layer("0").last().grad.rms;
  observe::what_if(net, batch, loss, {.lr = 0.1, .steps = 2});
  step();
  CHECK(monitor.record().layers.size() == 3);
  CHECK(monitor.layer("0").steps.size() == 2);
  CHECK(monitor.layer("0").last().grad.rms == first);
  CHECK(monitor.parameter("0.weight").steps.back().gradient.count == 16);
}

TEST_CASE("what_if tells what each remedy did", "[what_if]") {
  manual_seed(2);
  nn::Sequential net;
  for (int i = 0; i < 12; ++i) {
    nn::Linear layer(i == 0 ? 2 : 30, 30);
    nn::init::normal_(layer.weight, 0, 0.02);
    net.push_back(layer);
    net.push_back(nn::Tanh());
  }
  net.push_back(nn::Linear(30, 2));
  const WhatIf result = observe::what_if(net, circles(), nn::CrossEntropyLoss(), {.lr = 0.05});
  CHECK(*result.untouched.first_ratio < 1e-8);
  CHECK(result.untouched.learned() == Approx(0).margin(0.01));
  CHECK(*with(result, "matched initialisation").first_ratio > 0.1);
  CHECK(*with(result, "batch norm").first_ratio > 0.1);
  CHECK(result.outcomes[0].learned() > 0.5);
  for (std::size_t i = 1; i < result.outcomes.size(); ++i) {
    CHECK(result.outcomes[i - 1].score() >= result.outcomes[i].score());
  }
  CHECK(with(result, "rate x 0.1").lr == Approx(0.005));
  CHECK(with(result, "clip at norm 1").clip_norm == 1);
  CHECK_THAT(with(result, "output for the loss").not_applicable, Contains("fits the loss"));
  CHECK_THAT(with(result, "scaled input").not_applicable, Contains("good scale"));
  CHECK(with(result, "ReLU instead").changes ==
        std::vector<std::string>{"layers '1', '3', '5' and 9 more: Tanh -> ReLU",
                                 "weights of 12 layers: he_normal_, biases 0",
                                 "weights of 1 layer: glorot_normal_, biases 0"});

  const std::string table = fmt::format("{}", result);
  std::istringstream lines(table.substr(0, table.find("\nnot tried")));
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    CHECK(line.size() <= 80);
  }
  CHECK_THAT(table, StartsWith("40 steps on 64 samples") && Contains("\nas it is ") &&
                        Contains("\nbatch norm ") &&
                        Contains("\nnot tried: output for the loss: the output fits"));
}

TEST_CASE("what_if tries what it is told to, with the program's optimiser", "[what_if]") {
  manual_seed(3);
  HandWritten net;
  std::vector<double> rates;
  const WhatIf result = observe::what_if(
      net, circles(), nn::CrossEntropyLoss(),
      {.lr = 1e-3,
       .optimizer =
           [&](const std::vector<Tensor>& params, double lr) {
             rates.push_back(lr);
             return std::make_unique<optim::Adam>(params, optim::AdamOptions{.lr = lr});
           },
       .steps = 5,
       .cures = std::vector{Cure::MatchedInit, Cure::LowerRate, Cure::BatchNorm}});
  CHECK(result.outcomes.size() == 4);
  CHECK(rates == std::vector{1e-3, 1e-3, 1e-4, 1e-5});
  CHECK_THAT(with(result, "batch norm").not_applicable, Contains("stands in an nn::Sequential"));
  CHECK(with(result, "matched initialisation").changes ==
        std::vector<std::string>{"weights of 1 layer: he_normal_, biases 0",
                                 "weights of 2 layers: glorot_normal_, biases 0"});
}

TEST_CASE("trials draw samples from the batch, and end in evaluation mode", "[what_if]") {
  manual_seed(4);
  nn::Sequential net{nn::Linear(1, 8), nn::Dropout(0.5), nn::Linear(8, 1)};
  const Tensor x = arange(20).to(float32).unsqueeze(1) / 20;
  std::vector<Tensor> seen;
  std::vector<bool> training;
  const auto loss = [&](const Tensor& y, const Tensor& target) {
    seen.push_back(target);
    training.push_back(net.is_training());
    return mse_loss(y, target);
  };
  const auto run = [&](bool resample) {
    seen.clear();
    training.clear();
    observe::what_if(net, {x, x}, loss, {.steps = 3, .resample = resample, .cures = {{}}});
  };
  const auto is_whole = [&](const Tensor& target) { return equal(target, x); };
  run(false);
  CHECK(std::ranges::all_of(seen, is_whole));
  CHECK(std::ranges::count(training, false) == 3);  // of the output and of two constant ones
  run(true);
  CHECK(std::ranges::count_if(seen, [&](const Tensor& t) { return !is_whole(t); }) == 2);
  const std::vector<double> samples = x.to_vector<double>();
  for (const Tensor& target : seen) {
    CHECK(target.shape() == x.shape());
    for (double value : target.to_vector<double>()) CHECK(std::ranges::count(samples, value) == 1);
  }
  const std::vector<Tensor> first = seen;
  run(true);
  REQUIRE(seen.size() == first.size());
  for (std::size_t i = 0; i < seen.size(); ++i) CHECK(equal(seen[i], first[i]));
}

TEST_CASE("weights are matched to the activation that really follows", "[what_if]") {
  HandWritten net;
  net.c.weight.requires_grad_(false);
  const Tensor frozen = net.c.weight.clone();
  Generator generator(1);
  observe::matched_init_(observe::trace(net, circles().inputs), generator);
  CHECK(std_of(net.a.weight) == Approx(1).epsilon(0.1));                      // sqrt(2 / 2)
  CHECK(std_of(net.b.weight) == Approx(std::sqrt(2.0 / 800)).epsilon(0.02));  // Glorot
  CHECK(equal(net.c.weight, frozen));
  CHECK(statistics(net.a.bias.detach()).abs_max == 0);
}

TEST_CASE("weights are matched to an activation of the user's own", "[what_if]") {
  struct Steep : nn::Module {
    Tensor forward(const Tensor& x) override { return x * 2 + tanh(x) * 0; }
  };
  nn::Linear first(300, 300);
  nn::Sequential net{first, Steep(), nn::Linear(300, 2)};
  Generator generator(1);
  const auto lines = observe::matched_init_(observe::trace(net, randn({8, 300})), generator);
  CHECK(std_of(first.weight) == Approx(0.5 / std::sqrt(300)).epsilon(0.02));  // chi = 1
  CHECK(lines[0] == "weights of 1 layer: variance_scaling_({.scale = 0.25}), for Steep, biases 0");
}

TEST_CASE("residual branches are scaled down, normalisations start afresh", "[what_if]") {
  nn::Sequential net{nn::Linear(100, 100)};
  nn::Linear inner(100, 100), last(100, 100);
  net.push_back(nn::Residual{inner, nn::ReLU(), last});
  for (int i = 1; i < 4; ++i) {
    net.push_back(nn::Residual{nn::Linear(100, 100), nn::ReLU(), nn::Linear(100, 100)});
  }
  nn::BatchNorm1d norm(100);
  net.push_back(norm);
  net.push_back(nn::ReLU());
  net.push_back(nn::Linear(100, 2));
  net(randn({16, 100}));
  Generator generator(1);
  observe::matched_init_(observe::trace(net, randn({8, 100})), generator);
  CHECK(std_of(inner.weight) == Approx(std::sqrt(0.02)).epsilon(0.05));
  CHECK(std_of(last.weight) == Approx(std::sqrt(0.02) / 2).epsilon(0.05));  // of 4 branches
  CHECK(equal(norm.running_var, ones(100)));
  CHECK(norm.num_batches_tracked.item<std::int64_t>() == 0);
}

TEST_CASE("wrong calls of what_if are told", "[what_if]") {
  nn::Sequential net{nn::Linear(2, 2)};
  nn::CrossEntropyLoss loss;
  const observe::Batch batch = circles();
  const auto none = [](const Tensor& y, const Tensor&) { return y; };
  messages::check_messages(
      {{"what_if", [&] { observe::what_if(net, {}, loss); }, {"needs inputs and targets"}},
       {"what_if",
        [&] { observe::what_if(net, batch, none); },
        {"must be a scalar", "(64, 2)", "what_if_test.cpp"}},
       {"what_if", [&] { observe::what_if(net, batch, loss, {.lr = 0}); }, {"positive rate"}},
       {"what_if", [&] { observe::what_if(net, batch, {}); }, {"the loss is empty"}}});
}

TEST_CASE("wrong calls of repair are told", "[repair]") {
  nn::Sequential net{nn::Linear(3, 2)};
  messages::check_messages(
      {{"linear",
        [&] { observe::repair(net, circles(), nn::CrossEntropyLoss()); },
        {"(64, 2)", "what_if_test.cpp"}},
       {"repair",
        [&] { observe::repair(net, circles(), nn::CrossEntropyLoss(), {.steps = 0}); },
        {"positive rate"}}});
}
