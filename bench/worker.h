#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

/// One side of a comparison: a process that runs a workload whenever compare.py tells it to, so
/// that the sides can take turns and share nothing but the machine.
///
///   worker                  prints the names of its workloads
///   worker NAME THREADS     for each number n on standard input runs n steps and prints the
///                           nanoseconds they took; at the end prints the peak of its memory (KiB)
///                           and its allocations from the system since the third step
namespace bench {

using Step = std::function<void()>;

struct Workload {
  std::string name;
  std::function<Step()> prepare;
};

struct Library {
  std::function<void(int)> set_threads = [](int) {};
  std::function<long()> system_allocations = [] { return -1L; };  ///< so far; -1: not counted
};

inline int serve(int argc, char** argv, const std::vector<Workload>& workloads,
                 const Library& library = {}) {
  if (argc == 1) {
    for (const Workload& w : workloads) std::printf("%s\n", w.name.c_str());
    return 0;
  }
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s [NAME THREADS]\n", argv[0]);
    return 2;
  }
  for (const Workload& w : workloads) {
    if (w.name != argv[1]) continue;
    library.set_threads(std::atoi(argv[2]));
    Step step = w.prepare();
    for (int i = 0; i < 3; ++i) step();
    long allocations = library.system_allocations();
    long n = 0;
    while (std::cin >> n) {
      auto start = std::chrono::steady_clock::now();
      for (long i = 0; i < n; ++i) step();
      std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
      std::printf("%.0f\n", time.count());
      std::fflush(stdout);
    }
    allocations = library.system_allocations() - allocations;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("%ld %ld\n", usage.ru_maxrss, library.system_allocations() < 0 ? -1 : allocations);
    return 0;
  }
  std::fprintf(stderr, "%s: no workload '%s'\n", argv[0], argv[1]);
  return 2;
}

/// Keeps the compiler from leaving out what computed `value`.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

/// Sizes of the products that training the networks here needs, as rows x columns x inner.
struct Product {
  const char* form;  ///< nt: x W^T (forward), nn: g W (gradient of x), tn: g^T x (of the weight)
  long m, n, k;
  std::string name() const {
    return "matmul-" + std::string(form) + "-" + std::to_string(m) + "x" + std::to_string(n) + "x" +
           std::to_string(k);
  }
};
inline const std::vector<Product> products = {
    {"nn", 64, 64, 64},    {"nn", 256, 256, 256}, {"nn", 1024, 1024, 1024}, {"nt", 32, 128, 64},
    {"nt", 32, 128, 128},  {"nn", 32, 128, 128},  {"tn", 128, 128, 32},     {"nt", 32, 10, 128},
    {"nt", 128, 512, 784}, {"nt", 128, 512, 512}, {"nn", 128, 512, 512},    {"tn", 512, 784, 128},
    {"nt", 128, 256, 256}, {"nn", 128, 256, 256}, {"tn", 256, 256, 128}};

/// How time grows: networks of `layers` x (Linear width, tanh).
struct Growth {
  std::string name;
  long layers, width, batch;
};
inline const std::vector<Growth> growths = {
    {"depth-10", 10, 64, 32},  {"depth-100", 100, 64, 32},  {"depth-1000", 1000, 64, 32},
    {"width-64", 10, 64, 32},  {"width-256", 10, 256, 32},  {"width-1024", 10, 1024, 32},
    {"batch-16", 10, 128, 16}, {"batch-128", 10, 128, 128}, {"batch-1024", 10, 128, 1024}};
inline const std::vector<long> chain_lengths = {1'000, 10'000, 100'000, 1'000'000};

}  // namespace bench
