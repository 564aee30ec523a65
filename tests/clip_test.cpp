#include "gradus/optim/clip.h"

#include <limits>

#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "tests/catch.h"

using namespace gradus;
using namespace gradus::optim;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Tensor with_grad(const Tensor& value, const Tensor& grad) {
  value.requires_grad_();
  value.set_grad(grad);
  return value;
}

// Gradients (3, -4) and ((12)), of norm 13.
std::vector<Tensor> two(DType dtype = float32) {
  return {with_grad(zeros(2, dtype), tensor({3.0, -4.0}, dtype)),
          with_grad(zeros({1, 1}, dtype), tensor({{12.0}}, dtype))};
}

std::vector<double> grads(const std::vector<Tensor>& params) {
  std::vector<double> all;
  for (const Tensor& p : params) {
    for (double g : p.grad().to_vector<double>()) all.push_back(g);
  }
  return all;
}

void check_near(const std::vector<double>& got, const std::vector<double>& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == Approx(expected[i]).epsilon(3e-7));
}

}  // namespace

TEST_CASE("clip_grad_norm_: values as in PyTorch", "[optim]") {
  // torch.nn.utils.clip_grad_norm_([p, q], 2., norm_type), torch 1.13.1, which computes in float32
  struct Row {
    double norm_type, norm;
    std::vector<double> grads;
  };
  for (const Row& row : std::vector<Row>{{2, 13, {0.461538434, -0.615384579, 1.84615374}},
                                         {1, 19, {0.315789431, -0.421052575, 1.26315773}},
                                         {3, 12.207057, {0.491518915, -0.655358553, 1.96607566}},
                                         {infinity, 12, {0.49999997, -0.666666627, 1.99999988}}}) {
    auto params = two();
    ClipResult result = clip_grad_norm_(params, 2, row.norm_type);
    CHECK(result.norm == Approx(row.norm).epsilon(3e-7));
    CHECK(result.clipped);
    check_near(grads(params), row.grads);
  }
}

TEST_CASE("clip_grad_norm_: a small norm leaves gradients as they are", "[optim]") {
  auto params = two(float64);
  auto version = params[0].grad().storage()->version();
  ClipResult result = clip_grad_norm_(params, 13.1);
  CHECK_FALSE(result.clipped);
  CHECK(grads(params) == std::vector<double>{3, -4, 12});
  CHECK(params[0].grad().storage()->version() == version);
  double norm = clip_grad_norm_(params, 1);
  CHECK(norm == 13);
  CHECK(params[0].grad().storage()->version() == version + 1);
}

TEST_CASE("clip_grad_norm_: nothing to clip has norm 0", "[optim]") {
  CHECK(clip_grad_norm_(std::vector<Tensor>{}, 1) == 0);
  Tensor w = zeros(3);
  w.requires_grad_();
  CHECK(clip_grad_norm_({w}, 1) == 0);
}

TEST_CASE("clip_grad_norm_: a norm that is not finite names its parameters", "[optim]") {
  for (double bad : {infinity, -infinity, std::nan("")}) {
    auto params = two();
    Tensor sick = with_grad(zeros(2), tensor({1.0, bad}));
    params.push_back(sick);
    REQUIRE_THROWS_WITH(clip_grad_norm_(params, 1), Contains("[clip_grad_norm_]") &&
                                                        Contains("parameter 2 of shape (2,)") &&
                                                        Contains("clip_test.cpp:"));
    NamedParameters named{{"a.weight", params[0]}, {"b.bias", sick}, {"c.weight", params[1]}};
    REQUIRE_THROWS_WITH(clip_grad_norm_(named, 1), Contains("not finite in b.bias;"));
    ClipResult result = clip_grad_norm_(named, 1, 2, NonFinite::Skip);
    CHECK(result.nonfinite == std::vector<std::string>{"b.bias"});
    CHECK_FALSE(result.clipped);
    CHECK_FALSE(std::isfinite(result.norm));
    CHECK_FALSE(std::isfinite(clip_grad_norm_(named, 1, infinity, NonFinite::Skip).norm));
    CHECK(params[0].grad().to_vector<double>() == std::vector<double>{3, -4});
    CHECK(sick.grad().at(0) == 1);

    result = clip_grad_norm_(named, 1, 2, NonFinite::Scale);
    CHECK(result.clipped);
    CHECK(result.nonfinite == std::vector<std::string>{"b.bias"});
    CHECK(std::isnan(sick.grad().at(1)));
    // PyTorch: a factor of 0 for an infinite norm, NaN for a NaN
    CHECK((std::isnan(bad) ? std::isnan(sick.grad().at(0)) : sick.grad().at(0) == 0));
  }
}

TEST_CASE("clip_grad_norm_: finite entries whose squares overflow", "[optim]") {
  Tensor w = with_grad(zeros(2, float64), tensor({3e200, -4e200}, float64));
  CHECK(clip_grad_norm_({w}, 10).norm == Approx(5e200));
  CHECK(w.grad().at(0) == Approx(6));
  CHECK(w.grad().at(1) == Approx(-8));
}

TEST_CASE("clip_grad_norm_: many elements, whatever the threads", "[optim]") {
  Tensor w = with_grad(zeros({300, 1001}), full({300, 1001}, 0.01));
  double expected = static_cast<double>(0.01F) * std::sqrt(300.0 * 1001);
  CHECK(clip_grad_norm_({w}, 1).norm == Approx(expected).epsilon(1e-12));
  CHECK(w.grad().at(299, 1000) == Approx(0.01 / expected).epsilon(1e-6));
}

TEST_CASE("clipping: expanded, transposed and shared gradients are each scaled once", "[optim]") {
  Tensor w = with_grad(zeros({2, 2}), tensor(3.0).expand({2, 2}));  // one element in memory
  CHECK(clip_grad_norm_({w}, 3) == 6);
  check_near(grads({w}), {1.5, 1.5, 1.5, 1.5});

  Tensor t = with_grad(zeros({2, 2}), tensor({{1.0, 2.0}, {3.0, 4.0}}).t());
  CHECK(clip_grad_value_({t}, 2.5) == 2);
  CHECK(grads({t}) == std::vector<double>{1, 2.5, 2, 2.5});

  Tensor shared = tensor({6.0});
  Tensor a = with_grad(zeros(1), shared), b = with_grad(zeros(1), shared);
  CHECK(clip_grad_norm_({a, b}, infinity).norm == Approx(std::sqrt(72)));
  clip_grad_norm_({a, b}, std::sqrt(72) / 2);
  check_near(grads({a, b}), {3, 3});
}

TEST_CASE("clip_grad_value_: clamps and counts", "[optim]") {
  auto params = two();
  CHECK(clip_grad_value_(params, 3.5) == 2);
  CHECK(grads(params) == std::vector<double>{3, -3.5, 3.5});
  CHECK(clip_grad_value_(params, 3.5) == 0);
  Tensor w = with_grad(zeros(3), tensor({infinity, std::nan(""), -1.0}));
  CHECK(clip_grad_value_({w}, 1) == 1);
  CHECK(w.grad().at(0) == 1);
  CHECK(std::isnan(w.grad().at(1)));
}

TEST_CASE("clip_grad_adaptive_: units are rows, vectors are whole", "[optim]") {
  // Rows of norm 5 and 0; gradients of norm 10 and .5; clipping .1, eps 1e-3.
  Tensor w = with_grad(tensor({{3.0, 4.0}, {0.0, 0.0}}), tensor({{6.0, -8.0}, {0.3, 0.4}}));
  Tensor bias = with_grad(tensor({0.6, 0.8}), tensor({0.03, 0.04}));
  CHECK(clip_grad_adaptive_({w, bias}, {.clipping = 0.1}) == 2);
  check_near(grads({w, bias}), {0.3, -0.4, 6e-5, 8e-5, 0.03, 0.04});
  CHECK(clip_grad_adaptive_({bias}, {.clipping = 0.01}) == 1);
  check_near(grads({bias}), {0.006, 0.008});
}

TEST_CASE("clip_grad_adaptive_: a gradient that is not finite is named, all unchanged", "[optim]") {
  auto params = two();
  params.push_back(with_grad(ones({2, 1}), tensor({{1.0}, {infinity}})));
  REQUIRE_THROWS_WITH(clip_grad_adaptive_(params),
                      Contains("parameter 2 of shape (2, 1)") && Contains("not finite (unit 1)"));
  CHECK(params[0].grad().to_vector<double>() == std::vector<double>{3, -4});
}

TEST_CASE("clipping: wrong arguments are refused", "[optim]") {
  auto params = two();
  REQUIRE_THROWS_WITH(clip_grad_norm_(params, 0), Contains("max_norm must be positive, got 0"));
  REQUIRE_THROWS_WITH(clip_grad_norm_(params, -1), Contains("max_norm"));
  REQUIRE_THROWS_WITH(clip_grad_norm_(params, std::nan("")), Contains("max_norm"));
  REQUIRE_THROWS_WITH(clip_grad_norm_(params, 1, 0), Contains("norm_type must be positive"));
  REQUIRE_THROWS_WITH(clip_grad_norm_({params[0], Tensor()}, 1),
                      Contains("parameter 1 is undefined"));
  REQUIRE_THROWS_WITH(clip_grad_value_(params, -1), Contains("[clip_grad_value_] the limit"));
  REQUIRE_THROWS_WITH(clip_grad_adaptive_(params, {.clipping = 0}), Contains("clipping"));
  REQUIRE_THROWS_WITH(clip_grad_adaptive_(params, {.eps = 0}), Contains("eps"));
}
