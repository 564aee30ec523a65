#pragma once

#include <string>
#include <vector>

#include "gradus/nn/init.h"
#include "gradus/observe/trace.h"

namespace gradus::observe {

/// Initialises each layer of `net` that ran in `trace` for the activation that really follows it,
/// be that a module or a function, behind a normalisation or not: the initialiser that is
/// recommended for it (see nn::init::recommended_for), and zero biases. For an activation that the
/// initialisers do not know, the variance at which theory expects chi = 1 for pre-activations of
/// variance 1. The last layer of each of L residual branches is scaled by 1 / sqrt(L), so that
/// their sum does not grow with depth (as in Zhang et al. 2019, arXiv:1901.09321, without its
/// multipliers). Normalisations and PReLU start afresh. Frozen parameters, embeddings and whatever
/// did not run stay as they are.
///
/// Returns what it did: "weights of 12 layers: he_normal_, biases 0".
std::vector<std::string> matched_init_(const Trace& trace, Generator& generator);

}  // namespace gradus::observe
