// Causes that the loss hides, as it falls all the same, and those of networks written by hand.
#include <limits>

#include "tests/doctor_training.h"

using namespace doctor_tests;

namespace {

/// Two layers side by side, of which a gate takes so much each.
struct Experts : nn::Module {
  nn::Linear gate = child("gate", nn::Linear(2, 2));
  nn::Linear left = child("left", nn::Linear(2, 16));
  nn::Linear right = child("right", nn::Linear(2, 16));
  nn::Linear head = child("head", nn::Linear(16, 2));
  Tensor forward(const Tensor& x) override {
    Tensor share = softmax(gate(x), 1);
    return head(share.narrow(1, 0, 1) * tanh(left(x)) + share.narrow(1, 1, 1) * tanh(right(x)));
  }
};

/// Distances to points that the network owns itself, beside its layer.
struct Distances : nn::Module {
  Tensor centres;
  nn::Linear head = child("head", nn::Linear(8, 2));
  explicit Distances(const Tensor& points) : centres(parameter("centres", points)) {}
  Tensor forward(const Tensor& x) override {
    return head(sqrt(sum(square(x.unsqueeze(1) - centres), {2})));
  }
};

/// A layer left out in the first step, and in every other after it.
struct Alternating : nn::Module {
  nn::Linear in = child("in", nn::Linear(2, 16));
  nn::Linear sometimes = child("sometimes", nn::Linear(16, 16));
  nn::Linear out = child("out", nn::Linear(16, 2));
  int calls = 0;
  Tensor forward(const Tensor& x) override {
    Tensor h = relu(in(x));
    return out(calls++ % 2 == 0 ? h : h + relu(sometimes(h)));
  }
};

}  // namespace

TEST_CASE("units dead by their bias beside others that learn", "[doctor]") {
  manual_seed(1);
  nn::Sequential net = matched(chain(2, 3, 32, 2, nn::ReLU()), Nonlinearity::ReLU);
  nn::init::constant_(net.get<nn::Linear>(2).bias.detach().narrow(0, 4, 28), -20);
  const Finding f = first(Symptom::DeadUnits, net, circles(), {.lr = 0.05});
  CHECK(f.severity == Severity::Warning);
  CHECK(f.layer == "2");
  CHECK(f.measured >= 28.0 / 32);
  CHECK_THAT(f.cause, Contains("biases of mean"));
}

TEST_CASE("a regression whose loss is of its own making", "[doctor]") {
  const bool squared = GENERATE(true, false);
  manual_seed(1);
  Batch data = sine();
  data.x = cat({data.x * 3000, data.x}, 1);
  nn::Sequential net = matched(chain(2, 2, 32, 1, nn::ReLU()), Nonlinearity::ReLU);
  Options options{.lr = 1e-3, .adam = true, .steps = 80, .loss = squares};
  if (!squared) {
    options.loss = [](const Tensor& y, const Tensor& target) { return l1_loss(y, target); };
  }
  const Finding f = first(Symptom::InputScale, net, data, options);
  CHECK(f.remedies[0].cure == Cure::ScaleInput);
  // Targets of the outputs' size can be learned by what is of the inputs' size.
  data.y = data.x.narrow(1, 0, 1) * 0.5;
  manual_seed(1);
  nn::Sequential learns = matched(chain(2, 2, 32, 1, nn::ReLU()), Nonlinearity::ReLU);
  CHECK(train(learns, data, options).empty());
}

TEST_CASE("weight decay that eats the weights", "[doctor]") {
  manual_seed(1);
  nn::Sequential net = chain(2, 2, 16, 2, nn::Tanh());
  Batch data = circles();
  optim::SGD optimizer(net.parameters(), {.lr = 0.1, .weight_decay = 8});
  observe::Monitor monitor(net);
  for (int i = 0; i < 80; ++i) {
    net.zero_grad();
    Tensor loss = cross_entropy(net(data.x), data.y);
    loss.backward();
    optimizer.step();
    monitor.step(loss);
  }
  const Findings found = monitor.diagnose();
  INFO(to_string(found));
  REQUIRE_FALSE(found.empty());
  CHECK(found.list[0].symptom == Symptom::UpdateTooLarge);
  CHECK_THAT(found.list[0].cause, Contains("weight decay times learning rate"));
}

TEST_CASE("targets outside of what the output can say", "[doctor]") {
  manual_seed(1);
  Batch data = sine();
  data.y = data.y * 20 + 50;
  nn::Sequential net = chain(1, 2, 16, 1, nn::ReLU());
  net.push_back(nn::Sigmoid());
  const Options few{.lr = 0.01, .adam = true, .steps = 5, .loss = squares};
  const Finding f = first(Symptom::LossMismatch, net, data, few);
  CHECK(f.threshold == 1);
  CHECK(f.measured > 40);
  CHECK_THAT(f.cause, Contains("sigmoid"));
  data.y = (sine().y + 1) / 2;
  CHECK(train(net, data, few).empty());
}

TEST_CASE("layers that are copies", "[doctor]") {
  manual_seed(1);
  Experts net;
  nn::init::zeros_(net.gate.weight);
  nn::init::zeros_(net.gate.bias);
  {
    NoGrad no_grad;
    net.right.weight.copy_(net.left.weight);
    net.right.bias.copy_(net.left.bias);
  }
  const Finding f = first(Symptom::Symmetry, net, circles(), {.lr = 0.05, .steps = 10});
  CHECK_THAT(f.cause, Contains("'left'") && Contains("'right'"));
  Experts different;
  CHECK(train(different, circles(), {.lr = 0.05, .steps = 60}).empty());
}

TEST_CASE("numbers that are not finite have their op named, or the targets", "[doctor]") {
  manual_seed(1);
  const Batch data = circles();
  Distances distances(data.x.narrow(0, 0, 8).clone());
  Finding f = first(Symptom::NonFinite, distances, data, {.steps = 3, .batch = 256});
  CHECK_THAT(f.cause, Contains("'centres'") && Contains("sqrt"));
  CHECK(f.remedies.size() == 1);  // no rate would have helped before the first update

  nn::Sequential net = chain(1, 1, 8, 1, nn::ReLU());
  Batch broken = sine();
  broken.y = masked_fill(broken.y, broken.x > 2.9, std::numeric_limits<double>::quiet_NaN());
  f = first(Symptom::NonFinite, net, broken, {.lr = 0.01, .loss = squares});
  CHECK_THAT(f.cause, Contains("a target of that step"));
}

TEST_CASE("a layer that the first step left out", "[doctor]") {
  manual_seed(1);
  Alternating net;
  CHECK(train(net, circles(), {.lr = 0.05}).empty());
}
