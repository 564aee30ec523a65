#include "gradus/observe/doctor/init_fit.h"

#include <map>

namespace gradus::observe {

using nn::init::Nonlinearity;

double InitFit::gain(std::int64_t fan_in, std::int64_t fan_out) const {
  if (initializer.starts_with("he")) return 2;
  const auto in = static_cast<double>(fan_in), out = static_cast<double>(fan_out);
  return initializer.starts_with("lecun") ? 1 : 2 * in / (in + out);
}

std::string InitFit::needed_by() const {
  return kind == Nonlinearity::Linear ? "a layer without activation" : nn::init::to_string(kind);
}

std::string InitFit::code() const {
  return fmt::format("nn::init::apply(net, nn::init::recommended_for(nn::init::Nonlinearity::{}));",
                     module);
}

std::optional<InitFit> init_fit(const std::string& activation) {
  struct Known {
    Nonlinearity kind;
    const char* module;
  };
  static const std::map<std::string, Known> all = {
      {"linear", {Nonlinearity::Linear, "Linear"}},
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
  if (found == all.end()) return {};
  const auto& [kind, module] = found->second;
  return InitFit{kind, module, nn::init::recommended_for(kind).name};
}

std::string code_for(const std::string& path, const std::string& type) {
  const bool numbers = path.find_first_of("0123456789") != std::string::npos;
  if (path.empty()) return "net";
  if (!numbers) return "net." + path;
  const bool top = path.find('.') == std::string::npos;
  return top ? fmt::format("net.get<nn::{}>({})", type, path) : "layer";
}

}  // namespace gradus::observe
