#include "gradus/tensor/parallel.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

#include "gradus/tensor/context.h"
#include "gradus/tensor/error.h"
#include "tests/catch.h"

using namespace gradus;

namespace {

/// Sets the number of threads until the end of the scope.
class Threads {
 public:
  explicit Threads(int n) : before_(num_threads()) { set_num_threads(n); }
  ~Threads() { set_num_threads(before_); }

 private:
  int before_;
};

std::int64_t parallel_sum(std::int64_t n) {
  std::atomic<std::int64_t> total = 0;
  parallel_for(0, n, 10, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) total += i;
  });
  return total;
}

}  // namespace

TEST_CASE("parallel_for covers its range once", "[parallel]") {
  for (int threads : {1, 2, 4}) {
    Threads scope(threads);
    for (std::int64_t n : {0, 1, 9, 10, 11, 1000, 12345}) {
      for (std::int64_t grain : {1, 7, 100}) {
        std::vector<std::atomic<int>> visits(static_cast<std::size_t>(n));
        parallel_for(5, 5 + n, grain, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i - 5)];
        });
        CHECK(std::all_of(visits.begin(), visits.end(), [](const auto& v) { return v == 1; }));
      }
    }
  }
}

TEST_CASE("An empty or reversed range calls nothing", "[parallel]") {
  int calls = 0;
  parallel_for(3, 3, 1, [&](std::int64_t, std::int64_t) { ++calls; });
  parallel_for(4, 3, 1, [&](std::int64_t, std::int64_t) { ++calls; });
  CHECK(calls == 0);
}

TEST_CASE("An exception in a parallel_for reaches the caller, and the pool goes on", "[parallel]") {
  Threads scope(4);
  for (int round = 0; round < 20; ++round) {
    CHECK_THROWS_WITH(parallel_for(0, 1000, 1,
                                   [&](std::int64_t begin, std::int64_t end) {
                                     if (begin <= 500 && 500 < end) throw Error("number 500");
                                   }),
                      "number 500");
    CHECK(parallel_sum(1000) == 499500);
  }
}

TEST_CASE("Errors in worker threads carry the caller's context", "[parallel]") {
  Threads scope(4);
  ContextScope context_scope({"exp", {"net.cpp", 7}, "net.head", nullptr});
  CHECK_THROWS_WITH(
      parallel_for(0, 1000, 1, [](std::int64_t, std::int64_t) { fail("a bad element"); }),
      "[exp] a bad element at net.cpp:7 in 'net.head'");
}

TEST_CASE("A parallel_for inside another runs serially", "[parallel]") {
  Threads scope(4);
  std::atomic<std::int64_t> total = 0;
  std::atomic<bool> serial = true;
  parallel_for(0, 40, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      auto outer = std::this_thread::get_id();
      parallel_for(0, 100, 1, [&](std::int64_t b, std::int64_t e) {
        if (std::this_thread::get_id() != outer) serial = false;
        total += e - b;
      });
    }
  });
  CHECK(total == 4000);
  CHECK(serial);
}

TEST_CASE("Threads may call parallel_for at the same time", "[parallel]") {
  Threads scope(3);
  std::vector<std::int64_t> sums(6);
  std::vector<std::thread> callers;
  for (std::int64_t& sum : sums) {
    callers.emplace_back([&sum] {
      for (int round = 0; round < 50; ++round) sum += parallel_sum(1000);
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(sums == std::vector<std::int64_t>(6, 50 * 499500));
}

TEST_CASE("Workers that have gone to sleep, or were late, are no trouble", "[parallel]") {
  for (int threads : {2, 5, 3}) {
    Threads scope(threads);
    for (int round = 0; round < 20; ++round) {
      std::this_thread::sleep_for(std::chrono::microseconds(50 * round));
      for (int job = 0; job < 5; ++job) REQUIRE(parallel_sum(1000) == 499500);
    }
    std::thread::id caller = std::this_thread::get_id();
    std::atomic<std::int64_t> total = 0;
    parallel_for(0, 1000, 1, [&](std::int64_t begin, std::int64_t end) {
      if (std::this_thread::get_id() != caller) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
      total += end - begin;
    });
    CHECK(total == 1000);
    CHECK(parallel_sum(1000) == 499500);
  }
}

#if !defined(__SANITIZE_THREAD__)  // which refuses to fork a program that has threads
TEST_CASE("A forked child, which has no worker threads, works alone", "[parallel]") {
  Threads scope(4);
  REQUIRE(parallel_sum(1000) == 499500);
  pid_t child = fork();
  if (child == 0) _exit(parallel_sum(1000) == 499500 ? 0 : 1);
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
#endif

TEST_CASE("The number of threads is at least 1", "[parallel]") {
  CHECK(num_threads() >= 1);
  CHECK_THROWS_WITH(set_num_threads(0), Contains("at least 1, got 0"));
}
