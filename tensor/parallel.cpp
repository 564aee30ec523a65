#include "gradus/tensor/parallel.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "gradus/tensor/context.h"
#include "gradus/tensor/error.h"

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

thread_local bool inside_parallel = false;

// A forked child has the pool's memory, but not its threads.
std::atomic<bool> forked = false;

/// One call of parallel_for, on its caller's stack. Threads take chunks until none is left.
struct Job {
  std::atomic<std::int64_t> next;
  std::int64_t end;
  std::int64_t chunk;
  detail::RangeFunction f;
  void* function;
  Context caller;
  int helpers = 0;  // workers inside work(), guarded by Pool::mutex_
  std::exception_ptr error;
  std::mutex error_mutex;

  void work() {
    ContextScope scope(caller);
    inside_parallel = true;
    while (true) {
      std::int64_t b = next.fetch_add(chunk, std::memory_order_relaxed);
      if (b >= end) break;
      try {
        f(function, b, std::min(b + chunk, end));
      } catch (...) {
        std::lock_guard lock(error_mutex);
        if (!error) error = std::current_exception();
        next.store(end, std::memory_order_relaxed);
      }
    }
    inside_parallel = false;
  }
};

/// The library's only threads. A worker joins the posted job if it wakes in time; the caller takes
/// the job down once all chunks are given out and waits only for workers that have joined.
class Pool {
 public:
  ~Pool() {
    if (forked) {
      for (std::thread& worker : workers_) worker.detach();
      return;
    }
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  void run(Job& job, int threads) {
    {
      std::unique_lock lock(mutex_);
      if (job_ != nullptr) {  // another thread's job has the workers
        lock.unlock();
        job.work();
        return;
      }
      start_workers(threads - 1);
      job_ = &job;
      seats_ = threads - 1;
    }
    wake_.notify_all();
    job.work();
    std::unique_lock lock(mutex_);
    job_ = nullptr;
    done_.wait(lock, [&] { return job.helpers == 0; });
  }

 private:
  void start_workers(int wanted) {
    try {
      while (static_cast<int>(workers_.size()) < wanted) {
        workers_.emplace_back([this] { serve(); });
      }
    } catch (const std::system_error&) {
      // The system has no more threads; those there are, or the caller alone, do the work.
    }
  }

  void serve() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [&] { return stop_ || (job_ != nullptr && seats_ > 0); });
      if (stop_) return;
      Job& job = *job_;
      --seats_;
      ++job.helpers;
      lock.unlock();
      job.work();
      lock.lock();
      if (--job.helpers == 0) done_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  Job* job_ = nullptr;
  int seats_ = 0;
  bool stop_ = false;
  std::vector<std::thread> workers_;
};

Pool& pool() {
  static Pool instance;
  static const int registered = pthread_atfork(nullptr, nullptr, [] { forked = true; });
  static_cast<void>(registered);
  return instance;
}

}  // namespace

int num_threads() { return thread_count().load(std::memory_order_relaxed); }

void set_num_threads(int threads) {
  check(threads >= 1, "set_num_threads needs at least 1, got {}", threads);
  thread_count() = threads;
}

void detail::run_parallel(std::int64_t begin, std::int64_t end, std::int64_t grain, RangeFunction f,
                          void* function) {
  if (inside_parallel || forked) {
    f(function, begin, end);
    return;
  }
  int threads = num_threads();
  std::int64_t chunks = std::min<std::int64_t>(
      (end - begin + grain - 1) / std::max<std::int64_t>(grain, 1), 4 * std::int64_t{threads});
  Job job{.next = begin,
          .end = end,
          .chunk = (end - begin + chunks - 1) / chunks,
          .f = f,
          .function = function,
          .caller = context,
          .helpers = 0,
          .error = nullptr,
          .error_mutex = {}};
  pool().run(job, threads);
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace gradus
