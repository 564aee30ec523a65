#pragma once

#include <optional>

#include "gradus/optim/optimizer.h"

namespace gradus::optim {

struct ReduceLROnPlateauOptions {
  enum class Mode { Min, Max } mode = Mode::Min;  ///< whether lower or higher is better
  double factor = 0.1;                            ///< in [0, 1)
  std::int64_t patience = 10;                     ///< bad epochs in a row that are put up with
  double threshold = 1e-4;                        ///< least improvement that counts
  enum class Threshold { Rel, Abs } threshold_mode = Threshold::Rel;
  std::int64_t cooldown = 0;  ///< epochs after a reduction that are never bad
  double min_lr = 0;
  double eps = 1e-8;  ///< a reduction by less is not made
};

/// Times factor when a measure has not improved for more than `patience` epochs, as
/// torch.optim.lr_scheduler.ReduceLROnPlateau. A NaN is no improvement.
class ReduceLROnPlateau {
 public:
  /// Throws Error unless 0 <= factor < 1, and patience, threshold and cooldown are not negative.
  /// The optimiser must outlive the schedule.
  explicit ReduceLROnPlateau(Optimizer& optimizer, const ReduceLROnPlateauOptions& options = {},
                             Where at = Where::here());

  /// Takes the measure of the epoch that is over.
  void step(double metric);
  /// The best measure so far; none before the first.
  std::optional<double> best() const { return best_; }
  std::int64_t num_bad_epochs() const { return bad_epochs_; }

 private:
  bool is_better(double metric) const;

  Optimizer& optimizer_;
  ReduceLROnPlateauOptions options_;
  std::optional<double> best_;
  std::int64_t bad_epochs_ = 0;
  std::int64_t cooldown_left_ = 0;
};

}  // namespace gradus::optim
