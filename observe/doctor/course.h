#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "gradus/observe/record.h"

namespace gradus::observe::doctor {

/// Observed steps in a window; what is no matter of a single step must last for three of them.
constexpr std::size_t kWindow = 10;

double midmean(std::vector<double> values);  ///< mean of the middle half; 0 of none

/// How the loss went.
struct Course {
  explicit Course(const RunRecord& run);

  std::vector<double> losses;  ///< of every step that is remembered, up to the first not finite
  double start = 0;            ///< median of the first three
  double recent = 0;           ///< midmean of the last tenth, of ten steps at least
  /// The loss of a classifier that says the same of every input, ln(classes); known where the loss
  /// is the mean of a cross entropy.
  std::optional<double> uninformed;
  /// The share of `start`, or of `uninformed` if that is less, by which the loss has fallen.
  double fallen = 0;
  /// It is low by itself, however the run began: below .7 of `uninformed`, or a mean square below
  /// .3 of the outputs' variance.
  bool low = false;
  /// A regression that explains less than a fifth of its targets' variance, however far it has
  /// come.
  bool poor = false;
  /// A regression whose loss is, and always was, what the network itself says: beside that its
  /// targets are nothing, and that it falls only shows that the outputs shrink.
  bool own_noise = false;
  /// It had learned, and has been back where it began for three windows.
  bool lost = false;

  /// Nothing is learned, or no more than the targets' mean, and nothing more comes of it.
  bool flat() const { return !low && (!(fallen > 0.1) || (poor && !falling())); }
  bool learned() const { return low || (fallen > 0.3 && !poor); }
  /// Still on its way, from wherever it began.
  bool falling() const;
  /// Above where it began, by more than that was, and not for a moment only.
  bool diverged() const {
    const double from = std::max(start, uninformed.value_or(start));
    return losses.size() >= 10 && recent > from + std::abs(from);
  }
};

}  // namespace gradus::observe::doctor
