#include "gradus/observe/predict.h"

#include <cmath>

#include "gradus/autograd/backward.h"
#include "gradus/autograd/grad_mode.h"
#include "gradus/observe/theory/recursion.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/generator.h"
#include "gradus/tensor/random.h"
#include "gradus/tensor/statistics.h"

namespace gradus::observe {
namespace {

using Kind = LayerRole::Kind;

/// RMS of the gradient at each layer's output, from a normal gradient at the network's output.
std::vector<std::optional<double>> measured_gradients(const Trace& trace) {
  std::vector<Tensor> outputs;
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < trace.layers.size(); ++i) {
    if (!trace.layers[i].output.requires_grad()) continue;
    outputs.push_back(trace.layers[i].output);
    indices.push_back(i);
  }
  std::vector<std::optional<double>> found(trace.layers.size());
  if (outputs.empty()) return found;
  Generator generator(0);
  Tensor up = normal(0, 1, trace.output.shape(), trace.output.dtype(), &generator);
  const std::vector<Tensor> gradients =
      grad(std::vector{trace.output}, outputs, {.grad_outputs = {up}, .allow_unused = true});
  for (std::size_t k = 0; k < gradients.size(); ++k) {
    if (gradients[k].defined()) found[indices[k]] = statistics(gradients[k]).rms;
  }
  return found;
}

std::vector<Dependence> find_dependences(nn::Module& net, const Trace& trace,
                                         const std::vector<bool>& cut) {
  try {
    return dependences(net, trace, cut);
  } catch (const Error& error) {
    // The network refuses the values of the experiment, or does not do the same thing twice.
    Dependence none;
    none.why = fmt::format("the network could not be run on test values: {}", error.what());
    return std::vector<Dependence>(trace.layers.size() + 1, none);
  }
}

/// The last linear layer, or else the last one that theory knows; the gradient is told relative to
/// it.
std::optional<std::size_t> top_of(const std::vector<LayerRole>& roles) {
  std::optional<std::size_t> known;
  for (std::size_t i = roles.size(); i-- > 0;) {
    if (roles[i].kind == Kind::Linear) return i;
    if (roles[i].kind != Kind::Between && !known) known = i;
  }
  return known;
}

/// Fills in chi from the expected gradients of neighbouring rows, and xi where they are hidden
/// layers of a plain chain.
void fill_gains(const Trace& trace, Prediction& p) {
  const LayerPrediction* below = nullptr;
  std::size_t below_at = 0;
  for (std::size_t i = p.layers.size(); i-- > 0;) {
    LayerPrediction& layer = p.layers[i];
    if (!layer.q) continue;
    if (below != nullptr && layer.grad_rms && below->grad_rms && *below->grad_rms > 0) {
      const double step = *layer.grad_rms / *below->grad_rms;
      layer.chi = step * step;
      const bool chain = trace.consumers(i) == std::vector{below_at} && layer.number > 0 &&
                         below->number > 0 && below->number < p.depth &&
                         trace.layers[below_at].origin().sources.size() == 1;
      if (chain && *layer.chi > 0) layer.depth_scale = -1 / std::log(*layer.chi);
    }
    below = &layer;
    below_at = i;
  }
}

/// Goes back from the last hidden linear layer: the output layer's fan-out makes a step of its own,
/// which has nothing to do with depth.
void judge(Prediction& p) {
  auto rms = [](const LayerPrediction& layer) {
    return layer.grad_rms ? layer.grad_rms : layer.measured_grad_rms;
  };
  std::optional<double> start;
  for (std::size_t i = p.layers.size(); i-- > 0;) {
    const LayerPrediction& layer = p.layers[i];
    if (layer.number == 0 || layer.number == p.depth || !rms(layer)) continue;
    if (!start) start = *rms(layer);
    const double share = *start > 0 ? *rms(layer) / *start : 0;
    if (share < std::exp(-3) && !p.lost_at) p.lost_at = i;
    if (share > std::exp(3) && !p.exploded_at) p.exploded_at = i;
  }
}

}  // namespace

Prediction predict(nn::Module& net, const Tensor& input, Where at) {
  const Trace run = trace(net, input, at);
  {
    ContextScope scope(entering("predict", at));
    check(!run.layers.empty(), "{} has no layer with parameters that was called on this input",
          net.type_name());
  }
  EnableGrad enable;
  std::vector<LayerRole> roles;
  std::vector<bool> cut;
  for (const LayerCall& layer : run.layers) {
    roles.push_back(role_of(layer));
    cut.push_back(roles.back().kind != Kind::Between);
  }
  const Recursion expected = recursion(run, roles, find_dependences(net, run, cut));
  const auto measured = measured_gradients(run);
  const std::optional<std::size_t> top = top_of(roles);
  auto relative = [&](std::optional<double> value, std::optional<double> reference) {
    return value && reference && *reference > 0 ? std::optional(*value / *reference) : std::nullopt;
  };

  Prediction p;
  p.end_not_covered = expected.not_covered.back();
  for (std::size_t i = 0; i < run.layers.size(); ++i) {
    const LayerCall& layer = run.layers[i];
    LayerPrediction row{.path = layer.path, .type = layer.type, .call = layer.call};
    if (layer.output.is_floating()) row.measured_q = measure(layer.output.detach()).square;
    if (top) row.measured_grad_rms = relative(measured[i], measured[*top]);
    if (roles[i].kind == Kind::Linear) {
      row.number = ++p.depth;
      row.weight_gain = roles[i].gain;
    }
    if (cut[i]) {
      row.q = expected.signals[i].square;
      row.q_is_measured = expected.started[i];
      row.not_covered = expected.not_covered[i];
      if (const auto square = relative(expected.square[i], expected.square[*top])) {
        row.grad_rms = std::sqrt(*square);
      }
    } else if (layer.holds_layers || layer.own_ops.size() > 1) {
      row.note =
          "taken as a part of what lies between layers, since its forward is no product "
          "with one weight";
    } else {
      row.note = "taken as a part of what lies between layers";
    }
    p.layers.push_back(std::move(row));
  }
  fill_gains(run, p);
  judge(p);
  return p;
}

std::string Prediction::verdict() const {
  auto where = [&](std::size_t i) {
    return fmt::format("layer {} of {} ('{}')", layers[i].number, depth, layers[i].path);
  };
  if (depth < 2) return "too few linear layers to lose a signal";
  if (lost_at) return fmt::format("signal lost by {}, going back", where(*lost_at));
  if (exploded_at) return fmt::format("gradient explodes by {}, going back", where(*exploded_at));
  return fmt::format("the signal reaches all {} layers", depth);
}

}  // namespace gradus::observe
