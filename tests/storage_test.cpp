#include "gradus/tensor/storage.h"

#include <cstdint>
#include <thread>
#include <vector>

#include "gradus/tensor/allocator.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/error.h"
#include "tests/catch.h"

using namespace gradus;

namespace {

// The allocator does not cache under AddressSanitizer.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool caching = false;
#elif defined(__has_feature)
constexpr bool caching = !__has_feature(address_sanitizer);
#else
constexpr bool caching = true;
#endif

bool is_aligned(const void* p) {
  return reinterpret_cast<std::uintptr_t>(p) % memory_alignment == 0;
}

/// Storages of many sizes, alive together as the tensors of a training step are.
void step() {
  std::vector<Ref<Storage>> alive;
  for (std::size_t i = 0; i < 300; ++i) alive.push_back(Storage::allocate(i * i));
}

}  // namespace

TEST_CASE("Storage is aligned to 64 bytes", "[storage]") {
  for (int size : {0, 1, 63, 64, 65, 1000, 4096, 1 << 20}) {
    const auto bytes = static_cast<std::size_t>(size);
    Ref<Storage> storage = Storage::allocate(bytes);
    CHECK(is_aligned(storage->data()));
    CHECK(storage->bytes() == bytes);
  }
}

TEST_CASE("Blocks that are alive do not overlap", "[storage]") {
  std::vector<Ref<Storage>> alive;
  for (std::size_t i = 0; i < 400; ++i) {
    alive.push_back(Storage::allocate(i * 13));
    auto* bytes = static_cast<unsigned char*>(alive.back()->data());
    std::fill(bytes, bytes + i * 13, static_cast<unsigned char>(i));
  }
  bool intact = true;
  for (std::size_t i = 0; i < alive.size(); ++i) {
    auto* bytes = static_cast<unsigned char*>(alive[i]->data());
    for (std::size_t j = 0; j < i * 13; ++j)
      intact = intact && bytes[j] == static_cast<unsigned char>(i);
  }
  CHECK(intact);
}

TEST_CASE("A loop's second round allocates nothing from the system", "[storage]") {
  step();
  std::uint64_t before = memory_stats().system_allocations;
  step();
  std::uint64_t asked = memory_stats().system_allocations - before;
  CHECK(asked == (caching ? 0 : 300));
}

TEST_CASE("Blocks freed by another thread serve this one", "[storage]") {
  std::vector<Ref<Storage>> alive;
  for (int i = 0; i < 1000; ++i) alive.push_back(Storage::allocate(100));
  std::thread([&] { alive.clear(); }).join();
  std::uint64_t before = memory_stats().system_allocations;
  for (int i = 0; i < 1000; ++i) alive.push_back(Storage::allocate(100));
  std::uint64_t asked = memory_stats().system_allocations - before;
  CHECK(asked == (caching ? 0 : 1000));
}

TEST_CASE("Memory statistics follow what lives", "[storage]") {
  empty_cache();
  CHECK(memory_stats().bytes_cached == 0);
  reset_peak_memory();
  MemoryStats start = memory_stats();
  CHECK(start.peak_bytes_in_use == start.bytes_in_use);
  {
    Ref<Storage> storage = Storage::allocate(1 << 20);
    MemoryStats now = memory_stats();
    CHECK(now.bytes_in_use - start.bytes_in_use >= 1 << 20);
    CHECK(now.bytes_in_use - start.bytes_in_use <= (1 << 20) * 5 / 4 + 64);
    CHECK(now.peak_bytes_in_use == now.bytes_in_use);
  }
  MemoryStats after = memory_stats();
  CHECK(after.bytes_in_use == start.bytes_in_use);
  CHECK(after.peak_bytes_in_use - start.peak_bytes_in_use >= 1 << 20);
  if (caching) CHECK(after.bytes_cached >= 1 << 20);
  empty_cache();
  CHECK(memory_stats().bytes_cached == 0);
}

TEST_CASE("More memory than there is is an error", "[storage]") {
  std::uint64_t before = memory_stats().bytes_in_use;
  CHECK_THROWS_WITH(Storage::allocate(std::size_t{1} << 50), Contains("cannot allocate"));
  CHECK(memory_stats().bytes_in_use == before);
}

TEST_CASE("Borrowed memory goes to its deleter once, with the last reference", "[storage]") {
  int deleted = 0;
  std::array<float, 4> memory{};
  {
    Ref<Storage> a = Storage::borrow(memory.data(), sizeof(memory), [&](void* p) {
      CHECK(p == memory.data());
      ++deleted;
    });
    Ref<Storage> b = a;
    CHECK(a->data() == memory.data());
    a = nullptr;
    CHECK(deleted == 0);
  }
  CHECK(deleted == 1);
  Ref<Storage> without_deleter = Storage::borrow(memory.data(), sizeof(memory), {});
  CHECK(without_deleter->bytes() == sizeof(memory));
}

TEST_CASE("Storage counts writes and remembers the last", "[storage]") {
  Ref<Storage> storage = Storage::allocate(4);
  CHECK(storage->version() == 0);
  ContextScope scope({"add_", {"/src/net.cpp", 23}, "", nullptr});
  storage->mark_written();
  CHECK(storage->version() == 1);
  CHECK(std::string(storage->written_by()) == "add_");
  CHECK(std::string(storage->written_at().file_name()) == "net.cpp");
  CHECK(storage->written_at().line == 23);
}
