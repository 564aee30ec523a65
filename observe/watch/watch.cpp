#include "gradus/observe/watch/watch.h"

#include <algorithm>
#include <cmath>

#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/reuse.h"
#include "gradus/observe/untouched.h"
#include "gradus/observe/watch/sampling.h"
#include "gradus/tensor/context.h"

namespace gradus::observe {

Monitor::Watch::Watch(std::shared_ptr<nn::Module> net, const MonitorOptions& options)
    : net_(std::move(net)), options_(options) {
  record_.network = net_->type_name();
}

void Monitor::Watch::attach() {
  // Weak, so that a call that runs while the monitor dies is safe.
  auto self = weak_from_this();
  hooks_.emplace_back(
      net_->register_forward_pre_hook([self](const nn::Module&, std::span<Tensor> inputs) {
        if (auto watch = self.lock()) watch->before_network(inputs);
      }));
  for (auto& [name, layer] : layers_of(*net_)) {
    hooks_.emplace_back(layer.register_forward_hook(
        [self, i = sites_.size()](const nn::Module&, std::span<const Tensor> inputs,
                                  const Tensor& output) {
          if (auto watch = self.lock()) watch->after_layer(watch->sites_[i], inputs, output);
        }));
    sites_.push_back({.module = &layer, .path = name, .records = {}});
  }
  hook_end();
  for (auto& [name, parameter] : net_->named_parameters()) {
    record_.parameters.push_back({.name = name,
                                  .shape = parameter.shape(),
                                  .tensor = parameter,
                                  .steps = History<ParameterStep>(options_.history)});
  }
  parameters_.resize(record_.parameters.size());
  hook_parameters();
}

void Monitor::Watch::hook_end() {
  end_hook_.emplace(net_->register_forward_hook(
      [self = weak_from_this()](const nn::Module&, std::span<const Tensor>, const Tensor& output) {
        if (auto watch = self.lock()) watch->after_network(output);
      }));
}

bool Monitor::Watch::watching() const {
  return observing_ && grad_enabled() && !Untouched::is_active();
}

void Monitor::Watch::before_network(std::span<Tensor> inputs) {
  if (!watching()) return;
  begin_pass();
  if (!record_.layers.empty()) return;
  {
    Timed timed(record_.cost.setup_seconds);
    if (!inputs.empty()) record_.input = sample_of(inputs[0]);
    if (options_.predict && inputs.size() == 1) predict_on(inputs[0]);
  }
  // The first pass is traced as it runs.
  trace_ = {};
  recorder_ = std::make_unique<Recorder>(*net_, trace_);
  hook_end();  // again, to come after the recorder's where the network is itself a layer
  if (!inputs.empty()) trace_.input = inputs[0] = marked(inputs[0]);
}

void Monitor::Watch::predict_on(const Tensor& input) {
  try {
    record_.expected = predict(*net_, input.detach());
  } catch (const std::exception&) {
    // A network that cannot be run on its own has no prediction; training goes on.
  }
}

void Monitor::Watch::after_network(const Tensor& output) {
  if (!watching()) return;
  if (!recorder_) {
    Timed timed(record_.cost.observing_seconds);
    take_activation(output_source_, output);
    return;
  }
  Timed timed(record_.cost.setup_seconds);
  recorder_.reset();
  trace_.output = output;
  fill_structure();
}

void Monitor::Watch::begin_pass() {
  for (Site& site : sites_) site.calls = 0;
}

std::size_t Monitor::Watch::index_of_call(Site& site) {
  const std::size_t call = site.calls++;
  if (call < site.records.size()) return site.records[call];
  site.records.push_back(record_.layers.size());
  nn::Module& module = *site.module;
  LayerRecord layer{.path = site.path,
                    .type = module.type_name(),
                    .call = static_cast<int>(call),
                    .at = context.at,
                    .module = &module,
                    .activation = {},
                    .normalizes = is_normalization(module),
                    .parameters = {},
                    .steps = History<LayerStep>(options_.history),
                    .histograms = History<LayerHistograms>(options_.histograms)};
  for (auto& [name, parameter] : module.named_parameters(false)) {
    const auto same = std::ranges::find_if(record_.parameters, [&p = parameter](const auto& entry) {
      return entry.tensor.is_same(p);
    });
    if (same == record_.parameters.end()) continue;
    layer.parameters.push_back(static_cast<std::size_t>(same - record_.parameters.begin()));
    same->in_normalization = layer.normalizes;
  }
  record_.layers.push_back(std::move(layer));
  layers_.emplace_back();
  return site.records.back();
}

std::shared_ptr<Monitor::Watch::Seen> Monitor::Watch::new_call(LayerState& state) {
  auto unused = std::ranges::find_if(state.calls, [](const auto& c) { return c.use_count() == 1; });
  if (unused == state.calls.end()) {
    state.calls.push_back(std::make_shared<Seen>());
    unused = std::prev(state.calls.end());
  } else {
    **unused = {};
  }
  return state.latest = *unused;
}

void Monitor::Watch::after_layer(Site& site, std::span<const Tensor> inputs, const Tensor& output) {
  if (!watching() || !output.defined() || !output.is_floating()) return;
  Timed timed(record_.cost.observing_seconds);
  const std::size_t i = index_of_call(site);
  if (!inputs.empty()) take_activation(layers_[i].source, inputs[0]);

  const ContextScope scope({});
  LayerRecord& layer = record_.layers[i];
  const auto seen = new_call(layers_[i]);
  layer.units = output.dim() == 0 ? 1 : output.size(-1);
  const Tensor z = some_rows(output, options_.elements);
  seen->step.step = step_;
  seen->step.z = sample_of(z, output);
  if (layer.is_output) {
    seen->step.variance_over_samples = variance_over_rows(z, seen->step.z.rms);
  }
  judge_by_z(i, z);
  if (histogram_due()) {
    seen->histograms = std::make_unique<LayerHistograms>();
    seen->histograms->z = log_histogram(z);
  }
  if (!output.requires_grad()) return;
  register_hook(output, [self = weak_from_this(), i, seen](const Tensor& gradient) {
    if (auto watch = self.lock()) watch->take_gradient(i, seen, gradient);
  });
}

void Monitor::Watch::judge_by_z(std::size_t i, const Tensor& z) {
  LayerState& state = layers_[i];
  if (!state.latest) return;
  LayerStep& step = state.latest->step;
  if (state.shape.saturates) {
    const Shares flat = shares_outside(z, state.shape.low, state.shape.high);
    step.saturated_low = flat.low;
    step.saturated_high = flat.high;
  }
  if (state.dead_by_z) {
    note_alive_above(z, state.shape.zero_to, observed_, state.last_alive);
    step.dead_units = dead_share(i);
  }
}

float Monitor::Watch::dead_share(std::size_t i) const {
  const auto& alive = layers_[i].last_alive;
  const auto since = observed_ - static_cast<std::int32_t>(options_.window);
  const auto dead =
      std::ranges::count_if(alive, [&](std::int32_t last) { return last < 0 || last <= since; });
  return alive.empty() ? 0 : static_cast<float>(dead) / static_cast<float>(alive.size());
}

void Monitor::Watch::take_activation(std::size_t layer, const Tensor& activation) {
  if (layer == kNone || !activation.is_floating()) return;
  LayerState& source = layers_[layer];
  if (!source.latest) return;
  const ContextScope scope({});
  const Tensor x = some_rows(activation, options_.elements);
  LayerStep& step = source.latest->step;
  step.activation = sample_of(x, activation);
  if (layer == output_source_) {
    step.variance_over_samples = variance_over_rows(x, step.activation.rms);
  }
  if (source.latest->histograms) source.latest->histograms->activation = log_histogram(x);
  const std::int64_t units = x.dim() == 0 ? 1 : x.size(-1);
  auto& alive = source.last_alive;
  if (step.activation.zero_share == 0) {
    alive.assign(static_cast<std::size_t>(units), observed_);
  } else {
    note_alive(x, observed_, alive);
  }
  step.dead_units = dead_share(layer);
}

void Monitor::Watch::take_gradient(std::size_t i, const std::shared_ptr<Seen>& seen,
                                   const Tensor& gradient) {
  if (seen->step.step != step_) return;
  Timed timed(record_.cost.observing_seconds);
  const ContextScope scope({});
  const Tensor g = some_rows(gradient, options_.elements);
  const std::int64_t samples =
      gradient.numel() / std::max<std::int64_t>(1, record_.layers[i].units);
  seen->step.grad = sample_of(g, gradient);
  seen->step.signal_to_noise = signal_to_noise(g, seen->step.grad.rms, samples);
  if (seen->histograms) seen->histograms->grad = log_histogram(g);
  layers_[i].learned = seen;
}

void Monitor::Watch::end_step(double loss) {
  {
    Timed timed(record_.cost.observing_seconds);
    RunStep run{.step = step_, .loss = loss, .observed = observing_};
    if (observing_) {
      push_layers();
      push_parameters(run);
      hook_parameters();
      ++observed_;
      ++record_.cost.observed_steps;
      record_.cost.bytes = bytes();
    }
    record_.steps.push(run);
    // What only one forward made, as an input whose slope is asked for, is nobody's to train.
    if (record_.structure) {
      std::erase_if(record_.structure->strays,
                    [](const Stray& stray) { return is_sole_owner(stray.tensor); });
    }
    begin_pass();
    recorder_.reset();
    ++step_;
  }
  record_.cost.total_seconds = std::chrono::duration<double>(Clock::now() - attached_).count();
  choose_next(loss);
}

void Monitor::Watch::push_layers() {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    LayerState& state = layers_[i];
    const std::shared_ptr<Seen> seen = state.learned ? state.learned : state.latest;
    if (seen) {
      record_.layers[i].steps.push(seen->step);
      if (seen->histograms) {
        seen->histograms->step = step_;
        record_.layers[i].histograms.push(*seen->histograms);
      }
    }
    state.latest.reset();
    state.learned.reset();
  }
  // So many as are kept, spread over the run so far.
  const auto kept = static_cast<std::int32_t>(std::max<std::size_t>(1, options_.histograms));
  if (histogram_due()) next_histogram_ = observed_ + std::max(4, observed_ / kept);
}

bool Monitor::Watch::histogram_due() const {
  return options_.histograms > 0 && observed_ >= next_histogram_;
}

void Monitor::Watch::choose_next(double loss) {
  const Cost& cost = record_.cost;
  observing_ = step_ < options_.dense || step_ % options_.every == 0 || !std::isfinite(loss);
  if (options_.budget > 0 && cost.share() > options_.budget) observing_ = false;
}

std::size_t Monitor::Watch::bytes() const {
  std::size_t sum = record_.steps.size() * sizeof(RunStep);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const LayerRecord& layer = record_.layers[i];
    sum += sizeof(layer) + layer.steps.size() * sizeof(LayerStep) +
           layer.histograms.size() * sizeof(LayerHistograms) +
           layers_[i].last_alive.size() * sizeof(std::int32_t);
  }
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    sum += sizeof(ParameterRecord) + record_.parameters[i].steps.size() * sizeof(ParameterStep);
    const Tensor& now = parameters_[i].now;
    if (now.defined()) sum += static_cast<std::size_t>(now.numel()) * item_size(now.dtype());
  }
  return sum;
}

}  // namespace gradus::observe
