#include <algorithm>
#include <cmath>
#include <set>

#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"
#include "gradus/nn/batch_norm.h"
#include "gradus/nn/embedding.h"
#include "gradus/nn/layer_norm.h"
#include "gradus/nn/linear.h"
#include "gradus/observe/theory/recursion.h"
#include "gradus/tensor/statistics.h"

// What a layer is to the theory, and what its output is found to be.
namespace gradus::observe {
namespace {

double mean_square(const Tensor& x) {
  const double rms = statistics(x.detach()).rms;
  return rms * rms;
}

/// k = (sum lambda)^2 / sum lambda^2 of the eigenvalues of the covariance of x: (N, C). Seen in C
/// units, 1/k is 1/C too large.
double degrees_of_freedom(const Tensor& x) {
  NoGrad no_grad;
  Tensor centred = x.detach().to(float64);
  centred = centred - mean(centred, {0}, true);
  const bool tall = x.size(0) > x.size(1);
  const Tensor gram = tall ? matmul(centred.t(), centred) : matmul(centred, centred.t());
  const double trace = sum(square(centred)).item<double>();
  const double inverse = sum(square(gram)).item<double>() / (trace * trace);
  return 1 / std::max(inverse - 1 / static_cast<double>(x.size(1)), 1e-9);
}

/// E[weight^2] and E[bias^2] of a normalisation, which may have neither.
void scale_and_shift(const Tensor& weight, const Tensor& bias, LayerRole& role) {
  role.kind = LayerRole::Kind::Normalization;
  role.gain = weight.defined() ? mean_square(weight) : 1;
  role.bias = bias.defined() ? mean_square(bias) : 0;
}

bool normalization(const LayerCall& layer, LayerRole& role) {
  const Tensor& x = layer.inputs[0];
  if (const auto* norm = dynamic_cast<const nn::BatchNorm1d*>(layer.module)) {
    scale_and_shift(norm->weight, norm->bias, role);
    role.over_batch = true;
    role.count = static_cast<double>(x.numel()) / static_cast<double>(x.size(1));
    if (!norm->is_training()) role.not_covered = "batch norm in evaluation mode is not normalising";
    if (x.dim() != 2) {
      role.not_covered = "batch norm of an input that is not (N, C)";
    } else if (role.count < 4) {
      role.not_covered = "the batch is too small for the theory of batch norm";
    } else {
      role.freedom = degrees_of_freedom(x);
      if (!(role.freedom > 3)) {
        role.not_covered = "the batch spans too few directions for the theory of batch norm";
      }
    }
  } else if (const auto* whole = dynamic_cast<const nn::LayerNorm*>(layer.module)) {
    scale_and_shift(whole->weight, whole->bias, role);
  } else if (const auto* rms = dynamic_cast<const nn::RMSNorm*>(layer.module)) {
    scale_and_shift(rms->weight, {}, role);
    role.centers = false;
  } else {
    return false;
  }
  if (!role.over_batch) role.count = static_cast<double>(x.size(-1));
  return true;
}

/// W x + b, told by what was recorded and by the parameters' sizes.
bool linear(const LayerCall& layer, LayerRole& role) {
  const Tensor& x = layer.inputs[0];
  if (layer.inputs.size() != 1 || layer.holds_layers || x.dim() < 1 || layer.output.dim() < 1) {
    return false;
  }
  static const std::set<std::string> allowed = {"linear", "matmul", "transpose", "permute",
                                                "t",      "add",    "reshape",   "view"};
  for (const std::string& op : layer.own_ops) {
    if (!allowed.count(op)) return false;
  }
  const auto products = std::ranges::count_if(
      layer.own_ops, [](const std::string& op) { return op == "linear" || op == "matmul"; });
  const std::int64_t in = x.size(-1), out = layer.output.size(-1);
  Tensor weight, bias;
  for (auto& [name, p] : layer.module->named_parameters(false)) {
    if (p.dim() == 2 && p.numel() == in * out && !weight.defined()) {
      weight = p;
    } else if (p.numel() == out && !bias.defined()) {
      bias = p;
    } else {
      return false;
    }
  }
  if (!weight.defined() || products != 1) return false;
  // A row of (out, in) is a unit; matmul(x, w) has the units in its columns.
  const bool rows = std::ranges::any_of(layer.own_ops, [](const std::string& op) {
    return op == "linear" || op == "t" || op == "transpose" || op == "permute";
  });
  role.weight = rows ? weight.detach() : weight.detach().t();
  role.shift = bias.defined() ? bias.detach() : bias;
  const Statistics w = statistics(weight.detach());
  const double square = w.rms * w.rms;
  role.kind = LayerRole::Kind::Linear;
  role.gain = static_cast<double>(in) * square;
  role.back_gain = static_cast<double>(out) * square;
  role.bias = bias.defined() ? mean_square(bias) : 0;
  // A common part of all weights acts on the mean of the inputs, fan_in times as strongly as the
  // rest acts on each. Chance alone gives it mean^2 = Var W / count: five standard errors are more.
  const double common = w.mean * w.mean;
  if (static_cast<double>(in) * common > 0.5 * square &&
      static_cast<double>(w.count) * common > 25 * w.std * w.std) {
    role.not_covered = fmt::format(
        "its weights are not centred: mean {:.3g}, standard deviation "
        "{:.3g}",
        w.mean, w.std);
  }
  if (w.nonfinite > 0) role.not_covered = "its weights are not finite";
  return true;
}

}  // namespace

LayerRole role_of(const LayerCall& layer) {
  LayerRole role;
  if (dynamic_cast<const nn::Embedding*>(layer.module) != nullptr) {
    role.kind = LayerRole::Kind::Table;
  } else if (!normalization(layer, role)) {
    linear(layer, role);
  }
  return role;
}

Signal measure(const Tensor& x) {
  NoGrad no_grad;
  const Statistics all = statistics(x);
  Signal signal{.square = all.rms * all.rms, .cross = 0, .mean = all.mean};
  signal.cross = signal.square;
  if (x.dim() < 2 || x.numel() == 0) return signal;
  const std::int64_t features = x.size(-1), samples = x.numel() / features;
  if (samples < 2) return signal;
  // The square of a unit's mean holds each sample's product with itself, too.
  const double means = mean_square(mean(x.reshape({samples, features}), {0}));
  const auto n = static_cast<double>(samples);
  signal.cross = (n * means - signal.square) / (n - 1);
  return signal;
}

}  // namespace gradus::observe
