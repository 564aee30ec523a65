#include "gradus/tensor/statistics.h"

#include <cmath>
#include <limits>

#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"

using namespace gradus;

TEST_CASE("statistics agree with the functions that compute one each") {
  manual_seed(3);
  for (std::int64_t n : {1, 2, 7, 16, 33, 1000, 65'536, 200'001}) {
    Tensor x = randn({n}, DType::Float64) * 0.1 + 0.5;
    if (n > 3) x.at<double>(n / 2) = -0.0;
    for (DType dtype : {DType::Float32, DType::Float64}) {
      CAPTURE(n, dtype);
      Tensor y = to(to(x, dtype), DType::Float64);
      Statistics s = statistics(to(x, dtype));
      CHECK(s.count == n);
      CHECK(s.zeros == (n > 3 ? 1 : 0));
      CHECK(s.nonfinite == 0);
      CHECK(s.mean == Approx(mean(y).item<double>()).epsilon(1e-12));
      CHECK(s.rms == Approx(sqrt(mean(y * y)).item<double>()).epsilon(1e-12));
      CHECK(s.norm == Approx(norm(y).item<double>()).epsilon(1e-12));
      CHECK(s.abs_max == max(abs(y)).item<double>());
      if (n > 1) CHECK(s.std == Approx(gradus::std(y).item<double>()).epsilon(1e-10));
      if (n == 1) CHECK(s.std == 0);
    }
  }
}

TEST_CASE("statistics of an empty tensor and of strided ones") {
  Statistics none = statistics(zeros({0, 3}));
  CHECK((none.count == 0 && none.rms == 0 && none.abs_max == 0 && none.zero_share() == 0));
  Tensor x = to(arange(12), DType::Float32).reshape({3, 4});
  Statistics s = statistics(x.t()[{Slice(0, 4, 2)}]);  // 0 4 8 2 6 10
  CHECK(s.count == 6);
  CHECK(s.mean == 5);
  CHECK(s.abs_max == 10);
  CHECK(s.zero_share() == Approx(1.0 / 6));
}

TEST_CASE("statistics set numbers that are not finite apart") {
  const float inf = std::numeric_limits<float>::infinity();
  Tensor x = tensor({3.0f, inf, -4.0f, std::nanf(""), -inf, 0.0f});
  Statistics s = statistics(x);
  CHECK(s.nonfinite == 3);
  CHECK(s.zeros == 1);
  CHECK(s.norm == 5);
  CHECK(s.abs_max == 4);
  CHECK(s.mean == Approx(-1.0 / 3));
  Statistics none = statistics(full({3}, inf));
  CHECK((none.nonfinite == 3 && none.rms == 0 && none.std == 0));
}

TEST_CASE("statistics see gradients whose squares float32 cannot hold") {
  CHECK(statistics(full({1000}, 1e-30)).rms == Approx(1e-30).epsilon(1e-6));
  CHECK(statistics(full({1000}, 1e30)).rms == Approx(1e30).epsilon(1e-6));
  CHECK(statistics(full({20}, 1e-42)).rms > 0.9e-42);
}

TEST_CASE("statistics refuse integers") {
  REQUIRE_THROWS_WITH(statistics(arange(3)), Contains("[statistics]") && Contains("int64"));
}
