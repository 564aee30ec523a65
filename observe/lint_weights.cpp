#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "gradus/nn/init.h"
#include "gradus/observe/lint_rules.h"
#include "gradus/observe/predict.h"
#include "gradus/tensor/statistics.h"

// Rules on what the parameters hold.
namespace gradus::observe {
namespace {

using nn::init::Nonlinearity;

/// A linear layer with what follows it.
struct Layer {
  const LayerCall* call;
  LayerRole role;
  bool output = false;          ///< it makes the network's output, with at most an activation
  bool skipped = false;         ///< a sum joins it with a path around it
  bool normalized = false;      ///< a normalisation follows
  std::string activation = {};  ///< the one that alone follows, else ""
};

/// How a program reaches the layer: members mostly bear the name they are registered under.
std::string code_for(const LayerCall& call) {
  const std::string& path = call.path;
  const bool numbers = path.find_first_of("0123456789") != std::string::npos;
  if (path.empty()) return "net";
  if (!numbers) return "net." + path;
  const bool top = path.find('.') == std::string::npos;
  return top ? fmt::format("net.get<nn::{}>({})", call.type, path) : "layer";
}

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

/// Units of equal incoming weights and biases, as the size of the largest group; 1 if there is
/// none.
std::size_t largest_group(const LayerRole& role) {
  const auto units = static_cast<std::size_t>(role.weight.size(0));
  const auto inputs = static_cast<std::size_t>(role.weight.size(1));
  const std::vector<double> w = role.weight.to_vector<double>();
  const std::vector<double> b =
      role.shift.defined() ? role.shift.to_vector<double>() : std::vector<double>(units);
  auto at = [&](std::size_t unit, std::size_t k) {
    return k < inputs ? w[unit * inputs + k] : b[unit];
  };
  auto zero = [&](std::size_t unit) {
    for (std::size_t k = 0; k < inputs; ++k) {
      if (at(unit, k) != 0) return false;
    }
    return true;
  };
  auto equal = [&](std::size_t p, std::size_t q) {
    for (std::size_t k = 0; k <= inputs; ++k) {
      const double x = at(p, k), y = at(q, k);
      if (!(std::abs(x - y) <= 1e-6 * std::max(std::abs(x), std::abs(y)))) return false;
    }
    return true;
  };
  std::vector<std::size_t> order(units);
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [&](std::size_t unit) { return std::pair(at(unit, 0), unit); });
  std::size_t largest = 1, size = 1;
  for (std::size_t k = 1; k < units; ++k) {
    size = equal(order[k - 1], order[k]) && !zero(order[k]) ? size + 1 : 1;
    largest = std::max(largest, size);
  }
  return largest;
}

struct Known {
  Nonlinearity kind;
  const char* code;
};
const Known* known(const std::string& activation) {
  static const std::map<std::string, Known> all = {
      {"relu", {Nonlinearity::ReLU, "ReLU"}},
      {"relu6", {Nonlinearity::ReLU, "ReLU"}},
      {"leaky_relu", {Nonlinearity::LeakyReLU, "LeakyReLU"}},
      {"rrelu", {Nonlinearity::LeakyReLU, "LeakyReLU"}},
      {"elu", {Nonlinearity::ELU, "ELU"}},
      {"celu", {Nonlinearity::ELU, "ELU"}},
      {"gelu", {Nonlinearity::GELU, "GELU"}},
      {"silu", {Nonlinearity::SiLU, "SiLU"}},
      {"mish", {Nonlinearity::Mish, "Mish"}},
      {"selu", {Nonlinearity::SELU, "SELU"}},
      {"tanh", {Nonlinearity::Tanh, "Tanh"}},
      {"sigmoid", {Nonlinearity::Sigmoid, "Sigmoid"}}};
  const auto found = all.find(activation);
  return found == all.end() ? nullptr : &found->second;
}

/// The line that initialises a layer as its activation wants it.
std::string initialise(const Layer& layer) {
  const Known* activation = known(layer.activation);
  const Nonlinearity kind = activation != nullptr ? activation->kind : Nonlinearity::Linear;
  return fmt::format("nn::init::{}({}.weight);", nn::init::recommended_for(kind).name,
                     code_for(*layer.call));
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
  const std::size_t group = largest_group(role);
  const auto units = static_cast<std::size_t>(role.weight.size(0));
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
    remarks.push_back({Severity::Warning, "bias-far-off", path,
                       fmt::format("biases of RMS {:.3g} drown what the weights contribute, of "
                                   "RMS {:.3g}",
                                   bias, arriving),
                       fmt::format("nn::init::zeros_({}.bias);", code_for(*layer.call))});
  }
}

/// sigma_w^2 of the initialiser that belongs to the activation.
double wanted_gain(Nonlinearity kind, const Tensor& weight) {
  const std::string name = nn::init::recommended_for(kind).name;
  const auto in = static_cast<double>(weight.size(1)), out = static_cast<double>(weight.size(0));
  if (name.starts_with("he")) return 2;
  return name.starts_with("lecun") ? 1 : 2 * in / (in + out);
}

/// A mismatch by itself harms no shallow network: it is remarked where theory expects the gradient
/// to lose or gain a factor of 1000 over the hidden layers, or a layer to be born saturated.
void check_initialisation(nn::Module& net, const Trace& trace, const std::vector<Layer>& layers,
                          Remarks& remarks) {
  std::vector<const Layer*> off;
  std::size_t sigmoids = 0;
  for (const Layer& layer : layers) {
    const Known* activation = known(layer.activation);
    if (activation == nullptr || layer.output || layer.skipped || layer.normalized) continue;
    const bool sigmoid = activation->kind == Nonlinearity::Sigmoid;
    const bool saturates = sigmoid || activation->kind == Nonlinearity::Tanh;
    const double wanted = wanted_gain(activation->kind, layer.role.weight);
    const double ratio = layer.role.gain / wanted;
    sigmoids += sigmoid ? 1U : 0U;
    if (ratio == 0) continue;
    if (saturates && ratio > (sigmoid ? 64 : 16) && layer.role.gain > (sigmoid ? 64 : 16)) {
      remarks.push_back(
          {Severity::Warning, "initialisation", layer.call->path,
           fmt::format("n Var W = {:.3g} saturates most {} units at once; {} gives {:.3g}",
                       layer.role.gain, layer.activation,
                       nn::init::recommended_for(activation->kind).name, wanted),
           fmt::format("nn::init::apply(net, "
                       "nn::init::recommended_for(nn::init::Nonlinearity::{}));",
                       activation->code)});
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
      fmt::format("{} by {:.2g} from the last hidden layer to the first",
                  share < 1 ? "shrink" : "grow", share < 1 ? 1 / share : share);
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
  const Known& activation = *known(worst.activation);
  remarks.push_back(
      {Severity::Warning, "initialisation", worst.call->path,
       fmt::format(
           "{} of {} layers are off, this one with n Var W = {:.3g} where {} for {} gives {:.3g}: "
           "gradients {}",
           off.size(), layers.size(), worst.role.gain,
           nn::init::recommended_for(activation.kind).name, worst.activation,
           wanted_gain(activation.kind, worst.role.weight), change),
       fmt::format("nn::init::apply(net, nn::init::recommended_for(nn::init::Nonlinearity::{}));",
                   activation.code)});
}

}  // namespace

void check_weights(nn::Module& net, const Trace& trace, Remarks& remarks) {
  const std::vector<Layer> layers = linear_layers(trace);
  const std::size_t before = remarks.size();
  for (const Layer& layer : layers) check_values(layer, remarks);
  if (remarks.size() == before) check_initialisation(net, trace, layers, remarks);
}

}  // namespace gradus::observe
