#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include "gradus/observe/doctor/course.h"
#include "gradus/observe/doctor/init_fit.h"
#include "gradus/observe/median.h"
#include "gradus/observe/record.h"

/// What the doctor's rules look at: a run's record, put in order once for all of them.
namespace gradus::observe::doctor {

struct Point {
  std::int64_t step;
  double value;
};
/// A statistic through the observed steps, oldest first.
using Series = std::vector<Point>;

/// The medians of the last three windows, oldest first; none where there are fewer steps.
std::vector<double> windows(const Series& points);

/// Whether each of the last three windows' medians is as asked.
template <class Holds>
bool lasts(const Series& points, Holds holds) {
  const std::vector<double> medians = windows(points);
  return !medians.empty() && std::ranges::all_of(medians, holds);
}

/// The first step of the stretch, up to now, in which it holds; single exceptions are forgiven.
template <class Holds>
std::int64_t since(const Series& points, Holds holds) {
  std::int64_t step = points.empty() ? 0 : points.back().step;
  bool failed = false;
  for (auto p = points.rbegin(); p != points.rend(); ++p) {
    if (holds(p->value)) {
      step = p->step;
      failed = false;
    } else if (std::exchange(failed, true)) {
      break;
    }
  }
  return step;
}

/// A hidden linear layer that is run for the first time in a step, and its weight.
struct Hidden {
  std::size_t index = 0;  ///< into RunRecord::layers
  const LayerRecord* layer = nullptr;
  const ParameterRecord* weight = nullptr;
  const ParameterRecord* bias = nullptr;  ///< null where there is none
  std::int64_t inputs = 0;
  int calls = 1;            ///< in a step: of a recurrent layer, as many as there are moments
  bool normalized = false;  ///< a normalisation follows, so that the weight's scale is nothing
  std::optional<InitFit> fit = {};  ///< what belongs to its activation
  double gain = 0;                  ///< sigma_w^2 = fan_in E[W^2], at the first observed step
  double wanted = 0;                ///< of `fit`

  bool judged() const { return fit && !normalized && !layer->skip_joins && gain > 0; }
  /// ln(gain / wanted): how far off, and to which side.
  double off() const { return judged() ? std::log(gain / wanted) : 0; }
  bool fits() const { return std::abs(off()) < 0.3; }
};

/// What the rules share.
struct Case {
  explicit Case(const RunRecord& record);
  Case(const Case&) = delete;  // it points into the record, and into itself

  const RunRecord& run;
  Course course;
  std::size_t observed = 0;  ///< steps
  std::vector<Hidden> hidden;
  /// First over last RMS dL/dz of the hidden layers' calls, in the steps in which both are known.
  Series gradient_ratio;
  const LayerRecord* first = nullptr;  ///< whose ratio it is; null where there are no two
  const LayerRecord* last = nullptr;
  /// What theory expects of it, for the weights as they were at the first observed step.
  std::optional<double> expected_ratio;
  double scatter = 1;       ///< factor by which width alone makes the ratio scatter, two sigma
  bool normalized = false;  ///< there is a normalisation somewhere
  std::optional<std::int64_t> nonfinite_at;  ///< first step with a NaN or Inf

  /// value(entry) of each entry in which it is not NaN, up to the first step that was not finite.
  template <class Entry, class F>
  Series series(const History<Entry>& history, F value) const {
    Series points;
    for (const Entry& entry : history) {
      if (nonfinite_at && entry.step >= *nonfinite_at) break;
      const double x = value(entry);
      if (!std::isnan(x)) points.push_back({entry.step, x});
    }
    return points;
  }

  /// Whether any of its parameters is to learn.
  bool trainable(const LayerRecord& layer) const;
  /// Too few steps for anything but what is certain.
  bool young() const { return observed < 3 * kWindow; }
  /// Enough steps to tell slow learning from none.
  bool grown() const { return course.losses.size() >= 60; }
  bool went_wrong() const { return nonfinite_at || course.diverged(); }
  /// Where a ratio has to lie to count as beyond `limit` (< 1: below it). The scatter of narrow
  /// layers moves it outwards, unless theory expects as much of these very weights.
  double bound(double limit) const;
  /// ||dL/dw|| ||w|| / |L|: by which share the loss would change if the weights moved by all of
  /// their size. Near 0 at a minimum or on a plateau, where steps are small because slopes are.
  double slope() const;
  /// ParameterStep::update_ratio() of the steps in which a gradient arrived.
  Series update_ratios(const ParameterRecord& parameter) const;
};

}  // namespace gradus::observe::doctor
