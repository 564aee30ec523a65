#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "gradus/tensor/allocator.h"
#include "gradus/tensor/single_threaded.h"

namespace gradus {

/// Base of objects that count their references in themselves. A new one has one reference, which
/// `Ref::adopt` takes over. The last release calls `dispose()`, which the derived class may
/// override to control how the object dies.
///
/// Every op makes and drops a few of them, so they live in the caching allocator.
class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;
  virtual ~RefCounted() = default;

  static void* operator new(std::size_t bytes) { return memory::allocate(bytes); }
  static void operator delete(void* object, std::size_t bytes) noexcept {
    memory::deallocate(object, bytes);
  }

  void retain() const {
    if (single_threaded()) {
      count_.store(use_count() + 1, std::memory_order_relaxed);
    } else {
      count_.fetch_add(1, std::memory_order_relaxed);
    }
  }
  void release() const {
    if (use_count() == 1) {
      const_cast<RefCounted*>(this)->dispose();
    } else if (single_threaded()) {
      count_.store(use_count() - 1, std::memory_order_relaxed);
    } else if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      const_cast<RefCounted*>(this)->dispose();
    }
  }
  std::uint32_t use_count() const { return count_.load(std::memory_order_acquire); }

 protected:
  virtual void dispose() { delete this; }

 private:
  mutable std::atomic<std::uint32_t> count_{1};
};

/// A counted pointer to a RefCounted object.
template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(std::nullptr_t) {}  // NOLINT: as a pointer
  explicit Ref(T* p) : p_(p) {
    if (p_ != nullptr) p_->retain();
  }
  /// Takes over a reference that somebody else has counted.
  static Ref adopt(T* p) {
    Ref ref;
    ref.p_ = p;
    return ref;
  }
  Ref(const Ref& other) : Ref(other.p_) {}
  Ref(Ref&& other) noexcept : p_(std::exchange(other.p_, nullptr)) {}
  template <class U>
  requires std::convertible_to<U*, T*> Ref(Ref<U> other)
      : p_(other.leak()) {}  // NOLINT: as a pointer
  ~Ref() {
    if (p_ != nullptr) p_->release();
  }
  Ref& operator=(Ref other) noexcept {
    std::swap(p_, other.p_);
    return *this;
  }

  T* get() const { return p_; }
  T* operator->() const { return p_; }
  T& operator*() const { return *p_; }
  explicit operator bool() const { return p_ != nullptr; }
  friend bool operator==(const Ref& a, const Ref& b) { return a.p_ == b.p_; }
  /// Gives up the pointer without releasing it.
  T* leak() { return std::exchange(p_, nullptr); }

 private:
  T* p_ = nullptr;
};

template <class T, class... Args>
Ref<T> make_ref(Args&&... args) {
  return Ref<T>::adopt(new T(std::forward<Args>(args)...));
}

}  // namespace gradus
