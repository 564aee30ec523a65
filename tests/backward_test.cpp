#include "gradus/autograd/backward.h"

#include <thread>

#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"

using namespace gradus;

TEST_CASE("backward accumulates in leaves", "[backward]") {
  Tensor w = tensor({1.0, 2.0, 3.0}).requires_grad_();
  (w * w).sum().backward();
  CHECK(w.grad().to_vector<double>() == std::vector<double>{2, 4, 6});
  (w * 2.0).sum().backward();
  CHECK(w.grad().to_vector<double>() == std::vector<double>{4, 6, 8});
}

TEST_CASE("a tensor used several times gets the sum", "[backward]") {
  Tensor x = tensor(3.0).requires_grad_();
  Tensor y = x * x + x * 5.0 + x;
  y.backward();
  CHECK(x.grad().item<double>() == 12.0);
}

TEST_CASE("gradients of leaves do not share memory", "[backward]") {
  Tensor a = ones({3}).requires_grad_();
  Tensor b = ones({3}).requires_grad_();
  (a + b).sum().backward();
  a.grad().fill_(7);
  CHECK(b.grad().to_vector<double>() == std::vector<double>{1, 1, 1});
}

TEST_CASE("broadcasting and promotion are undone on the edge", "[backward]") {
  Tensor row = ones({1, 3}).requires_grad_();
  Tensor column = ones({2, 1}, float64).requires_grad_();
  (row * column * 2.0).sum().backward();
  CHECK(row.grad().shape() == Shape{1, 3});
  CHECK(row.grad().dtype() == float32);
  CHECK(row.grad().to_vector<double>() == std::vector<double>{4, 4, 4});
  CHECK(column.grad().shape() == Shape{2, 1});
  CHECK(column.grad().dtype() == float64);
  CHECK(column.grad().to_vector<double>() == std::vector<double>{6, 6});
}

TEST_CASE("backward of a non-scalar takes a gradient", "[backward]") {
  Tensor x = tensor({1.0, 2.0}).requires_grad_();
  Tensor y = x * x;
  REQUIRE_THROWS_WITH(y.backward(), Contains("[backward] only an output of one element") &&
                                        Contains("shape (2,)") && Contains("backward_test.cpp:"));
  REQUIRE_THROWS_WITH(y.backward(ones({3})), Contains("does not match the output (float32, (2,))"));
  y.backward(tensor({1.0, 10.0}));
  CHECK(x.grad().to_vector<double>() == std::vector<double>{2, 40});
}

TEST_CASE("a second backward through a freed graph says what to do", "[backward]") {
  Tensor x = tensor(2.0).requires_grad_();
  Tensor y = x * x;
  y.backward({.retain_graph = true});
  y.backward();
  CHECK(x.grad().item<double>() == 8.0);
  REQUIRE_THROWS_WITH(y.backward(),
                      Contains("[backward] the graph was freed by an earlier backward") &&
                          Contains("mul recorded at backward_test.cpp:") &&
                          Contains(".retain_graph = true"));
  CHECK(x.grad().item<double>() == 8.0);
}

TEST_CASE("backward can be limited to some leaves", "[backward]") {
  Tensor a = tensor(2.0).requires_grad_();
  Tensor b = tensor(3.0).requires_grad_();
  Tensor y = a * b;
  y.backward({.inputs = {a}});
  CHECK(a.grad().item<double>() == 3.0);
  CHECK_FALSE(b.grad().defined());
  REQUIRE_THROWS_WITH((a * b).backward({.inputs = {a * 2.0}}),
                      Contains("input 0 is no leaf that requires a gradient"));
}

TEST_CASE("grad returns derivatives and changes no leaf", "[backward]") {
  Tensor x = tensor(3.0).requires_grad_();
  Tensor h = x * x;
  Tensor y = h * x;
  auto g = grad({y}, {x, h}, {.retain_graph = true});
  CHECK(g[0].item<double>() == 27.0);
  CHECK(g[1].item<double>() == 3.0);
  CHECK_FALSE(x.grad().defined());
  CHECK_FALSE(g[0].requires_grad());

  Tensor unused = tensor(1.0).requires_grad_();
  REQUIRE_THROWS_WITH(grad(y, unused, {.retain_graph = true}),
                      Contains("[grad] the outputs do not depend on input 0"));
  CHECK_FALSE(grad(y, unused, {.retain_graph = true, .allow_unused = true}).defined());
  REQUIRE_THROWS_WITH(grad(y, tensor(1.0)), Contains("does not require a gradient"));
}

TEST_CASE("grad with an interior input leaves the graph below it usable", "[backward]") {
  Tensor x = tensor(3.0).requires_grad_();
  Tensor h = x * x;
  CHECK(grad(h * 2.0, h).item<double>() == 2.0);
  h.backward();
  CHECK(x.grad().item<double>() == 6.0);
}

TEST_CASE("derivatives of derivatives", "[backward]") {
  Tensor x = tensor({0.5}, float64).requires_grad_();
  Tensor y = sin(x);
  for (int order = 1; order <= 4; ++order) {
    y = grad(y, x, {.create_graph = true});
  }
  CHECK(y.item<double>() == Approx(std::sin(0.5)).epsilon(1e-14));

  Tensor w = tensor(2.0).requires_grad_();
  Tensor penalty = square(grad(w * w * w, w, {.create_graph = true}));  // (3 w^2)^2
  penalty.backward();
  CHECK(w.grad().item<double>() == 36.0 * 8.0);
}

TEST_CASE("leaf and non-leaf rules", "[backward]") {
  Tensor x = ones({2}).requires_grad_();
  Tensor y = x * 2.0;
  CHECK(x.is_leaf());
  CHECK_FALSE(y.is_leaf());
  CHECK(y.requires_grad());
  CHECK_FALSE(y.detach().requires_grad());
  REQUIRE_THROWS_WITH(y.requires_grad_(false), Contains("result of mul") && Contains("detach()"));
  REQUIRE_THROWS_WITH(arange(3).requires_grad_(), Contains("only floating-point tensors"));
  CHECK_FALSE(x.requires_grad_(false).requires_grad());
  REQUIRE_THROWS_WITH(x.sum().backward(), Contains("needs no gradient"));
}

TEST_CASE("NoGrad and EnableGrad nest", "[backward]") {
  Tensor x = ones({2}).requires_grad_();
  {
    NoGrad no_grad;
    CHECK_FALSE((x * 2.0).requires_grad());
    {
      EnableGrad enable;
      CHECK((x * 2.0).requires_grad());
    }
    CHECK_FALSE(grad_enabled());
    x.mul_(3);
  }
  CHECK(grad_enabled());
  CHECK(x.to_vector<double>() == std::vector<double>{3, 3});
}

TEST_CASE("writes to recorded tensors are refused, late ones are noticed", "[backward]") {
  Tensor w = ones({2}).requires_grad_();
  REQUIRE_THROWS_WITH(
      w.add_(1), Contains("[add_] cannot change a tensor that takes part") && Contains("NoGrad"));
  Tensor plain = ones({2});
  REQUIRE_THROWS_WITH(plain.add_(w),
                      Contains("[add_] cannot write a tensor that requires a gradient"));
  REQUIRE_THROWS_WITH(ones({1}).expand({3}).add_(1), Contains("expanded tensor"));

  Tensor b = ones({2});
  Tensor y = (w * b).sum();
  b.add_(1);
  REQUIRE_THROWS_WITH(y.backward(),
                      Contains("[backward] a float32 tensor of shape (2,) was saved by mul "
                               "at backward_test.cpp:") &&
                          Contains("overwritten by add_ at backward_test.cpp:"));
  CHECK_FALSE(w.grad().defined());
}

TEST_CASE("an output that a rule needs is guarded too", "[backward]") {
  Tensor x = ones({2}).requires_grad_();
  Tensor y = exp(x);
  {
    NoGrad no_grad;
    y.zero_();
  }
  REQUIRE_THROWS_WITH(y.sum().backward(), Contains("was saved by exp"));
}

TEST_CASE("set_grad checks its argument", "[backward]") {
  Tensor w = ones({2}).requires_grad_();
  REQUIRE_THROWS_WITH(w.set_grad(ones({3})), Contains("(2,)") && Contains("(3,)"));
  w.set_grad(ones({2}));
  CHECK(w.grad().numel() == 2);
  w.set_grad({});
  CHECK_FALSE(w.grad().defined());
}

TEST_CASE("separate graphs run in separate threads, sharing a parameter", "[backward]") {
  Tensor w = ones({8}).requires_grad_();
  constexpr int rounds = 50;
  auto work = [&] {
    for (int i = 0; i < rounds; ++i) {
      Tensor h = w;
      for (int k = 0; k < 5; ++k) h = tanh(h * 1.5);
      (h * 0.0 + w).sum().backward();
    }
  };
  std::thread other(work);
  work();
  other.join();
  CHECK(w.grad().to_vector<double>() == std::vector<double>(8, 2.0 * rounds));
}
