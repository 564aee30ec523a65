#include <cmath>
#include <limits>

#include "gradus/autograd/gradcheck.h"
#include "gradus/autograd/gradcheck_catch.h"
#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "tests/catch.h"
#include "tests/naive.h"
#include "tests/near.h"

using namespace gradus;
using naive::Position;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

/// A reduction by the definition: f folds each element, in row-major order, into a start value.
template <class F>
Tensor reduce_by_definition(const Tensor& x, const Dims& dims, bool keepdim, double start, F&& f) {
  Dims wrapped = wrap_dims(dims, x.dim());
  Tensor kept = full(reduced(x.shape(), wrapped, true), start, float64);
  naive::for_each(x.shape(), [&](const Position& at) {
    std::int64_t offset = 0;
    for (int d = 0; d < x.dim(); ++d) {
      if (!wrapped.contains(d)) offset += at[static_cast<std::size_t>(d)] * kept.strides()[d];
    }
    double& total = kept.data<double>()[offset];
    total = f(total, naive::value(x, at));
  });
  return kept.alias(Layout::contiguous(reduced(x.shape(), wrapped, keepdim)));
}

/// Shapes around the sizes at which the kernel changes its way: rows, columns, blocks, tiles.
struct Case {
  Shape shape;
  Dims dims;
};
const std::vector<Case> small_cases = {{{}, {}},
                                       {{5}, {}},
                                       {{3, 4}, {}},
                                       {{3, 4}, {0}},
                                       {{3, 4}, {1}},
                                       {{3, 4}, {-2, 1}},
                                       {{40, 300}, {0}},
                                       {{40, 300}, {1}},
                                       {{2, 3, 4}, {0, 2}},
                                       {{2, 3, 4}, {1}},
                                       {{7, 1, 19}, {0, 1}},
                                       {{6, 5, 7, 8}, {0, 2, 3}},
                                       {{0, 3}, {0}},
                                       {{2, 0}, {0}},
                                       {{2, 0, 3}, {1, 2}}};
const std::vector<Case> large_cases = {
    {{300, 500}, {0}}, {{3, 70000}, {1}}, {{70000, 3}, {0}}, {{200, 11, 90}, {0, 2}}};

void check_sums(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    for (DType dtype : {float32, float64, int64}) {
      Tensor x = naive::draw(c.shape, dtype);
      INFO(to_string(c.shape) << " over " << to_string(c.dims) << " " << name(dtype));
      for (bool keepdim : {false, true}) {
        Tensor expected =
            reduce_by_definition(x, c.dims, keepdim, 0, [](double a, double b) { return a + b; });
        for (const Tensor& layout : {x, naive::scattered(x)}) {
          Tensor got = sum(layout, c.dims, keepdim);
          CHECK(got.dtype() == dtype);
          CHECK(naive::close(got, expected, 1e-6));
        }
      }
    }
  }
}

void check_others(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    INFO(to_string(c.shape) << " over " << to_string(c.dims));
    Tensor x = naive::draw(c.shape, float64);
    bool has_elements = x.numel() > 0;
    for (const Tensor& layout : {x, naive::scattered(x)}) {
      auto check_close = [&](const Tensor& got, double start, auto f) {
        CHECK(naive::close(got, reduce_by_definition(x, c.dims, false, start, f), 1e-9));
      };
      check_close(prod(layout, c.dims), 1, [](double a, double b) { return a * b; });
      check_close(norm(layout, 1, c.dims), 0, [](double a, double b) { return a + std::abs(b); });
      check_close(square(norm(layout, 2, c.dims)), 0, [](double a, double b) { return a + b * b; });
      check_close(norm(layout, 0, c.dims), 0, [](double a, double b) { return a + (b != 0); });
      check_close(to(any(layout > 0.9, c.dims), float64), 0,
                  [](double a, double b) { return a != 0 || b > 0.9; });
      check_close(to(all(layout > -0.9, c.dims), float64), 1,
                  [](double a, double b) { return a != 0 && b > -0.9; });
      if (has_elements) {
        check_close(amax(layout, c.dims), -9, [](double a, double b) { return std::max(a, b); });
        check_close(amin(layout, c.dims), 9, [](double a, double b) { return std::min(a, b); });
        double count =
            static_cast<double>(x.numel() / std::max<std::int64_t>(sum(x, c.dims).numel(), 1));
        Tensor m = mean(x, c.dims, true);
        check_close(mean(layout, c.dims) * count, 0, [](double a, double b) { return a + b; });
        Tensor deviations = sum(square(x - m), c.dims);
        CHECK(naive::close(var(layout, c.dims, false, 0), deviations / count, 1e-9));
      }
    }
  }
}

}  // namespace

TEST_CASE("sums over any dimensions and strides agree with the definition") {
  check_sums(small_cases);
}
TEST_CASE("sums of many elements agree with the definition", "[large]") { check_sums(large_cases); }
TEST_CASE("the other reductions agree with the definition") { check_others(small_cases); }
TEST_CASE("the other reductions of many elements agree with the definition", "[large]") {
  check_others(large_cases);
}

TEST_CASE("sums of float32 lose no digits, whatever the layout and the number of threads") {
  // 10^7 times the float nearest to 0.1: added up in float the mean would be off by 1e-2.
  Tensor x = full(10'000'000, 0.1f);
  CHECK(std::abs(mean(x).item<double>() / 0.1f - 1) < 1e-6);
  Tensor columns = x.view({2'500'000, 4});
  CHECK(std::abs(mean(columns, 0).at(3) / 0.1f - 1) < 1e-6);
  CHECK(std::abs(var(x + 1000).item<double>()) < 1e-6);

  Tensor noise = naive::draw({1000, 700});
  std::vector<double> results[2];
  for (int threads : {1, 4}) {
    naive::Threads scope(threads);
    for (const Tensor& r : {sum(noise), sum(noise, 0), sum(noise, 1), norm(noise), var(noise)}) {
      for (double v : r.to_vector<double>()) results[threads > 1].push_back(v);
    }
  }
  CHECK(results[0] == results[1]);
}

TEST_CASE("results have PyTorch's dtypes") {
  CHECK(sum(ones(3, boolean)).dtype() == int64);
  CHECK(sum(ones(3, boolean)).item<std::int64_t>() == 3);
  CHECK(prod(full(3, 3, int64)).item<std::int64_t>() == 27);
  CHECK(prod(ones(3, boolean)).dtype() == int64);
  CHECK(any(zeros(3, int64)).dtype() == boolean);
  CHECK(argmax(zeros(3)).dtype() == int64);
  CHECK(amax(ones(3, boolean)).dtype() == boolean);
  CHECK(mean(ones(3, float64)).dtype() == float64);
}

TEST_CASE("reductions of nothing are as in PyTorch") {
  Tensor none = zeros({2, 0});
  CHECK(sum(none).item<float>() == 0);
  CHECK(prod(none).item<float>() == 1);
  CHECK(std::isnan(mean(none).item<float>()));
  CHECK(std::isnan(var(none).item<float>()));
  CHECK(std::isnan(var(zeros(1)).item<float>()));
  CHECK(sum(none, 0).shape() == Shape(0));
  CHECK(sum(none, 1).to_vector<double>() == std::vector<double>{0, 0});
  CHECK(all(none).item<bool>());
  CHECK_FALSE(any(none).item<bool>());
  CHECK(norm(none).item<float>() == 0);
  CHECK(logsumexp(none, 1).at(1) == -std::numeric_limits<double>::infinity());
  REQUIRE_THROWS_WITH(max(none), Contains("[max] no elements to choose from: shape (2, 0)"));
  REQUIRE_THROWS_WITH(amin(none, 1), Contains("[amin] no elements to choose from"));
  REQUIRE_THROWS_WITH(argmax(none, 1), Contains("[argmax] no elements to choose from"));
}

TEST_CASE("max and min choose the first of equals and let the first NaN win") {
  Tensor x = tensor({{3.0, 1.0, 3.0, 0.0}, {2.0, nan_value, 5.0, nan_value}});
  auto [values, indices] = max(x, 1);
  CHECK(values.at(0) == 3);
  CHECK(std::isnan(values.at(1)));
  CHECK(indices.to_vector<double>() == std::vector<double>{0, 1});
  CHECK(min(x, 1).indices.to_vector<double>() == std::vector<double>{3, 1});
  CHECK(argmax(x).item<std::int64_t>() == 5);
  CHECK(argmin(x).item<std::int64_t>() == 5);
  CHECK(std::isnan(max(x).item<double>()));
  CHECK(std::isnan(amin(x).item<double>()));
  CHECK(max(x, 0, true).values.shape() == Shape{1, 4});
  CHECK(argmax(x.t(), 0).to_vector<double>() == std::vector<double>{0, 1});
  CHECK(max(tensor({-4, -7})).item<std::int64_t>() == -4);

  Tensor wide = naive::draw({50, 333});
  auto by_columns = max(wide, 0);
  for (std::int64_t c = 0; c < 333; ++c) {
    std::int64_t row = static_cast<std::int64_t>(by_columns.indices.at(c));
    CHECK(by_columns.values.at(c) == wide.at(row, c));
    CHECK(by_columns.values.at(c) == amax(wide.select(1, c)).item<double>());
  }
}

// torch: x = tensor([[1., -2, 3], [.5, 4, -1]], dtype=float64); the gradient of
// (y * arange(1, y.numel() + 1).reshape(y.shape)).sum()
TEST_CASE("values and gradients agree with PyTorch") {
  auto check_golden = [](auto f, const std::vector<double>& values,
                         const std::vector<double>& gradient) {
    Tensor x = tensor({{1.0, -2.0, 3.0}, {0.5, 4.0, -1.0}}, float64).requires_grad_();
    Tensor y = f(x);
    check_near(y, values, 1e-8);
    sum(y * arange(1, y.numel() + 1, 1, float64).reshape(y.shape())).backward();
    check_near(x.grad(), gradient, 1e-8);
  };
  const double inf = std::numeric_limits<double>::infinity();
  check_golden([](const Tensor& x) { return var(x, 1); }, {6.333333333, 6.583333333},
               {0.333333333, -2.666666667, 2.333333333, -1.333333333, 5.666666667, -4.333333333});
  check_golden([](const Tensor& x) { return gradus::std(x, 0); },
               {0.353553391, 4.242640687, 2.828427125},
               {0.707106781, -1.414213562, 2.121320344, -0.707106781, 1.414213562, -2.121320344});
  check_golden([](const Tensor& x) { return norm(x, 1); }, {11.5}, {1, -1, 1, 1, 1, -1});
  check_golden([](const Tensor& x) { return norm(x, 3, 1); }, {3.301927249, 4.023301496},
               {0.091720201, -0.366880805, 0.825481812, 0.030889071, 1.976900543, -0.123556284});
  check_golden([=](const Tensor& x) { return norm(x, inf, 1); }, {3, 4}, {0, 0, 1, 0, 2, 0});
  check_golden([=](const Tensor& x) { return norm(x, -inf, 1); }, {1, 0.5}, {1, 0, 0, 2, 0, 0});
  check_golden([](const Tensor& x) { return norm(x, 0.5, 0); },
               {2.914213562, 11.656854249, 7.464101615},
               {1.707106781, -4.828427125, 4.732050808, 2.414213562, 3.414213562, -8.196152423});
  check_golden([](const Tensor& x) { return logsumexp(x, 1); }, {3.132845234, 4.036269565},
               {0.118499655, 0.00589975, 0.875600595, 0.058243523, 1.92876059, 0.012995887});
  check_golden([](const Tensor& x) { return prod(x, 1); }, {-6, -2}, {-6, 3, -2, -8, -1, 4});
  check_golden([](const Tensor& x) { return norm(x, 0, 1); }, {3, 3}, {0, 0, 0, 0, 0, 0});
}

TEST_CASE("gradients at ties, zeros and flat data are PyTorch's") {
  Tensor ties = tensor({3.0f, 1.0f, 3.0f, 2.0f}).requires_grad_();
  max(ties).backward();
  check_near(ties.grad(), {0.5, 0, 0.5, 0});
  ties.set_grad({});
  max(ties, 0).values.backward();
  check_near(ties.grad(), {1, 0, 0, 0});

  Tensor with_nan = tensor({nan_value, 1.0, nan_value}).requires_grad_();
  max(with_nan).backward();
  check_near(with_nan.grad(), {0.5, 0, 0.5});

  Tensor flat = full(3, 2.0, float32).requires_grad_();
  gradus::std(flat).backward();
  check_near(flat.grad(), {0, 0, 0});

  Tensor origin = zeros(3).requires_grad_();
  norm(origin).backward();
  check_near(origin.grad(), {0, 0, 0});

  Tensor two_zeros = tensor({2.0f, 0.0f, 3.0f, 0.0f}).requires_grad_();
  prod(two_zeros).backward();
  check_near(two_zeros.grad(), {0, 0, 0, 0});
  Tensor one_zero = tensor({2.0f, 0.0f, 3.0f, 4.0f}).requires_grad_();
  prod(one_zero).backward();
  check_near(one_zero.grad(), {0, 24, 0, 0});
  auto product = [](const std::vector<Tensor>& x) { return prod(x[0], 0); };
  Tensor zeros_among = tensor({{2.0, 0.0, 3.0}, {0.0, 0.0, 4.0}, {5.0, 6.0, 7.0}}, float64);
  CHECK_THAT(gradcheck(product, {zeros_among.requires_grad_()}), GradientsAgree());
  CHECK_THAT(gradgradcheck(product, {zeros_among}), GradientsAgree());
}

TEST_CASE("sum_to is the transpose of broadcasting") {
  Tensor x = naive::draw({4, 2, 3});
  CHECK(naive::close(sum_to(x, {2, 1}), sum(x, {0, 2}).reshape({2, 1}), 1e-6));
  CHECK(naive::close(sum_to(x, {}), sum(x), 1e-6));
  CHECK(sum_to(x, {4, 2, 3}).is_same(x));
  REQUIRE_THROWS_WITH(sum_to(x, {3, 3}),
                      Contains("[sum_to] (3, 3) does not broadcast to (4, 2, 3)"));
}

TEST_CASE("wrong arguments of reductions are named") {
  Tensor x = zeros({2, 3});
  Tensor whole = zeros({2, 3}, int64);
  REQUIRE_THROWS_WITH(sum(x, 2), Contains("[sum]") && Contains("2"));
  REQUIRE_THROWS_WITH(sum(x, {1, -1}), Contains("[sum] dimension -1 appears twice"));
  REQUIRE_THROWS_WITH(mean(whole), Contains("[mean] needs floating-point numbers, got int64"));
  REQUIRE_THROWS_WITH(var(whole), Contains("[var] needs floating-point numbers, got int64"));
  REQUIRE_THROWS_WITH(gradus::std(whole), Contains("[std] needs floating-point numbers"));
  REQUIRE_THROWS_WITH(norm(whole), Contains("[norm] needs floating-point numbers, got int64"));
  REQUIRE_THROWS_WITH(norm(x, nan_value), Contains("[norm] the order p is NaN"));
  REQUIRE_THROWS_WITH(logsumexp(whole, 0), Contains("[logsumexp] needs floating-point numbers"));
  REQUIRE_THROWS_AS(max(x, 2), IndexError);
  REQUIRE_THROWS_WITH(max(x, 2), Contains("[max]"));
  REQUIRE_THROWS_WITH(min(x, -3), Contains("[min]"));
  REQUIRE_THROWS_WITH(argmin(x, 5), Contains("[argmin]"));
  REQUIRE_THROWS_WITH(amax(x, 5), Contains("[amax]"));
  REQUIRE_THROWS_WITH(prod(x, 5), Contains("[prod]"));
  REQUIRE_THROWS_WITH(all(x, 5), Contains("[all]"));
  REQUIRE_THROWS_WITH(any(x, 5), Contains("[any]"));
}

TEST_CASE("logsumexp is stable") {
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(logsumexp(tensor({1000.0, 1000.0}), 0).item<double>() == Approx(1000.693147));
  CHECK(logsumexp(tensor({-inf, -inf}), 0).item<double>() == -inf);
  CHECK(logsumexp(tensor({-inf, 2.0}), 0).item<double>() == Approx(2));
  CHECK(logsumexp(tensor({inf, 2.0}), 0).item<double>() == inf);
  CHECK(std::isnan(logsumexp(tensor({nan_value, 2.0}), 0).item<double>()));
  Tensor x = naive::draw({3, 5, 40});
  CHECK(naive::close(logsumexp(x, {0, 2}), log(sum(exp(x), {0, 2})), 1e-6));
}

TEST_CASE("a sum has the same bits on any number of threads") {
  Tensor x = naive::draw({3, 300'000}).to(float64);
  auto sums = [&](int threads) {
    naive::Threads scope(threads);
    return cat({sum(x).reshape({1}), sum(x, 1), sum(x, 0), norm(x).reshape({1})});
  };
  Tensor alone = sums(1);
  for (int threads : {2, 3, 5}) CHECK(equal(sums(threads), alone));
}
