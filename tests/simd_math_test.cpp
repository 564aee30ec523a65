// clang-format off
#include "gradus/tensor/simd_targets.h"
#include <hwy/targets.h>
// clang-format on

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "tests/catch.h"

using namespace gradus;

namespace {

using Exact = long double;

struct Function {
  const char* name;
  Tensor (*op)(const Tensor&, Where);
  Exact (*exact)(Exact);
};

Exact exact_sigmoid(Exact x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}

const Function functions[] = {
    {"exp", exp, std::exp},    {"expm1", expm1, std::expm1},
    {"log", log, std::log},    {"log1p", log1p, std::log1p},
    {"sin", sin, std::sin},    {"cos", cos, std::cos},
    {"tanh", tanh, std::tanh}, {"sigmoid", sigmoid, exact_sigmoid},
    {"erf", erf, std::erf},    {"sqrt", sqrt, std::sqrt},
};

/// Any bits, numbers near 1, numbers of common size, and neighbours of the multiples of pi / 2.
template <class T>
std::vector<T> samples() {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  std::mt19937_64 engine(1);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<T> values;
  for (int i = 0; i < 4000; ++i) {
    auto bits = static_cast<Bits>(engine());
    T value;
    std::memcpy(&value, &bits, sizeof value);
    values.push_back(value);
    values.push_back(static_cast<T>(std::ldexp(uniform(engine), i % 12 - 3)));
    values.push_back(static_cast<T>(1 + std::ldexp(uniform(engine), -(i % 30))));
    values.push_back(static_cast<T>(i * 17 * 1.57079632679489662));
  }
  return values;
}

/// |got - exact| in units in the last place of `exact` as a T.
template <class T>
double ulps(T got, Exact exact) {
  const T magnitude = std::abs(static_cast<T>(exact));
  const T spacing = std::nextafter(magnitude, std::numeric_limits<T>::infinity()) - magnitude;
  return static_cast<double>(std::abs(static_cast<Exact>(got) - exact) / spacing);
}

template <class T>
void check_accuracy(const Function& f) {
  const std::vector<T> x = samples<T>();
  const std::vector<T> y = f.op(tensor(x), Where::here()).template to_vector<T>();
  double worst = 0;
  T worst_at = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Exact exact = f.exact(x[i]);
    const T rounded = static_cast<T>(exact);
    INFO(f.name << "(" << x[i] << ") = " << y[i] << ", exactly " << static_cast<double>(exact));
    if (std::isnan(rounded)) {
      CHECK(std::isnan(y[i]));
    } else if (std::isinf(rounded)) {
      // A result one unit below overflow may fall on either side.
      CHECK(std::abs(y[i]) >= std::nextafter(std::numeric_limits<T>::max(), T{0}));
    } else if (std::isinf(y[i])) {
      CHECK(std::abs(rounded) >= std::nextafter(std::numeric_limits<T>::max(), T{0}));
    } else if (const double error = ulps(y[i], exact); !(error <= worst)) {
      worst = error;
      worst_at = x[i];
    }
  }
  INFO(f.name << " is worst at " << worst_at);
  CHECK(worst <= 4);
}

/// Runs `test` with each set of vector instructions that this machine has.
template <class F>
void on_every_target(F test) {
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    INFO("target: " << hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    test();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

template <class T>
void check_limits() {
  const T inf = std::numeric_limits<T>::infinity();
  const T nan = std::numeric_limits<T>::quiet_NaN();
  const T tiny = std::numeric_limits<T>::denorm_min();
  const T small = std::numeric_limits<T>::min() * T{0.25};
  const T huge = std::numeric_limits<T>::max();
  const std::vector<T> x = {T{0},  -T{0},  inf,  -inf,  nan, tiny, -tiny,
                            small, -small, huge, -huge, 1,   -1};
  for (const Function& f : functions) {
    const std::vector<T> y = f.op(tensor(x), Where::here()).template to_vector<T>();
    for (std::size_t i = 0; i < x.size(); ++i) {
      const T expected = static_cast<T>(f.exact(x[i]));
      INFO(f.name << "(" << x[i] << ") = " << y[i] << " for " << expected);
      CHECK(std::isnan(y[i]) == std::isnan(expected));
      if (std::isnan(expected)) continue;
      CHECK(std::signbit(y[i]) == std::signbit(expected));
      if (std::isinf(expected) || expected == 0 || std::isinf(y[i])) {
        CHECK(y[i] == expected);
      } else {
        CHECK(ulps(y[i], static_cast<Exact>(f.exact(x[i]))) <= 4);
      }
    }
  }
}

}  // namespace

TEST_CASE("elementary functions are within 4 ulp of the exact value", "[simd_math]") {
  on_every_target([] {
    for (const Function& f : functions) {
      check_accuracy<float>(f);
      check_accuracy<double>(f);
    }
  });
}

TEST_CASE("elementary functions take limits, zeros and denormals as C does", "[simd_math]") {
  on_every_target([] {
    check_limits<float>();
    check_limits<double>();
  });
}

TEST_CASE("an element's value depends neither on its place nor on its neighbours", "[simd_math]") {
  on_every_target([] {
    for (DType dtype : {float32, float64}) {
      // Some vectors hold numbers of common size only, others extreme ones too.
      std::vector<double> values;
      for (int i = 0; i < 200; ++i) {
        values.push_back(i > 100 && i % 23 == 0 ? -1e30 : 0.37 * (i % 41 - 20));
      }
      const Tensor x = to(tensor(values), dtype);
      for (const Function& f : functions) {
        const Tensor together = f.op(x, Where::here());
        for (std::int64_t i = 0; i < x.numel(); ++i) {
          const Tensor alone = f.op(x.select(0, i), Where::here());
          INFO(f.name << "(" << x.at(i) << ")");
          CHECK((equal(together.select(0, i), alone) || std::isnan(alone.item<double>())));
        }
      }
    }
  });
}
