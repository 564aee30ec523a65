#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"

// The numbers are those of torch 1.13.1 on the CPU, after torch.manual_seed(seed).
using namespace gradus;

using Floats = std::vector<float>;

TEST_CASE("dropout draws PyTorch's mask", "[dropout]") {
  manual_seed(0);  // torch.nn.functional.dropout(torch.ones(20), 0.5)
  CHECK(dropout(ones(20), 0.5).to_vector<float>() ==
        Floats{0, 0, 2, 0, 0, 0, 2, 2, 0, 2, 2, 2, 2, 0, 2, 2, 2, 2, 0, 0});
  manual_seed(10);  // torch.nn.functional.dropout(torch.ones(10), 0.3)
  constexpr float k = 1.42857146F;
  CHECK(dropout(ones(10), 0.3).to_vector<float>() == Floats{k, k, 0, k, 0, k, k, k, k, 0});
  manual_seed(0);  // torch.nn.functional.dropout(torch.ones(4, dtype=torch.float64), 0.3)
  CHECK(dropout(ones(4, float64), 0.3).to_vector<double>() ==
        std::vector<double>{0, 0, 1.4285714285714286, 0});
}

TEST_CASE("alpha_dropout draws PyTorch's mask", "[dropout]") {
  manual_seed(0);  // torch.nn.functional.alpha_dropout(torch.arange(8.), 0.2, True)
  Floats values = alpha_dropout(arange(8.0), 0.2).to_vector<float>();
  Floats expected{-1.2361598F, 1.18794346F, 2.06684709F, -1.2361598F,
                  3.8246541F,  4.70355797F, 5.58246136F, 6.46136522F};
  for (std::size_t i = 0; i < 8; ++i) CHECK(values[i] == Approx(expected[i]).epsilon(1e-6));
}

TEST_CASE("alpha_dropout keeps mean 0 and variance 1", "[dropout]") {
  Generator generator(5);
  Tensor y = alpha_dropout(randn(200000, float32, &generator), 0.1, true, &generator);
  CHECK(y.mean().item<double>() == Approx(0).margin(0.02));
  CHECK(var(y).item<double>() == Approx(1).margin(0.02));
}

TEST_CASE("Dropout at its limits", "[dropout]") {
  Tensor x = arange(1.0, 5.0);
  for (auto* f : {&dropout, &alpha_dropout}) {
    CHECK((*f)(x, 0.5, false, nullptr, {}).is_same(x));
    CHECK((*f)(x, 0, true, nullptr, {}).is_same(x));
    CHECK((*f)(x, 1, true, nullptr, {}).to_vector<float>() == Floats{0, 0, 0, 0});
    CHECK((*f)(zeros({0, 3}), 0.5, true, nullptr, {}).shape() == Shape{0, 3});
  }
}

TEST_CASE("Dropout's gradient goes through its mask", "[dropout]") {
  Tensor x = ones(20);
  x.requires_grad_();
  Generator generator(0);
  Tensor y = dropout(x, 0.5, true, &generator);
  y.sum().backward();
  CHECK(x.grad().to_vector<float>() == y.to_vector<float>());
}

TEST_CASE("Dropout refuses bad arguments", "[dropout]") {
  CHECK_THROWS_WITH(dropout(ones(3), 1.5),
                    Contains("[dropout] needs a probability in [0, 1], got 1.5"));
  CHECK_THROWS_WITH(dropout(ones(3, int64)),
                    Contains("[dropout] needs a floating tensor, got int64 (3,)"));
  CHECK_THROWS_WITH(alpha_dropout(ones(3), NAN), Contains("[alpha_dropout] needs a probability"));
}
