// The loss and its targets against what the output layer makes.
#include "tests/doctor_training.h"

using namespace doctor_tests;

namespace {

bool names(const Findings& findings, Symptom symptom) {
  INFO(to_string(findings));
  return std::ranges::count(findings.list, symptom, &Finding::symptom) > 0;
}

Finding first_mismatch(nn::Module& net, const Batch& data, const Options& options) {
  const Findings findings = train(net, data, options);
  INFO(to_string(findings));
  REQUIRE_FALSE(findings.empty());
  CHECK(findings.list[0].symptom == Symptom::LossMismatch);
  return findings.list[0];
}

nn::Sequential two_layers(std::int64_t outputs, std::int64_t inputs = 2) {
  return matched(chain(inputs, 2, 16, outputs, nn::Tanh()), Nonlinearity::Tanh);
}

nn::Sequential ending(nn::Sequential net, const nn::AnyModule& end) {
  net.push_back(end);
  return net;
}

Tensor negated(const Tensor& y, const Tensor& t) { return -cross_entropy(y, t); }

/// A body with two heads, of which the second has one unit.
struct TwoHeads : nn::Module {
  nn::Linear body = child("body", nn::Linear(2, 16));
  nn::Linear classes = child("classes", nn::Linear(16, 2));
  nn::Linear distance = child("distance", nn::Linear(16, 1));
  Tensor forward(const Tensor& x) override {
    Tensor h = relu(body(x));
    return cat({classes(h), distance(h)}, 1);
  }
};

}  // namespace

TEST_CASE("a cross entropy with its sign turned", "[doctor]") {
  manual_seed(1);
  nn::Sequential net = two_layers(2);
  const Finding f = first_mismatch(net, circles(), {.lr = 0.01, .adam = true, .loss = negated});
  CHECK(f.cause.find("sign turned") != std::string::npos);
  CHECK(f.measured < 0);
}

TEST_CASE("log-probabilities whose minus was forgotten", "[doctor]") {
  manual_seed(1);
  nn::Sequential net = two_layers(2);
  auto forgotten = [](const Tensor& y, const Tensor& t) {
    return mean(gather(log_softmax(y, 1), 1, t.unsqueeze(1)));
  };
  const Finding f = first_mismatch(net, circles(), {.lr = 0.01, .adam = true, .loss = forgotten});
  CHECK(f.remedies[0].code.find("nll_loss") != std::string::npos);
}

TEST_CASE("a frozen network may be led to say the wrong class", "[doctor]") {
  manual_seed(1);
  nn::Sequential net = two_layers(2);
  net[2].requires_grad_(false);
  net[4].requires_grad_(false);
  CHECK_FALSE(names(train(net, circles(), {.lr = 1e-3, .adam = true, .loss = negated}),
                    Symptom::LossMismatch));
}

TEST_CASE("a mask that leaves out every sample", "[doctor]") {
  manual_seed(1);
  nn::Sequential net = two_layers(2);
  auto masked = [](const Tensor& y, const Tensor& t) {
    Tensor each = cross_entropy(y, t, {.reduction = Reduction::None});
    return mean(each * (t < 0).to(float32));
  };
  const Findings findings = train(net, circles(), {.loss = masked});
  INFO(to_string(findings));
  REQUIRE(findings.list.size() == 1);
  CHECK(findings.list[0].symptom == Symptom::ZeroGradient);
  CHECK(findings.list[0].cause.find("mask") != std::string::npos);
}

TEST_CASE("a loss of 0 because all is learned is no mask", "[doctor]") {
  manual_seed(1);
  nn::Sequential net = two_layers(2);
  nn::init::constant_(net.get<nn::Linear>(4).bias.detach().narrow(0, 0, 1), 60);
  Batch same = circles();
  same.y = zeros({256}).to(int64);
  CHECK(train(net, same, {.steps = 40}).empty());
}

TEST_CASE("layer norm over one unit", "[doctor]") {
  manual_seed(1);
  nn::Sequential net = ending(two_layers(1, 1), nn::LayerNorm(Shape{1}));
  const Findings findings = train(net, sine(), {.lr = 0.01, .adam = true, .loss = squares});
  INFO(to_string(findings));
  REQUIRE_FALSE(findings.empty());
  const Finding& f = findings.list[0];
  CHECK(f.symptom == Symptom::ZeroGradient);
  CHECK(f.layer == "5");
  CHECK(f.cause.find("single unit") != std::string::npos);
  nn::Sequential wide{nn::Linear(1, 16), nn::LayerNorm(Shape{16}), nn::Tanh(), nn::Linear(16, 1)};
  CHECK(train(wide, sine(), {.lr = 0.02, .adam = true, .loss = squares}).empty());
}

TEST_CASE("targets below what softplus makes", "[doctor]") {
  manual_seed(1);
  Batch data = sine();
  nn::Sequential net = ending(two_layers(1, 1), nn::Softplus());
  const Batch below{data.x, data.y - 3}, above{data.x, data.y + 3};
  const Options options{.lr = 0.01, .adam = true, .loss = squares};
  const Finding f = first_mismatch(net, below, options);
  CHECK(f.cause.find("softplus") != std::string::npos);
  net = ending(two_layers(1, 1), nn::Softplus());
  CHECK(train(net, above, options).empty());
}

TEST_CASE("targets beyond a norm on the output", "[doctor]") {
  manual_seed(1);
  Batch data = sine();
  data.y = 10 * data.y + 40;
  const Options options{.lr = 0.01, .adam = true, .loss = squares};
  nn::Sequential net = ending(two_layers(1, 1), nn::BatchNorm1d(1, {.affine = false}));
  const Finding f = first_mismatch(net, data, options);
  CHECK(f.cause.find("mean 0 and variance 1") != std::string::npos);
}

TEST_CASE("targets far away from outputs that hardly move", "[doctor]") {
  manual_seed(1);
  Batch data = sine();
  const Options options{.lr = 1e-3, .adam = true, .loss = squares};
  nn::Sequential net = two_layers(1, 1);
  const Finding f = first_mismatch(net, {data.x, 300 * data.y + 2000}, options);
  CHECK(f.measured > 1000);
  CHECK(f.remedies[0].action.find("scale the targets") != std::string::npos);
  net = two_layers(1, 1);
  CHECK_FALSE(names(train(net, {data.x, data.y + 3}, options), Symptom::LossMismatch));
}

TEST_CASE("which of two heads a loss takes is not guessed", "[doctor]") {
  manual_seed(1);
  TwoHeads net;
  auto both = [](const Tensor& y, const Tensor& t) {
    return cross_entropy(y.narrow(1, 0, 2), t) + 0.1 * mse_loss(y.select(1, 2), t.to(float32));
  };
  CHECK(train(net, circles(), {.lr = 0.02, .adam = true, .loss = both}).empty());
}

TEST_CASE("an input of one number", "[doctor]") {
  manual_seed(1);
  for (double value : {0.0, 1.0}) {
    INFO(value);
    Batch data = circles();
    data.x = full({256, 2}, value);
    nn::Sequential net = matched(chain(2, 2, 16, 2, nn::ReLU()), Nonlinearity::ReLU);
    const Findings findings = train(net, data, {.lr = 0.05});
    INFO(to_string(findings));
    REQUIRE_FALSE(findings.empty());
    CHECK(findings.list[0].symptom == Symptom::InputScale);
    CHECK(findings.list[0].cause.find("nothing in it tells") != std::string::npos);
  }
}

TEST_CASE("a regression that knows no more than means has not learned", "[doctor]") {
  manual_seed(1);
  nn::Sequential net = chain(64, 5, 16, 64, nn::Sigmoid());
  Batch data = digits();
  data.y = data.x;
  const Findings findings = train(net, data, {.lr = 0.1, .loss = squares});
  INFO(to_string(findings));
  REQUIRE_FALSE(findings.empty());
  CHECK(findings.list[0].symptom == Symptom::Vanishing);
}
