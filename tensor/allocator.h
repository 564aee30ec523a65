#pragma once

#include <cstddef>
#include <cstdint>

namespace gradus {

inline constexpr std::size_t memory_alignment = 64;

/// Counters of the caching allocator, over all threads. What other running threads do with blocks
/// of up to 4 KiB may show only some 64 KiB later.
struct MemoryStats {
  std::uint64_t bytes_in_use = 0;  ///< held by live tensors and graphs, rounded to block sizes
  std::uint64_t peak_bytes_in_use = 0;
  std::uint64_t bytes_cached = 0;        ///< freed by tensors, kept for reuse
  std::uint64_t system_allocations = 0;  ///< requests that the cache could not serve
};

MemoryStats memory_stats();

/// Sets the peak to what is in use now.
void reset_peak_memory();

/// Returns cached blocks to the system: all but the few small ones that other threads keep.
void empty_cache();

namespace memory {

/// A block of at least `bytes` bytes, 64-byte aligned, uninitialised. Throws Error when the system
/// has none.
void* allocate(std::size_t bytes);

/// `bytes` as given to allocate.
void deallocate(void* block, std::size_t bytes) noexcept;

}  // namespace memory

/// The caching allocator for containers that come and go with every step.
template <class T>
struct CachingAllocator {
  using value_type = T;

  CachingAllocator() = default;
  template <class U>
  CachingAllocator(const CachingAllocator<U>&) {}  // NOLINT: rebinds, as allocators do

  T* allocate(std::size_t n) { return static_cast<T*>(memory::allocate(n * sizeof(T))); }
  void deallocate(T* block, std::size_t n) noexcept { memory::deallocate(block, n * sizeof(T)); }
  friend bool operator==(const CachingAllocator&, const CachingAllocator&) { return true; }
};

}  // namespace gradus
