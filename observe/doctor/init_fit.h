#pragma once

#include <optional>
#include <string>

#include "gradus/nn/init.h"

/// Which initialiser fits which activation, as lint() and the doctor say it.
namespace gradus::observe {

struct InitFit {
  nn::init::Nonlinearity kind;
  std::string module;       ///< as in nn::init::Nonlinearity::ReLU and nn::ReLU()
  std::string initializer;  ///< "he_normal_"

  bool sigmoid() const { return kind == nn::init::Nonlinearity::Sigmoid; }
  bool saturates() const { return sigmoid() || kind == nn::init::Nonlinearity::Tanh; }
  /// sigma_w^2 = fan_in Var W of the initialiser.
  double gain(std::int64_t fan_in, std::int64_t fan_out) const;
  /// "tanh", or "a layer without activation".
  std::string needed_by() const;
  /// The line that initialises a whole network so.
  std::string code() const;
};
/// For an activation by the name that a trace gives it, "relu", or "linear" for none; absent for
/// one with no initialiser of its own.
std::optional<InitFit> init_fit(const std::string& activation);

/// How a program reaches a layer: members mostly bear the name they are registered under.
std::string code_for(const std::string& path, const std::string& type);

}  // namespace gradus::observe
