#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gradus/nn/module.h"

namespace gradus::observe {

/// What theory expects of one call of a layer, beside what was measured. Where theory says nothing
/// the expected numbers are absent.
struct LayerPrediction {
  std::string path;
  std::string type;
  int call = 0;            ///< 0 for the module's first call
  std::size_t number = 0;  ///< among the calls of linear layers, from 1; 0 for another layer

  std::optional<double> weight_gain = {};  ///< sigma_w^2 = fan_in E[W^2], of a linear layer
  std::optional<double> q = {};            ///< second moment of the output, the pre-activation z
  bool q_is_measured = false;              ///< the recursion starts here, from the measured q
  /// The factor on the mean square of dL/dz on the way back from the row below to this one; in a
  /// plain chain n_{l+1} Var W_{l+1} E[phi'(sqrt(q_l) z)^2].
  std::optional<double> chi = {};
  std::optional<double> depth_scale =
      {};  ///< xi = -1 / ln chi, between hidden layers of a chain; < 0: grows
  std::optional<double> grad_rms = {};  ///< RMS of dL/dz over that of the last linear layer

  double measured_q = 0;
  std::optional<double> measured_grad_rms = {};  ///< absent where no gradient arrived

  std::string not_covered = {};  ///< why theory cannot tell what leads to this layer; else empty
  std::string note = {};         ///< how else the layer was taken
};

struct Prediction {
  std::vector<LayerPrediction> layers;  ///< in order of execution
  std::size_t depth = 0;                ///< calls of linear layers
  std::string end_not_covered;          ///< why theory does not cover what follows the last layer

  /// The linear layer, going back from the last hidden one, at which the RMS of dL/dz has fallen
  /// below e^-3 or risen above e^3: 6 xi layers (Schoenholz et al. 2017). An index into
  /// layers. Expected where theory tells, else measured.
  std::optional<std::size_t> lost_at;
  std::optional<std::size_t> exploded_at;

  /// "signal lost by layer 17 of 30", "explodes by layer ...", or that it reaches all layers.
  std::string verdict() const;
};

/// Mean-field theory's expectation for this network at its present weights, and one measured run of
/// it on `input` with a random output gradient: no labels, no training (Poole et al. 2016,
/// arXiv:1606.05340; Schoenholz et al. 2017, arXiv:1611.01232). Activations are integrated as the
/// functions they are, whoever wrote them; residual sums, batch norm in training, layer norm and
/// dropout are covered as Note [What theory covers] in theory/recursion.cpp says. The network and
/// the default generator are left as they were. Its modes count: in evaluation there is no dropout.
///
///   fmt::print("{}\n", observe::predict(net, batch));
Prediction predict(nn::Module& net, const Tensor& input, Where at = Where::here());

/// The table of expected beside measured, 80 columns wide.
std::string to_string(const Prediction& prediction);

}  // namespace gradus::observe

template <>
struct fmt::formatter<gradus::observe::Prediction> : gradus::TextFormatter {
  auto format(const gradus::observe::Prediction& p, fmt::format_context& ctx) const {
    return write(gradus::observe::to_string(p), ctx);
  }
};
