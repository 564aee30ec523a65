// What it costs to record: nanoseconds and allocations of one multiplication of a scalar tensor,
// forward with its node, and backward.

#include <fmt/core.h>
#include <gradus/gradus.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>

#include "terminal.h"

namespace {
std::atomic<std::uint64_t> heap_allocations = 0;
}

// Counts every allocation of the program. Elements of tensors come from gradus's own cache.
void* operator new(std::size_t bytes) {
  ++heap_allocations;
  if (void* block = std::malloc(bytes)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

using namespace gradus;

namespace {

struct Cost {
  double nanoseconds;
  double heap;    // allocations by operator new
  double system;  // of the tensors' cache, from the system
};

template <class F>
Cost cost_per_node(long nodes, F&& f) {
  std::uint64_t heap = heap_allocations;
  std::uint64_t system = memory_stats().system_allocations;
  auto start = std::chrono::steady_clock::now();
  f();
  std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
  auto n = static_cast<double>(nodes);
  return {time.count() / n, static_cast<double>(heap_allocations - heap) / n,
          static_cast<double>(memory_stats().system_allocations - system) / n};
}

void print_median(const char* title, std::vector<Cost> costs) {
  std::ranges::sort(costs, {}, &Cost::nanoseconds);
  const Cost& median = costs[costs.size() / 2];
  fmt::print("{:<10} {:>8.0f} {:>8.0f} {:>8.0f} {:>12.2f} {:>12.2f}\n", title,
             costs.front().nanoseconds, median.nanoseconds, costs.back().nanoseconds, median.heap,
             median.system);
}

}  // namespace

int main(int argc, char** argv) {
  examples::CommandLine arguments(argc, argv, R"(tape_cost: what recording costs

usage: tape_cost [--nodes N] [--rounds N]
  --nodes N   multiplications in the chain (default 10000)
  --rounds N  repetitions, of which the median counts (default 21)
)");
  long nodes = arguments.number("--nodes", 10'000, 1);
  long rounds = arguments.number("--rounds", 21, 1);
  arguments.finish();

  Tensor x = tensor(1.0).requires_grad_();
  Tensor w = tensor(1.0);
  std::vector<Cost> forward, backward, teardown;
  for (long round = 0; round <= rounds; ++round) {
    x.set_grad({});
    Tensor y = x;
    Cost f = cost_per_node(nodes, [&] {
      for (long i = 0; i < nodes; ++i) y = y * w;
    });
    Cost b = cost_per_node(nodes, [&] { y.backward(); });
    Cost t = cost_per_node(nodes, [&] { y = Tensor(); });
    if (round == 0) continue;  // fills the cache
    forward.push_back(f);
    backward.push_back(b);
    teardown.push_back(t);
  }
  fmt::print("one of {} multiplications of a scalar, {} rounds\n\n", nodes, rounds);
  fmt::print("{:<10} {:>8} {:>8} {:>8} {:>12} {:>12}\n", "", "least", "median", "most",
             "operator new", "from system");
  fmt::print("{:<10} {:>8} {:>8} {:>8} {:>12} {:>12}\n", "", "ns", "ns", "ns", "a node", "a node");
  print_median("forward", forward);
  print_median("backward", backward);
  print_median("teardown", teardown);
  return x.grad().item<double>() == 1.0 ? 0 : 1;
}
