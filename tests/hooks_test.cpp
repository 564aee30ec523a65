#include "gradus/autograd/hooks.h"

#include "gradus/autograd/backward.h"
#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "tests/catch.h"

using namespace gradus;

TEST_CASE("hooks run in order of registration and may replace the gradient", "[hooks]") {
  Tensor x = tensor(3.0).requires_grad_();
  Tensor y = x * 2.0;
  std::vector<double> seen;
  register_hook(y, [&](const Tensor& g) {
    seen.push_back(g.item<double>());
    return g * 10.0;
  });
  register_hook(y, [&](const Tensor& g) { seen.push_back(g.item<double>()); });
  (y * 1.0).backward();
  CHECK(seen == std::vector<double>{1, 10});
  CHECK(x.grad().item<double>() == 20.0);
}

// torch 1.13.1: hook, retain_grad, node, accumulate; the same sequence as with
// y.retain_grad(); y.register_hook(lambda g: g * 2); (y * 3).backward() -> y.grad == 6
TEST_CASE("retain_grad sees what hooks made of the gradient", "[hooks]") {
  Tensor x = tensor(1.0).requires_grad_();
  Tensor y = x * 1.0;
  y.retain_grad();
  register_hook(y, [](const Tensor& g) { return g * 2.0; });
  (y * 3.0).backward();
  CHECK(y.grad().item<double>() == 6.0);
  CHECK(x.grad().item<double>() == 6.0);
}

TEST_CASE("a leaf's hook fires once with the summed gradient, then the post-accumulate hook",
          "[hooks]") {
  Tensor x = tensor(1.0).requires_grad_();
  std::vector<std::string> order;
  register_hook(
      x, [&](const Tensor& g) { order.push_back(fmt::format("hook {}", g.item<double>())); });
  register_post_accumulate_grad_hook(x, [&](const Tensor& leaf) {
    order.push_back(fmt::format("accumulated {}", leaf.grad().item<double>()));
  });
  (x * 2.0 + x * 3.0).backward();
  CHECK(order == std::vector<std::string>{"hook 5", "accumulated 5"});
  (x * 1.0).backward();
  CHECK(order.back() == "accumulated 6");
  REQUIRE_THROWS_WITH(register_post_accumulate_grad_hook(x * 1.0, [](const Tensor&) {}),
                      Contains("needs a leaf") && Contains("mul"));
  REQUIRE_THROWS_WITH(register_hook(tensor(1.0), [](const Tensor&) {}),
                      Contains("requires a gradient"));
}

TEST_CASE("handles remove hooks, also while hooks run, and scoped ones at the end of scope",
          "[hooks]") {
  Tensor x = tensor(1.0).requires_grad_();
  int a = 0, b = 0, c = 0;
  HookHandle second;
  register_hook(x, [&](const Tensor&) {
    ++a;
    second.remove();
  });
  second = register_hook(x, [&](const Tensor&) { ++b; });
  {
    ScopedHook scoped(register_hook(x, [&](const Tensor&) { ++c; }));
    (x * 1.0).backward();
  }
  (x * 1.0).backward();
  CHECK(a == 2);
  CHECK(b == 0);
  CHECK(c == 1);
  second.remove();
  HookHandle outlives;
  {
    Tensor gone = tensor(1.0).requires_grad_();
    outlives = register_hook(gone, [](const Tensor&) {});
  }
  outlives.remove();
}

TEST_CASE("a hook keeps what it changes in itself, and outlives its removal while it runs",
          "[hooks]") {
  Tensor x = tensor(1.0).requires_grad_();
  register_hook(x, [n = 0.0](const Tensor& g) mutable { return g * ++n; });
  (x * 1.0).backward();
  (x * 1.0).backward();
  CHECK(x.grad().item<double>() == 1 + 2);

  Tensor y = tensor(1.0).requires_grad_();
  HookHandle own;
  std::weak_ptr<double> held;
  own = register_hook(y, [&own, factor = std::make_shared<double>(5), &held](const Tensor& g) {
    held = factor;
    own.remove();
    return g * *factor;
  });
  (y * 1.0).backward();
  CHECK(y.grad().item<double>() == 5);
  CHECK(held.expired());
}

TEST_CASE("hooks run without recording unless create_graph", "[hooks]") {
  Tensor x = tensor(1.0).requires_grad_();
  std::vector<bool> recording;
  Tensor y = x * x;
  register_hook(y, [&](const Tensor&) { recording.push_back(grad_enabled()); });
  y.backward({.retain_graph = true});
  y.backward({.create_graph = true});
  CHECK(recording == std::vector<bool>{false, true});
  x.set_grad({});  // it holds the graph that leads to x, which would keep both alive
}

TEST_CASE("a hook's replacement must fit", "[hooks]") {
  Tensor x = ones({2}).requires_grad_();
  Tensor y = x * 1.0;
  register_hook(y, [](const Tensor&) { return ones({3}); });
  REQUIRE_THROWS_WITH(y.sum().backward(), Contains("a hook replaced") && Contains("(3,)"));
}

TEST_CASE("a hook belongs to the value at registration", "[hooks]") {
  Tensor w = tensor({1.0, 1.0}).requires_grad_();
  int calls = 0;
  register_hook(w, [&](const Tensor&) { ++calls; });
  {
    NoGrad no_grad;
    w.mul_(5);
  }
  (w * w).sum().backward();
  CHECK(calls == 1);
  CHECK(w.grad().to_vector<double>() == std::vector<double>{10, 10});
}

TEST_CASE("an observer sees what flows through a stretch, and changes nothing", "[hooks]") {
  Tensor x = tensor(2.0).requires_grad_();
  Tensor h = x * 1.0;
  GradientObserver observer(std::vector<Tensor>{h});
  Tensor a = h * 3.0;
  Tensor b = a * h;  // 3 h^2
  int calls = 0;
  observer.attach(std::vector{b}, [&](const auto& inputs, const auto& outputs) {
    ++calls;
    CHECK(outputs[0].template item<double>() == 5.0);
    CHECK(inputs[0].template item<double>() == 5.0 * 12.0);  // not what h gets from outside
  });
  (b * 5.0 + h * 100.0).backward({.retain_graph = true});
  CHECK(calls == 1);
  CHECK(x.grad().item<double>() == 160.0);
  (b * 5.0).backward();
  CHECK(calls == 2);
}

TEST_CASE("an observer fires without an input that needs a gradient, and for an identity",
          "[hooks]") {
  Tensor w = tensor(2.0).requires_grad_();
  Tensor x = tensor(3.0);
  GradientObserver observer(std::vector<Tensor>{x});
  Tensor y = x * w;
  int calls = 0;
  observer.attach(std::vector{y}, [&](const auto& inputs, const auto& outputs) {
    ++calls;
    CHECK_FALSE(inputs[0].defined());
    CHECK(outputs[0].template item<double>() == 1.0);
  });
  y.backward();
  CHECK(calls == 1);

  GradientObserver identity(std::vector<Tensor>{w});
  identity.attach(std::vector{w}, [&](const auto& inputs, const auto& outputs) {
    ++calls;
    CHECK(inputs[0].template item<double>() == 7.0);
    CHECK(outputs[0].template item<double>() == 7.0);
  });
  (w * 7.0).backward();
  CHECK(calls == 2);
}

TEST_CASE("nested observers each see their stretch", "[hooks]") {
  Tensor x = tensor(2.0).requires_grad_();
  std::vector<double> inner, outer;
  GradientObserver around(std::vector<Tensor>{x});
  Tensor a = x * 2.0;
  GradientObserver inside(std::vector<Tensor>{a});
  Tensor b = a * 3.0;
  inside.attach(std::vector{b}, [&](const auto& in, const auto&) {
    inner.push_back(in[0].template item<double>());
  });
  Tensor c = b * 5.0;
  around.attach(std::vector{c}, [&](const auto& in, const auto&) {
    outer.push_back(in[0].template item<double>());
  });
  c.backward();
  CHECK(inner == std::vector<double>{15});
  CHECK(outer == std::vector<double>{30});
}
