#pragma once

#include <memory>
#include <optional>

#include "gradus/nn/module.h"
#include "gradus/observe/first_cause.h"

namespace gradus::observe {

/// Finds the first cause of NaN and infinities while a network is trained. It is cheap enough to be
/// always on: a pass over what each op makes, forward and backward, while it is in the cache, and
/// nothing more until something goes wrong.
///
///   observe::FiniteGuard guard(net);
///   ...
///   loss.backward();
///   if (auto cause = guard.check(loss)) {
///     fmt::print("{}\n", *cause);
///     return 1;
///   }
///   opt.step();
///
/// Only a loss, or a parameter's gradient, that is not finite counts as a fault. From there it goes
/// back through what it saw to the op that took finite numbers and made others. So a mask of -inf
/// in front of a softmax, an overflow that 1 / (1 + inf) makes good, or an infinity in some other
/// computation is none. It sees the ops that this thread executes with recording on, be they in the
/// network or in the loss. It belongs to the thread that made it.
class FiniteGuard {
 public:
  /// `net`: whose gradients are looked at, and whose parameters' names are told.
  explicit FiniteGuard(nn::Module& net);
  ~FiniteGuard();
  FiniteGuard(FiniteGuard&&) noexcept;
  FiniteGuard& operator=(FiniteGuard&&) = delete;

  /// Ends a step: call it once, after backward() and before the optimiser's step, which overwrites
  /// what it tells of. Ahead of backward() it judges the loss alone. Absent where all is well.
  std::optional<FirstCause> check(const Tensor& loss, Where at = Where::here());

  /// The first that a check has found: later ones may be its consequences.
  const std::optional<FirstCause>& first() const;

 private:
  class Watch;
  std::unique_ptr<Watch> watch_;
};

}  // namespace gradus::observe
