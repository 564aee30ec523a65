#include "gradus/tensor/allocator.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "gradus/tensor/error.h"
#include "gradus/tensor/free_list.h"

namespace gradus {
namespace {

using namespace memory;  // NOLINT: the parts of this allocator

// Under AddressSanitizer every block goes back to the system at once, so that it sees a use after
// free.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool caching = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool caching = false;
#else
constexpr bool caching = true;
#endif
#else
constexpr bool caching = true;
#endif

struct SharedCache {
  std::mutex mutex;
  std::array<BundleList, size_classes> free;
};

// Never destroyed: tensors with static lifetime may be freed after it would have been.
SharedCache& shared_cache() {
  static SharedCache* instance = new SharedCache;
  return *instance;
}

// What is reserved and not in use is cached.
constinit std::atomic<std::int64_t> bytes_reserved = 0;
constinit std::atomic<std::int64_t> bytes_in_use = 0;
constinit std::atomic<std::int64_t> peak_bytes_in_use = 0;
constinit std::atomic<std::uint64_t> system_allocations = 0;

/// Adds to bytes_in_use, which on the way was at most `highest` greater than before.
void report_in_use(std::int64_t change, std::int64_t highest) {
  std::int64_t top = bytes_in_use.fetch_add(change, std::memory_order_relaxed) + highest;
  std::int64_t peak = peak_bytes_in_use.load(std::memory_order_relaxed);
  while (top > peak && !peak_bytes_in_use.compare_exchange_weak(peak, top)) {
  }
}

/// Small blocks that a thread keeps to itself, so that it need not take the lock. Trivially
/// destructible: a tensor may die after the thread's destructors have run, and finds it closed.
struct ThreadCache {
  static constexpr int classes = class_of(most_small_bytes) + 1;
  static constexpr int bundle_size = 32;  // blocks that change hands at once
  struct Lists {
    FreeList current;
    FreeList spare;  // empty or full, so that a thread does not toggle between two sizes
  };
  std::array<Lists, classes> free;
  int capacity = 0;  // of a list: bundle_size while the cache is open, 0 otherwise

  // Bytes of small blocks in use that are not in the shared counters yet, and the most there were.
  static constexpr std::int64_t most_unreported = 1 << 16;
  std::int64_t unreported = 0;
  std::int64_t highest = 0;
  void count(std::int64_t change) {
    unreported += change;
    highest = std::max(highest, unreported);
    if (unreported > most_unreported || unreported < -most_unreported) [[unlikely]]
      report();
  }
  [[gnu::noinline]] void report() {
    report_in_use(std::exchange(unreported, 0), std::exchange(highest, 0));
  }

  enum class State { Unused, Open, Closed } state = State::Unused;
};
thread_local constinit ThreadCache thread_cache;

void flush_thread_cache() {
  SharedCache& shared = shared_cache();
  std::lock_guard lock(shared.mutex);
  for (std::size_t c = 0; c < thread_cache.free.size(); ++c) {
    auto& [current, spare] = thread_cache.free[c];
    for (FreeList* list : {&spare, &current}) {
      if (!list->empty()) shared.free[c].push(std::exchange(*list, {}));
    }
  }
}

struct FlushAtThreadExit {
  bool armed = false;
  ~FlushAtThreadExit() {
    flush_thread_cache();
    thread_cache.report();
    thread_cache.state = ThreadCache::State::Closed;
    thread_cache.capacity = 0;
  }
};
thread_local FlushAtThreadExit flush_at_thread_exit;

/// Whether this thread keeps blocks of a size to itself.
bool is_cached_here(int size_class) {
  if (size_class >= ThreadCache::classes) return false;
  if (thread_cache.state == ThreadCache::State::Open) [[likely]]
    return caching;
  if (thread_cache.state == ThreadCache::State::Closed) return false;
  flush_at_thread_exit.armed = true;  // the first use is what registers its destructor
  thread_cache.state = ThreadCache::State::Open;
  thread_cache.capacity = caching ? ThreadCache::bundle_size : 0;
  return caching;
}

/// The shared counters know of large blocks at once, of a thread's small ones in time.
void count_in_use(std::int64_t change, int size_class) {
  if (is_cached_here(size_class)) {
    thread_cache.count(change);
    return;
  }
  if (change > 0) thread_cache.report();  // for the peak
  report_in_use(change, std::max<std::int64_t>(change, 0));
}

FreeList take_bundle(int size_class) {
  SharedCache& shared = shared_cache();
  std::lock_guard lock(shared.mutex);
  BundleList& bundles = shared.free[static_cast<std::size_t>(size_class)];
  return bundles.empty() ? FreeList() : bundles.pop();
}

void keep_bundle(const FreeList& bundle, int size_class) {
  SharedCache& shared = shared_cache();
  std::lock_guard lock(shared.mutex);
  shared.free[static_cast<std::size_t>(size_class)].push(bundle);
}

/// A cached block, or null.
void* take(int size_class) {
  if (!is_cached_here(size_class)) {
    FreeList bundle = caching ? take_bundle(size_class) : FreeList();
    return bundle.empty() ? nullptr : bundle.pop();
  }
  auto& [current, spare] = thread_cache.free[static_cast<std::size_t>(size_class)];
  if (current.empty()) [[unlikely]] {
    current = spare.empty() ? take_bundle(size_class) : std::exchange(spare, {});
    if (current.empty()) return nullptr;
  }
  return current.pop();
}

void keep(void* block, int size_class) {
  if (!is_cached_here(size_class)) {
    FreeList bundle;
    bundle.push(block);
    keep_bundle(bundle, size_class);
    return;
  }
  auto& [current, spare] = thread_cache.free[static_cast<std::size_t>(size_class)];
  if (current.count() == ThreadCache::bundle_size) [[unlikely]] {
    if (!spare.empty()) keep_bundle(spare, size_class);
    spare = std::exchange(current, {});
  }
  current.push(block);
}

/// Null where the system has no memory. Asks for huge pages where they pay: an element in 512 times
/// as few pages is found sooner.
void* try_system(std::size_t size) {
  constexpr std::size_t huge_page = std::size_t{1} << 21;
  if (size < 2 * huge_page) return std::aligned_alloc(memory_alignment, size);
  void* block = nullptr;
  if (posix_memalign(&block, huge_page, size) != 0) return nullptr;
  madvise(block, size, MADV_HUGEPAGE);  // a wish; a refusal does no harm
  return block;
}

void* allocate_from_system(std::size_t size) {
  void* block = try_system(size);
  if (block == nullptr) {
    empty_cache();
    block = try_system(size);
  }
  check(block != nullptr, "out of memory: cannot allocate {} bytes", size);
  bytes_reserved.fetch_add(static_cast<std::int64_t>(size), std::memory_order_relaxed);
  system_allocations.fetch_add(1, std::memory_order_relaxed);
  return block;
}

void free_to_system(void* block, std::size_t size) {
  std::free(block);
  bytes_reserved.fetch_sub(static_cast<std::int64_t>(size), std::memory_order_relaxed);
}

// Out of line, so that the quick way saves no registers.
[[gnu::noinline]] void* allocate_slowly(std::size_t bytes) {
  check(bytes <= std::size_t{1} << 46, "cannot allocate {} bytes", bytes);
  const int size_class = class_of(bytes);
  const std::size_t size = class_bytes(size_class);
  void* block = take(size_class);
  if (block == nullptr) [[unlikely]]
    block = allocate_from_system(size);
  count_in_use(static_cast<std::int64_t>(size), size_class);
  return block;
}

[[gnu::noinline]] void deallocate_slowly(void* block, std::size_t bytes) noexcept {
  const int size_class = class_of(bytes);
  const std::size_t size = class_bytes(size_class);
  count_in_use(-static_cast<std::int64_t>(size), size_class);
  if (caching) {
    keep(block, size_class);
  } else {
    free_to_system(block, size);
  }
}

}  // namespace

namespace memory {

void* allocate(std::size_t bytes) {
  if (bytes <= most_small_bytes) [[likely]] {
    const SmallClass small = small_class_of(bytes);
    FreeList& own = thread_cache.free[small.size_class].current;
    if (!own.empty()) [[likely]] {
      thread_cache.count(small.bytes);
      return own.pop();
    }
  }
  return allocate_slowly(bytes);
}

void deallocate(void* block, std::size_t bytes) noexcept {
  if (bytes <= most_small_bytes) [[likely]] {
    const SmallClass small = small_class_of(bytes);
    FreeList& own = thread_cache.free[small.size_class].current;
    if (own.count() < thread_cache.capacity) [[likely]] {
      thread_cache.count(-std::int64_t{small.bytes});
      own.push(block);
      return;
    }
  }
  deallocate_slowly(block, bytes);
}

}  // namespace memory

MemoryStats memory_stats() {
  thread_cache.report();
  // Another thread may have reported what it freed, and not yet what it allocated.
  const auto known = [](std::int64_t bytes) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0));
  };
  MemoryStats stats;
  stats.bytes_in_use = known(bytes_in_use);
  stats.peak_bytes_in_use = known(peak_bytes_in_use);
  stats.bytes_cached = known(bytes_reserved - bytes_in_use);
  stats.system_allocations = system_allocations;
  return stats;
}

void reset_peak_memory() {
  thread_cache.report();
  peak_bytes_in_use = bytes_in_use.load();
}

void empty_cache() {
  flush_thread_cache();
  SharedCache& shared = shared_cache();
  std::lock_guard lock(shared.mutex);
  for (int c = 0; c < size_classes; ++c) {
    BundleList& bundles = shared.free[static_cast<std::size_t>(c)];
    while (!bundles.empty()) {
      FreeList bundle = bundles.pop();
      while (!bundle.empty()) free_to_system(bundle.pop(), class_bytes(c));
    }
  }
}

}  // namespace gradus
