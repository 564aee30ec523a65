#include "gradus/tensor/storage.h"

#include <new>

#include "gradus/tensor/allocator.h"
#include "gradus/tensor/context.h"

namespace gradus {
namespace {

constexpr std::size_t header_bytes =
    (sizeof(Storage) + memory_alignment - 1) / memory_alignment * memory_alignment;

}  // namespace

Ref<Storage> Storage::allocate(std::size_t bytes) {
  auto* block = static_cast<std::byte*>(memory::allocate(header_bytes + bytes));
  return Ref<Storage>::adopt(::new (block) Storage(block + header_bytes, bytes));
}

Ref<Storage> Storage::borrow(void* data, std::size_t bytes, std::function<void(void*)> deleter) {
  auto storage = Ref<Storage>::adopt(::new (memory::allocate(header_bytes)) Storage(data, bytes));
  storage->deleter_ = new std::function<void(void*)>(std::move(deleter));
  return storage;
}

Storage::~Storage() {
  if (deleter_ == nullptr) return;
  if (*deleter_) (*deleter_)(data_);
  delete deleter_;
}

void Storage::dispose() {
  std::size_t block = header_bytes + (deleter_ == nullptr ? bytes_ : 0);
  this->~Storage();
  memory::deallocate(this, block);
}

void Storage::mark_written() {
  version_.fetch_add(1, std::memory_order_relaxed);
  written_by_ = context.op == nullptr ? "a write" : context.op;
  written_at_ = context.at;
}

}  // namespace gradus
