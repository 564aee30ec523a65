// Sick trainings: the first finding names the cause, and consequences are left out.
#include <cmath>

#include "tests/doctor_training.h"

using namespace doctor_tests;

namespace {

/// The only finding, which is of this symptom and can be read.
Finding only(const char* name, Symptom symptom, const Findings& findings) {
  INFO(name << "\n" << to_string(findings));
  REQUIRE(findings.list.size() == 1);
  const Finding& finding = findings.list[0];
  CHECK(std::string(to_string(finding.symptom)) == to_string(symptom));
  CHECK_FALSE(finding.cause.empty());
  REQUIRE_FALSE(finding.remedies.empty());
  for (const auto& remedy : finding.remedies) CHECK_FALSE(remedy.action.empty());
  return finding;
}
Finding only(const char* name, Symptom symptom, nn::Module& net, const Batch& data,
             const Options& options = {}) {
  return only(name, symptom, train(net, data, options));
}

nn::init::Initializer normal(double std) {
  return [std](const Tensor& w) { nn::init::normal_(w, 0, std); };
}

}  // namespace

TEST_CASE("weights that do not fit their activation", "[doctor][large]") {
  manual_seed(1);
  nn::Sequential vanishing = chain(2, 30, 50, 2, nn::Tanh());
  Finding f = only("30 tanh layers as constructed", Symptom::Initialization, vanishing, circles());
  CHECK(f.severity == Severity::Error);
  CHECK(f.measured == Approx(1.0 / 3).epsilon(0.1));
  CHECK(f.expected == 1);
  CHECK(f.remedies[0].cure == Cure::MatchedInit);
  CHECK(f.remedies[0].code ==
        "nn::init::apply(net, nn::init::recommended_for(nn::init::Nonlinearity::Tanh));");
  CHECK(f.at.line > 0);
  CHECK(f.since_step == 0);
  CHECK_THAT(f.cause, Contains("of 30 hidden layers") && Contains("as theory expects"));

  nn::Sequential certain = chain(2, 30, 50, 2, nn::ReLU());
  only("after 3 steps", Symptom::Initialization, certain, circles(), {.steps = 3});

  nn::Sequential saturated = initialized(chain(64, 5, 64, 10, nn::Tanh()), normal(1));
  f = only("tanh with N(0, 1)", Symptom::Initialization, saturated, digits());
  CHECK_THAT(f.cause, Contains("flat part of tanh before the first step"));

  nn::Sequential sigmoids = initialized(chain(64, 4, 64, 10, nn::Sigmoid()), normal(1));
  f = only("sigmoid with N(0, 1)", Symptom::Initialization, sigmoids, digits());
  CHECK(f.remedies[0].cure == Cure::OtherActivation);

  nn::Sequential linear;
  for (int i = 0; i < 10; ++i) linear.push_back(nn::Linear(i == 0 ? 64 : 32, 32));
  linear.push_back(nn::Linear(32, 10));
  nn::init::apply(linear, normal(0.03));
  f = only("a linear chain", Symptom::Initialization, linear, digits());
  CHECK(f.remedies.back().code ==
        "nn::Residual{nn::Linear(32, 32)}  // in place of nn::Linear(32, 32)");

  nn::Sequential huge = initialized(chain(2, 10, 50, 2, nn::ReLU()), normal(0.5));
  const Findings found = train(huge, circles(), {.lr = 0.01});
  REQUIRE(found.list.size() == 2);
  CHECK(found.list[0].symptom == Symptom::Initialization);
  CHECK(found.list[1].symptom == Symptom::NonFinite);
}

TEST_CASE("gradients that vanish or explode by the network's shape", "[doctor]") {
  manual_seed(1);
  nn::Sequential sigmoids = chain(64, 6, 64, 10, nn::Sigmoid());
  Finding f = only("sigmoids", Symptom::Vanishing, sigmoids, digits());
  CHECK(f.measured < 1e-2);
  CHECK(f.remedies[0].cure == Cure::OtherActivation);  // no initialisation helps
  CHECK_THAT(f.cause, Contains("no initialisation"));

  nn::Sequential gelu = matched(chain(2, 40, 50, 2, nn::GELU()), Nonlinearity::GELU);
  f = only("40 GELU layers", Symptom::Vanishing, gelu, circles(), {.lr = 0.05});
  REQUIRE(f.expected);
  CHECK(std::abs(std::log10(f.measured / *f.expected)) < 2);

  nn::Sequential residual{nn::Linear(64, 50)};
  for (int i = 0; i < 30; ++i) {
    residual.push_back(nn::Residual{nn::Linear(50, 50), nn::ReLU(), nn::Linear(50, 50)});
  }
  residual.push_back(nn::Linear(50, 10));
  nn::init::apply(residual, nn::init::recommended_for(Nonlinearity::ReLU));
  const Findings found = train(residual, digits(), {.lr = 0.05, .steps = 40});
  REQUIRE_FALSE(found.empty());
  CHECK(found.list[0].symptom == Symptom::Exploding);
}

TEST_CASE("equal units", "[doctor]") {
  manual_seed(1);
  auto constant = [](double value) {
    return [value](const Tensor& w) { nn::init::constant_(w, value); };
  };
  nn::Sequential equal = initialized(chain(2, 2, 16, 2, nn::Tanh()), constant(0.1));
  Finding f = only("equal", Symptom::Symmetry, equal, circles());
  CHECK(f.severity == Severity::Error);
  CHECK(f.measured == 16);
  nn::Sequential zero = initialized(chain(2, 2, 16, 2, nn::ReLU()), constant(0));
  f = only("zero", Symptom::Symmetry, zero, circles(), {.steps = 5});
  CHECK_THAT(f.cause, Contains("all weights of the layer are 0"));
  // What follows tells them apart.
  nn::Sequential parted = matched(chain(2, 2, 16, 2, nn::Tanh()), Nonlinearity::Tanh);
  nn::init::constant_(parted.get<nn::Linear>(0).weight, 0.3);
  CHECK(train(parted, circles()).empty());
}

TEST_CASE("inputs out of scale", "[doctor]") {
  const auto change = GENERATE(std::pair(1000.0, 0.0), std::pair(1e-3, 0.0), std::pair(1.0, 100.0));
  manual_seed(1);
  Batch data = circles();
  data.x = data.x * change.first + change.second;
  nn::Sequential net = matched(chain(2, 3, 32, 2, nn::Tanh()), Nonlinearity::Tanh);
  const Finding f = only("scale", Symptom::InputScale, net, data);
  CHECK(f.remedies[0].cure == Cure::ScaleInput);
  // A batch norm in front mends it.
  nn::Sequential mended{nn::BatchNorm1d(2), net};
  nn::init::apply(mended, nn::init::recommended_for(Nonlinearity::Tanh));
  CHECK(train(mended, data).empty());
}

TEST_CASE("steps too large or too small", "[doctor]") {
  manual_seed(1);
  nn::Sequential large = chain(64, 2, 64, 10, nn::ReLU());
  Finding f = only("large", Symptom::UpdateTooLarge, large, digits(), {.lr = 5, .momentum = 0});
  CHECK(f.measured > 0.5);
  CHECK(f.threshold == 0.5);
  CHECK(f.since_step < 10);
  CHECK(f.remedies[0].cure == Cure::LowerRate);
  nn::Sequential adam = chain(2, 3, 32, 2, nn::ReLU());
  only("Adam", Symptom::UpdateTooLarge, adam, circles(), {.lr = 1, .adam = true});

  nn::Sequential small = chain(64, 2, 64, 10, nn::ReLU());
  f = only("small", Symptom::UpdateTooSmall, small, digits(), {.lr = 1e-7});
  CHECK(f.measured < 1e-5);
  CHECK(f.remedies[0].cure == Cure::HigherRate);
  nn::Sequential still = chain(64, 2, 64, 10, nn::ReLU());
  f = only("none", Symptom::UpdateTooSmall, still, digits(), {.lr = 0, .steps = 4});
  CHECK(f.severity == Severity::Error);
  CHECK(f.measured == 0);
  nn::Sequential slow = chain(64, 2, 64, 10, nn::ReLU());
  f = only("slow", Symptom::SlowLearning, slow, digits(),
           {.lr = 5e-4, .momentum = 0, .steps = 250});
  CHECK(f.remedies[0].cure == Cure::HigherRate);
  nn::Sequential clipped = chain(64, 2, 64, 10, nn::ReLU());
  f = only("clipped", Symptom::ClippingAlways, clipped, digits(), {.momentum = 0, .clip = 1e-3});
  CHECK(f.measured == 1);
  CHECK(f.remedies[0].cure == Cure::ClipNorm);

  nn::Sequential unowned = chain(64, 2, 64, 10, nn::ReLU());
  f = only("unowned", Symptom::UpdateTooSmall, unowned, digits(),
           {.lr = 0.01, .owned = {unowned.get<nn::Linear>(4).weight}});
  CHECK(f.severity == Severity::Warning);
  CHECK_THAT(f.cause, Contains("'0.weight'"));
}

TEST_CASE("units that are saturated or dead", "[doctor]") {
  manual_seed(1);
  nn::Sequential saturated = matched(chain(2, 3, 32, 2, nn::Tanh()), Nonlinearity::Tanh);
  nn::init::constant_(saturated.get<nn::Linear>(2).bias, 8);
  Finding f = only("saturated", Symptom::Saturation, saturated, circles(), {.lr = 0.01});
  CHECK(f.layer == "2");
  CHECK_THAT(f.cause, Contains("biases of mean 8"));

  nn::Sequential dead = matched(chain(2, 3, 32, 2, nn::ReLU()), Nonlinearity::ReLU);
  nn::init::constant_(dead.get<nn::Linear>(2).bias, -10);
  f = only("dead", Symptom::DeadUnits, dead, circles(), {.steps = 4});
  CHECK(f.layer == "2");
  CHECK(f.measured == 1);
  CHECK(f.since_step == 0);
  CHECK_THAT(f.cause, Contains("biases of mean -10"));

  nn::Sequential narrow = matched(chain(2, 12, 2, 2, nn::ReLU()), Nonlinearity::ReLU);
  f = only("narrow", Symptom::DeadUnits, narrow, circles(), {.steps = 40});
  CHECK_THAT(f.cause, Contains("in 12 layers of 2 units") && Contains("1 - (1 - 2^-2)^12 = 0.97"));
}
