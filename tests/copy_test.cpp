#include <limits>

#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/ops.h"
#include "tests/catch.h"
#include "tests/naive.h"
#include "tests/near.h"

using namespace gradus;

namespace {

/// x at the coordinates that `dims` sends each index to: permute by plain loops.
Tensor permuted_by_loops(const Tensor& x, const Dims& dims) {
  Shape shape;
  for (std::int64_t d : dims) shape.push_back(x.shape()[d]);
  return naive::build(shape, [&](const naive::Position& index) {
    naive::Position from(index.size());
    for (std::size_t k = 0; k < index.size(); ++k) {
      from[static_cast<std::size_t>(dims[static_cast<int>(k)])] = index[k];
    }
    return naive::value(x, from);
  });
}

}  // namespace

TEST_CASE("every dtype converts to every other", "[copy]") {
  const Tensor x = tensor({-2.5, 0., 1., 3.75});
  for (DType from : {float32, float64}) {
    check_near(to(to(x, from), int64), {-2, 0, 1, 3});
    check_near(to(to(x, from), boolean), {1, 0, 1, 1});
    check_near(to(to(x, from), float64), {-2.5, 0, 1, 3.75});
    check_near(to(to(x, from), float32), {-2.5, 0, 1, 3.75});
  }
  check_near(to(tensor({-2, 0, 7}), boolean), {1, 0, 1});
  check_near(to(tensor({-2, 0, 7}), float32), {-2, 0, 7});
  check_near(to(tensor({true, false}), int64), {1, 0});
  check_near(to(tensor({true, false}), float64), {1, 0});
}

// torch.tensor([inf, 1e30, nan]).long() and torch.tensor([nan, -0.]).bool(), PyTorch 1.13.1 on x86
TEST_CASE("numbers that do not fit an integer become the least", "[copy]") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  constexpr double not_number = std::numeric_limits<double>::quiet_NaN();
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  for (DType dtype : {float32, float64}) {
    CHECK(to(tensor({inf, -inf, 1e30, not_number}, dtype), int64).to_vector<std::int64_t>() ==
          std::vector<std::int64_t>(4, least));
    CHECK(to(tensor({not_number, -0.}, dtype), boolean).to_vector<bool>() ==
          std::vector<bool>{true, false});
  }
}

TEST_CASE("to and contiguous return x itself where nothing changes", "[copy]") {
  const Tensor x = naive::draw({3, 4});
  CHECK(to(x, float32).is_same(x));
  CHECK(contiguous(x).is_same(x));
  const Tensor y = contiguous(transpose(x, 0, 1));
  CHECK(y.is_contiguous());
  CHECK(y.storage() != x.storage());
  CHECK(clone(x).storage() != x.storage());
  CHECK(clone(transpose(x, 0, 1)).is_contiguous());
  CHECK(equal(clone(x), x));
}

TEST_CASE("permuted copies agree with plain loops", "[copy]") {
  const std::pair<Shape, Dims> cases[] = {
      {{7, 9}, {1, 0}},         {{33, 65}, {1, 0}},
      {{100, 3}, {1, 0}},       {{2, 40, 50}, {0, 2, 1}},
      {{40, 2, 50}, {2, 1, 0}}, {{20, 30, 4}, {1, 0, 2}},
      {{9, 10, 11}, {2, 0, 1}}, {{3, 16, 5, 17}, {0, 3, 1, 2}},
      {{0, 4}, {1, 0}},         {{1, 64}, {1, 0}},
      {{300, 301}, {1, 0}},
  };
  for (const auto& [shape, dims] : cases) {
    for (DType dtype : {boolean, int64, float32, float64}) {
      INFO(to_string(shape) << " permuted by " << to_string(dims) << ", "
                            << std::string(name(dtype)));
      const Tensor x = to(gt(naive::draw(shape, float32), 0), dtype);
      const Tensor expected = permuted_by_loops(x, dims);
      CHECK(naive::close(clone(permute(x, dims)), expected, 0));
      CHECK(naive::close(to(permute(x, dims), float64), expected, 0));
      CHECK(naive::close(clone(permute(naive::scattered(x), dims)), expected, 0));
    }
  }
}

TEST_CASE("copy_into broadcasts into any layout", "[copy]") {
  const Tensor source = naive::draw({40, 1});
  Tensor target = transpose(zeros({50, 40}), 0, 1);
  kernel::copy_into(target, source);
  CHECK(naive::close(target, to(expand(source, {40, 50}), float64), 0));

  target = zeros({4, 6});
  kernel::copy_into(slice(target, 1, {0, 6, 2}), tensor({1, 2, 3}));
  CHECK(target.to_vector<double>() == naive::build({4, 6}, [](const naive::Position& i) {
                                        return i[1] % 2 == 0 ? 1.0 + static_cast<double>(i[1]) / 2
                                                             : 0.0;
                                      }).to_vector<double>());
  CHECK_THROWS_AS(kernel::copy_into(zeros({2}), zeros({3})), Error);
  CHECK_THROWS_AS(kernel::copy_into(zeros({0}), zeros({3})), Error);
}

TEST_CASE("gradients pass conversions and copies, in the input's dtype", "[copy]") {
  Tensor x = tensor({1., 2.}).requires_grad_();
  square(to(x, float64)).sum().backward();
  CHECK(x.grad().dtype() == float32);
  check_near(x.grad(), {2, 4});

  x = tensor({1., 2.}, float64).requires_grad_();
  mul(to(x, float32), 3).sum().backward();
  CHECK(x.grad().dtype() == float64);
  check_near(x.grad(), {3, 3});

  CHECK_FALSE(to(x, int64).requires_grad());
  CHECK(clone(x).requires_grad());
}

TEST_CASE("a transposed copy moves every element to its place", "[copy]") {
  // Squares of cache lines, their rests, and results that are written past the cache.
  for (const Shape& shape : {Shape{16, 16}, Shape{40, 100}, Shape{67, 33}, Shape{1040, 1100}}) {
    for (DType dtype : {float32, float64, int64, boolean}) {
      INFO(to_string(shape) << " " << name(dtype));
      const Tensor x = arange(0, shape.product(), 1, int64).reshape(shape);
      const Tensor y = contiguous(to(x, dtype).t());
      bool right = true;
      for (std::int64_t c = 0; c < shape[1]; ++c) {
        for (std::int64_t r = 0; r < shape[0]; ++r) {
          const auto value = static_cast<double>(r * shape[1] + c);
          right = right && y.at(c, r) == (dtype == boolean ? value != 0 : value);
        }
      }
      CHECK(right);
    }
  }
}
