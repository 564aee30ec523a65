#pragma once

#include <cstddef>
#include <functional>

#include "gradus/tensor/ref.h"
#include "gradus/tensor/where.h"

namespace gradus {

/// A block of memory shared by a tensor and its views, with the count of writes to it. The count
/// lets a gradient rule notice that a tensor it saved has been overwritten.
class Storage final : public RefCounted {
 public:
  /// `bytes` uninitialised bytes from the caching allocator, in one allocation with the header and
  /// with `room` bytes for an object of the caller's.
  static Ref<Storage> allocate(std::size_t bytes, std::size_t room = 0);
  /// Memory of the caller's; `deleter(data)` runs when the last tensor on it dies.
  static Ref<Storage> borrow(void* data, std::size_t bytes, std::function<void(void*)> deleter);
  ~Storage() override;

  /// Where the caller's object may live, as long as somebody holds the storage.
  void* room() { return this + 1; }
  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

  std::uint32_t version() const { return version_.load(std::memory_order_relaxed); }
  /// Counts a write and remembers the op and line that made it.
  void mark_written();
  const char* written_by() const { return written_by_; }
  Where written_at() const { return written_at_; }

 protected:
  void dispose() override;

 private:
  Storage(void* data, std::size_t bytes) : data_(data), bytes_(bytes) {}

  std::atomic<std::uint32_t> version_{0};  // beside the reference count: the header is 64 bytes
  void* data_;
  std::size_t bytes_;
  std::function<void(void*)>* deleter_ = nullptr;
  const char* written_by_ = "";
  Where written_at_;
};

}  // namespace gradus
