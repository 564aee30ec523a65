#include <algorithm>
#include <cmath>

#include "gradus/observe/doctor/equal_units.h"
#include "gradus/observe/doctor/init_fit.h"
#include "gradus/observe/doctor/lint_rules.h"
#include "gradus/observe/number.h"
#include "gradus/observe/predict.h"
#include "gradus/tensor/statistics.h"

// Rules on what the parameters hold.
namespace gradus::observe {
namespace {

/// A linear layer with what follows it.
struct Layer {
  const LayerCall* call;
  LayerRole role;
  bool output = false;          ///< it makes the network's output, with at most an activation
  bool skipped = false;         ///< a sum joins it with a path around it
  bool normalized = false;      ///< a normalisation follows
  std::string activation = {};  ///< the one that alone follows, else ""
};

std::vector<Layer> linear_layers(const Trace& trace) {
  std::vector<Layer> layers;
  for (std::size_t i = 0; i < trace.layers.size(); ++i) {
    if (trace.layers[i].call > 0) continue;
    Layer layer{.call = &trace.layers[i], .role = role_of(trace.layers[i])};
    if (layer.role.kind != LayerRole::Kind::Linear) continue;
    for (std::size_t consumer : trace.consumers(i)) {
      const bool end = consumer == trace.layers.size();
      const Origin& origin = end ? trace.end : trace.layers[consumer].origin();
      const auto activations = origin.activations();
      layer.output = layer.output || end;
      layer.skipped = layer.skipped || origin.sources.size() > 1 || origin.skip;
      layer.normalized =
          layer.normalized || origin.has(OpKind::Normalization) ||
          (!end && role_of(trace.layers[consumer]).kind == LayerRole::Kind::Normalization);
      if (activations.size() == 1) layer.activation = activations[0];
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

/// The line that initialises a layer as its activation wants it.
std::string initialise(const Layer& layer) {
  const std::optional<InitFit> fit = init_fit(layer.activation);
  const std::string name =
      fit ? fit->initializer : nn::init::recommended_for(nn::init::Nonlinearity::Linear).name;
  return fmt::format("nn::init::{}({}.weight);", name,
                     code_for(layer.call->path, layer.call->type));
}

void check_values(const Layer& layer, Remarks& remarks) {
  const LayerRole& role = layer.role;
  const std::string& path = layer.call->path;
  const Statistics w = statistics(role.weight);
  if (w.nonfinite > 0) {
    remarks.push_back({Severity::Error, "weights-not-finite", path,
                       fmt::format("{} of {} weights are NaN or infinite", w.nonfinite, w.count),
                       initialise(layer)});
    return;
  }
  // Zeros at the end of the network or of a residual branch are good practice: only the first step
  // finds what is before them without a gradient, or the skip brings it one.
  if (w.zeros == w.count && !layer.output && !layer.skipped) {
    remarks.push_back({Severity::Error, "zero-layer", path,
                       "all weights are 0, so no gradient reaches what lies before",
                       initialise(layer)});
  }
  const std::int64_t group = equal_units(role.weight, role.shift);
  const std::int64_t units = role.weight.size(0);
  if (group > 1) {
    remarks.push_back({group == units ? Severity::Error : Severity::Warning, "equal-units", path,
                       group == units
                           ? fmt::format("all {} units have the same weights, and so learn the "
                                         "same function",
                                         units)
                           : fmt::format("{} of {} units have the same weights, and so learn the "
                                         "same function",
                                         group, units),
                       initialise(layer)});
  }
  if (!role.shift.defined() || layer.output || layer.normalized) return;
  const double bias = statistics(role.shift).rms;
  const double arriving = std::sqrt(role.gain) * statistics(layer.call->inputs[0].detach()).rms;
  if (bias > 10 && bias > 10 * arriving) {
    remarks.push_back(
        {Severity::Warning, "bias-far-off", path,
         fmt::format("biases of RMS {} drown what the weights contribute, of RMS {}", number(bias),
                     number(arriving)),
         fmt::format("nn::init::zeros_({}.bias);", code_for(path, layer.call->type))});
  }
}

double wanted_gain(const InitFit& fit, const Layer& layer) {
  return fit.gain(layer.role.weight.size(1), layer.role.weight.size(0));
}

/// A mismatch by itself harms no shallow network: it is remarked where theory expects the gradient
/// to lose or gain a factor of 1000 over the hidden layers, or a layer to be born saturated.
void check_initialisation(nn::Module& net, const Trace& trace, const std::vector<Layer>& layers,
                          Remarks& remarks) {
  std::vector<const Layer*> off;
  std::size_t sigmoids = 0;
  for (const Layer& layer : layers) {
    const std::optional<InitFit> fit = init_fit(layer.activation);
    if (!fit || layer.output || layer.skipped || layer.normalized) continue;
    const double wanted = wanted_gain(*fit, layer);
    const double ratio = layer.role.gain / wanted;
    sigmoids += fit->sigmoid() ? 1U : 0U;
    if (ratio == 0) continue;
    const double limit = fit->sigmoid() ? 64 : 16;
    if (fit->saturates() && ratio > limit && layer.role.gain > limit) {
      remarks.push_back(
          {Severity::Warning, "initialisation", layer.call->path,
           fmt::format("n Var W = {} saturates most {} units at once; {} gives {}",
                       number(layer.role.gain), layer.activation, fit->initializer, number(wanted)),
           fit->code()});
      return;
    }
    if (ratio < 0.75 || ratio > 1.35) off.push_back(&layer);
  }
  if (off.size() < 2 && sigmoids < 4) return;

  const Prediction p = predict(net, trace.input.detach());
  std::optional<double> first, last;
  for (const LayerPrediction& row : p.layers) {
    if (row.number == 0 || row.number == p.depth || !row.grad_rms) continue;
    if (!first) first = row.grad_rms;
    last = row.grad_rms;
  }
  if (!first || *last == 0) return;
  const double share = *first / *last;
  if (share > 1e-3 && share < 1e3) return;
  const std::string change =
      fmt::format("{} {} from the last hidden layer to the first", share < 1 ? "shrink" : "grow",
                  fold(share < 1 ? 1 / share : share));
  if (sigmoids >= 4) {
    remarks.push_back({Severity::Warning, "initialisation", "",
                       fmt::format("{} layers of sigmoid units make gradients {}, which no "
                                   "initialisation prevents",
                                   sigmoids, change),
                       "nn::Tanh()  // in place of nn::Sigmoid() in the hidden layers"});
    return;
  }
  if (off.empty()) return;
  const Layer& worst = *off.back();
  const InitFit fit = *init_fit(worst.activation);
  remarks.push_back(
      {Severity::Warning, "initialisation", worst.call->path,
       fmt::format("{} of {} layers are off, this one with n Var W = {} where {} for {} gives {}: "
                   "gradients {}",
                   off.size(), layers.size(), number(worst.role.gain), fit.initializer,
                   worst.activation, number(wanted_gain(fit, worst)), change),
       fit.code()});
}

}  // namespace

void check_weights(nn::Module& net, const Trace& trace, Remarks& remarks) {
  const std::vector<Layer> layers = linear_layers(trace);
  const std::size_t before = remarks.size();
  for (const Layer& layer : layers) check_values(layer, remarks);
  if (remarks.size() == before) check_initialisation(net, trace, layers, remarks);
}

}  // namespace gradus::observe
