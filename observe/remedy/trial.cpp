#include "gradus/observe/remedy/trial.h"

#include <algorithm>
#include <cmath>

#include "gradus/autograd/backward.h"
#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"
#include "gradus/nn/eval_scope.h"
#include "gradus/observe/remedy/surgery.h"
#include "gradus/observe/theory/recursion.h"
#include "gradus/optim/clip.h"
#include "gradus/optim/sgd.h"
#include "gradus/tensor/generator.h"
#include "gradus/tensor/random.h"
#include "gradus/tensor/statistics.h"

namespace gradus::observe {
namespace {

std::unique_ptr<optim::Optimizer> optimizer_for(const std::vector<Tensor>& params, double lr,
                                                const OptimizerFactory& factory) {
  if (!factory) return std::make_unique<optim::SGD>(params, optim::SGDOptions{.lr = lr});
  auto made = factory(params, lr);
  check(made != nullptr, "the function that makes the optimiser has made none");
  return made;
}

/// The loss where every sample has the same output: the mean of all, or where a few run away from
/// the others, the median.
double loss_of_constant(const Tensor& output, const Tensor& target, const LossFunction& loss) {
  if (output.dim() == 0 || output.size(0) == 0) return loss(output, target).item<double>();
  NoGrad no_grad;
  const Tensor middle = sort(output, 0).values.narrow(0, output.size(0) / 2, 1);
  double least = std::numeric_limits<double>::infinity();
  for (const Tensor& constant : {mean(output, {0}, true), middle}) {
    const auto value = loss(constant.expand(output.shape()), target).item<double>();
    if (value < least) least = value;
  }
  return least;
}

double largest_move(const std::vector<Tensor>& before, const std::vector<Tensor>& after) {
  double largest = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i].dim() < 2) continue;
    const double size = statistics(before[i]).rms;
    if (size > 0) largest = std::max(largest, statistics(after[i].detach() - before[i]).rms / size);
  }
  return largest;
}

}  // namespace

Trials::Trials(nn::Module& net, const Batch& batch, const LossFunction& loss,
               const WhatIfOptions& options)
    : net_(net), batch_(batch), loss_(loss), options_(options), sandbox_(net) {
  check(batch.inputs.defined() && batch.targets.defined(), "the batch needs inputs and targets");
  check(static_cast<bool>(loss), "the loss is empty: pass something to call");
  check(options.steps > 0 && options.lr > 0 && options.clip_norm >= 0,
        "needs a positive rate and number of steps and no negative norm, got {}, {} and {}",
        options.lr, options.steps, options.clip_norm);
  NoGrad no_grad;
  net_.train();
  const Tensor value = loss_(net_(batch_.inputs, context.at), batch_.targets);
  check(value.defined() && value.numel() == 1,
        "the loss must be a scalar, its shape is {}; take the mean over the samples",
        value.defined() ? value.shape() : Shape());
  sandbox_.restore();
}

Outcome Trials::run(const Plan& plan, int steps) {
  net_.train();
  Outcome outcome;
  outcome.cures = plan.cures();
  outcome.title = plan.title();
  outcome.lr = options_.lr * plan.rate;
  outcome.clip_norm = plan.clip_norm > 0 ? plan.clip_norm : options_.clip_norm;
  try {
    outcome.changes = apply(net_, plan, batch_, loss_, options_.seed);
    train(outcome, steps);
  } catch (const Error& error) {
    outcome.not_applicable = error.what();
    outcome.finite = false;
  }
  sandbox_.restore();
  return outcome;
}

void Trials::train(Outcome& outcome, int steps) {
  EnableGrad enable;
  std::vector<Tensor> params = net_.parameters();
  std::erase_if(params, [](const Tensor& p) { return !p.requires_grad(); });
  if (params.empty()) throw NotApplicable("all parameters are frozen");
  const auto optimizer = optimizer_for(params, outcome.lr, options_.optimizer);
  outcome.first_ratio = gradient_ratio();
  std::vector<Tensor> before;
  for (const Tensor& p : params) before.push_back(p.detach().clone());
  Generator generator(options_.seed);
  for (int step = 0; step < steps; ++step) {
    const Batch drawn = step == 0 ? batch_ : resampled(generator);
    const Tensor loss = loss_(net_(drawn.inputs, context.at), drawn.targets);
    const auto value = loss.item<double>();
    outcome.finite = std::isfinite(value);
    if (step == 0) outcome.first_loss = value;
    if (!outcome.finite) return;
    outcome.last_loss = value;
    optimizer->zero_grad();
    loss.backward();
    if (outcome.clip_norm > 0) {
      optim::clip_grad_norm_(params, outcome.clip_norm, 2, optim::NonFinite::Skip);
    }
    optimizer->step();
  }
  evaluate(outcome);
  if (!outcome.finite) return;
  outcome.last_ratio = gradient_ratio();
  outcome.largest_move = largest_move(before, params);
}

void Trials::evaluate(Outcome& outcome) {
  const nn::EvalScope eval(net_);
  const Tensor output = net_(batch_.inputs, context.at);
  const auto value = loss_(output, batch_.targets).item<double>();
  outcome.finite = std::isfinite(value);
  if (!outcome.finite) return;
  outcome.last_loss = value;
  least_constant_loss_ =
      std::min(least_constant_loss_, loss_of_constant(output, batch_.targets, loss_));
  outcome.constant_loss = least_constant_loss_;
}

Batch Trials::resampled(Generator& generator) const {
  const Tensor &x = batch_.inputs, &y = batch_.targets;
  if (!options_.resample || x.dim() == 0 || y.dim() == 0 || x.size(0) != y.size(0)) return batch_;
  NoGrad no_grad;
  const Tensor rows = randint(0, x.size(0), {x.size(0)}, int64, &generator);
  return {index_select(x, 0, rows), index_select(y, 0, rows)};
}

std::optional<double> Trials::gradient_ratio() const {
  const Trace run = trace(net_, batch_.inputs, context.at);
  std::vector<Tensor> hidden;
  for (std::size_t i = 0; i < run.layers.size(); ++i) {
    const auto consumers = run.consumers(i);
    const bool output = consumers.size() == 1 && consumers[0] == run.layers.size();
    if (!output && role_of(run.layers[i]).kind == LayerRole::Kind::Linear) {
      hidden.push_back(run.layers[i].output);
    }
  }
  if (hidden.size() < 2) return {};
  EnableGrad enable;
  const Tensor loss = loss_(run.output, batch_.targets);
  if (!loss.requires_grad()) return {};
  const std::vector<Tensor> gradients =
      grad({loss}, {hidden.front(), hidden.back()}, {.allow_unused = true});
  if (!gradients[0].defined() || !gradients[1].defined()) return {};
  const Statistics first = statistics(gradients[0]), last = statistics(gradients[1]);
  if (first.nonfinite > 0 || last.nonfinite > 0 || last.rms == 0) return {};
  return first.rms / last.rms;
}

}  // namespace gradus::observe
