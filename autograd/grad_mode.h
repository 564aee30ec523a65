#pragma once

namespace gradus {

namespace detail {
inline thread_local constinit bool grad_enabled = true;
}

/// Whether ops on this thread are recorded.
inline bool grad_enabled() { return detail::grad_enabled; }

/// Turns recording on or off until the end of the scope.
class GradMode {
 public:
  explicit GradMode(bool enabled) : before_(detail::grad_enabled) {
    detail::grad_enabled = enabled;
  }
  ~GradMode() { detail::grad_enabled = before_; }
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool before_;
};

/// Nothing is recorded in its scope, and parameters may be changed in place.
struct NoGrad : GradMode {
  NoGrad() : GradMode(false) {}
};

/// Recording in its scope, also inside a NoGrad.
struct EnableGrad : GradMode {
  EnableGrad() : GradMode(true) {}
};

}  // namespace gradus
