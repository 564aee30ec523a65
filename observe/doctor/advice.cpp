#include "gradus/observe/doctor/advice.h"

#include <map>

#include "gradus/observe/number.h"

namespace gradus::observe::doctor {
namespace {

/// "nn::Tanh()" for "tanh"; absent for what is no module.
std::optional<std::string> module_of(const std::string& activation) {
  static const std::map<std::string, const char*> modules = {{"relu", "ReLU"},
                                                             {"relu6", "ReLU6"},
                                                             {"leaky_relu", "LeakyReLU"},
                                                             {"rrelu", "RReLU"},
                                                             {"prelu", "PReLU"},
                                                             {"elu", "ELU"},
                                                             {"celu", "CELU"},
                                                             {"selu", "SELU"},
                                                             {"gelu", "GELU"},
                                                             {"silu", "SiLU"},
                                                             {"mish", "Mish"},
                                                             {"hardswish", "Hardswish"},
                                                             {"tanh", "Tanh"},
                                                             {"lecun_tanh", "LeCunTanh"},
                                                             {"hardtanh", "Hardtanh"},
                                                             {"softsign", "Softsign"},
                                                             {"sigmoid", "Sigmoid"},
                                                             {"hardsigmoid", "Hardsigmoid"},
                                                             {"logsigmoid", "LogSigmoid"},
                                                             {"softplus", "Softplus"}};
  const auto found = modules.find(activation);
  if (found == modules.end()) return {};
  return fmt::format("nn::{}()", found->second);
}

/// The module, or the name of a user's own activation.
std::string code_of(const std::string& activation) {
  return module_of(activation).value_or(activation);
}

}  // namespace

Remedy matched_init(const InitFit& fit) {
  const std::string author = fit.initializer.starts_with("he")      ? "He"
                             : fit.initializer.starts_with("lecun") ? "LeCun"
                                                                    : "Glorot";
  return {Cure::MatchedInit,
          fmt::format("initialise the weights for {} ({})", fit.needed_by(), author), fit.code()};
}

Remedy other_activation(const std::string& activation) {
  return {Cure::OtherActivation,
          fmt::format("take an activation that does not saturate in place of {}, with He's "
                      "initialisation",
                      activation),
          fmt::format("nn::ReLU()  // in place of {} in the hidden layers", code_of(activation))};
}

Remedy leaky_activation(const std::string& activation) {
  return {Cure::OtherActivation,
          fmt::format("take an activation that is never flat at 0 in place of {}", activation),
          fmt::format("nn::LeakyReLU()  // in place of {}", code_of(activation))};
}

Remedy batch_norm(const LayerRecord& layer) {
  return {Cure::BatchNorm, "normalise what each hidden layer makes, before its activation",
          fmt::format("nn::BatchNorm1d({})  // after each hidden nn::Linear(.., {})", layer.units,
                      layer.units)};
}

Remedy residual(const LayerRecord& layer) {
  std::string body = fmt::format("nn::Linear({0}, {0})", layer.units);
  if (const auto activation = module_of(layer.activation)) body += ", " + *activation;
  return {Cure::Residual, "let the gradient pass around the hidden layers",
          fmt::format("nn::Residual{{{}}}  // in place of {}", body, body)};
}

Remedy clip_norm(double max_norm) {
  return {Cure::ClipNorm, "clip the gradient's norm, between backward() and the optimiser's step",
          fmt::format("optim::clip_grad_norm_(net.parameters(), {});", number(max_norm, 1))};
}

Remedy lower_rate(double measured, double wanted) {
  const double tens = std::ceil(std::log10(std::max(measured / wanted, 2.0)) - 0.2);
  const double factor = std::isfinite(tens) ? std::pow(10, std::clamp(tens, 1.0, 6.0)) : 10;
  return {Cure::LowerRate, fmt::format("divide the learning rate by {:.0f}", factor),
          fmt::format("opt.option(0, \"lr\") /= {:.0f};", factor)};
}

Remedy higher_rate(double factor) {
  return {Cure::HigherRate, fmt::format("raise the learning rate {:.0f}-fold", factor),
          fmt::format("opt.option(0, \"lr\") *= {:.0f};", factor)};
}

Remedy scale_input() {
  return {Cure::ScaleInput, "bring each input feature to mean 0 and variance 1",
          "x = (x - mean(x, {0})) / (gradus::std(x, {0}) + 1e-8);"};
}

}  // namespace gradus::observe::doctor
