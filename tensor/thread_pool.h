#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "gradus/tensor/context.h"
#include "gradus/tensor/parallel.h"

// Note [Sharing work]
// A thread that sleeps takes 50-100 us to wake, one that spins less than 1 us to take a share. So:
// - The caller posts a job, works on it, and takes it down when all chunks are given out. It waits
//   for those who have joined, never for those who have not.
// - A worker that has nothing to do spins for about as long as waking would take, then sleeps.
// - Sleepers are woken for a large job, or when jobs that follow one another closely have together
//   taken the time that waking costs. A lone small job is done by its caller.
// - A worker may lose its processor to another program in the middle of a chunk, and the caller
//   then waits for as long as the system lets the other run: milliseconds. Where that has happened
//   the pool works without helpers for ten times what was lost, which bounds the loss to a tenth.
namespace gradus::detail {

/// One call of parallel_for, on its caller's stack. Threads take chunks until none is left.
struct Job {
  std::atomic<std::int64_t> next;
  std::int64_t end;
  std::int64_t chunk;
  RangeFunction f;
  void* function;
  Context caller;
  std::exception_ptr error;
  std::mutex error_mutex;

  /// Returns the number of chunks done.
  int work();
  /// All of it at once, before any other thread knows of it.
  void work_alone();
};

/// Whether this thread is inside a job.
bool inside_job();

/// The library's only threads.
class ThreadPool {
 public:
  ~ThreadPool();

  /// Has job done by the caller and up to threads - 1 workers. `is_large`: worth waking sleepers.
  void run(Job& job, int threads, bool is_large);

 private:
  using Clock = std::chrono::steady_clock;

  void share(Job& job, int threads, bool is_large, Clock::time_point begin);
  void wait_for_helpers();
  void start_workers(int wanted);
  void wake();
  bool has_seats() const;
  void serve();
  void join();

  std::atomic<bool> busy_ = false;  // a caller has the workers; it owns what is not atomic
  // The workers that may still join the posted job, in units of `seat`, and below them those that
  // are inside. One word, so that nobody joins a job that has been taken down.
  std::atomic<std::uint32_t> state_ = 0;
  Job* job_ = nullptr;
  std::atomic<std::uint32_t> wakes_ = 0;  // counts the calls of wake(); sleepers wait for a change
  std::atomic<int> asleep_ = 0;
  std::atomic<bool> stop_ = false;
  Clock::time_point last_end_;
  Clock::time_point alone_until_;
  Clock::duration burst_{};  // spent in jobs that followed one another closely
  std::vector<std::thread> workers_;
};

/// The pool, or null in a forked child, which has its memory but not its threads.
ThreadPool* thread_pool();

}  // namespace gradus::detail
