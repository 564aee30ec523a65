// Faults of the graph rather than of numbers: what does not reach what, and the loss.
#include <cmath>
#include <limits>

#include "tests/doctor_training.h"

using namespace doctor_tests;

namespace {

Finding only(Symptom symptom, nn::Module& net, const Batch& data, const Options& options = {}) {
  const Findings findings = train(net, data, options);
  INFO(to_string(findings));
  REQUIRE(findings.list.size() == 1);
  CHECK(std::string(to_string(findings.list[0].symptom)) == to_string(symptom));
  return findings.list[0];
}

/// Three layers with something between the first two.
struct Between : nn::Module {
  using Function = std::function<Tensor(const Tensor&)>;
  nn::Linear a = child("a", nn::Linear(2, 16));
  nn::Linear b = child("b", nn::Linear(16, 16));
  nn::Linear c = child("c", nn::Linear(16, 2));
  Function between;
  explicit Between(Function f) : between(std::move(f)) {}
  Tensor forward(const Tensor& x) override { return c(relu(b(between(a(x))))); }
};

nn::Sequential ending_in(const nn::AnyModule& last, std::int64_t outputs = 10) {
  nn::Sequential net = chain(outputs == 10 ? 64 : 2, 2, 32, outputs, nn::ReLU());
  net.push_back(last);
  return net;
}

}  // namespace

TEST_CASE("gradients that reach only part of the network", "[doctor]") {
  manual_seed(1);
  Between detached([](const Tensor& h) { return relu(h).detach(); });
  Finding f = only(Symptom::ZeroGradient, detached, circles(), {.lr = 0.01, .steps = 5});
  CHECK(f.layer == "b");
  CHECK(f.severity == Severity::Error);
  CHECK_THAT(f.cause, Contains("'a' gets no gradient") && Contains("'b' takes is detached"));

  Between rounded([](const Tensor& h) { return round(h * 3); });
  f = only(Symptom::ZeroGradient, rounded, circles(), {.lr = 0.01, .steps = 5});
  CHECK(f.layer == "a");
  CHECK_THAT(f.cause, Contains("behind round"));
  Between rectified([](const Tensor& h) { return round(relu(h)); });
  f = only(Symptom::ZeroGradient, rectified, circles(), {.lr = 0.01, .steps = 5});
  CHECK_THAT(f.cause, Contains("behind round"));  // a rectifier has a slope somewhere
  CHECK_THAT(f.remedies[0].code, StartsWith("x + (round(x) - x).detach()"));
  struct Quantized : nn::Module {
    Tensor forward(const Tensor& x) override { return round(x * 4) / 4; }
  };
  nn::Sequential own{nn::Linear(2, 16), nn::ReLU(), Quantized(), nn::Linear(16, 2)};
  f = only(Symptom::ZeroGradient, own, circles(), {.lr = 0.01, .steps = 5});
  CHECK_THAT(f.cause, Contains("behind Quantized"));

  struct Unused : nn::Module {
    nn::Linear a = child("a", nn::Linear(2, 16));
    nn::Linear forgotten = child("forgotten", nn::Linear(16, 16));
    nn::Linear c = child("c", nn::Linear(16, 2));
    Tensor forward(const Tensor& x) override { return c(relu(a(x))); }
  };
  Unused unused;
  f = only(Symptom::ZeroGradient, unused, circles(), {.lr = 0.01, .steps = 40});
  CHECK(f.layer == "forgotten.weight");
  CHECK(f.severity == Severity::Warning);

  nn::Sequential frozen = chain(64, 3, 32, 10, nn::ReLU());
  frozen.get<nn::Linear>(2).requires_grad_(false);
  f = only(Symptom::ZeroGradient, frozen, digits(), {.lr = 0.01, .steps = 40});
  CHECK(f.layer == "2");
}

TEST_CASE("a loss that does not fit the output", "[doctor]") {
  manual_seed(1);
  const Options adam{.lr = 1e-3, .adam = true, .steps = 5};
  nn::Sequential twice = ending_in(nn::Softmax());
  Finding f = only(Symptom::LossMismatch, twice, digits(), adam);
  CHECK(f.remedies[0].cure == Cure::OtherLoss);
  CHECK_THAT(f.cause, Contains("softmax in front of CrossEntropyLoss"));
  nn::Sequential rectified = ending_in(nn::ReLU());
  only(Symptom::LossMismatch, rectified, digits(), adam);
  nn::Sequential bounded = ending_in(nn::Tanh());
  only(Symptom::LossMismatch, bounded, digits(), adam);

  Batch binary = circles();
  binary.y = binary.y.to(float32).reshape({-1, 1});
  nn::Sequential sigmoid = ending_in(nn::Sigmoid(), 1);
  Options options = adam;
  options.loss = [](const Tensor& x, const Tensor& y) {
    return binary_cross_entropy_with_logits(x, y);
  };
  f = only(Symptom::LossMismatch, sigmoid, binary, options);
  CHECK_THAT(f.cause, Contains("sigmoid in front of BCEWithLogitsLoss"));

  nn::Sequential scores = chain(64, 2, 32, 10, nn::ReLU());
  options.steps = 40;
  options.loss = [](const Tensor& x, const Tensor& y) { return nll_loss(x, y); };
  f = only(Symptom::LossMismatch, scores, digits(), options);
  CHECK_THAT(f.cause, Contains("log-probabilities"));

  nn::Sequential single = chain(2, 2, 16, 1, nn::ReLU());
  f = only(Symptom::LossMismatch, single, {circles().x, zeros({256}, int64)}, adam);
  CHECK_THAT(f.cause, Contains("single unit"));

  nn::Sequential bound = matched(chain(1, 2, 32, 1, nn::ReLU()), Nonlinearity::ReLU);
  bound.push_back(nn::Tanh());
  Batch high = sine();
  high.y = high.y + 6;
  f = only(Symptom::LossMismatch, bound, high, {.lr = 0.01, .adam = true, .loss = squares});
  CHECK_THAT(f.cause, Contains("tanh on the output cannot reach the targets"));
}

TEST_CASE("the origin of a NaN", "[doctor]") {
  manual_seed(1);
  nn::Sequential net = ending_in(nn::Softmax());
  Options options{.lr = 0.01, .steps = 10};
  options.loss = [](const Tensor& x, const Tensor& y) { return nll_loss(log(x - 0.0995), y); };
  Finding f = only(Symptom::NonFinite, net, digits(), options);
  CHECK(f.severity == Severity::Error);
  CHECK(std::isnan(f.measured));
  CHECK_THAT(f.cause, Contains("the loss was not") && Contains("log"));
  CHECK_THAT(f.remedies[0].code, Contains("clamp"));

  Between logarithm([](const Tensor& h) { return log(relu(h)); });
  f = only(Symptom::NonFinite, logarithm, circles(), {.steps = 3});
  CHECK(f.layer == "b");
  CHECK(f.since_step == 0);
  CHECK_THAT(f.cause, Contains("lies log"));

  Between root([](const Tensor& h) { return h + sqrt(square(h - h.detach())); });
  f = only(Symptom::NonFinite, root, circles(), {.steps = 3});
  CHECK_THAT(f.cause, Contains("finite on the way forward") && Contains("sqrt"));

  Batch broken = circles();
  broken.x = broken.x.clone();
  broken.x.fill_(std::numeric_limits<float>::infinity());
  nn::Sequential plain = chain(2, 2, 16, 2, nn::ReLU());
  f = only(Symptom::NonFinite, plain, broken, {.steps = 3});
  CHECK_THAT(f.cause, Contains("the first input was not finite"));

  nn::Sequential diverging = matched(chain(1, 2, 32, 1, nn::ReLU()), Nonlinearity::ReLU);
  const Findings found = train(diverging, sine(), {.lr = 1, .loss = squares});
  REQUIRE(found.list.size() == 2);  // the cause, and what it led to
  CHECK(found.list[0].symptom == Symptom::UpdateTooLarge);
  CHECK(found.list[1].symptom == Symptom::NonFinite);
  CHECK(found.list[1].remedies[0].cure == Cure::LowerRate);
}
