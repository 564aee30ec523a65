#include <cmath>

#include "gradus/autograd/backward.h"
#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/generator.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"

using namespace gradus;

// torch.manual_seed(0); x = torch.tensor([[-1, 2], [0, -3], [NaN, -5]]).t();
// y = F.rrelu(x, training=True); torch.autograd.grad(y.sum(), x); torch.rand(2)
TEST_CASE("rrelu draws PyTorch's slopes, and none for x > 0", "[activation]") {
  Generator generator(0);
  const Tensor x =
      tensor({{-1.0, 2.0}, {0.0, -3.0}, {std::nan(""), -5.0}}).t().detach().requires_grad_();
  const Tensor y = rrelu(x, 1.0 / 8, 1.0 / 3, true, &generator);
  CHECK(y.at(0, 0) == Approx(-0.3270943760871887));
  CHECK(y.at(0, 1) == 0);
  CHECK(std::isnan(y.at(0, 2)));
  CHECK(y.at(1, 0) == 2);
  CHECK(y.at(1, 1) == Approx(-0.6621143221855164));
  CHECK(y.at(1, 2) == Approx(-1.5841121673583984));
  CHECK(allclose(grad(y.sum(), x), tensor({{0.3270943760871887, 0.27246248722076416, 1.0},
                                           {1.0, 0.22070477902889252, 0.31682243943214417}})));
  CHECK(allclose(rand({2}, float32, &generator), tensor({0.455627977848053, 0.6323062777519226})));
}

TEST_CASE("rrelu in evaluation has the mean slope", "[activation]") {
  const Tensor x = tensor({-1.0, 2.0, 0.0, -3.0});
  CHECK(allclose(rrelu(x), tensor({-11.0 / 48, 2.0, 0.0, -11.0 / 16})));
  CHECK(allclose(rrelu(x, 0.1, 0.3), tensor({-0.2, 2.0, 0.0, -0.6})));
}

// y = F.prelu(x, w); torch.autograd.grad(y, (x, w), torch.arange(1., 9.).view(2, 2, 2))
TEST_CASE("prelu takes one slope or one a channel", "[activation]") {
  const Tensor x =
      tensor({{{-1.0, 2.0}, {0.5, -3.0}}, {{0.0, -0.5}, {1.0, -2.0}}}).requires_grad_();
  const Tensor g = arange(1.0, 9.0).reshape({2, 2, 2});

  const Tensor one = tensor({0.25}).requires_grad_();
  const Tensor y = prelu(x, one);
  CHECK(allclose(y, tensor({{{-0.25, 2.0}, {0.5, -0.75}}, {{0.0, -0.125}, {1.0, -0.5}}})));
  auto gradients = grad({y}, {x, one}, {.grad_outputs = {g}});
  CHECK(allclose(gradients[0], tensor({{{0.25, 2.0}, {3.0, 1.0}}, {{1.25, 1.5}, {7.0, 2.0}}})));
  CHECK(allclose(gradients[1], tensor({-32.0})));

  const Tensor two = tensor({0.1, -0.5}).requires_grad_();
  const Tensor z = prelu(x, two);
  CHECK(allclose(z, tensor({{{-0.1, 2.0}, {0.5, 1.5}}, {{0.0, -0.05}, {1.0, 1.0}}})));
  gradients = grad({z}, {x, two}, {.grad_outputs = {g}});
  CHECK(allclose(gradients[0], tensor({{{0.1, 2.0}, {3.0, -2.0}}, {{0.5, 0.6}, {7.0, -4.0}}})));
  CHECK(allclose(gradients[1], tensor({-4.0, -28.0})));
}

// x = torch.tensor([[1., 2., -1., .5], [0., -3., 4., -2.]]); F.glu(x), F.glu(x, 0)
TEST_CASE("glu gates one half by the other", "[activation]") {
  const Tensor x = tensor({{1.0, 2.0, -1.0, 0.5}, {0.0, -3.0, 4.0, -2.0}}).requires_grad_();
  CHECK(allclose(glu(x), tensor({{0.2689414, 1.2449187}, {0.0, -0.3576088}}), 1e-6));
  CHECK(allclose(glu(x, 0), tensor({{0.5, 0.09485175, -0.9820138, 0.05960146}}), 1e-6));
  CHECK(allclose(grad(glu(x).sum(), x),
                 tensor({{0.2689414, 0.6224593, 0.1966119, 0.4700074},
                         {0.9820138, 0.1192029, 0.0, -0.3149808}}),
                 1e-5));
}

TEST_CASE("activations refuse what they cannot compute", "[activation][error]") {
  const Tensor whole = tensor({1, 2, 3});
  REQUIRE_THROWS_WITH(gelu(whole), Contains("[gelu] needs a float32 or float64 tensor, not int64"));
  REQUIRE_THROWS_WITH(rrelu(whole, 0.1, 0.2, true), Contains("[rrelu]") && Contains("int64"));
  const Tensor x = ones({2, 3});
  REQUIRE_THROWS_WITH(celu(x, 0), Contains("[celu] alpha must not be 0"));
  REQUIRE_THROWS_WITH(hardtanh(x, 1, -1), Contains("[hardtanh]") && Contains("1 and -1"));
  REQUIRE_THROWS_WITH(softplus(x, 0), Contains("[softplus] beta must be positive"));
  REQUIRE_THROWS_WITH(rrelu(x, 0.5, 0.25), Contains("[rrelu] lower must not exceed upper"));
  REQUIRE_THROWS_WITH(glu(x), Contains("[glu] size 3 of dimension -1 of x (2, 3) is odd"));
  REQUIRE_THROWS_WITH(prelu(x, ones({2})), Contains("[prelu]") &&
                                               Contains("3 channels of x (2, 3)") &&
                                               Contains("(2,)"));
  REQUIRE_THROWS_WITH(prelu(x, ones({3}, float64)), Contains("float64") && Contains("float32"));
}
