#pragma once

#include "gradus/observe/what_if.h"

namespace gradus::observe {

/// What repair() did, and what is left for the program to do.
struct Repair {
  std::string verdict;               ///< "repaired: batch norm", or why nothing was changed
  std::vector<Cure> cures;           ///< applied; empty where the network is as it was
  std::vector<std::string> changes;  ///< to the network: "weights of 12 layers: he_normal_"
  std::vector<std::string> advice;   ///< for the program: "train at rate 0.01 instead of 1"
  double lr = 0;                     ///< to train with from now on
  double clip_norm = 0;              ///< to clip at from now on; 0: nothing is clipped
  Outcome before;                    ///< of 4 times as many steps with the network as it was,
  Outcome after;                     ///< and as it is now

  bool changed() const { return !cures.empty(); }
};

/// Applies to `net` the most causal of the remedies that make it learn well in trials as those of
/// what_if(), several together where one does not suffice, and says what it changed. A network that
/// learns well is left as it is, and so is one that no remedy helps. Modules are replaced and put
/// in wherever they stand in a Sequential. Parameters keep their identity, but the values of the
/// layers that are initialised anew are lost, and new modules bring parameters of their own: make a
/// new optimiser afterwards.
///
///   const observe::Repair repair = observe::repair(net, {x, y}, loss, {.lr = 0.1});
///   fmt::print("{}\n", repair);
///   optim::SGD opt(net.parameters(), {.lr = repair.lr});
///   ...
///   if (repair.clip_norm > 0) optim::clip_grad_norm_(net.parameters(), repair.clip_norm);
Repair repair(nn::Module& net, const Batch& batch, const LossFunction& loss,
              const WhatIfOptions& options = {}, Where at = Where::here());
/// Tries the remedies of the findings first, in their order, and others only where those do not
/// make the network learn. Without findings nothing is changed.
Repair repair(nn::Module& net, const Findings& findings, const Batch& batch,
              const LossFunction& loss, const WhatIfOptions& options = {},
              Where at = Where::here());

std::string to_string(const Repair& repair);

}  // namespace gradus::observe

template <>
struct fmt::formatter<gradus::observe::Repair> : gradus::TextFormatter {
  auto format(const gradus::observe::Repair& repair, fmt::format_context& ctx) const {
    return write(gradus::observe::to_string(repair), ctx);
  }
};
