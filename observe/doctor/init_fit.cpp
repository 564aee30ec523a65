#include "gradus/observe/doctor/init_fit.h"

#include <algorithm>
#include <map>
#include <set>

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
  static const std::set<std::string> layers = {"Linear",    "Embedding", "BatchNorm1d",
                                               "LayerNorm", "RMSNorm",   "PReLU"};
  if (path.empty()) return "net";
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (std::ranges::all_of(path, digit) && layers.count(type) > 0) {
    return fmt::format("net.get<nn::{}>({})", type, path);
  }
  for (std::size_t i = 0; i < path.size(); ++i) {  // a part of a list is no member
    if (digit(path[i]) && (i == 0 || path[i - 1] == '.')) return "layer";
  }
  return "net." + path;
}

}  // namespace gradus::observe
