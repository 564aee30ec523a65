// How the network and its program are put together: what is not registered, detached at each step,
// dropped, or below what is trained; and what the steps do to the weights.
#include <cmath>

#include "tests/doctor_training.h"

using namespace doctor_tests;

namespace {

/// Layers in a plain vector, which no parameters() finds.
struct Hidden : nn::Module {
  nn::Linear in = child("in", nn::Linear(2, 16));
  nn::Linear out = child("out", nn::Linear(16, 2));
  std::vector<nn::Linear> hidden = {nn::Linear(16, 16), nn::Linear(16, 16)};
  Tensor forward(const Tensor& x) override {
    Tensor h = relu(in(x));
    for (nn::Linear& layer : hidden) h = relu(layer(h));
    return out(h);
  }
};

/// What it says, and its slope by the input.
struct Sloped : nn::Module {
  nn::Sequential body = child("body", chain(1, 2, 16, 1, nn::Tanh()));
  Tensor forward(const Tensor& x) override {
    Tensor at = x.clone().requires_grad_();
    Tensor y = body(at);
    return cat({y, grad(sum(y), at, {.create_graph = true})}, 1);
  }
};

/// A recurrent network over eight rows of a digit.
struct Rows : nn::Module {
  bool detaches;
  nn::Linear input = child("input", nn::Linear(8, 16));
  nn::Linear recurrent = child("recurrent", nn::Linear(16, 16));
  nn::Linear head = child("head", nn::Linear(16, 10));
  explicit Rows(bool detaches_state) : detaches(detaches_state) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = zeros({x.size(0), 16});
    for (std::int64_t t = 0; t < 8; ++t) {
      Tensor driven = input(x.narrow(1, 8 * t, 8));
      h = tanh(driven + recurrent(detaches ? h.detach() : h));
    }
    return head(h);
  }
};

/// relu, then something that hides from the doctor what relu made.
template <class F>
struct Padded : nn::Module {
  F function;
  nn::Linear in = child("in", nn::Linear(2, 16));
  nn::Linear out = child("out", nn::Linear(18, 2));
  explicit Padded(F f) : function(std::move(f)) {}
  Tensor forward(const Tensor& x) override { return out(pad(function(relu(in(x))), {1, 1})); }
};

struct Log : nn::Module {
  Tensor forward(const Tensor& x) override { return log1p(x); }
};

struct Quantized : nn::Module {
  Tensor forward(const Tensor& x) override { return round(x * 4) / 4; }
};

}  // namespace

TEST_CASE("layers that nobody registered", "[doctor]") {
  manual_seed(1);
  Hidden net;
  const Finding f = first(Symptom::UpdateTooSmall, net, circles(), {.lr = 0.05});
  CHECK(f.measured == 4);
  CHECK(f.cause.find("Hidden does not know it for a parameter") != std::string::npos);
  CHECK(f.at.line > 0);
}

TEST_CASE("layers that another optimiser owns", "[doctor]") {
  manual_seed(1);
  Hidden net;
  std::vector<Tensor> all = net.parameters();
  for (nn::Linear& layer : net.hidden) {
    for (const Tensor& p : layer.parameters()) all.push_back(p);
  }
  auto loss = [&](const Tensor& y, const Tensor& t) {
    for (nn::Linear& layer : net.hidden) layer.zero_grad();
    return entropy(y, t);
  };
  const Findings findings = train(net, circles(), {.lr = 0.05, .loss = loss, .owned = all});
  INFO(to_string(findings));
  CHECK(findings.empty());
}

TEST_CASE("an input whose slope is asked for is nobody's to train", "[doctor]") {
  manual_seed(1);
  Sloped net;
  Batch data = sine();
  data.y = cat({data.y, cos(data.x)}, 1);
  CHECK(train(net, data, {.lr = 0.02, .adam = true, .loss = squares}).empty());
}

TEST_CASE("a state detached at each step", "[doctor]") {
  manual_seed(1);
  Rows cut(true), whole(false);
  // Few units on few classes of rows: the last row alone tells too little.
  Batch data = digits();
  data.x = cat({data.x.narrow(1, 0, 32), zeros({data.x.size(0), 32})}, 1);
  const Options options{.lr = 5e-3, .adam = true};
  const Finding f = first(Symptom::ZeroGradient, cut, data, options);
  CHECK(f.layer == "input");
  CHECK(f.cause.find("called 8 times") != std::string::npos);
  CHECK(train(whole, data, options).empty());
}

TEST_CASE("dropout that leaves nothing", "[doctor]") {
  manual_seed(1);
  auto dropping = [](double p) {
    return nn::Sequential{nn::Linear(64, 32), nn::ReLU(), nn::Dropout(p), nn::Linear(32, 10)};
  };
  nn::Sequential most = dropping(0.99), half = dropping(0.5);
  const Finding f = first(Symptom::ZeroGradient, most, digits(), {.lr = 1e-3, .adam = true});
  CHECK(f.layer == "2");
  CHECK(std::abs(f.measured - std::pow(0.99, 32)) < 1e-9);
  CHECK(train(half, digits(), {.lr = 5e-3, .adam = true}).empty());
}

TEST_CASE("dead units are told behind ops that hide them", "[doctor]") {
  manual_seed(1);
  Padded net([](const Tensor& x) { return x; });
  nn::init::constant_(net.in.bias, -20);
  const Finding f = first(Symptom::DeadUnits, net, circles());
  CHECK(f.layer == "in");
}

TEST_CASE("relu is not blamed for what comes after it", "[doctor]") {
  manual_seed(1);
  Padded net{Quantized()};
  const Finding f = first(Symptom::ZeroGradient, net, circles());
  CHECK(f.cause.find("behind round") != std::string::npos);
}

TEST_CASE("a new head on a network that the optimiser was not given", "[doctor]") {
  manual_seed(1);
  nn::Sequential net = matched(chain(2, 2, 48, 2, nn::ReLU()), Nonlinearity::ReLU);
  CHECK(train(net, circles(),
              {.lr = 0.05, .adam = true, .owned = net.get<nn::Linear>(4).parameters()})
            .empty());
  // In between it is forgotten.
  nn::Sequential other = matched(chain(2, 2, 48, 2, nn::ReLU()), Nonlinearity::ReLU);
  std::vector<Tensor> owned = other.get<nn::Linear>(0).parameters();
  for (const Tensor& p : other.get<nn::Linear>(4).parameters()) owned.push_back(p);
  const Finding f =
      first(Symptom::UpdateTooSmall, other, circles(), {.lr = 0.05, .adam = true, .owned = owned});
  CHECK(f.layer == "2.weight");
}

TEST_CASE("decay in Adam's gradient leaves nothing of the weights", "[doctor]") {
  manual_seed(1);
  nn::Sequential net = matched(chain(2, 2, 16, 2, nn::Tanh()), Nonlinearity::Tanh);
  optim::Adam optimizer(net.parameters(), {.lr = 0.01, .weight_decay = 30});
  const Batch data = circles();
  observe::Monitor monitor(net);
  for (int step = 0; step < 80; ++step) {
    optimizer.zero_grad();
    Tensor loss = cross_entropy(net(data.x), data.y);
    loss.backward();
    optimizer.step();
    monitor.step(loss);
  }
  const Findings findings = monitor.diagnose();
  INFO(to_string(findings));
  REQUIRE_FALSE(findings.empty());
  CHECK(findings.list[0].symptom == Symptom::UpdateTooLarge);
  CHECK(findings.list[0].cause.find("weight decay") != std::string::npos);
}

TEST_CASE("a run began before its first update", "[doctor]") {
  manual_seed(3);
  nn::Sequential net = matched(chain(1, 4, 32, 1, nn::ELU()), Nonlinearity::ReLU);
  // The first steps multiply the loss a millionfold; that it falls from there is no learning.
  const Finding f = first(Symptom::UpdateTooLarge, net, sine(),
                          {.lr = 1, .adam = true, .steps = 80, .loss = squares});
  CHECK(f.severity == Severity::Error);
}

TEST_CASE("log1p below -1 is named", "[doctor]") {
  manual_seed(1);
  nn::Sequential net{nn::Linear(2, 16), Log(), nn::Linear(16, 2)};
  nn::init::apply(net, nn::init::recommended_for(Nonlinearity::ReLU));
  const Findings findings = train(net, circles(), {.steps = 5});
  INFO(to_string(findings));
  REQUIRE_FALSE(findings.empty());
  CHECK(findings.list[0].symptom == Symptom::NonFinite);
  CHECK(findings.list[0].remedies[0].code.find("log1p") != std::string::npos);
}
