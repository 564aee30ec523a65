#pragma once

#include <cstdint>
#include <type_traits>

namespace gradus {

/// Threads that kernels may use, at least 1. Default: the processors this process may run on.
int num_threads();
/// Throws Error unless threads >= 1.
void set_num_threads(int threads);

namespace detail {
using RangeFunction = void (*)(void* function, std::int64_t begin, std::int64_t end);
void run_parallel(std::int64_t begin, std::int64_t end, std::int64_t grain, RangeFunction f,
                  void* function);
}  // namespace detail

/// Calls f(b, e) for ranges that together cover [begin, end), on several threads where there are
/// more than `grain` items. Inside another parallel_for it runs serially. The caller works too and
/// never waits for a thread that has not started. Errors in f carry the caller's context; the first
/// exception is thrown again.
template <class F>
void parallel_for(std::int64_t begin, std::int64_t end, std::int64_t grain, F&& f) {
  if (end <= begin) return;
  if (end - begin <= grain || num_threads() == 1) {
    f(begin, end);
    return;
  }
  detail::run_parallel(
      begin, end, grain,
      [](void* function, std::int64_t b, std::int64_t e) {
        (*static_cast<std::remove_reference_t<F>*>(function))(b, e);
      },
      const_cast<void*>(static_cast<const void*>(&f)));
}

}  // namespace gradus
