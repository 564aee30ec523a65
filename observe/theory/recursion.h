#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gradus/observe/theory/dependence.h"

namespace gradus::observe {

/// What a layer is to the theory.
struct LayerRole {
  enum class Kind {
    Linear,         ///< W x + b
    Table,          ///< rows of an embedding: what it makes is measured
    Normalization,  ///< batch norm in training, layer norm, RMS norm
    Between         ///< taken as a part of what lies between linear layers
  };
  Kind kind = Kind::Between;
  double gain = 0;          ///< sigma_w^2 = fan_in E[W^2]; of a normalisation E[weight^2]
  double back_gain = 0;     ///< fan_out E[W^2]
  double bias = 0;          ///< sigma_b^2 = E[bias^2]
  bool centers = true;      ///< of a normalisation: it subtracts a mean, as RMS norm does not
  bool over_batch = false;  ///< of a normalisation: each feature over the batch
  double count = 0;         ///< of a normalisation: the elements it normalises together
  double freedom = 0;       ///< of batch norm: degrees of freedom k of a unit's batch variance
  double eps = 0;
  std::string not_covered;  ///< why theory does not apply to its weights
  Tensor weight;  ///< of a linear layer, (out, in): a view where the layer has its transpose
  Tensor shift;   ///< its bias; undefined where it has none
};
LayerRole role_of(const LayerCall& layer);

/// Second moments of a layer's output, or of the network's input.
struct Signal {
  double square = 0;  ///< q: of an element
  double cross = 0;   ///< of one unit for two samples of the batch
  double mean = 0;    ///< of all elements
  bool gaussian = true;
};
/// As found in x, (..., features).
Signal measure(const Tensor& x);

/// The theory's state after the recursion: entries are those of trace.layers.
struct Recursion {
  std::vector<Signal> signals;
  std::vector<bool> started;                  ///< from the measured second moment
  std::vector<std::string> not_covered;       ///< and of the output, as the last entry
  std::vector<std::optional<double>> square;  ///< expected mean square of dL/dz, up to one factor
};
Recursion recursion(const Trace& trace, const std::vector<LayerRole>& roles,
                    const std::vector<Dependence>& dependences);

}  // namespace gradus::observe
