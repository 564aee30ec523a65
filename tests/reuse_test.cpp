// Rules may write into a gradient that they own, and into no other.
#include "gradus/autograd/reuse.h"

#include "gradus/gradus.h"
#include "tests/catch.h"

using namespace gradus;

namespace {

std::vector<double> values(const Tensor& x) { return x.to_vector<double>(); }

}  // namespace

TEST_CASE("a product reuses the memory of a gradient that nobody else sees", "[reuse]") {
  NoGrad no_grad;
  const Tensor b = tensor({2.0, 3.0});
  Tensor own = tensor({1.0, 4.0});
  const void* memory = own.storage()->data();
  const Tensor product = times(std::move(own), b);
  CHECK(values(product) == std::vector<double>{2, 12});
  CHECK(product.storage()->data() == memory);

  Tensor shared = tensor({1.0, 4.0});
  const Tensor& other = shared;
  CHECK(values(times(shared, b)) == std::vector<double>{2, 12});
  CHECK(values(other) == std::vector<double>{1, 4});

  // Views show the same elements; rows of a broadcast gradient do, too.
  Tensor whole = tensor({1.0, 4.0, 5.0});
  CHECK(values(times(whole.narrow(0, 0, 2), b)) == std::vector<double>{2, 12});
  CHECK(values(whole) == std::vector<double>{1, 4, 5});
  CHECK(values(times(tensor({1.0, 4.0}), tensor(2.0))) == std::vector<double>{2, 8});
  CHECK(times(ones({2}, float32), ones({2}, float64)).dtype() == float64);
  CHECK(times(ones({2}, float64), ones({3, 2}, float64)).shape() == Shape{3, 2});
}

TEST_CASE("what the backward pass was given or showed to others stays as it was", "[reuse]") {
  Tensor x = tensor({1.0, 2.0}).requires_grad_();
  const Tensor w = tensor({3.0, 5.0});

  const Tensor given = tensor({1.0, 10.0});
  (x * w).backward(given);
  CHECK(values(given) == std::vector<double>{1, 10});
  CHECK(values(x.grad()) == std::vector<double>{3, 50});

  x.set_grad({});
  const Tensor y = x * w;
  y.retain_grad();
  Tensor seen;
  const ScopedHook hook(register_hook(y, [&](const Tensor& g) { seen = g; }));
  (y * w).sum().backward();
  CHECK(values(y.grad()) == std::vector<double>{3, 5});
  CHECK(values(seen) == std::vector<double>{3, 5});
  CHECK(values(x.grad()) == std::vector<double>{9, 25});

  const Tensor z = x * w;
  const auto both = grad({(z * w * w).sum()}, {x, z});
  CHECK(values(both[0]) == std::vector<double>{27, 125});
  CHECK(values(both[1]) == std::vector<double>{9, 25});
}

TEST_CASE("a gradient that goes two ways is not overwritten on the first", "[reuse]") {
  Tensor a = tensor({1.0, 2.0}).requires_grad_();
  Tensor b = tensor({3.0, 4.0}).requires_grad_();
  // The sum hands one tensor to both of its inputs, and each product's rules to both of theirs.
  const Tensor p = a * b, q = b * a;
  ((p + q) * p).sum().backward();  // 2 a^2 b^2
  CHECK(values(a.grad()) == std::vector<double>{4 * 1 * 9, 4 * 2 * 16});
  CHECK(values(b.grad()) == std::vector<double>{4 * 1 * 3, 4 * 4 * 4});
}
