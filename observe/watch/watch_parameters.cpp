#include <cmath>

#include "gradus/autograd/node.h"
#include "gradus/observe/untouched.h"
#include "gradus/observe/watch/sampling.h"
#include "gradus/observe/watch/watch.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/ops.h"

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
  ParameterState& state = parameters_[i];
  const Tensor gradient = leaf.grad();
  state.gradient = some_of(gradient);
  state.gradient_version = gradient.storage()->version();
  const Storage* memory = leaf.storage().get();
  if (state.memory != memory || state.version != memory->version()) look_at_value(leaf, state);
  state.seen = true;
}

void Monitor::Watch::look_at_value(const Tensor& parameter, ParameterState& state) const {
  const Tensor some = some_runs(parameter, options_.elements);
  state.now = some.storage() == parameter.storage() ? kernel::clone(some) : some;
  state.value = sample_of(state.now, parameter);
  state.memory = parameter.storage().get();
  state.version = state.memory->version();
}

Sample Monitor::Watch::some_of(const Tensor& x) const {
  return sample_of(some_runs(x, options_.elements), x);
}

void Monitor::Watch::push_parameters(RunStep& run) {
  const ContextScope scope({});
  double before_clipping = 0, after_clipping = 0, moved = 0;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    ParameterState& state = parameters_[i];
    ParameterRecord& record = record_.parameters[i];
    ParameterStep step;
    step.step = step_;
    const Tensor before = state.now;
    const Sample value_before = state.value;
    look_at_value(record.tensor, state);
    step.value = state.seen ? value_before : state.value;
    if (state.seen) {
      step.gradient = state.gradient;
      step.change = sample_of(kernel::sub(state.now, before), record.tensor);
      const double square = squared_norm(state.gradient);
      before_clipping += square;
      moved += squared_norm(step.change);
      // A gradient that was written to since has been clipped; one that was dropped tells nothing.
      const Tensor gradient = record.tensor.requires_grad() ? record.tensor.grad() : Tensor();
      const bool written =
          gradient.defined() && gradient.storage()->version() != state.gradient_version;
      after_clipping += written ? squared_norm(some_of(gradient)) : square;
    }
    record.steps.push(step);
    state.seen = false;
  }
  run.grad_norm = std::sqrt(before_clipping);
  run.clipped_norm = std::sqrt(after_clipping);
  run.update_norm = std::sqrt(moved);
}

}  // namespace gradus::observe
