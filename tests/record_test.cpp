#include "gradus/autograd/record.h"

#include "gradus/autograd/anomaly.h"
#include "gradus/autograd/backward.h"
#include "gradus/autograd/checkpoint.h"
#include "gradus/autograd/gradcheck_catch.h"
#include "gradus/autograd/graph_view.h"
#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"

using namespace gradus;

namespace {

// x^3, as a user writes an op.
Tensor cube(const Tensor& x, Where at = Where::here()) {
  NoGrad no_grad;
  Tensor value = x * x * x;
  EnableGrad enable;
  return Op("cube", at).record(value, wrt(x, [x = saved(x)](const Tensor& g) {
                                 return g * 3.0 * square(x);
                               }));
}

// (a + b, a * b) with one rule.
std::array<Tensor, 2> sum_and_product(const Tensor& a, const Tensor& b, Where at = Where::here()) {
  NoGrad no_grad;
  std::array<Tensor, 2> values{a + b, a * b};
  EnableGrad enable;
  return Op("sum_and_product", at)
      .record_all(values, joint({a, b}, [a = saved(a), b = saved(b)](std::span<const Tensor> gs,
                                                                     const Needs& needs) {
                    Tensor plus = gs[0].defined() ? gs[0] : zeros_like(gs[1]);
                    Tensor times = gs[1].defined() ? gs[1] : zeros_like(gs[0]);
                    return std::array{needs[0] ? plus + times * b : Tensor(),
                                      needs[1] ? plus + times * a : Tensor()};
                  }));
}

// A wrong gradient: gradcheck has to find it.
Tensor wrong(const Tensor& x, Where at = Where::here()) {
  NoGrad no_grad;
  Tensor value = square(x);
  EnableGrad enable;
  return Op("wrong", at).record(value, wrt(x, [x = saved(x)](const Tensor& g) { return g * x; }));
}

Tensor misshapen(const Tensor& x, Where at = Where::here()) {
  return Op("misshapen", at).record(x.detach(), wrt(x, [](const Tensor&) { return ones({7}); }));
}

}  // namespace

TEST_CASE("a user's op is differentiable to any order", "[record]") {
  Tensor x = tensor({{0.5, -1.0}, {2.0, 1.5}}, float64).requires_grad_();
  auto fn = [](const std::vector<Tensor>& in) { return cube(in[0]); };
  CHECK_THAT(gradcheck(fn, {x}), GradientsAgree());
  CHECK_THAT(gradgradcheck(fn, {x}), GradientsAgree());
}

TEST_CASE("an op with several outputs", "[record]") {
  Tensor a = tensor({1.0, 2.0}, float64).requires_grad_();
  Tensor b = tensor({3.0, 4.0}, float64).requires_grad_();
  auto fn = [](const std::vector<Tensor>& in) {
    auto [s, p] = sum_and_product(in[0], in[1]);
    return std::vector{s, p};
  };
  CHECK_THAT(gradcheck(fn, {a, b}), GradientsAgree());
  CHECK_THAT(gradgradcheck(fn, {a, b}), GradientsAgree());
  auto [s, p] = sum_and_product(a, b);
  auto only_product = grad(p.sum(), a);
  CHECK(only_product.to_vector<double>() == std::vector<double>{3, 4});
}

TEST_CASE("gradcheck names input, index and both values", "[gradcheck]") {
  Tensor x = tensor({1.0, 3.0}, float64).requires_grad_();
  GradcheckResult result =
      gradcheck([](const std::vector<Tensor>& in) { return wrong(in[0]); }, {x});
  CHECK_FALSE(result.passed);
  CHECK_THAT(
      fmt::format("{}", result),
      Contains("2 gradient elements differ:\n  output 0 at (0,) by input 0 at (0,): analytic 1,") &&
          Contains("numeric 2") && Contains("at (1,): analytic 3, numeric 6"));
  CHECK(x.to_vector<double>() == std::vector<double>{1, 3});
  REQUIRE_THROWS_WITH(
      gradcheck([](const std::vector<Tensor>& in) { return in[0]; }, {ones({2}).requires_grad_()}),
      Contains("input 0 is float32") && Contains("to(float64)"));
  REQUIRE_THROWS_WITH(gradcheck([](const std::vector<Tensor>& in) { return in[0]; }, {ones({2})}),
                      Contains("needs an input that requires a gradient"));
  auto noisy = [](const std::vector<Tensor>& in) { return in[0] * rand({2}, float64); };
  CHECK_THAT(gradcheck(noisy, {x}).message, Contains("not deterministic"));
}

TEST_CASE("gradgradcheck finds a rule that is not differentiable", "[gradcheck]") {
  auto cut = [](const std::vector<Tensor>& in) {
    const Tensor& x = in[0];
    return Op("cut", Where::here()).record(x.detach() * x.detach(), wrt(x, [x](const Tensor& g) {
                                             return g * (x.detach() * 2.0);
                                           }));
  };
  Tensor x = tensor({1.0, 3.0}, float64).requires_grad_();
  CHECK_THAT(gradcheck(cut, {x}), GradientsAgree());
  CHECK_FALSE(gradgradcheck(cut, {x}).passed);
}

TEST_CASE("a rule of the wrong shape is named", "[record]") {
  Tensor x = ones({3}).requires_grad_();
  REQUIRE_THROWS_WITH(
      misshapen(x).sum().backward(),
      Contains("[misshapen] its rule made a gradient of shape (7,) for input 1 of shape "
               "(3,) at record_test.cpp:"));
}

TEST_CASE("errors name the op, the line and the backward pass they arise in", "[record]") {
  Tensor a = ones({32, 64});
  Tensor b = ones({128, 10});
  REQUIRE_THROWS_WITH(matmul(a, b), Contains("[matmul] inner sizes differ: (32, 64) x (128, 10) at "
                                             "record_test.cpp:"));
  auto broken = [](const Tensor& x) {
    return Op("broken", Where::here()).record(x.detach(), wrt(x, [](const Tensor& g) {
                                                return g + ones({5, 7});
                                              }));
  };
  REQUIRE_THROWS_WITH(
      broken(ones({3}).requires_grad_()).sum().backward(),
      Contains("[add]") && Contains("record_test.cpp:") && Contains("(backward of broken)"));
}

TEST_CASE("anomaly mode finds the first bad op, forward", "[anomaly]") {
  Tensor x = tensor({1.0, -1.0}).requires_grad_();
  CHECK_NOTHROW(log(x));
  DetectAnomaly guard;
  REQUIRE_THROWS_WITH(log(x),
                      Contains("[log] its result is NaN or infinite, though its inputs are finite "
                               "at record_test.cpp:"));
  CHECK_NOTHROW(tensor({1.0, -INFINITY}) * 2.0);  // came in that way
  Tensor mask = tensor({true, false});
  CHECK_NOTHROW(masked_fill(x, mask, -INFINITY));  // asked for
}

TEST_CASE("anomaly mode finds the first bad op, backward", "[anomaly]") {
  Tensor x = tensor({0.0, 4.0}).requires_grad_();
  DetectAnomaly guard;
  Tensor y = sqrt(x).sum();
  REQUIRE_THROWS_WITH(y.backward(), Contains("[sqrt] its gradient is NaN or infinite") &&
                                        Contains("record_test.cpp:"));
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("GraphView lists nodes with names, lines and shapes", "[graph]") {
  Tensor x = ones({2, 3}).requires_grad_();
  Tensor y = (x * 2.0).sum();
  GraphView graph(y);
  REQUIRE(graph.nodes().size() == 3);
  CHECK(graph.nodes()[0].is_leaf);
  CHECK(graph.nodes()[1].name == "mul");
  CHECK(graph.nodes()[1].input_shapes == std::vector<Shape>{{2, 3}});
  CHECK(graph.nodes()[1].inputs == std::vector<std::size_t>{0});
  CHECK(std::string(graph.nodes()[1].at.file_name()) == "record_test.cpp");
  CHECK(graph.nodes()[2].name == "sum");
  CHECK(graph.nodes()[2].output_shapes == std::vector<Shape>{Shape()});
  CHECK_THAT(fmt::format("{}", graph),
             Contains("   1  mul  from 0 (2, 3)  -> (2, 3)  at record_test.cpp:"));
  CHECK(GraphView(ones({2})).nodes().empty());
}

TEST_CASE("checkpoint gives the same gradients and saves nothing of the inside", "[checkpoint]") {
  Tensor w = tensor({0.5, -0.25}).requires_grad_();
  Tensor x = tensor({1.0, 2.0}).requires_grad_();
  int runs = 0;
  auto fn = [&](const std::vector<Tensor>& in) {
    ++runs;
    return tanh(tanh(in[0] * w) * w);
  };
  fn({x}).sum().backward();
  Tensor expected_w = w.grad();
  Tensor expected_x = x.grad();
  w.set_grad({});
  x.set_grad({});

  Tensor y = checkpoint(fn, {x});
  CHECK(GraphView(y).nodes().size() == 2);
  runs = 0;
  y.sum().backward();
  CHECK(runs == 1);
  CHECK(equal(w.grad(), expected_w));
  CHECK(equal(x.grad(), expected_x));
  CHECK(equal(grad(checkpoint(fn, {x}).sum(), w), expected_w));
}

TEST_CASE("checkpoint nests, repeats its random numbers and is differentiable twice",
          "[checkpoint]") {
  Tensor x = tensor({1.0, 2.0, 3.0}, float64).requires_grad_();
  auto inner = [](const std::vector<Tensor>& in) { return sin(in[0]) * in[0]; };
  auto fn = [&](const std::vector<Tensor>& in) {
    return checkpoint(
        [&](const std::vector<Tensor>& h) { return checkpoint(inner, {h[0] * h[0]}); }, {in[0]});
  };
  CHECK_THAT(gradcheck(fn, {x}), GradientsAgree());
  CHECK_THAT(gradgradcheck(fn, {x}), GradientsAgree());

  manual_seed(3);
  auto noisy = [](const std::vector<Tensor>& in) { return in[0] * rand({3}, float64); };
  Tensor y = checkpoint(noisy, {x});
  Tensor next = rand({3});
  y.sum().backward();
  CHECK(allclose(x.grad() * x.detach(), y.detach()));
  manual_seed(3);
  rand({3}, float64);
  CHECK(equal(rand({3}), next));

  bool first = true;
  auto fickle = [&](const std::vector<Tensor>& in) {
    return std::exchange(first, false) ? in[0] * 1.0 : in[0].sum();
  };
  Tensor z = checkpoint(fickle, {x});
  REQUIRE_THROWS_WITH(z.sum().backward(),
                      Contains("[checkpoint] the function returned float64 (3,) at "
                               "first and float64 () when run again"));
}
