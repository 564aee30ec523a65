#pragma once

#include <cstddef>
#include <cstdint>

namespace gradus {

inline constexpr std::size_t memory_alignment = 64;

/// Counters of the caching allocator, over all threads.
struct MemoryStats {
  std::uint64_t bytes_in_use = 0;  ///< held by live tensors, rounded to block sizes
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
}  // namespace gradus
