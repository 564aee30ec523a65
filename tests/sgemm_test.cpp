#include "gradus/tensor/sgemm.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gradus/tensor/creation.h"
#include "tests/catch.h"
#include "tests/naive.h"

using namespace gradus;

namespace {

constexpr std::int64_t padding = 3;  // floats behind each row in memory, which nobody may write

/// A matrix that starts at an odd address.
struct Stored {
  Stored(std::int64_t rows, std::int64_t columns, std::uint32_t seed)
      : leading(columns + padding),
        values(naive::draw({rows * leading + 1}, float32, seed).to_vector<float>()) {}
  const float* data() const { return values.data() + 1; }
  float* data() { return values.data() + 1; }

  std::int64_t leading;
  std::vector<float> values;
};

enum class Plus { Nothing, Row, Itself };

struct Product {
  std::int64_t m, n, k;
  bool transpose_a = false, transpose_b = false;
  Plus plus = Plus::Nothing;
};

bool available() { return blas::sgemm_pays(32, 512, 512, false, true); }

/// Through sgemm() itself, whether it would be chosen or not.
std::vector<float> product(const Product& p, const Stored& a, const Stored& b, Stored c,
                           const Stored& row) {
  blas::Addend<float> addend;
  if (p.plus == Plus::Row) addend = {row.data(), 0};
  if (p.plus == Plus::Itself) addend = {c.data(), c.leading};
  blas::sgemm(p.m, p.n, p.k, {a.data(), a.leading, p.transpose_a},
              {b.data(), b.leading, p.transpose_b}, c.data(), c.leading, addend);
  return c.values;
}

void check_product(const Product& p) {
  Stored a(p.transpose_a ? p.k : p.m, p.transpose_a ? p.m : p.k, 1);
  Stored b(p.transpose_b ? p.n : p.k, p.transpose_b ? p.k : p.n, 2);
  Stored c(p.m, p.n, 3);
  Stored row(1, p.n, 4);
  std::vector<float> got = product(p, a, b, c, row);

  double worst = 0;
  for (std::int64_t i = 0; i < p.m; ++i) {
    for (std::int64_t j = 0; j < p.n; ++j) {
      double sum = p.plus == Plus::Row      ? row.data()[j]
                   : p.plus == Plus::Itself ? c.data()[i * c.leading + j]
                                            : 0;
      for (std::int64_t q = 0; q < p.k; ++q) {
        double left = a.data()[p.transpose_a ? q * a.leading + i : i * a.leading + q];
        double right = b.data()[p.transpose_b ? j * b.leading + q : q * b.leading + j];
        sum += left * right;
      }
      float& result = got[static_cast<std::size_t>(1 + i * c.leading + j)];
      worst = std::max(worst, std::abs(result - sum));
      result = c.data()[i * c.leading + j];
    }
  }
  INFO(p.m << " x " << p.k << " x " << p.n << ", transposed: " << p.transpose_a << p.transpose_b
           << ", plus: " << static_cast<int>(p.plus));
  CHECK(worst < 2e-6 * std::sqrt(static_cast<double>(p.k)) + 1e-6);
  CHECK(got == c.values);  // and nothing else was written
}

}  // namespace

TEST_CASE("sgemm multiplies matrices of any size, form and alignment", "[sgemm]") {
  if (!available()) return;
  for (std::int64_t m : {1, 2, 3, 5, 8, 9, 31, 65}) {
    for (std::int64_t n : {1, 2, 7, 8, 15, 16, 17, 31, 33, 47, 48, 49, 97}) {
      for (std::int64_t k : {1, 2, 3, 4, 5, 17}) {
        for (int form = 0; form < 4; ++form) {
          check_product({m, n, k, (form & 1) != 0, (form & 2) != 0, Plus((m + n + k + form) % 3)});
        }
      }
    }
  }
}

TEST_CASE("sgemm multiplies matrices that take several passes", "[sgemm][large]") {
  if (!available()) return;
  for (int form = 0; form < 4; ++form) {
    for (Plus plus : {Plus::Nothing, Plus::Row, Plus::Itself}) {
      check_product({19, 37, 1031, (form & 1) != 0, (form & 2) != 0, plus});
      check_product({67, 433, 259, (form & 1) != 0, (form & 2) != 0, plus});
      check_product({256, 512, 3, (form & 1) != 0, (form & 2) != 0, plus});
    }
  }
}

TEST_CASE("an element of sgemm has the same bits however the product is cut", "[sgemm]") {
  if (!available()) return;
  const std::int64_t m = 67, n = 450, k = 300;
  Stored a(m, k, 1), b(k, n, 2), row(1, n, 4);
  std::vector<float> whole = product({m, n, k, false, false, Plus::Row}, a, b, {m, n, 3}, row);
  for (auto [i, j, rows, columns] : std::vector<std::array<std::int64_t, 4>>{
           {0, 0, 10, 100}, {13, 70, 54, 1}, {66, 0, 1, 450}}) {
    std::vector<float> part(static_cast<std::size_t>(rows * columns));
    blas::sgemm(rows, columns, k, {a.data() + i * a.leading, a.leading}, {b.data() + j, b.leading},
                part.data(), columns, {row.data() + j, 0});
    bool same = true;
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t s = 0; s < columns; ++s) {
        same &= part[static_cast<std::size_t>(r * columns + s)] ==
                whole[static_cast<std::size_t>(1 + (i + r) * (n + padding) + j + s)];
      }
    }
    CHECK(same);
  }
}

TEST_CASE("sgemm keeps NaN and infinity in their rows and columns", "[sgemm]") {
  if (!available()) return;
  const float inf = std::numeric_limits<float>::infinity();
  for (bool transpose : {false, true}) {
    const std::int64_t m = 10, n = 50, k = 6;
    std::vector<float> a(m * k, 0), b(k * n, 1), c(m * n, 0);
    a[3 * k + 2] = std::nanf("");
    std::size_t at = transpose ? 49 * k + 5 : 5 * n + 49;  // row 5, column 49
    b[at] = inf;
    blas::sgemm(m, n, k, {a.data(), k}, {b.data(), transpose ? k : n, transpose}, c.data(), n, {});
    bool right = true;
    for (std::int64_t i = 0; i < m; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        // 0 times infinity is NaN
        right &= std::isnan(c[static_cast<std::size_t>(i * n + j)]) == (i == 3 || j == 49);
      }
    }
    CHECK(right);
  }
}

TEST_CASE("sgemm is chosen where batches meet weights, and never for vectors", "[sgemm]") {
  CHECK_FALSE(blas::sgemm_pays(1, 512, 512, false, true));
  CHECK_FALSE(blas::sgemm_pays(512, 1, 512, false, false));
  CHECK_FALSE(blas::sgemm_pays(16, 16, 16, false, false));
  if (available()) CHECK(blas::sgemm_pays(128, 512, 784, false, true));
}
