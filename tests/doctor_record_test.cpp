// Rules on records made by hand: what is hard to bring about in a real training, and what is
// missing from a record.
#include <cmath>

#include "gradus/observe/doctor.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/generator.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"

using namespace gradus;
using namespace gradus::observe;

namespace {

/// A run of `steps` with this loss, in which a weight of RMS .1 moves by `update` of itself at
/// each.
template <class F>
RunRecord run(int steps, F loss, double update = 1e-3, double gradient = 1) {
  RunRecord record;
  record.parameters.push_back(
      {.name = "w", .shape = {8, 8}, .tensor = ones({8, 8}), .steps = History<ParameterStep>()});
  record.parameters[0].tensor.requires_grad_();
  auto sample = [](double rms) {
    const auto size = static_cast<float>(rms);
    return Sample{.rms = size, .abs_max = size, .looked_at = 64, .count = 64};
  };
  for (int i = 0; i < steps; ++i) {
    record.steps.push({.step = i,
                       .loss = loss(i),
                       .observed = true,
                       .grad_norm = gradient,
                       .clipped_norm = gradient,
                       .update_norm = 0.8 * update});
    record.parameters[0].steps.push({.step = i,
                                     .value = sample(0.1),
                                     .gradient = sample(gradient / 8),
                                     .change = sample(0.1 * update)});
  }
  return record;
}

std::vector<std::string> symptoms(const RunRecord& record) {
  std::vector<std::string> names;
  for (const Finding& finding : diagnose(record).list)
    names.emplace_back(to_string(finding.symptom));
  return names;
}
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a record with nothing in it has no findings", "[doctor]") {
  CHECK(diagnose(RunRecord{}).empty());
  RunRecord steps;
  for (int i = 0; i < 200; ++i) steps.steps.push({.step = i, .loss = 1});
  CHECK(diagnose(steps).empty());
  RunRecord nan = steps;
  nan.steps.push({.step = 200, .loss = std::nan("")});
  REQUIRE(diagnose(nan).list.size() == 1);
  CHECK(diagnose(nan).list[0].since_step == 200);
}

TEST_CASE("a loss that oscillates", "[doctor]") {
  auto swings = [](double size) {
    return [size](int i) { return i < 3 ? 1 : 1 + size * (i % 2 == 0 ? 1 : -1); };
  };
  const Findings found = diagnose(run(150, swings(0.6)));
  REQUIRE(found.list.size() == 1);
  CHECK(found.list[0].symptom == Symptom::OscillatingLoss);
  CHECK(found.list[0].measured == Approx(1.2 / 1.6).epsilon(0.01));
  CHECK(found.list[0].remedies[0].cure == Cure::LowerRate);
  CHECK(symptoms(run(150, swings(0.05))).empty());  // as mini-batches do
  CHECK(symptoms(run(60, swings(0.6))).empty());    // too early to tell
  // Noise swings as much, but turns in two steps of three only.
  Generator generator(1);
  const std::vector<double> noise = gradus::rand({150}, float64, &generator).to_vector<double>();
  CHECK(symptoms(run(150, [&](int i) { return 0.2 + 2 * noise[std::size_t(i)]; })).empty());
  // It swings and comes down.
  CHECK(symptoms(run(150, [&](int i) { return swings(0.6)(i) * std::exp(-i / 30.0); })).empty());
  // A wave that a schedule makes is no oscillation.
  CHECK(symptoms(run(150, [](int i) { return 1 + 0.3 * std::sin(i / 10.0); })).empty());
}

TEST_CASE("gradients that jump", "[doctor]") {
  auto spiked = [](int every, double loss_after) {
    RunRecord record = run(120, [&](int i) { return i % every == every / 2 + 1 ? loss_after : 1; });
    RunRecord changed = record;
    changed.steps = History<RunStep>(4096);
    for (RunStep step : record.steps) {
      if (step.step % every == every / 2) step.grad_norm = step.clipped_norm = 40;
      changed.steps.push(step);
    }
    return changed;
  };
  const Findings found = diagnose(spiked(25, 3));
  REQUIRE(found.list.size() == 1);
  CHECK(found.list[0].symptom == Symptom::Exploding);
  CHECK(found.list[0].measured == Approx(40));
  CHECK(found.list[0].since_step == 12);
  CHECK(found.list[0].remedies[0].code == "optim::clip_grad_norm_(net.parameters(), 1);");
  CHECK(symptoms(spiked(25, 1)).empty());  // no harm done
  CHECK(symptoms(spiked(60, 3)).empty());  // it happens
}

TEST_CASE("steps too small, told from a minimum by the slope", "[doctor]") {
  auto flat = [](int) { return 1.0; };
  CHECK(symptoms(run(40, flat, 1e-6)) == Names{"update-too-small"});
  CHECK(symptoms(run(250, flat, 5e-5)) == Names{"slow-learning"});
  CHECK(symptoms(run(100, flat, 5e-5)).empty());
  CHECK(symptoms(run(250, flat, 1e-6, 1e-3)).empty());  // nowhere to go
  CHECK(symptoms(run(
                     250, [](int i) { return std::exp(-i / 50.0); }, 1e-6))
            .empty());
  CHECK(symptoms(run(20, flat, 1e-6)).empty());
}

TEST_CASE("steps too large need a loss that suffers", "[doctor]") {
  auto flat = [](int) { return 1.0; };
  CHECK(symptoms(run(80, flat, 0.7)) == Names{"update-too-large"});
  CHECK(symptoms(run(80, flat, 0.2)) == Names{"update-too-large"});
  CHECK(diagnose(run(80, flat, 0.7)).has_errors());
  CHECK_FALSE(diagnose(run(80, flat, 0.2)).has_errors());
  CHECK(symptoms(run(80, flat, 0.05)).empty());
  CHECK(symptoms(run(
                     80, [](int i) { return std::exp(-i / 20.0); }, 0.7))
            .empty());
  CHECK(symptoms(run(8, flat, 0.7)).empty());
  CHECK(symptoms(run(
            12, [](int i) { return 1.0 + i; }, 0.7)) == Names{"update-too-large"});
}

TEST_CASE("a rate that grew, or was gone, later", "[doctor]") {
  auto with_updates = [](int steps, auto loss, auto update) {
    RunRecord record = run(steps, loss);
    RunRecord changed = record;
    changed.parameters[0].steps = History<ParameterStep>();
    for (ParameterStep step : record.parameters[0].steps) {
      step.change.rms = static_cast<float>(0.1 * update(step.step));
      changed.parameters[0].steps.push(step);
    }
    return changed;
  };
  auto lost = [](int i) { return i < 40 ? std::exp(-i / 20.0) : 1.0; };
  auto rises = [](int i) { return i < 10 ? 1.0 : 0.1 * i; };
  auto grows = [](double at_40) {
    return [at_40](std::int64_t i) { return i < 40 ? 1e-3 : at_40; };
  };
  const Findings found = diagnose(with_updates(80, lost, grows(0.2)));
  REQUIRE(found.list.size() == 1);
  CHECK(found.list[0].symptom == Symptom::UpdateTooLarge);
  CHECK(found.list[0].severity == Severity::Warning);
  CHECK(found.list[0].since_step == 40);
  CHECK(symptoms(with_updates(80, lost, grows(0.01))).empty());  // another task, perhaps
  CHECK(symptoms(with_updates(60, lost, grows(0.2))).empty());   // it may come back
  CHECK(symptoms(with_updates(80, rises, grows(0.8))) == Names{"update-too-large"});
  CHECK(symptoms(with_updates(80, rises, grows(0.2))).empty());

  auto flat = [](int) { return 1.0; };
  auto gone = [](double at_50) {
    return [at_50](std::int64_t i) { return i < 50 ? 1e-3 : at_50; };
  };
  CHECK(symptoms(with_updates(70, flat, gone(1e-9))) == Names{"update-too-small"});
  CHECK(symptoms(with_updates(70, flat, gone(1e-6))).empty());
}

TEST_CASE("a loss below 0 that falls has not diverged", "[doctor]") {
  CHECK(symptoms(run(
                     80, [](int i) { return -1 - i / 100.0; }, 0.3))
            .empty());
}
