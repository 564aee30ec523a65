#include "gradus/observe/remedy/surgery.h"

#include <algorithm>
#include <cmath>

#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"
#include "gradus/nn/activations.h"
#include "gradus/nn/batch_norm.h"
#include "gradus/nn/dropout.h"
#include "gradus/nn/linear.h"
#include "gradus/nn/residual.h"
#include "gradus/observe/doctor/loss_kind.h"
#include "gradus/observe/remedy/matched_init.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/generator.h"
#include "gradus/tensor/statistics.h"

namespace gradus::observe {
namespace {

template <class... M>
bool is_any(const nn::Module& module) {
  return ((dynamic_cast<const M*>(&module) != nullptr) || ...);
}

bool saturates(const nn::Module& module) {
  return is_any<nn::Sigmoid, nn::Tanh, nn::LeCunTanh, nn::Hardtanh, nn::Hardsigmoid, nn::Softsign,
                nn::LogSigmoid, nn::Softplus, nn::ReLU6>(module);
}

bool is_activation(const nn::Module& module) {
  return saturates(module) || is_any<nn::ReLU, nn::LeakyReLU, nn::RReLU, nn::ELU, nn::CELU,
                                     nn::SELU, nn::GELU, nn::SiLU, nn::Hardswish, nn::Mish>(module);
}

nn::AnyModule activation_called(const std::string& name) {
  if (name == "ELU") return nn::ELU();
  if (name == "LeakyReLU") return nn::LeakyReLU();
  if (name == "SELU") return nn::SELU();
  return nn::ReLU();
}

void fit_output(NetEditor& net, const LossFunction& loss, const Tensor& target) {
  const TracedOp* last = net.last_op();
  const LossKind kind = kind_of_loss(loss, net.trace().output, target);
  const bool softmax = last != nullptr && last->name == "softmax";
  const bool squashed = last != nullptr && last->name != "log_softmax" &&
                        (last->kind == OpKind::Softmax || last->kind == OpKind::Activation);
  const bool of_one = softmax && last->shape[last->shape.size() - 1] == 1;
  const bool logits = kind == LossKind::Logits && squashed;
  const bool log_probabilities = kind == LossKind::LogProbabilities && softmax;
  auto* list = dynamic_cast<nn::Sequential*>(&net.net());
  if (kind == LossKind::LogProbabilities && last == nullptr && list != nullptr) {
    net.note("LogSoftmax put at the end, since the loss takes log-probabilities");
    net.insert({list, list->size()}, nn::LogSoftmax());
    return;
  }
  if (!logits && !log_probabilities && !of_one) {
    throw NotApplicable("the output fits the loss, as far as can be told");
  }
  if (last->module == nullptr) {
    throw NotApplicable(fmt::format("{} is a function called in a forward", last->name));
  }
  const Place place = net.require(*last->module);
  const std::string type = last->module->type_name();
  if (logits) {
    net.note(*last->module, type + " taken out, since the loss takes logits");
    net.erase(place);
  } else if (of_one) {
    net.note(*last->module, "Softmax, always 1 for a single unit -> Sigmoid");
    net.replace(place, nn::Sigmoid());
  } else {
    net.note(*last->module, "Softmax -> LogSoftmax, since the loss takes log-probabilities");
    net.replace(place, nn::LogSoftmax());
  }
}

void scale_input(NetEditor& net, const Tensor& inputs) {
  const auto& layers = net.trace().layers;
  const auto first =
      std::ranges::find_if(layers, [](const LayerCall& l) { return l.origin().from_input; });
  if (first == layers.end() || !inputs.is_floating()) {
    throw NotApplicable("no layer takes the input");
  }
  if (is_normalization(*first->module)) throw NotApplicable("the input is normalised already");
  const Statistics x = statistics(inputs);
  if (x.rms > 0.1 && x.rms < 4 && std::abs(x.mean) < 3 * x.std) {
    throw NotApplicable(
        fmt::format("inputs have RMS {:.3g} and mean {:.3g}, a good scale", x.rms, x.mean));
  }
  const Tensor& arriving = first->inputs[0];
  if (arriving.dim() != 2) throw NotApplicable("the input of the first layer is not (N, features)");
  const Place place = net.require(*first->module);
  // Inputs of RMS 1e-4 are to be scaled as well, but a feature that hardly varies is not to be
  // blown up: a small part of what the less variable quarter of the features does.
  std::vector<double> variances = var(arriving.detach(), {0}).to_vector<double>();
  std::erase_if(variances, [](double v) { return !(v > 0); });
  std::ranges::sort(variances);
  const double eps = variances.empty() ? 1e-5 : 1e-3 * variances[variances.size() / 4];
  net.note(*first->module, "BatchNorm1d put in front, to scale the input");
  net.insert(place, nn::BatchNorm1d(arriving.size(1), {.eps = eps,
                                                       .momentum = std::nullopt,
                                                       .affine = false,
                                                       .dtype = arriving.dtype()}));
}

void change_activations(NetEditor& net, const std::string& to) {
  bool found = false;
  for (nn::Sequential* list : net.lists()) {
    for (std::int64_t i = 0; i < list->size(); ++i) {
      const nn::Module& old = (*list)[i];
      const bool wanted = saturates(old) || (to != "ReLU" && is_any<nn::ReLU>(old));
      if (!wanted || net.makes_output(old)) continue;
      net.note(old, fmt::format("{} -> {}", old.type_name(), to));
      net.replace({list, i}, activation_called(to));
      found = true;
    }
  }
  if (!found) {
    throw NotApplicable(
        fmt::format("no hidden {} is a module in an nn::Sequential",
                    to == "ReLU" ? "saturating activation" : "activation to replace"));
  }
}

void insert_batch_norms(NetEditor& net) {
  bool found = false;
  for (const LayerCall& layer : net.trace().layers) {
    const auto* linear = dynamic_cast<const nn::Linear*>(layer.module);
    const Place place = net.find(*layer.module);
    if (linear == nullptr || place.list == nullptr || layer.output.dim() != 2) continue;
    const bool repeated =
        std::ranges::count(net.trace().layers, layer.module, &LayerCall::module) > 1;
    const bool followed =
        place.index + 1 < place.list->size() && is_normalization((*place.list)[place.index + 1]);
    if (repeated || followed || net.makes_output(*linear)) continue;
    const std::int64_t units = linear->weight.size(0);
    net.note(*linear, fmt::format("BatchNorm1d({}) put behind", units));
    net.insert({place.list, place.index + 1},
               nn::BatchNorm1d(units, {.dtype = linear->weight.dtype()}));
    found = true;
  }
  if (!found) {
    throw NotApplicable("no hidden Linear without a normalisation stands in an nn::Sequential");
  }
}

/// How many modules from i on make a branch: an activation, Dropout if there is one, a Linear that
/// keeps the number of features, a normalisation if there is one. 0: none.
std::int64_t branch_at(const NetEditor& net, const nn::Sequential& list, std::int64_t i) {
  if (!is_activation(list[i])) return 0;
  std::int64_t end = i + 1;
  if (end < list.size() && is_any<nn::Dropout, nn::AlphaDropout>(list[end])) ++end;
  const auto* linear = end < list.size() ? dynamic_cast<const nn::Linear*>(&list[end]) : nullptr;
  if (linear == nullptr || linear->weight.size(0) != linear->weight.size(1)) return 0;
  if (net.makes_output(*linear)) return 0;
  ++end;
  if (end < list.size() && is_normalization(list[end])) ++end;
  return end - i;
}

/// y = x + f(act(x)): the order of the modules stays (He et al. 2016b, arXiv:1603.05027).
void insert_skips(NetEditor& net) {
  bool found = false;
  for (nn::Sequential* list : net.lists()) {
    for (std::int64_t i = 0; i < list->size(); ++i) {
      const std::int64_t length = branch_at(net, *list, i);
      if (length == 0) continue;
      net.note((*list)[i + 1], "in a residual branch now, with the activation in front of it");
      const nn::AnyModule activation = net.erase({list, i});
      nn::Sequential body;
      for (std::int64_t k = 1; k < length; ++k) body.push_back(net.erase({list, i}));
      net.insert({list, i}, nn::Residual({.activation = activation, .pre_activation = true}, body));
      found = true;
    }
  }
  if (!found) {
    throw NotApplicable(
        "no Linear behind an activation in an nn::Sequential keeps the number of features");
  }
}

}  // namespace

std::vector<std::string> apply(nn::Module& net, const Plan& plan, const Batch& batch,
                               const LossFunction& loss, std::uint64_t seed) {
  EnableGrad enable;
  NetEditor editor(net, batch.inputs);
  if (plan.other_loss) fit_output(editor, loss, batch.targets);
  if (plan.scale_input) scale_input(editor, batch.inputs);
  if (!plan.activation.empty()) change_activations(editor, plan.activation);
  if (plan.batch_norm) insert_batch_norms(editor);
  if (plan.residual) insert_skips(editor);
  std::vector<std::string> lines = editor.lines();
  if (plan.initializes()) {
    Generator generator(seed);
    for (std::string& line : matched_init_(trace(net, batch.inputs, context.at), generator)) {
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

}  // namespace gradus::observe
