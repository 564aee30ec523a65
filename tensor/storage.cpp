#include "gradus/tensor/storage.h"

#include <new>

#include "gradus/tensor/allocator.h"
#include "gradus/tensor/context.h"

namespace gradus {
namespace {

/// Bytes in front of the elements.
constexpr std::size_t header_bytes(std::size_t room) {
  return (sizeof(Storage) + room + memory_alignment - 1) / memory_alignment * memory_alignment;
}

}  // namespace

Ref<Storage> Storage::allocate(std::size_t bytes, std::size_t room) {
  const std::size_t header = header_bytes(room);
  auto* block = static_cast<std::byte*>(memory::allocate(header + bytes));
  return Ref<Storage>::adopt(::new (block) Storage(block + header, bytes));
}

Ref<Storage> Storage::borrow(void* data, std::size_t bytes, std::function<void(void*)> deleter) {
  auto storage =
      Ref<Storage>::adopt(::new (memory::allocate(header_bytes(0))) Storage(data, bytes));
  storage->deleter_ = new std::function<void(void*)>(std::move(deleter));
  return storage;
}

Storage::~Storage() {
  if (deleter_ == nullptr) return;
  if (*deleter_) (*deleter_)(data_);
  delete deleter_;
}

void Storage::dispose() {
  const bool borrowed = deleter_ != nullptr;
  const auto* end = static_cast<std::byte*>(data_) + bytes_;
  const std::size_t block =
      borrowed ? header_bytes(0)
               : static_cast<std::size_t>(end - reinterpret_cast<std::byte*>(this));
  this->~Storage();
  memory::deallocate(this, block);
}

void Storage::mark_written() {
  version_.fetch_add(1, std::memory_order_relaxed);
  written_by_ = context.op == nullptr ? "a write" : context.op;
  written_at_ = context.at;
}

}  // namespace gradus
