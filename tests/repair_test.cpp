#include "gradus/observe/repair.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"
#include "gradus/data/digits.h"
#include "gradus/data/synthetic.h"
#include "gradus/nn/activations.h"
#include "gradus/nn/batch_norm.h"
#include "gradus/nn/init.h"
#include "gradus/nn/linear.h"
#include "gradus/nn/losses.h"
#include "gradus/nn/sequential.h"
#include "gradus/optim/clip.h"
#include "gradus/optim/sgd.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"

using namespace gradus;
using observe::Batch;
using observe::Cure;
using observe::Repair;

namespace {

namespace init = nn::init;

Batch circles() {
  Generator generator(5);
  auto [x, y] = data::circles(64, {.inner_radius = 0.4}, &generator);
  return {x, y};
}

Batch blobs(double scale = 1) {
  Generator generator(6);
  auto [x, y] = data::blobs(64, {.classes = 4, .box = 3, .spread = 0.5}, &generator);
  return {x * scale, y};
}

Batch digits() {
  const data::Dataset train = data::digits().train;
  return {train.inputs.narrow(0, 0, 64).contiguous(), train.targets.narrow(0, 0, 64).contiguous()};
}

/// Linear layers of one width with activations between; `weight` initialises, null: the default.
template <class Activation>
nn::Sequential mlp(const Batch& batch, int depth, std::int64_t width, std::int64_t classes,
                   const init::Initializer& weight) {
  nn::Sequential net;
  std::int64_t in = batch.inputs.size(1);
  for (int i = 0; i <= depth; ++i) {
    nn::Linear layer(in, i < depth ? width : classes);
    if (weight) weight(layer.weight);
    net.push_back(layer);
    if (i < depth) net.push_back(Activation());
    in = width;
  }
  return net;
}

init::Initializer normal_weights(double std) {
  return [std](const Tensor& w) { init::normal_(w, 0, std); };
}
void he(const Tensor& w) { init::he_normal_(w); }

/// Plain training; returns the share of right answers after it.
double accuracy_after(nn::Module& net, const Batch& batch, double lr, double clip_norm,
                      int steps = 150) {
  optim::SGD opt(net.parameters(), {.lr = lr});
  for (int i = 0; i < steps; ++i) {
    opt.zero_grad();
    cross_entropy(net(batch.inputs), batch.targets).backward();
    if (clip_norm > 0) {
      optim::clip_grad_norm_(net.parameters(), clip_norm, 2, optim::NonFinite::Skip);
    }
    opt.step();
  }
  NoGrad no_grad;
  return mean(eq(net(batch.inputs).argmax(1), batch.targets).to(float32)).item<double>();
}

struct Sick {
  const char* name;
  std::function<Batch()> batch;
  std::function<nn::Sequential(const Batch&)> make;
  double lr;
  std::vector<Cure> cures;  ///< of which one must be applied
};

/// The net is spoilt by its training, repaired in the middle of it, and trained on.
void check_repaired(const Sick& sick) {
  INFO(sick.name);
  manual_seed(3);
  const Batch batch = sick.batch();
  nn::Sequential net = sick.make(batch);
  const double before = accuracy_after(net, batch, sick.lr, 0, 60);
  CHECK(before < 0.7);
  const Repair repair =
      observe::repair(net, batch, nn::CrossEntropyLoss(), {.lr = sick.lr, .steps = 25});
  INFO(to_string(repair));
  CHECK(repair.changed());
  CHECK(std::ranges::any_of(sick.cures,
                            [&](Cure cure) { return std::ranges::count(repair.cures, cure) > 0; }));
  CHECK(repair.after.learned() > repair.before.learned());
  CHECK(accuracy_after(net, batch, repair.lr, repair.clip_norm) > 0.9);
}

observe::Findings found(observe::Symptom symptom, const std::vector<Cure>& cures) {
  observe::Finding finding;
  finding.symptom = symptom;
  for (Cure cure : cures) finding.remedies.push_back({cure, "", ""});
  observe::Findings findings;
  findings.list.push_back(finding);
  return findings;
}

}  // namespace

TEST_CASE("gradients that vanish are repaired", "[repair][large]") {
  check_repaired({"sigmoid, 10 layers of N(0, 1)",
                  circles,
                  [](const Batch& b) { return mlp<nn::Sigmoid>(b, 10, 20, 2, normal_weights(1)); },
                  0.1,
                  {Cure::OtherActivation, Cure::BatchNorm, Cure::Residual}});
  check_repaired({"tanh, weights too small",
                  circles,
                  [](const Batch& b) { return mlp<nn::Tanh>(b, 8, 20, 2, normal_weights(0.02)); },
                  0.1,
                  {Cure::MatchedInit, Cure::OtherActivation, Cure::BatchNorm}});
}

TEST_CASE("gradients that explode are repaired", "[repair][large]") {
  check_repaired({"ReLU, weights of N(0, 1)",
                  digits,
                  [](const Batch& b) { return mlp<nn::ReLU>(b, 6, 40, 10, normal_weights(1)); },
                  0.05,
                  {Cure::MatchedInit}});
  check_repaired({"a rate far too large",
                  digits,
                  [](const Batch& b) { return mlp<nn::ReLU>(b, 3, 40, 10, he); },
                  10,
                  {Cure::LowerRate}});
}

TEST_CASE("units that cannot learn are repaired", "[repair]") {
  check_repaired({"all weights equal",
                  [] { return blobs(); },
                  [](const Batch& b) {
                    return mlp<nn::Tanh>(b, 3, 20, 4,
                                         [](const Tensor& w) { init::constant_(w, 0.5); });
                  },
                  0.1,
                  {Cure::MatchedInit}});
  check_repaired({"dead by their biases",
                  [] { return blobs(); },
                  [](const Batch& b) {
                    nn::Sequential net = mlp<nn::ReLU>(b, 3, 20, 4, he);
                    init::constant_(net.get<nn::Linear>(2).bias, -100);
                    return net;
                  },
                  0.1,
                  {Cure::MatchedInit, Cure::OtherActivation, Cure::BatchNorm}});
}

TEST_CASE("what does not fit the network is repaired", "[repair]") {
  check_repaired({"softmax in front of cross entropy",
                  digits,
                  [](const Batch& b) {
                    nn::Sequential net = mlp<nn::ReLU>(b, 2, 40, 10, he);
                    net.push_back(nn::Softmax());
                    return net;
                  },
                  0.3,
                  {Cure::OtherLoss}});
  check_repaired({"inputs of a thousand",
                  [] { return blobs(1000); },
                  [](const Batch& b) { return mlp<nn::ReLU>(b, 2, 20, 4, he); },
                  0.1,
                  {Cure::ScaleInput}});
}

TEST_CASE("a remedy that holds in training only is passed over", "[repair]") {
  // Batch norm takes the offset out by each batch's mean. The running mean lags behind weights of
  // which each step moves it far, so in evaluation mode such a network is confused.
  manual_seed(3);
  Batch batch = circles();
  batch.inputs = batch.inputs + 500;
  nn::Sequential net = mlp<nn::Tanh>(batch, 3, 20, 2, {});
  const Repair repair = observe::repair(net, batch, nn::CrossEntropyLoss(), {.lr = 0.1});
  INFO(to_string(repair));
  CHECK(std::ranges::count(repair.cures, Cure::ScaleInput) == 1);
  accuracy_after(net, batch, repair.lr, repair.clip_norm);
  net.eval();
  const Tensor right = eq(net(batch.inputs).argmax(1), batch.targets);
  CHECK(mean(right.to(float32)).item<double>() > 0.9);
}

TEST_CASE("a rate far too small is raised", "[repair]") {
  manual_seed(3);
  const Batch batch = digits();
  nn::Sequential net = mlp<nn::ReLU>(batch, 2, 40, 10, he);
  const Repair repair =
      observe::repair(net, batch, nn::CrossEntropyLoss(), {.lr = 1e-5, .steps = 25});
  CHECK(repair.cures == std::vector{Cure::HigherRate});
  CHECK(repair.lr > 1e-2);
  CHECK(repair.changes.empty());
  CHECK(accuracy_after(net, batch, repair.lr, 0) > 0.9);
}

TEST_CASE("a healthy network is left as it is", "[repair]") {
  manual_seed(4);
  for (double lr : {0.02, 0.1}) {
    const Batch batch = digits();
    nn::Sequential net = mlp<nn::ReLU>(batch, 8, 40, 10, he);
    const std::string text = fmt::format("{}", net);
    std::vector<std::pair<std::string, Tensor>> values;
    for (auto& [name, p] : net.named_parameters()) values.emplace_back(name, p.clone());
    const Repair repair = observe::repair(net, batch, nn::CrossEntropyLoss(), {.lr = lr});
    INFO(to_string(repair));
    CHECK_FALSE(repair.changed());
    CHECK(repair.lr == lr);
    CHECK(repair.clip_norm == 0);
    CHECK(repair.advice.empty());
    CHECK(fmt::format("{}", net) == text);
    for (auto& [name, value] : values) CHECK(equal(net.state_dict().at(name), value));
    CHECK_THAT(fmt::format("{}", repair), StartsWith("left as it is: the network learns\n"));
  }
}

TEST_CASE("the findings' remedies come first", "[repair]") {
  const Batch batch = digits();
  for (Cure cure : {Cure::BatchNorm, Cure::MatchedInit}) {
    manual_seed(5);
    nn::Sequential net = mlp<nn::ReLU>(batch, 6, 40, 10, normal_weights(1));
    const observe::Findings findings =
        found(observe::Symptom::Initialization, {Cure::Manual, cure});
    const Repair repair =
        observe::repair(net, findings, batch, nn::CrossEntropyLoss(), {.lr = 0.05, .steps = 25});
    CHECK(repair.cures == std::vector{cure});
  }
  nn::Sequential net = mlp<nn::ReLU>(batch, 6, 40, 10, normal_weights(1));
  const Repair nothing =
      observe::repair(net, observe::Findings(), batch, nn::CrossEntropyLoss(), {.lr = 0.05});
  CHECK_FALSE(nothing.changed());
  CHECK(nothing.lr == 0.05);
  CHECK(fmt::format("{}", nothing) == "left as it is: there are no findings");
}

TEST_CASE("only what is allowed is applied", "[repair]") {
  manual_seed(5);
  const Batch batch = digits();
  nn::Sequential net = mlp<nn::ReLU>(batch, 6, 40, 10, normal_weights(1));
  const std::string text = fmt::format("{}", net);
  const Repair repair = observe::repair(
      net, batch, nn::CrossEntropyLoss(),
      {.lr = 0.05, .steps = 10, .cures = std::vector{Cure::LowerRate, Cure::ClipNorm}});
  for (Cure cure : repair.cures) CHECK((cure == Cure::LowerRate || cure == Cure::ClipNorm));
  CHECK(fmt::format("{}", net) == text);
  CHECK(repair.changes.empty());

  batch.inputs.at<float>(0, 0) = std::numeric_limits<float>::quiet_NaN();
  const Repair nothing = observe::repair(net, batch, nn::CrossEntropyLoss(), {.lr = 0.05});
  CHECK_FALSE(nothing.changed());
  CHECK_THAT(to_string(nothing), StartsWith("left as it is: 1 of 4096 inputs are NaN"));
}

TEST_CASE("what was tried is what is applied", "[repair]") {
  manual_seed(6);
  const Batch batch = digits();
  nn::Sequential body{nn::Sigmoid(), nn::Linear(40, 40), nn::Sigmoid(), nn::Linear(40, 40)};
  struct Net : nn::Module {
    explicit Net(const nn::Sequential& hidden) : body(child("body", hidden)) {}
    Tensor forward(const Tensor& x) override { return head(body(stem(x))); }
    nn::Linear stem = child("stem", nn::Linear(64, 40));
    nn::Sequential body;
    nn::Sequential head =
        child("head", nn::Sequential{nn::Sequential{nn::Sigmoid()}, nn::Linear(40, 10)});
  } net(body);
  const observe::Findings findings = found(observe::Symptom::Vanishing, {Cure::OtherActivation});
  const Repair repair = observe::repair(net, findings, batch, nn::CrossEntropyLoss(),
                                        {.lr = 0.1, .cures = std::vector{Cure::OtherActivation}});
  CHECK(repair.cures == std::vector{Cure::OtherActivation});
  CHECK(repair.changes ==
        std::vector<std::string>{"layers 'body.0', 'body.2' and 'head.0.0': Sigmoid -> ReLU",
                                 "weights of 3 layers: he_normal_, biases 0",
                                 "weights of 1 layer: glorot_normal_, biases 0"});
  CHECK(body[0].type_name() == "ReLU");
  const Tensor loss = cross_entropy(net(batch.inputs), batch.targets);
  CHECK(loss.item<double>() == repair.after.first_loss);
  CHECK_THAT(fmt::format("{}", repair),
             StartsWith("repaired: ReLU instead\n  layers 'body.0'") &&
                 Contains("\nleft to the program:\n  make a new optimiser") &&
                 Contains("\non the batch, as it was: loss ") &&
                 Contains("\non the batch, now:       loss "));
}

TEST_CASE("new modules are in the mode of the network", "[repair]") {
  manual_seed(7);
  const Batch batch = blobs(1000);
  nn::Sequential net = mlp<nn::ReLU>(batch, 2, 20, 4, he);
  net.eval();
  const observe::Findings findings = found(observe::Symptom::InputScale, {Cure::ScaleInput});
  const Repair repair = observe::repair(net, findings, batch, nn::CrossEntropyLoss(), {.lr = 0.1});
  REQUIRE(repair.cures == std::vector{Cure::ScaleInput});
  CHECK(net[0].type_name() == "BatchNorm1d");
  CHECK_FALSE(net[0].is_training());
  CHECK(repair.changes[0] == "layer '0': BatchNorm1d put in front, to scale the input");
}
