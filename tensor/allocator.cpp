#include "gradus/tensor/allocator.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>

#include "gradus/tensor/error.h"

namespace gradus {
namespace {

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

// Block sizes are 4 steps to each power of two (64, 128, 192, 256, 320, 384, 448, 512, 640, ...),
// so at most a quarter of a block is unused and a freed block serves any request of its class.
constexpr int size_classes = 4 * 48;

int class_of(std::size_t bytes) {
  std::size_t units = std::max<std::size_t>((bytes + 63) / 64, 1);
  if (units <= 4) return static_cast<int>(units) - 1;
  int log = static_cast<int>(std::bit_width(units - 1)) - 1;  // 2^log < units <= 2^(log + 1)
  std::size_t step = std::size_t{1} << (log - 2);
  return 4 * (log - 1) + static_cast<int>((units - (std::size_t{1} << log) + step - 1) / step) - 1;
}

std::size_t class_bytes(int size_class) {
  if (size_class < 4) return 64 * static_cast<std::size_t>(size_class + 1);
  int log = size_class / 4 + 1;
  std::size_t step = std::size_t{1} << (log - 2);
  return 64 * ((std::size_t{1} << log) + step * static_cast<std::size_t>(size_class % 4 + 1));
}

/// Free blocks of one size, chained through their first bytes.
class FreeList {
 public:
  bool empty() const { return head_ == nullptr; }
  int count() const { return count_; }
  void push(void* block) {
    head_ = ::new (block) Link{head_};
    ++count_;
  }
  void* pop() {
    --count_;
    return std::exchange(head_, head_->next);
  }

 private:
  struct Link {
    Link* next;
  };
  Link* head_ = nullptr;
  int count_ = 0;
};

struct SharedCache {
  std::mutex mutex;
  std::array<FreeList, size_classes> free;
};

// Never destroyed: tensors with static lifetime may be freed after it would have been.
SharedCache& shared_cache() {
  static SharedCache* instance = new SharedCache;
  return *instance;
}

// What is reserved and not in use is cached.
constinit std::atomic<std::uint64_t> bytes_reserved = 0;
constinit std::atomic<std::uint64_t> bytes_in_use = 0;
constinit std::atomic<std::uint64_t> peak_bytes_in_use = 0;
constinit std::atomic<std::uint64_t> system_allocations = 0;

/// Small blocks that a thread keeps to itself, so that it need not take the lock. Trivially
/// destructible: a tensor may die after the thread's destructors have run, and finds it closed.
struct ThreadCache {
  static constexpr int classes = 20;      // blocks of up to 4 KiB
  static constexpr int most_blocks = 64;  // of each size
  std::array<FreeList, classes> free;
  enum class State { Unused, Open, Closed } state = State::Unused;
};
thread_local constinit ThreadCache thread_cache;

void move_blocks(FreeList& from, FreeList& to, int count) {
  for (; count > 0 && !from.empty(); --count) to.push(from.pop());
}

void flush_thread_cache() {
  SharedCache& shared = shared_cache();
  std::lock_guard lock(shared.mutex);
  for (std::size_t c = 0; c < thread_cache.free.size(); ++c) {
    move_blocks(thread_cache.free[c], shared.free[c], thread_cache.free[c].count());
  }
}

struct FlushAtThreadExit {
  bool armed = false;
  ~FlushAtThreadExit() {
    flush_thread_cache();
    thread_cache.state = ThreadCache::State::Closed;
  }
};
thread_local FlushAtThreadExit flush_at_thread_exit;

/// This thread's own list for a size, or null where there is none.
FreeList* thread_list(int size_class) {
  if (size_class >= ThreadCache::classes) return nullptr;
  if (thread_cache.state == ThreadCache::State::Unused) {
    flush_at_thread_exit.armed = true;  // the first use is what registers its destructor
    thread_cache.state = ThreadCache::State::Open;
  }
  if (thread_cache.state == ThreadCache::State::Closed) return nullptr;
  return &thread_cache.free[static_cast<std::size_t>(size_class)];
}

/// A cached block, or null.
void* take(int size_class) {
  FreeList* own = thread_list(size_class);
  if (own != nullptr && !own->empty()) return own->pop();
  SharedCache& shared = shared_cache();
  std::lock_guard lock(shared.mutex);
  FreeList& common = shared.free[static_cast<std::size_t>(size_class)];
  if (common.empty()) return nullptr;
  void* block = common.pop();
  if (own != nullptr) move_blocks(common, *own, ThreadCache::most_blocks / 2);
  return block;
}

void keep(void* block, int size_class) {
  FreeList* own = thread_list(size_class);
  if (own != nullptr && own->count() < ThreadCache::most_blocks) {
    own->push(block);
    return;
  }
  SharedCache& shared = shared_cache();
  std::lock_guard lock(shared.mutex);
  FreeList& common = shared.free[static_cast<std::size_t>(size_class)];
  common.push(block);
  if (own != nullptr) move_blocks(*own, common, ThreadCache::most_blocks / 2);
}

void* allocate_from_system(std::size_t size) {
  void* block = std::aligned_alloc(memory_alignment, size);
  if (block == nullptr) {
    empty_cache();
    block = std::aligned_alloc(memory_alignment, size);
  }
  check(block != nullptr, "out of memory: cannot allocate {} bytes", size);
  bytes_reserved.fetch_add(size, std::memory_order_relaxed);
  system_allocations.fetch_add(1, std::memory_order_relaxed);
  return block;
}

void free_to_system(void* block, std::size_t size) {
  std::free(block);
  bytes_reserved.fetch_sub(size, std::memory_order_relaxed);
}

}  // namespace

namespace memory {

void* allocate(std::size_t bytes) {
  check(bytes <= std::size_t{1} << 46, "cannot allocate {} bytes", bytes);
  int size_class = class_of(bytes);
  std::size_t size = class_bytes(size_class);
  void* block = caching ? take(size_class) : nullptr;
  if (block == nullptr) block = allocate_from_system(size);
  std::uint64_t in_use = bytes_in_use.fetch_add(size, std::memory_order_relaxed) + size;
  std::uint64_t peak = peak_bytes_in_use.load(std::memory_order_relaxed);
  while (in_use > peak && !peak_bytes_in_use.compare_exchange_weak(peak, in_use)) {
  }
  return block;
}

void deallocate(void* block, std::size_t bytes) noexcept {
  int size_class = class_of(bytes);
  std::size_t size = class_bytes(size_class);
  bytes_in_use.fetch_sub(size, std::memory_order_relaxed);
  if (caching) {
    keep(block, size_class);
  } else {
    free_to_system(block, size);
  }
}

}  // namespace memory

MemoryStats memory_stats() {
  MemoryStats stats;
  stats.bytes_in_use = bytes_in_use;
  stats.peak_bytes_in_use = peak_bytes_in_use;
  stats.bytes_cached = std::max(bytes_reserved.load(), stats.bytes_in_use) - stats.bytes_in_use;
  stats.system_allocations = system_allocations;
  return stats;
}

void reset_peak_memory() { peak_bytes_in_use = bytes_in_use.load(); }

void empty_cache() {
  flush_thread_cache();
  SharedCache& shared = shared_cache();
  std::lock_guard lock(shared.mutex);
  for (int c = 0; c < size_classes; ++c) {
    FreeList& blocks = shared.free[static_cast<std::size_t>(c)];
    while (!blocks.empty()) free_to_system(blocks.pop(), class_bytes(c));
  }
}

}  // namespace gradus
