#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

/// Parts of the caching allocator: sizes of blocks, and lists of free ones.
namespace gradus::memory {

// Block sizes are 4 steps to each power of two (64, 128, 192, 256, 320, 384, 448, 512, 640, ...),
// so at most a quarter of a block is unused and a freed block serves any request of its class.
inline constexpr int size_classes = 4 * 48;

constexpr int class_of(std::size_t bytes) {
  std::size_t units = std::max<std::size_t>((bytes + 63) / 64, 1);
  if (units <= 4) return static_cast<int>(units) - 1;
  int log = static_cast<int>(std::bit_width(units - 1)) - 1;  // 2^log < units <= 2^(log + 1)
  std::size_t step = std::size_t{1} << (log - 2);
  return 4 * (log - 1) + static_cast<int>((units - (std::size_t{1} << log) + step - 1) / step) - 1;
}

constexpr std::size_t class_bytes(int size_class) {
  if (size_class < 4) return 64 * static_cast<std::size_t>(size_class + 1);
  int log = size_class / 4 + 1;
  std::size_t step = std::size_t{1} << (log - 2);
  return 64 * ((std::size_t{1} << log) + step * static_cast<std::size_t>(size_class % 4 + 1));
}

/// What requests of up to 4 KiB get, by their number of 64 bytes.
struct SmallClass {
  std::uint16_t size_class;
  std::uint16_t bytes;
};
inline constexpr std::size_t most_small_bytes = 4096;
inline constexpr auto small_classes = [] {
  std::array<SmallClass, most_small_bytes / 64 + 1> classes{};
  for (std::size_t units = 0; units < classes.size(); ++units) {
    const int size_class = class_of(64 * units);
    classes[units] = {static_cast<std::uint16_t>(size_class),
                      static_cast<std::uint16_t>(class_bytes(size_class))};
  }
  return classes;
}();
constexpr SmallClass small_class_of(std::size_t bytes) { return small_classes[(bytes + 63) / 64]; }

/// What a free block holds.
struct FreeBlock {
  FreeBlock* next;
  // Of the first block of a bundle:
  FreeBlock* next_bundle;
  int bundle_size;
};

/// Free blocks of one size, last in, first out: what a graph frees backwards, the next graph finds
/// in the order of its memory.
class FreeList {
 public:
  FreeList() = default;
  FreeList(FreeBlock* head, int count) : head_(head), count_(count) {}

  bool empty() const { return head_ == nullptr; }
  FreeBlock* head() const { return head_; }
  int count() const { return count_; }
  void push(void* block) {
    auto* first = ::new (block) FreeBlock;
    first->next = std::exchange(head_, first);
    ++count_;
  }
  void* pop() {
    --count_;
    FreeBlock* block = std::exchange(head_, head_->next);
    __builtin_prefetch(head_, 1);  // a large graph's blocks have left the cache in the meantime
    return block;
  }

 private:
  FreeBlock* head_ = nullptr;
  int count_ = 0;
};

/// Free lists of one size. They come and go whole: walking through one would read every block.
class BundleList {
 public:
  bool empty() const { return top_ == nullptr; }
  void push(const FreeList& bundle) {
    bundle.head()->next_bundle = top_;
    bundle.head()->bundle_size = bundle.count();
    top_ = bundle.head();
  }
  FreeList pop() {
    FreeBlock* head = std::exchange(top_, top_->next_bundle);
    return {head, head->bundle_size};
  }

 private:
  FreeBlock* top_ = nullptr;
};

}  // namespace gradus::memory
