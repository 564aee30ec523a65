#include "gradus/tensor/blas.h"

#include <cstdlib>
#include <set>

#include "gradus/tensor/build_info.h"
#include "tests/catch.h"
#include "tests/naive.h"

using namespace gradus;
namespace core = gradus::blas::detail;

namespace {

std::string core_type_in_environment() {
  const char* value = std::getenv("OPENBLAS_CORETYPE");
  return value == nullptr ? "" : value;
}

// c (m, n) = a b (+ c), from matrices stored with two elements of padding behind each run.
template <class T>
void check_gemm(std::int64_t m, std::int64_t n, std::int64_t k, bool transpose_a, bool transpose_b,
                bool accumulate) {
  DType dtype = dtype_of<T>;
  Tensor a = naive::draw({transpose_a ? k : m, (transpose_a ? m : k) + 2}, dtype, 1);
  Tensor b = naive::draw({transpose_b ? n : k, (transpose_b ? k : n) + 2}, dtype, 2);
  Tensor c = naive::draw({m, n + 2}, dtype, 3);
  Tensor expected = naive::build(c.shape(), [&](const naive::Position& at) {
    if (at[1] >= n) return naive::value(c, at);
    double sum = accumulate ? naive::value(c, at) : 0;
    for (std::int64_t i = 0; i < k; ++i) {
      double left = transpose_a ? a.at(i, at[0]) : a.at(at[0], i);
      double right = transpose_b ? b.at(at[1], i) : b.at(i, at[1]);
      sum += left * right;
    }
    return sum;
  });
  blas::gemm<T>(m, n, k, {a.data<T>(), a.shape()[1], transpose_a},
                {b.data<T>(), b.shape()[1], transpose_b}, c.data<T>(), n + 2,
                accumulate ? blas::Addend<T>{c.data<T>(), n + 2} : blas::Addend<T>());
  INFO(m << " x " << k << " x " << n << ", transposed: " << transpose_a << transpose_b
         << ", accumulate: " << accumulate);
  CHECK(naive::close(c, expected, dtype == float32 ? 2e-5 : 1e-13));
}

}  // namespace

TEST_CASE("BLAS runs kernels made for this processor", "[blas]") {
  INFO("BLAS core: " << blas::core() << "; " << blas::config());
  CHECK_FALSE(blas::core().empty());
  if (core_type_in_environment().empty()) {
    CHECK(core::better_core(blas::core(), core::cpu_features()) == nullptr);
  }
}

TEST_CASE("only an outdated BLAS core is replaced", "[blas]") {
  core::CpuFeatures old{};
  core::CpuFeatures avx2{.avx2 = true};
  core::CpuFeatures avx512{.avx2 = true, .avx512 = true};
  core::CpuFeatures zen{.avx2 = true, .amd = true};
  CHECK(core::better_core("Prescott", avx512) == std::string("SKYLAKEX"));
  CHECK(core::better_core("Nehalem", avx2) == std::string("HASWELL"));
  CHECK(core::better_core("Core2", zen) == std::string("ZEN"));
  CHECK(core::better_core("Prescott", old) == nullptr);
  for (const char* good :
       {"Haswell", "SkylakeX", "Cooperlake", "Sapphirerapids", "Zen", "Unknown"}) {
    CHECK(core::better_core(good, avx512) == nullptr);
  }
}

TEST_CASE("a core that OpenBLAS took for a Prescott is corrected at run time", "[blas]") {
  bool can_switch = blas::config().find("DYNAMIC_ARCH") != std::string::npos;
  if (!core::cpu_features().avx2 || !can_switch || !core_type_in_environment().empty()) {
    WARN("not tested: needs AVX2, OpenBLAS with DYNAMIC_ARCH and no OPENBLAS_CORETYPE");
    return;
  }
  check_gemm<float>(65, 33, 40, false, false, false);
  std::string usual = blas::core();
  core::switch_core("PRESCOTT");
  REQUIRE(blas::core() == "Prescott");
  CHECK(core_type_in_environment().empty());
  check_gemm<float>(65, 33, 40, false, true, false);

  setenv("OPENBLAS_CORETYPE", "PRESCOTT", 1);  // the user's choice stands
  core::correct_core();
  CHECK(blas::core() == "Prescott");
  unsetenv("OPENBLAS_CORETYPE");

  core::correct_core();
  CHECK(std::set<std::string>{"SkylakeX", "Haswell", "Zen"}.contains(blas::core()));
  CHECK(core_type_in_environment().empty());
  check_gemm<float>(65, 33, 40, false, true, false);
  check_gemm<double>(65, 33, 40, true, false, false);
  core::switch_core(usual.c_str());
}

TEST_CASE("gemm multiplies under every combination of transposes", "[blas]") {
  struct Size {
    std::int64_t m, n, k;
  };
  for (Size s :
       {Size{1, 1, 1}, {3, 5, 4}, {1, 7, 9}, {7, 1, 9}, {64, 48, 100}, {5, 3, 0}, {0, 3, 2}}) {
    for (int flags = 0; flags < 8; ++flags) {
      check_gemm<float>(s.m, s.n, s.k, flags & 1, flags & 2, flags & 4);
      check_gemm<double>(s.m, s.n, s.k, flags & 1, flags & 2, flags & 4);
    }
  }
}

TEST_CASE("a product cut into tiles is whole, and the same on any number of threads",
          "[blas][large]") {
  check_gemm<float>(513, 300, 150, false, true, false);
  check_gemm<float>(130, 700, 260, true, false, true);

  std::int64_t m = 700, n = 519, k = 131;
  Tensor a = naive::draw({m, k});
  Tensor b = naive::draw({k, n});
  auto product = [&](int threads) {
    naive::Threads scope(threads);
    Tensor c = empty({m, n});
    blas::gemm<float>(m, n, k, {a.data<float>(), k}, {b.data<float>(), n}, c.data<float>(), n);
    return c.to_vector<float>();
  };
  std::vector<float> one = product(1);
  for (int threads : {2, 3, 7}) CHECK(product(threads) == one);
}

TEST_CASE("build_info says what the library runs on", "[blas]") {
  BuildInfo info = build_info();
  CHECK(info.blas_core == blas::core());
  CHECK(info.threads == num_threads());
  CHECK(info.version.find('.') != std::string::npos);
  CHECK_FALSE(info.simd.empty());
  std::string text = fmt::format("{}", info);
  for (const std::string& part : {info.version, info.compiler, info.simd, info.blas_core}) {
    CHECK_THAT(text, Contains(part));
  }
}
