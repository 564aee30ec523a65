#include "treatment.h"

#include <algorithm>
#include <cmath>

#include <gradus/nn/eval_scope.h>

#include "autotrainer.h"

namespace clinic {
namespace {

data::Dataset draw_batch(const Program& program) {
  const data::Dataset& set = program.problem.data;
  if (program.batch >= set.size()) return set;
  Tensor rows = randint(0, set.size(), {program.batch});
  return {index_select(set.inputs, 0, rows), index_select(set.targets, 0, rows)};
}

/// Training as anybody's loop does it.
class Training {
 public:
  explicit Training(const Program& program)
      : program_(program),
        net_(*program.net),
        optimizer_(program.optimizer.make(
            program.trained ? program.trained(net_) : net_.parameters(), program.optimizer.lr)) {}

  Tensor step() {
    if (program_.schedule) {
      optimizer_->option(0, "lr") = program_.optimizer.lr * program_.schedule(steps_);
    }
    if (program_.zeroes_gradients) optimizer_->zero_grad();
    Tensor loss;
    for (int i = 0; i < program_.accumulate; ++i) {
      const auto [x, y] = draw_batch(program_);
      loss = program_.loss(net_(x), y);
      if (program_.accumulate > 1) loss = loss / program_.accumulate;
      loss.backward();
    }
    if (program_.clip > 0) {
      optim::clip_grad_norm_(net_.parameters(), program_.clip, 2, optim::NonFinite::Skip);
    }
    optimizer_->step();
    ++steps_;
    return loss;
  }

  double score() const {
    nn::EvalScope eval(net_);
    const double score =
        program_.score(net_(program_.problem.data.inputs), program_.problem.data.targets);
    return std::isfinite(score) ? std::clamp(score, 0.0, 1.0) : 0;
  }

 private:
  const Program& program_;
  nn::Module& net_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  int steps_ = 0;
};

bool concerns(const observe::Finding& finding, const Fault& fault) {
  const bool layer = fault.layer.empty() || finding.layer == fault.layer ||
                     finding.layer.starts_with(fault.layer + ".");
  return layer && (finding.cause + finding.statistic).find(fault.word) != std::string::npos;
}

}  // namespace

Diagnosis examine(const Program& program) {
  Training training(program);
  for (int i = 0; i < program.steps_before; ++i) training.step();
  observe::Monitor monitor(program.net.get());
  for (int i = 0; i < program.steps; ++i) monitor.step(training.step());
  return {.findings = monitor.diagnose(),
          .autotrainer = autotrainer(monitor.record()),
          .score = training.score()};
}

bool is_right(const Fault& fault, const observe::Findings& findings) {
  if (fault.healthy()) return findings.empty();
  if (findings.empty()) return false;
  const observe::Finding& first = findings.list.front();
  return std::ranges::count(fault.causes, first.symptom) > 0 && concerns(first, fault);
}

Treatment treat(Program program, const observe::Findings& findings) {
  data::Dataset batch = draw_batch(program);
  const observe::Repair repair = observe::repair(
      *program.net, findings, {batch.inputs, batch.targets}, program.loss,
      {.lr = program.optimizer.lr, .clip_norm = program.clip, .optimizer = program.optimizer.make});
  program.optimizer.lr = repair.lr;
  program.clip = repair.clip_norm;
  program.steps = std::max(2 * program.steps, 150);
  Training training(program);
  for (int i = 0; i < program.steps; ++i) training.step();
  return {std::move(repair), training.score()};
}

}  // namespace clinic
