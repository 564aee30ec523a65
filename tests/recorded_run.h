#pragma once

#include <cmath>

#include "gradus/observe/record.h"

/// What a monitor would record of a chain of tanh layers, made up: dL/dz shrinks by `shrink` a
/// layer on the way down and by `fade` a step.
struct RecordedRun {
  std::size_t depth = 3;
  std::int64_t steps = 20;
  double shrink = 0.5;
  double fade = 0.99;
  bool predicted = true;
  std::int64_t nan_from = -1;  ///< step at which everything turns NaN; -1: never
};

inline gradus::observe::Sample sample_of(double rms, bool lost = false) {
  gradus::observe::Sample sample;
  sample.rms = static_cast<float>(rms);
  sample.abs_max = static_cast<float>(3 * rms);
  sample.looked_at = sample.count = 640;
  sample.nonfinite = lost ? 640 : 0;
  return sample;
}

inline gradus::observe::LogHistogram histogram_of(double rms) {
  gradus::observe::LogHistogram histogram;
  histogram.total = 1000;
  const int middle = static_cast<int>(std::floor(std::log2(rms))) - histogram.exponent_of_first;
  for (int k = -5; k <= 1; ++k) {
    const int bin = std::min(std::max(middle + k, 0), histogram.bins - 1);
    histogram.counts[static_cast<std::size_t>(bin)] = static_cast<std::uint16_t>(
        histogram.counts[static_cast<std::size_t>(bin)] + 130 - 15 * std::abs(k + 1));
  }
  return histogram;
}

inline gradus::observe::RunRecord record_of(const RecordedRun& run) {
  using namespace gradus::observe;
  RunRecord record;
  record.network = "Sequential";
  record.structure.emplace();
  record.cost = {.observing_seconds = 0.12,
                 .total_seconds = 4.2,
                 .observed_steps = run.steps,
                 .bytes = 345678};
  Prediction prediction;
  for (std::size_t i = 0; i < run.depth; ++i) {
    LayerRecord layer;
    layer.path = "layers." + std::to_string(2 * i);
    layer.type = "Linear";
    layer.at = {"/home/user/train.cpp", 42};
    layer.units = 64;
    layer.is_output = i + 1 == run.depth;
    if (!layer.is_output) layer.activation = "tanh";
    layer.saturates = !layer.is_output;
    layer.parameters = {i};
    ParameterRecord weight;
    weight.name = layer.path + ".weight";
    weight.shape = {64, 64};
    const double up = static_cast<double>(run.depth - 1 - i);
    for (std::int64_t s = 0; s < run.steps; ++s) {
      const bool lost = run.nan_from >= 0 && s >= run.nan_from;
      const double wobble = 1 + 0.2 * std::sin(0.7 * static_cast<double>(s) + 1.3 * up);
      const double grad = 0.01 * std::pow(run.shrink, up) * std::pow(run.fade, s) * wobble;
      const double z = 1.2 * wobble / std::sqrt(1.0 + 0.3 * static_cast<double>(i));
      LayerStep step;
      step.step = s;
      step.z = sample_of(z, lost);
      if (!layer.is_output) step.activation = sample_of(std::tanh(z), lost);
      step.grad = sample_of(grad, lost);
      step.saturated_low = static_cast<float>(0.05 * z * z);
      step.saturated_high = static_cast<float>(0.03 * z * z);
      layer.steps.push(step);
      if (s % 5 == 0) {
        layer.histograms.push({s, histogram_of(z), histogram_of(std::tanh(z)), histogram_of(grad)});
      }
      weight.steps.push({s, sample_of(0.125), sample_of(grad), sample_of(0.001 * wobble, lost)});
    }
    LayerPrediction expected;
    expected.path = layer.path;
    expected.type = layer.type;
    expected.number = i + 1;
    expected.q = 1.44 / (1.0 + 0.3 * static_cast<double>(i));
    expected.grad_rms = std::pow(0.9 * run.shrink, up);
    prediction.layers.push_back(expected);
    record.layers.push_back(std::move(layer));
    record.parameters.push_back(std::move(weight));
  }
  if (run.predicted) record.expected = prediction;
  for (std::int64_t s = 0; s < run.steps; ++s) {
    const bool lost = run.nan_from >= 0 && s >= run.nan_from;
    RunStep step;
    step.step = s;
    step.loss = lost ? std::nan("") : 0.3 + 2 * std::pow(run.fade, s);
    step.observed = true;
    step.grad_norm = lost ? std::nan("") : 3 * std::pow(run.fade, s);
    step.clipped_norm = std::min(step.grad_norm, 2.0);
    step.update_norm = 0.01;
    record.steps.push(step);
  }
  return record;
}
