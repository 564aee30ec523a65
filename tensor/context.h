#pragma once

#include "gradus/tensor/where.h"

namespace gradus {

/// What this thread is doing: the op being executed, the user's line that asked for it, and the
/// path of the layer it belongs to. Errors and recorded nodes are labelled with it.
struct Context {
  const char* op = nullptr;           ///< name of the op, or null outside of one
  Where at;                           ///< the user's line
  const char* layer = "";             ///< path of the running module, "" outside of one
  const char* backward_of = nullptr;  ///< the op whose gradient is being computed, or null
};

inline thread_local constinit Context context;

/// Replaces the context until the end of the scope.
class ContextScope {
 public:
  explicit ContextScope(const Context& next) : before_(context) { context = next; }
  ~ContextScope() { context = before_; }
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;

 private:
  Context before_;
};

/// The context of a function that users and kernels call alike: it takes its own name only where no
/// op is running.
inline Context entering(const char* op, Where at) {
  return context.op != nullptr ? context : Context{op, at, context.layer, context.backward_of};
}

}  // namespace gradus
