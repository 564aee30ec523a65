#pragma once

#include <span>

#include "gradus/tensor/tensor.h"

namespace gradus {

class Node;
struct Edge;
class NonFiniteObserver;

namespace detail {
/// Who wants to know of results that are not finite.
struct ResultChecks {
  bool anomaly = false;                   ///< DetectAnomaly
  NonFiniteObserver* observer = nullptr;  ///< the latest installed of a list
};
inline thread_local constinit ResultChecks result_checks;
}  // namespace detail

inline bool anomaly_enabled() { return detail::result_checks.anomaly; }

/// In its scope, the first op on this thread, forward or backward, that makes a NaN or an infinity
/// from finite inputs throws an Error naming the op, the layer and the user's line. Costs a pass
/// over every result.
class DetectAnomaly {
 public:
  explicit DetectAnomaly(bool enabled = true) : before_(detail::result_checks.anomaly) {
    detail::result_checks.anomaly = enabled;
  }
  ~DetectAnomaly() { detail::result_checks.anomaly = before_; }
  DetectAnomaly(const DetectAnomaly&) = delete;
  DetectAnomaly& operator=(const DetectAnomaly&) = delete;

 private:
  bool before_;
};

/// While it lives, it is told of the results on this thread that are not finite: of recorded ops
/// and of gradients, not of ops under NoGrad. For instruments; observe/finite_guard.h is one. It
/// must die on the thread that made it.
class NonFiniteObserver {
 public:
  NonFiniteObserver();
  virtual ~NonFiniteObserver();
  NonFiniteObserver(const NonFiniteObserver&) = delete;
  NonFiniteObserver& operator=(const NonFiniteObserver&) = delete;

  /// The op that the context names made `output`. `declared`: it was given a number that is not
  /// finite; see Op::given.
  virtual void on_output(const Tensor& output, std::span<const Tensor* const> inputs,
                         bool declared) = 0;
  /// `node`, given the gradients of its outputs, has run, and what has arrived so far for its input
  /// `to` is `gradient`. Called before the node drops what it saved.
  virtual void on_gradient(Node& node, std::span<const Tensor> gradients, const Edge& to,
                           const Tensor& gradient) = 0;

 private:
  friend void check_output(const Tensor&, std::span<const Tensor* const>, bool);
  friend void check_gradient(Node&, std::span<const Tensor>, const Edge&, const Tensor&);
  NonFiniteObserver* next_;
};

/// Whether the results of ops are looked at.
inline bool checks_results() {
  return detail::result_checks.anomaly || detail::result_checks.observer != nullptr;
}

/// In its scope no results are looked at.
class UncheckedResults {
 public:
  UncheckedResults() : before_(detail::result_checks) { detail::result_checks = {}; }
  ~UncheckedResults() { detail::result_checks = before_; }
  UncheckedResults(const UncheckedResults&) = delete;
  UncheckedResults& operator=(const UncheckedResults&) = delete;

 private:
  detail::ResultChecks before_;
};

/// Tells the observers where `output` is not finite; throws Error in anomaly mode where no input
/// explains it, nor a declared number. A view, which makes no numbers, is passed over.
void check_output(const Tensor& output, std::span<const Tensor* const> inputs, bool declared);
/// The same of what a node made of the gradients of its outputs. One that it handed on as it was is
/// passed over, but for a leaf's.
void check_gradient(Node& node, std::span<const Tensor> gradients, const Edge& to,
                    const Tensor& gradient);

}  // namespace gradus
