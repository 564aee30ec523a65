#include "gradus/autograd/ops.h"
#include "gradus/tensor/ops.h"
#include "tests/catch.h"
#include "tests/naive.h"

using namespace gradus;

namespace {

void check_qr(const Tensor& x) {
  std::int64_t m = x.size(0), n = x.size(1), k = std::min(m, n);
  INFO(to_string(x.shape()) << ", " << name(x.dtype()));
  auto [q, r] = kernel::qr(x);
  double tolerance = x.dtype() == float32 ? 1e-5 : 1e-12;
  REQUIRE(q.shape() == Shape{m, k});
  REQUIRE(r.shape() == Shape{k, n});
  CHECK(q.dtype() == x.dtype());
  CHECK(naive::close(matmul(q, r), x, tolerance));
  CHECK(naive::close(matmul(q.t(), q), eye(k, x.dtype()), tolerance));
  CHECK(equal(triu(r), r));
}

}  // namespace

TEST_CASE("qr gives orthonormal Q and triangular R whose product is x", "[qr]") {
  for (DType dtype : {float32, float64}) {
    for (const Shape& shape : {Shape{1, 1}, Shape{4, 4}, Shape{7, 3}, Shape{3, 7}, Shape{60, 45},
                               Shape{5, 1}, Shape{1, 5}}) {
      check_qr(naive::draw(shape, dtype));
      check_qr(naive::scattered(naive::draw(shape, dtype)));
    }
    check_qr(zeros({4, 3}, dtype));
    check_qr(eye(4, 3, dtype));
    check_qr(outer(arange(5, dtype), ones({4}, dtype)));  // rank 1
    check_qr(empty({0, 3}, dtype));
    check_qr(empty({3, 0}, dtype));
  }
}

// torch.linalg.qr(torch.tensor([[1., 2], [3, 4], [5, 6]], dtype=torch.float64))
TEST_CASE("qr as in PyTorch", "[qr]") {
  auto [q, r] = kernel::qr(tensor({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}}, float64));
  CHECK(allclose(q, tensor({{-0.16903085094570325, 0.8970852271450605},
                            {-0.50709255283710997, 0.2760262237369418},
                            {-0.84515425472851657, -0.3450327796711773}},
                           float64)));
  CHECK(allclose(
      r, tensor({{-5.916079783099616, -7.43735744161094}, {0.0, 0.8280786712108251}}, float64)));
}

TEST_CASE("qr is the same on any number of threads", "[qr]") {
  Tensor x = naive::draw({300, 200}, float64);
  auto run = [&](int threads) {
    naive::Threads scope(threads);
    return kernel::qr(x)[0].to_vector<double>();
  };
  auto one = run(1);
  for (int threads : {2, 5}) CHECK(run(threads) == one);
}

TEST_CASE("qr refuses what is not a floating matrix", "[qr]") {
  REQUIRE_THROWS_WITH(kernel::qr(zeros({3})), Contains("needs a matrix, got shape (3,)"));
  REQUIRE_THROWS_WITH(kernel::qr(zeros({2, 2}, int64)), Contains("floating dtype, got int64"));
}
