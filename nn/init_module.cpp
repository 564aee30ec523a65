#include "gradus/nn/init_module.h"

#include <cmath>
#include <unordered_set>

#include "gradus/autograd/ops.h"
#include "gradus/nn/embedding.h"
#include "gradus/nn/eval_scope.h"
#include "gradus/nn/layer_norm.h"
#include "gradus/tensor/context.h"

namespace gradus::nn::init {
namespace {

// The module's own weights that turn its inputs into outputs; most modules have none or one.
std::vector<Tensor> weights_of(const Module& module) {
  std::vector<Tensor> weights;
  bool without_fans = dynamic_cast<const Embedding*>(&module) != nullptr ||
                      dynamic_cast<const LayerNorm*>(&module) != nullptr ||
                      dynamic_cast<const RMSNorm*>(&module) != nullptr;
  if (without_fans) return weights;
  for (auto& [name, tensor] : module.named_parameters(false)) {
    if (tensor.dim() >= 2) weights.push_back(tensor);
  }
  return weights;
}

// Forward hooks that scale the weights of a model, each time it runs, so that every layer's output
// gets variance 1.
class Lsuv {
 public:
  Lsuv(Module& module, double tolerance) : tolerance_(tolerance) {
    for (auto& [name, layer] : module.named_modules()) {
      std::vector<Tensor> weights = weights_of(layer);
      if (weights.empty()) continue;
      hooks_.emplace_back(layer.register_forward_hook(
          [this, path = name, weights](const Module&, std::span<const Tensor>, const Tensor& y) {
            return scale(path, weights, y);
          }));
    }
  }

  /// Called before each run of the model; whether the last one left nothing to scale.
  bool settled() {
    bool settled = !first_run_ && !scaled_;
    first_run_ = first_run_ && layers_.empty();
    scaled_ = false;
    seen_.clear();
    return settled;
  }
  std::vector<LsuvLayer> layers() && { return std::move(layers_); }

 private:
  Tensor scale(const std::string& name, const std::vector<Tensor>& weights, const Tensor& y) {
    if (!seen_.insert(name).second) return y;  // a layer that is called again counts once
    double variance = var(y, {}, false, 0).item<double>();
    ContextScope scope(entering("lsuv_", context.at));
    check(std::isfinite(variance) && variance > 0,
          "the output of '{}' has variance {} on this batch, which no scale makes 1", name,
          variance);
    LsuvLayer& layer = layer_of(name, variance);
    layer.variance = variance;
    if (std::abs(variance - 1) <= tolerance_) return y;
    scaled_ = true;
    // Exact for a layer that is linear in one weight. One that needs another step is not, and might
    // overshoot for ever: half the exponent converges for outputs of up to the 4th degree.
    double exponent = layer.iterations++ == 0 ? -0.5 : -0.25;
    double factor = std::pow(variance, exponent / static_cast<double>(weights.size()));
    for (const Tensor& weight : weights) mul_(weight, factor);
    return mul(y, 1 / std::sqrt(variance));
  }

  LsuvLayer& layer_of(const std::string& name, double variance) {
    for (LsuvLayer& layer : layers_) {
      if (layer.name == name) return layer;
    }
    return layers_.emplace_back(LsuvLayer{name, variance, variance, 0});
  }

  double tolerance_;
  bool first_run_ = true;
  bool scaled_ = false;
  std::unordered_set<std::string> seen_;
  std::vector<LsuvLayer> layers_;
  std::vector<ScopedHook> hooks_;
};

}  // namespace

std::vector<std::string> apply(Module& module, const Initializer& weight,
                               const ApplyOptions& options, Where at) {
  ContextScope scope(entering("init::apply", at));
  check(static_cast<bool>(weight), "needs an initialiser for the weights");
  std::vector<std::string> written;
  for (auto& [path, layer] : module.named_modules()) {
    if (weights_of(layer).empty()) continue;
    for (auto& [name, tensor] : layer.named_parameters(false)) {
      bool is_bias = tensor.dim() < 2 && name.starts_with("bias");
      if (tensor.dim() >= 2) {
        weight(tensor);
      } else if (is_bias && options.bias) {
        options.bias(tensor);
      } else if (is_bias) {
        zeros_(tensor);
      } else {
        continue;
      }
      written.push_back(path.empty() ? name : fmt::format("{}.{}", path, name));
    }
  }
  return written;
}

std::vector<LsuvLayer> lsuv_(Module& module, const Tensor& batch, LsuvOptions options, Where at) {
  ContextScope scope(entering("lsuv_", at));
  check(options.tolerance > 0 && options.max_iterations > 0,
        "needs a positive tolerance and number of iterations, got {} and {}", options.tolerance,
        options.max_iterations);
  apply(
      module, [&](const Tensor& w) { orthogonal_(w, {.generator = options.generator}, at); }, {},
      at);
  EvalScope evaluation(module);
  Lsuv lsuv(module, options.tolerance);
  for (int i = 0; i < options.max_iterations && !lsuv.settled(); ++i) module(batch, at);
  return std::move(lsuv).layers();
}

}  // namespace gradus::nn::init
