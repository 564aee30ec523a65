#include "gradus/autograd/ops.h"
#include "tests/catch.h"
#include "tests/naive.h"

using namespace gradus;

namespace {

/// torch.matmul's rules, written as loops.
Tensor naive_matmul(Tensor a, Tensor b) {
  bool a_is_vector = a.dim() == 1;
  bool b_is_vector = b.dim() == 1;
  if (a_is_vector) a = a.alias(a.layout().unsqueeze(0));
  if (b_is_vector) b = b.alias(b.layout().unsqueeze(1));
  auto batch_of = [](const Tensor& x) {
    Shape batch = x.shape();
    batch.erase(batch.size() - 1);
    batch.erase(batch.size() - 1);
    return batch;
  };
  Shape shape = broadcast(batch_of(a), batch_of(b));
  shape.push_back(a.shape()[a.dim() - 2]);
  shape.push_back(b.shape().back());
  auto last = static_cast<std::size_t>(shape.size() - 1);
  Tensor result = naive::build(shape, [&](const naive::Position& at) {
    double sum = 0;
    naive::Position left = at, right = at;
    for (std::int64_t k = 0; k < a.shape().back(); ++k) {
      left[last] = k;
      right[last - 1] = k;
      sum += naive::value(a, left) * naive::value(b, right);
    }
    return sum;
  });
  if (b_is_vector) shape.erase(shape.size() - 1);
  if (a_is_vector) shape.erase(shape.size() - (b_is_vector ? 1 : 2));
  return result.alias(Layout::contiguous(shape));
}

double tolerance(DType dtype) { return dtype == float32 ? 2e-5 : dtype == float64 ? 1e-12 : 0; }

void check_matmul(const Tensor& a, const Tensor& b) {
  INFO(to_string(a.shape()) << " x " << to_string(b.shape()) << ", strides "
                            << to_string(a.strides()) << " x " << to_string(b.strides()) << ", "
                            << name(a.dtype()));
  Tensor got = matmul(a, b);
  CHECK(got.dtype() == a.dtype());
  CHECK(naive::close(got, naive_matmul(a, b), tolerance(a.dtype())));
}

struct Case {
  Shape a, b;
};
const std::vector<Case> cases = {{{4}, {4}},
                                 {{4}, {4, 5}},
                                 {{3, 4}, {4}},
                                 {{3, 4}, {4, 5}},
                                 {{2, 3, 4}, {4, 5}},
                                 {{2, 3, 4}, {4}},
                                 {{4}, {2, 4, 5}},
                                 {{3, 4}, {2, 4, 5}},
                                 {{2, 3, 4}, {2, 4, 5}},
                                 {{2, 1, 3, 4}, {6, 4, 5}},
                                 {{1, 3, 4}, {6, 4, 1}},
                                 {{1, 1}, {1, 1}},
                                 {{6, 1, 4}, {4, 1}},
                                 {{33, 70}, {70, 65}},
                                 {{5, 2, 2, 3}, {5, 1, 3, 2}}};

}  // namespace

TEST_CASE("matmul follows torch.matmul for every pair of ranks and any strides", "[matmul]") {
  for (const Case& c : cases) {
    for (DType dtype : {float32, float64, int64}) {
      Tensor a = naive::draw(c.a, dtype, 1);
      Tensor b = naive::draw(c.b, dtype, 2);
      check_matmul(a, b);
      check_matmul(naive::scattered(a), b);
      check_matmul(a, naive::scattered(b));
      check_matmul(naive::scattered(a), naive::scattered(b));
    }
  }
}

TEST_CASE("matmul takes transposed, sliced, flipped and expanded operands", "[matmul]") {
  for (DType dtype : {float32, float64, int64}) {
    Tensor a = naive::draw({6, 8}, dtype, 1);
    Tensor b = naive::draw({6, 8}, dtype, 2);
    check_matmul(a, b.t());
    check_matmul(a.t(), b);
    check_matmul(a.t(), a);
    check_matmul(a.narrow(1, 2, 5), b.narrow(1, 1, 5).t());
    check_matmul(slice(a, 0, Slice(0, 6, 2)), b.t());
    check_matmul(slice(a, 1, Slice(0, 8, 2)), slice(b, 1, Slice(1, 8, 2)).t());
    check_matmul(a.select(0, 1), b.t());
    check_matmul(a, b.select(0, 3));
    check_matmul(a.t(), b.select(1, 3));
    check_matmul(a.narrow(0, 0, 1).expand({5, 8}), b.t());
    check_matmul(a, b.narrow(0, 0, 1).t().expand({8, 3}));
    check_matmul(a.unsqueeze(0).expand({3, 6, 8}), b.t().unsqueeze(0).expand({3, 8, 6}));
    check_matmul(naive::draw({2, 3, 6, 8}, dtype).transpose(1, 2), b.t());
  }
}

TEST_CASE("matmul of empty operands", "[matmul]") {
  for (DType dtype : {float32, float64, int64}) {
    for (const Case& c : std::vector<Case>{{{0, 4}, {4, 3}},
                                           {{2, 0}, {0, 3}},
                                           {{0}, {0}},
                                           {{2, 4}, {4, 0}},
                                           {{0, 2, 4}, {4, 3}},
                                           {{0, 2, 4}, {0, 4, 3}},
                                           {{3, 2, 0}, {0, 3}},
                                           {{0}, {2, 0, 3}},
                                           {{1, 2, 4}, {0, 4, 3}}}) {
      check_matmul(empty(c.a, dtype), empty(c.b, dtype));
    }
  }
  CHECK(equal(matmul(empty({2, 0}), empty({0, 3})), zeros({2, 3})));
}

TEST_CASE("matmul lets NaN and infinity through", "[matmul]") {
  double nan = std::nan(""), inf = HUGE_VAL;
  Tensor y = matmul(tensor({{nan, 1.0}, {0.0, inf}}), tensor({{0.0, 1.0}, {1.0, 2.0}}));
  CHECK(std::isnan(y.at(0, 0)));
  CHECK(std::isnan(y.at(0, 1)));
  CHECK(y.at(1, 0) == inf);
}

TEST_CASE("matmul is the same on any number of threads", "[matmul]") {
  Tensor a = naive::draw({12, 90, 70});
  Tensor b = naive::draw({70, 300}, float32, 2);
  Tensor c = naive::draw({12, 70, 110}, float32, 3);
  auto products = [&](int threads) {
    naive::Threads scope(threads);
    return std::vector{matmul(a, b).to_vector<float>(), matmul(a, c).to_vector<float>(),
                       matmul(b.t(), b).to_vector<float>()};
  };
  auto one = products(1);
  for (int threads : {2, 5}) CHECK(products(threads) == one);
}

TEST_CASE("matmul gradients have the operands' shapes for every pair of ranks", "[matmul]") {
  for (const Case& c : cases) {
    Tensor a = naive::draw(c.a, float64, 1).requires_grad_();
    Tensor b = naive::draw(c.b, float64, 2).requires_grad_();
    matmul(a, b).sum().backward();
    // d sum(a b) / da is b's rows summed, whatever the batch: compare with a sum by hand.
    Tensor ones_left = ones(matmul(a, b).shape(), float64);
    CHECK(a.grad().shape() == a.shape());
    CHECK(b.grad().shape() == b.shape());
    // sum(a * da) = sum(a b) = sum(b * db), for the product is linear in each.
    double total = matmul(a, b).sum().item<double>();
    CHECK((a * a.grad()).sum().item<double>() == Approx(total).margin(1e-10));
    CHECK((b * b.grad()).sum().item<double>() == Approx(total).margin(1e-10));
  }
}

TEST_CASE("the gradient of a matrix that met a batch is one product, not a batch of them",
          "[matmul]") {
  Tensor x = naive::draw({4, 5, 6});
  Tensor w = naive::draw({6, 3}, float32, 2).requires_grad_();
  matmul(x, w).sum().backward();
  Tensor expected = naive_matmul(x.reshape({20, 6}).t(), ones({20, 3}));
  CHECK(naive::close(w.grad(), expected, 1e-5));
}

TEST_CASE("dot and outer", "[matmul]") {
  Tensor a = tensor({1.0, 2.0, 3.0});
  Tensor b = tensor({4.0, 5.0, 6.0});
  CHECK(dot(a, b).item<float>() == 32);
  CHECK(dot(a, b).dim() == 0);
  CHECK(dot(empty({0}), empty({0})).item<float>() == 0);
  CHECK(equal(outer(a, tensor({1.0, 10.0})), tensor({{1.0, 10.0}, {2.0, 20.0}, {3.0, 30.0}})));
  REQUIRE_THROWS_WITH(outer(ones({2, 2}), a),
                      Contains("[outer] needs two vectors, got (2, 2) and (3,)"));
  REQUIRE_THROWS_WITH(dot(ones({2, 2}), a),
                      Contains("[dot] needs two vectors, got (2, 2) and (3,)"));
}

TEST_CASE("matmul names what does not fit, and where", "[matmul]") {
  std::string line = std::to_string(__LINE__ + 1);
  auto mismatch = [] { return matmul(zeros({32, 64}), zeros({128, 10})); };
  REQUIRE_THROWS_WITH(mismatch(), StartsWith("[matmul] inner sizes differ: (32, 64) x (128, 10) at "
                                             "matmul_test.cpp:" +
                                             line));
  REQUIRE_THROWS_WITH(matmul(zeros({3}), zeros({4})), Contains("inner sizes differ: (3,) x (4,)"));
  REQUIRE_THROWS_WITH(matmul(zeros({2, 3, 4}), zeros({3, 4, 5})),
                      Contains("(2, 3, 4) x (3, 4, 5)"));
  REQUIRE_THROWS_WITH(matmul(zeros({}), zeros({4})), Contains("use * for a scalar"));
  REQUIRE_THROWS_WITH(matmul(zeros({2, 2}), zeros({2, 2}, float64)),
                      Contains("dtypes differ: float32 x float64; convert one with to()"));
  REQUIRE_THROWS_WITH(matmul(zeros({2, 2}, boolean), zeros({2, 2}, boolean)), Contains("bool"));
  REQUIRE_THROWS_AS(matmul(Tensor(), zeros({2, 2})), Error);
}
