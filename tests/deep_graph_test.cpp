#include <pthread.h>

#include <exception>

#include "gradus/autograd/backward.h"
#include "gradus/autograd/graph_view.h"
#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "tests/catch.h"

using namespace gradus;

namespace {

// Runs f on a thread with `bytes` of stack.
void on_small_stack(std::size_t bytes, void (*f)()) {
  struct Call {
    void (*f)();
    std::exception_ptr error;
  } call{f, nullptr};
  pthread_attr_t attributes;
  REQUIRE(pthread_attr_init(&attributes) == 0);
  REQUIRE(pthread_attr_setstacksize(&attributes, bytes) == 0);
  pthread_t thread;
  auto body = [](void* argument) -> void* {
    auto& c = *static_cast<Call*>(argument);
    try {
      c.f();
    } catch (...) {
      c.error = std::current_exception();
    }
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &attributes, body, &call) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  if (call.error) std::rethrow_exception(call.error);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int depth = 20'000;  // sanitizers keep a shadow of every node
#else
constexpr int depth = 1'000'000;
#endif

Tensor chain(const Tensor& x) {
  Tensor y = x;
  for (int i = 0; i < depth; ++i) y = y * 1.0;
  return y;
}

}  // namespace

TEST_CASE("a chain of a million ops builds, runs backward and dies on a 512 KB stack", "[deep]") {
  on_small_stack(512 * 1024, [] {
    Tensor x = tensor(2.0).requires_grad_();
    Tensor y = chain(x);
    y.backward();
    if (x.grad().item<double>() != 1.0) throw Error("wrong gradient");
  });
}

TEST_CASE("a deep chain dies unused on a small stack", "[deep]") {
  on_small_stack(512 * 1024, [] {
    Tensor x = tensor(2.0).requires_grad_();
    Tensor y = chain(x);
    y = Tensor();
    Tensor z = exp(x);  // a rule that keeps its input alive, too
    for (int i = 0; i < depth / 10; ++i) z = z * z;
  });
}

TEST_CASE("grad() and GraphView walk a deep chain on a small stack", "[deep]") {
  on_small_stack(512 * 1024, [] {
    Tensor x = tensor(2.0).requires_grad_();
    Tensor y = chain(x);
    if (GraphView(y).nodes().size() != static_cast<std::size_t>(depth) + 1)
      throw Error("nodes lost");
    if (grad(y, x).item<double>() != 1.0) throw Error("wrong gradient");
  });
}

TEST_CASE("many inputs of one node", "[deep]") {
  Tensor x = ones({1}).requires_grad_();
  std::vector<Tensor> parts(5000, x);
  cat(parts).sum().backward();
  CHECK(x.grad().item<double>() == 5000.0);
}
