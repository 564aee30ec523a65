#include "gradus/observe/remedy/matched_init.h"

#include <algorithm>
#include <cmath>

#include "gradus/autograd/grad_mode.h"
#include "gradus/nn/activations.h"
#include "gradus/nn/embedding.h"
#include "gradus/observe/doctor/init_fit.h"
#include "gradus/observe/theory/response.h"

namespace gradus::observe {
namespace {

using nn::init::Recommendation;

/// The first activation that what layer i makes meets; without a name where there is none.
struct Following {
  std::string name;
  nn::Module* module = nullptr;  ///< where it is one
  bool is_pointwise = false;     ///< as a softmax is not
};

Following activation_after(const Trace& trace, std::size_t i) {
  for (std::size_t consumer : trace.consumers(i)) {
    const bool end = consumer == trace.layers.size();
    const Origin& origin = end ? trace.end : trace.layers[consumer].origin();
    for (const TracedOp& op : origin.ops) {
      if (op.kind == OpKind::Activation || op.kind == OpKind::Softmax) {
        return {op.name, op.module, op.kind == OpKind::Activation};
      }
    }
    if (end) continue;
    nn::Module* module = trace.layers[consumer].module;
    if (dynamic_cast<nn::PReLU*>(module) != nullptr) return {"leaky_relu", module, true};
    if (is_normalization(*module)) return activation_after(trace, consumer);
  }
  return {};
}

/// fan_in Var W = 1 / E[phi'(z)^2] for standard normal z: chi is 1.
Recommendation critical_for(const Following& activation, Generator& generator) {
  double scale = 1;
  try {
    const Response response([&](const Tensor& x) { return (*activation.module)(x); });
    const double slope_square = response.moments(1).slope_square;
    if (slope_square > 1e-6 && std::isfinite(slope_square)) scale = 1 / slope_square;
  } catch (const Error&) {
    scale = 1;  // it does not act on each element alone
  }
  return {fmt::format("variance_scaling_({{.scale = {:.3g}}}), for {}", scale, activation.name),
          [scale, &generator](const Tensor& w) {
            nn::init::variance_scaling_(w,
                                        {.scale = scale,
                                         .distribution = nn::init::Distribution::UntruncatedNormal,
                                         .generator = &generator});
          }};
}

Recommendation recommended(const Following& activation, Generator& generator) {
  const std::optional<InitFit> fit = init_fit(activation.name);
  if (fit) return nn::init::recommended_for(fit->kind, &generator);
  if (activation.module != nullptr && activation.is_pointwise) {
    return critical_for(activation, generator);
  }
  return nn::init::recommended_for(nn::init::Nonlinearity::Linear, &generator);
}

/// Whether layer i ends a residual branch that no normalisation ends.
bool ends_branch(const Trace& trace, std::size_t i) {
  return std::ranges::any_of(trace.consumers(i), [&](std::size_t consumer) {
    const Origin& origin =
        consumer == trace.layers.size() ? trace.end : trace.layers[consumer].origin();
    if (!origin.skip) return false;
    return origin.from_input || std::ranges::any_of(origin.sources, [&](std::size_t source) {
             return source != i && trace.leads_to(source, i);
           });
  });
}

void restart(const nn::Module& module) {
  for (auto& [name, p] : module.named_parameters(false)) {
    if (p.requires_grad()) nn::init::constant_(p, name == "weight" ? 1 : 0);
  }
  for (auto& [name, buffer] : module.named_buffers(false)) {
    NoGrad no_grad;
    buffer.fill_(name == "running_var" ? 1 : 0);
  }
}

/// Returns whether it had a weight to initialise.
bool initialize(const nn::Module& module, const Recommendation& how, double factor) {
  bool found = false;
  for (auto& [name, p] : module.named_parameters(false)) {
    if (!p.requires_grad()) continue;
    if (p.dim() >= 2) {
      how(p);
      NoGrad no_grad;
      if (factor != 1) p.mul_(factor);
      found = true;
    } else if (name.starts_with("bias")) {
      nn::init::zeros_(p);
    }
  }
  return found;
}

}  // namespace

std::vector<std::string> matched_init_(const Trace& trace, Generator& generator) {
  std::vector<bool> branch(trace.layers.size());
  for (std::size_t i = 0; i < branch.size(); ++i) {
    branch[i] = !is_normalization(*trace.layers[i].module) && ends_branch(trace, i);
  }
  const auto branches = std::ranges::count(branch, true);
  const double damping = 1 / std::sqrt(static_cast<double>(std::max<std::ptrdiff_t>(branches, 1)));

  std::vector<std::pair<std::string, int>> counts;  // of layers, by initialiser
  int normalizations = 0;
  for (std::size_t i = 0; i < trace.layers.size(); ++i) {
    const LayerCall& layer = trace.layers[i];
    if (layer.call > 0 || dynamic_cast<nn::Embedding*>(layer.module) != nullptr) continue;
    if (is_normalization(*layer.module)) {
      restart(*layer.module);
      ++normalizations;
      continue;
    }
    if (const auto* prelu = dynamic_cast<const nn::PReLU*>(layer.module)) {
      if (prelu->weight.requires_grad())
        nn::init::constant_(prelu->weight, nn::PReLUOptions().init);
      continue;
    }
    const Recommendation how = recommended(activation_after(trace, i), generator);
    if (!initialize(*layer.module, how, branch[i] ? damping : 1)) continue;
    const std::string name =
        branch[i] && branches > 1 ? fmt::format("{} / sqrt({})", how.name, branches) : how.name;
    const auto found = std::ranges::find(counts, name, &std::pair<std::string, int>::first);
    if (found == counts.end()) {
      counts.emplace_back(name, 1);
    } else {
      ++found->second;
    }
  }
  std::vector<std::string> lines;
  for (const auto& [name, count] : counts) {
    lines.push_back(fmt::format("weights of {} {}: {}, biases 0", count,
                                count == 1 ? "layer" : "layers", name));
  }
  if (normalizations > 0) {
    lines.push_back(fmt::format("{} {}: back to their initial state", normalizations,
                                normalizations == 1 ? "normalisation" : "normalisations"));
  }
  return lines;
}

}  // namespace gradus::observe
