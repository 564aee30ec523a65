#include "gradus/observe/doctor/advice.h"

namespace gradus::observe::doctor {
namespace {

/// "nn::Tanh()" for "tanh"; a user's own activation goes by its name.
std::string constructor_of(const std::string& activation) {
  const auto fit = init_fit(activation);
  return fit ? fmt::format("nn::{}()", fit->module) : activation;
}

}  // namespace

Remedy matched_init(const InitFit& fit) {
  const std::string author = fit.initializer.starts_with("he")      ? "He"
                             : fit.initializer.starts_with("lecun") ? "LeCun"
                                                                    : "Glorot";
  return {Cure::MatchedInit,
          fmt::format("initialise the weights as {} needs it ({})", fit.needed_by(), author),
          fit.code()};
}

Remedy other_activation(const std::string& activation) {
  return {Cure::OtherActivation,
          fmt::format("take an activation that does not saturate in place of {}, with He's "
                      "initialisation",
                      activation),
          fmt::format("nn::ReLU()  // in place of {} in the hidden layers",
                      constructor_of(activation))};
}

Remedy leaky_activation(const std::string& activation) {
  return {Cure::OtherActivation,
          fmt::format("take an activation that is never flat at 0 in place of {}", activation),
          fmt::format("nn::LeakyReLU()  // in place of {}", constructor_of(activation))};
}

Remedy batch_norm(const LayerRecord& layer) {
  return {Cure::BatchNorm, "normalise what each hidden layer makes, before its activation",
          fmt::format("nn::BatchNorm1d({})  // after each hidden nn::Linear(.., {})", layer.units,
                      layer.units)};
}

Remedy residual(const LayerRecord& layer) {
  const std::string body =
      fmt::format("nn::Linear({0}, {0}), {1}", layer.units,
                  layer.activation.empty() ? "nn::ReLU()" : constructor_of(layer.activation));
  return {Cure::Residual, "let the gradient pass around the hidden layers",
          fmt::format("nn::Residual{{{}}}  // in place of {}", body, body)};
}

Remedy clip_norm(double max_norm) {
  return {Cure::ClipNorm, "clip the gradient's norm, between backward() and the optimiser's step",
          fmt::format("optim::clip_grad_norm_(net.parameters(), {:.1g});", max_norm)};
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

std::vector<Remedy> depth_remedies(const LayerRecord& layer) {
  return {batch_norm(layer),
          residual(layer),
          {Cure::Manual, "use fewer layers, or train them one after another", ""}};
}

}  // namespace gradus::observe::doctor
