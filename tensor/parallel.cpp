#include "gradus/tensor/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "gradus/tensor/context.h"
#include "gradus/tensor/error.h"
#include "gradus/tensor/thread_pool.h"

namespace gradus {
namespace {

int default_threads() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(CPU_COUNT(&set), 1);
  return std::max(static_cast<int>(std::thread::hardware_concurrency()), 1);
}

std::atomic<int>& thread_count() {
  static std::atomic<int> count{default_threads()};
  return count;
}

}  // namespace

int num_threads() { return thread_count().load(std::memory_order_relaxed); }

void set_num_threads(int threads) {
  check(threads >= 1, "set_num_threads needs at least 1, got {}", threads);
  thread_count() = threads;
}

void detail::run_parallel(std::int64_t begin, std::int64_t end, std::int64_t grain, RangeFunction f,
                          void* function) {
  ThreadPool* pool = inside_job() ? nullptr : thread_pool();
  if (pool == nullptr) {
    f(function, begin, end);
    return;
  }
  constexpr std::int64_t large = 3;  // grains that are worth waking a thread
  int threads = num_threads();
  std::int64_t items = end - begin;
  grain = std::max<std::int64_t>(grain, 1);
  std::int64_t grains = (items + grain - 1) / grain;
  std::int64_t chunks = std::min(grains, 4 * std::int64_t{threads});
  if (chunks > threads) chunks -= chunks % threads;  // 3 on two threads would take as long as 4
  std::int64_t chunk = (items + chunks - 1) / chunks;
  if (chunk > 1024)
    chunk = (chunk + 63) / 64 * 64;  // elements that begin at a cache line, if all do
  Job job{.next = begin,
          .end = end,
          .chunk = chunk,
          .f = f,
          .function = function,
          .caller = context,
          .error = nullptr,
          .error_mutex = {}};
  pool->run(job, threads, grains >= large);
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace gradus
