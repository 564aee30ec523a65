#include "gradus/tensor/thread_pool.h"

#include <pthread.h>

#include <algorithm>
#include <system_error>

namespace gradus::detail {
namespace {

using std::chrono::microseconds;

constexpr microseconds spin_time{100};
constexpr microseconds wake_time{100};
constexpr microseconds late_time{200};
constexpr std::uint32_t seat = 1 << 16;

thread_local bool inside = false;

std::atomic<bool> forked = false;

/// Tells the processor that this is a loop that waits.
void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Waits for ready(), at most about spin_time; returns ready(). A neighbour that wants the
/// processor gets it: better that it takes it from a thread that waits than, a little later, from
/// one that holds a share of the work.
template <class Ready>
bool spin(Ready ready) {
  const auto end = std::chrono::steady_clock::now() + spin_time;
  do {
    for (int i = 0; i < 32; ++i) {
      if (ready()) return true;
      relax();
    }
    std::this_thread::yield();
  } while (std::chrono::steady_clock::now() < end);
  return ready();
}

}  // namespace

int Job::work() {
  ContextScope scope(caller);
  inside = true;
  int done = 0;
  while (true) {
    std::int64_t b = next.fetch_add(chunk, std::memory_order_relaxed);
    if (b >= end) break;
    ++done;
    try {
      f(function, b, std::min(b + chunk, end));
    } catch (...) {
      std::lock_guard lock(error_mutex);
      if (!error) error = std::current_exception();
      next.store(end, std::memory_order_relaxed);
    }
  }
  inside = false;
  return done;
}

void Job::work_alone() {
  chunk = end - next;
  work();
}

bool inside_job() { return inside; }

ThreadPool::~ThreadPool() {
  if (forked) {
    for (std::thread& worker : workers_) worker.detach();
    return;
  }
  stop_ = true;
  wake();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(Job& job, int threads, bool is_large) {
  if (busy_.exchange(true, std::memory_order_acquire)) {  // another thread's job has the workers
    job.work_alone();
    return;
  }
  Clock::time_point begin = Clock::now();
  if (begin < alone_until_) {
    job.work_alone();
  } else {
    share(job, threads, is_large, begin);
  }
  busy_.store(false, std::memory_order_release);
}

void ThreadPool::share(Job& job, int threads, bool is_large, Clock::time_point begin) {
  start_workers(threads - 1);
  if (begin > last_end_ + spin_time) burst_ = {};
  job_ = &job;
  state_ = static_cast<std::uint32_t>(threads - 1) * seat;
  if ((is_large || burst_ > wake_time) && asleep_ > 0) wake();
  int chunks = job.work();
  last_end_ = Clock::now();
  if (state_.fetch_and(seat - 1) % seat != 0) {
    Clock::time_point worked = last_end_;
    wait_for_helpers();
    last_end_ = Clock::now();
    Clock::duration lost = last_end_ - worked;
    Clock::duration expected = (worked - begin) / std::max(chunks, 1);
    if (lost > 2 * expected + late_time) alone_until_ = last_end_ + 10 * lost;
  }
  burst_ += last_end_ - begin;
}

void ThreadPool::wait_for_helpers() {
  if (spin([this] { return state_ == 0; })) return;
  while (std::uint32_t helpers = state_) state_.wait(helpers);
}

void ThreadPool::start_workers(int wanted) {
  try {
    while (static_cast<int>(workers_.size()) < wanted) {
      workers_.emplace_back([this] { serve(); });
    }
  } catch (const std::system_error&) {
    // The system has no more threads; those there are, or the caller alone, do the work.
  }
}

void ThreadPool::wake() {
  ++wakes_;
  wakes_.notify_all();
}

bool ThreadPool::has_seats() const { return state_ >= seat; }

void ThreadPool::serve() {
  while (true) {
    std::uint32_t wakes = wakes_;  // before the last look at state_, so that no wake is missed
    if (!spin([this] { return has_seats() || stop_; })) {
      ++asleep_;
      if (!has_seats()) wakes_.wait(wakes);
      --asleep_;
    }
    if (stop_) return;
    join();
  }
}

void ThreadPool::join() {
  std::uint32_t state = state_;
  do {
    if (state < seat) return;
  } while (!state_.compare_exchange_weak(state, state - seat + 1));
  job_->work();
  if (--state_ == 0) state_.notify_one();
}

ThreadPool* thread_pool() {
  static ThreadPool pool;
  static const int registered = pthread_atfork(nullptr, nullptr, [] { forked = true; });
  static_cast<void>(registered);
  return forked ? nullptr : &pool;
}

}  // namespace gradus::detail
