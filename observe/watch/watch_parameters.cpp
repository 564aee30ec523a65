#include <cmath>

#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/node.h"
#include "gradus/autograd/ops.h"
#include "gradus/observe/untouched.h"
#include "gradus/observe/watch/sampling.h"
#include "gradus/observe/watch/watch.h"
#include "gradus/tensor/context.h"

// What a monitor takes from parameters: as the gradient arrives, and when the step has ended.
namespace gradus::observe {
namespace {

double squared_norm(const Sample& sample) {
  if (!sample) return 0;
  const double rms = sample.rms;
  const double finite = 1 - static_cast<double>(sample.nonfinite) / sample.looked_at;
  return rms * rms * finite * sample.count;
}

}  // namespace

void Monitor::Watch::hook_parameters() {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& parameter = record_.parameters[i].tensor;
    ParameterState& state = parameters_[i];
    // Freezing and unfreezing a parameter gives it another accumulator.
    if (node_of(parameter) == state.hooked) continue;
    state.hooked = node_of(parameter);
    if (state.hooked == nullptr) continue;
    state.hook.emplace(register_post_accumulate_grad_hook(
        parameter, [self = weak_from_this(), i](const Tensor& leaf) {
          if (auto watch = self.lock()) watch->after_gradient(i, leaf);
        }));
  }
}

void Monitor::Watch::after_gradient(std::size_t i, const Tensor& leaf) {
  if (!observing_ || Untouched::is_active()) return;
  Timed timed(record_.cost.observing_seconds);
  const ContextScope scope({});
  NoGrad no_grad;
  ParameterState& state = parameters_[i];
  const Tensor gradient = leaf.grad();
  state.gradient = some_of(gradient);
  state.gradient_version = gradient.storage()->version();
  // A copy in any case: the optimiser is about to write to the memory.
  const Tensor some = some_runs(leaf.detach(), options_.elements);
  state.before = some.storage() == leaf.storage() ? clone(some) : some;
  state.seen = true;
}

Sample Monitor::Watch::some_of(const Tensor& x) const {
  return sample_of(some_runs(x.detach(), options_.elements), x);
}

void Monitor::Watch::push_parameters(RunStep& run) {
  const ContextScope scope({});
  NoGrad no_grad;
  double before_clipping = 0, after_clipping = 0, moved = 0;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    ParameterState& state = parameters_[i];
    ParameterRecord& record = record_.parameters[i];
    const Tensor now = some_runs(record.tensor.detach(), options_.elements);
    ParameterStep step;
    step.step = step_;
    if (state.seen) {
      step.value = sample_of(state.before, record.tensor);
      step.gradient = state.gradient;
      step.change = sample_of(now - state.before, record.tensor);
      const double square = squared_norm(state.gradient);
      before_clipping += square;
      moved += squared_norm(step.change);
      // A gradient that was written to since has been clipped; one that was dropped tells nothing.
      const Tensor gradient = record.tensor.requires_grad() ? record.tensor.grad() : Tensor();
      const bool written =
          gradient.defined() && gradient.storage()->version() != state.gradient_version;
      after_clipping += written ? squared_norm(some_of(gradient)) : square;
    } else {
      step.value = sample_of(now, record.tensor);
    }
    record.steps.push(step);
    state.seen = false;
  }
  run.grad_norm = std::sqrt(before_clipping);
  run.clipped_norm = std::sqrt(after_clipping);
  run.update_norm = std::sqrt(moved);
}

}  // namespace gradus::observe
