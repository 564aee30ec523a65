#include "gradus/autograd/ops.h"
#include "tests/catch.h"
#include "tests/naive.h"

using namespace gradus;
using naive::Position;

namespace {

/// Random indices in [0, size).
Tensor indices(const Shape& shape, std::int64_t size, std::uint32_t seed = 1) {
  std::mt19937 engine(seed);
  Tensor index = empty(shape, int64);
  for (std::int64_t& i : index.span<std::int64_t>()) i = static_cast<std::int64_t>(engine()) % size;
  return index;
}

Position with(Position at, int dim, double index) {
  at[static_cast<std::size_t>(dim)] = static_cast<std::int64_t>(index);
  return at;
}

Tensor naive_gather(const Tensor& x, int dim, const Tensor& index) {
  return naive::build(index.shape(), [&](const Position& at) {
    return naive::value(x, with(at, dim, naive::value(index, at)));
  });
}

Tensor naive_scatter_add(const Tensor& x, int dim, const Tensor& index, const Tensor& source) {
  Tensor y = naive::build(x.shape(), [&](const Position& at) { return naive::value(x, at); });
  naive::for_each(index.shape(), [&](const Position& at) {
    Position to = with(at, dim, naive::value(index, at));
    std::int64_t offset = 0;
    for (int d = 0; d < y.dim(); ++d) offset += to[static_cast<std::size_t>(d)] * y.strides()[d];
    y.data<double>()[offset] += naive::value(source, at);
  });
  return y;
}

}  // namespace

TEST_CASE("gather and scatter_add agree with loops for every dimension and stride", "[index]") {
  for (DType dtype : {int64, float32, float64}) {
    for (int dim = 0; dim < 3; ++dim) {
      Shape shape{4, 5, 6};
      Shape few{3, 2, 4};
      few[dim] = 9;
      Tensor x = naive::draw(shape, dtype, 1);
      Tensor source = naive::draw({9, 9, 9}, dtype, 2);
      Tensor index = indices(few, shape[dim]);
      INFO("dim " << dim << ", " << name(dtype));
      double tolerance = dtype == float32 ? 1e-5 : 1e-13;
      for (bool strided : {false, true}) {
        Tensor from = strided ? naive::scattered(x) : x;
        Tensor at = strided ? naive::scattered(index) : index;
        Tensor values = strided ? naive::scattered(source) : source;
        CHECK(gather(from, dim, at).dtype() == dtype);
        CHECK(naive::close(gather(from, dim, at), naive_gather(x, dim, index), 0));
        CHECK(naive::close(scatter_add(from, dim, at, values),
                           naive_scatter_add(x, dim, index, source), tolerance));
      }
    }
  }
  CHECK(gather(zeros({3, 4}), 1, zeros({0, 4}, int64)).shape() == Shape{0, 4});
  CHECK(gather(tensor(5), 0, tensor({0, 0})).shape() == Shape{2});
  CHECK(scatter_add(zeros({}), 0, tensor(0), tensor(2.0)).item<float>() == 2);
  CHECK(equal(scatter_add(zeros({2}), -1, zeros({0}, int64), zeros({0})), zeros({2})));
}

TEST_CASE("index_select and index_add agree with loops for every dimension and stride", "[index]") {
  for (DType dtype : {int64, float32, float64}) {
    for (int dim = 0; dim < 3; ++dim) {
      Shape shape{4, 5, 6};
      Tensor x = naive::draw(shape, dtype, 1);
      Tensor index = indices({9}, shape[dim]);
      Shape chosen = shape;
      chosen[dim] = 9;
      Tensor source = naive::draw(chosen, dtype, 2);
      Shape column = Dims::filled(3, 1);
      column[dim] = 9;
      Tensor everywhere = index.reshape(column).expand(chosen);
      double tolerance = dtype == float32 ? 1e-5 : 1e-13;
      for (bool strided : {false, true}) {
        Tensor from = strided ? naive::scattered(x) : x;
        Tensor at = strided ? naive::scattered(index) : index;
        Tensor values = strided ? naive::scattered(source) : source;
        CHECK(naive::close(index_select(from, dim, at), naive_gather(x, dim, everywhere), 0));
        CHECK(naive::close(index_add(from, dim, at, values),
                           naive_scatter_add(x, dim, everywhere, source), tolerance));
      }
    }
  }
  Tensor x = tensor({{1, 2}, {3, 4}});
  CHECK(equal(index_select(x, 1, tensor(1)), tensor({{2}, {4}})));
  CHECK(equal(index_select(x, -1, tensor({1, 1, 0})), tensor({{2, 2, 1}, {4, 4, 3}})));
  CHECK(index_select(x, 0, zeros({0}, int64)).shape() == Shape{0, 2});
  CHECK(index_select(tensor(5), 0, tensor({0})).dim() == 0);
  CHECK(equal(index_select(tensor({true, false}), 0, tensor({1, 0})), tensor({false, true})));
}

TEST_CASE("scatter_add and index_add leave their input as it was", "[index]") {
  Tensor x = ones({3});
  CHECK(equal(scatter_add(x, 0, tensor({0, 0}), tensor({1.0, 2.0})), tensor({4.0, 1.0, 1.0})));
  CHECK(equal(index_add(x, 0, tensor({2, 2}), tensor({1.0, 2.0})), tensor({1.0, 1.0, 4.0})));
  CHECK(equal(x, ones({3})));
}

TEST_CASE("sums at indices are the same on any number of threads", "[index]") {
  Tensor x = naive::draw({50, 70});
  Tensor rows = indices({5000}, 50);
  Tensor source = naive::draw({5000, 70}, float32, 2);
  Tensor index = indices({5000, 70}, 50, 3);
  auto run = [&](int threads) {
    naive::Threads scope(threads);
    return std::vector{index_add(x, 0, rows, source).to_vector<float>(),
                       scatter_add(x, 0, index, source).to_vector<float>(),
                       index_select(x, 0, rows).to_vector<float>()};
  };
  auto one = run(1);
  for (int threads : {2, 5}) CHECK(run(threads) == one);
}

TEST_CASE("an index outside of its dimension is named with the dimension and its size", "[index]") {
  Tensor x = zeros({3, 4});
  REQUIRE_THROWS_WITH(
      index_select(x, 1, tensor({0, 4})),
      StartsWith(
          "[index_select] index 4 is out of range for dimension 1 of size 4 at index_test.cpp:"));
  REQUIRE_THROWS_AS(index_select(x, 1, tensor({0, 4})), IndexError);
  REQUIRE_THROWS_WITH(index_select(x, 0, tensor({-1})),
                      Contains("index -1 is out of range for dimension 0 of size 3"));
  REQUIRE_THROWS_WITH(gather(x, 1, tensor({{-1}})),
                      Contains("[gather] index -1 is out of range for dimension 1 of size 4"));
  REQUIRE_THROWS_WITH(scatter_add(x, 0, tensor({{3}}), ones({1, 1})),
                      Contains("[scatter_add] index 3 is out of range for dimension 0 of size 3"));
  REQUIRE_THROWS_WITH(index_add(x, 0, tensor({5}), ones({1, 4})),
                      Contains("[index_add] index 5 is out of range for dimension 0 of size 3"));
  REQUIRE_THROWS_WITH(embedding(x, tensor({3})),
                      Contains("[embedding] index 3 is out of range for dimension 0 of size 3"));
  REQUIRE_THROWS_WITH(index_select(zeros({0, 4}), 0, tensor({0})), Contains("of size 0"));
}

TEST_CASE("indexing names what does not fit", "[index]") {
  Tensor x = zeros({3, 4});
  REQUIRE_THROWS_WITH(gather(x, 0, zeros({2})), Contains("an index must be int64, got float32") ||
                                                    Contains("differ in rank"));
  REQUIRE_THROWS_WITH(gather(x, 0, zeros({2, 4})), Contains("an index must be int64, got float32"));
  REQUIRE_THROWS_WITH(gather(x, 0, zeros({2}, int64)), Contains("index (2,) and the input (3, 4)"));
  REQUIRE_THROWS_WITH(gather(x, 0, zeros({2, 5}, int64)),
                      Contains("index (2, 5) exceeds the input (3, 4) in dimension 1"));
  REQUIRE_THROWS_AS(gather(x, 2, zeros({3, 4}, int64)), IndexError);
  REQUIRE_THROWS_WITH(scatter_add(x, 0, zeros({2, 4}, int64), zeros({1, 4})),
                      Contains("index (2, 4) exceeds source (1, 4) in dimension 0"));
  REQUIRE_THROWS_WITH(scatter_add(x, 0, zeros({2, 4}, int64), zeros({2, 4}, float64)),
                      Contains("the input is float32 and source float64"));
  REQUIRE_THROWS_WITH(index_select(x, 0, zeros({2, 2}, int64)), Contains("index must be a vector"));
  REQUIRE_THROWS_WITH(index_add(x, 0, tensor({0, 1}), zeros({2, 3})),
                      Contains("source must have shape (2, 4)") && Contains("got (2, 3)"));
  REQUIRE_THROWS_WITH(embedding(zeros({3}), tensor({0})), Contains("weight must have shape"));
}

TEST_CASE("take_along_dim broadcasts what gather does not", "[index]") {
  Tensor x = tensor({{10, 20, 30}, {40, 50, 60}});
  CHECK(equal(take_along_dim(x, tensor({{2, 0}}), 1), tensor({{30, 10}, {60, 40}})));
  CHECK(equal(take_along_dim(x.narrow(0, 0, 1), tensor({{2}, {1}})), tensor({{30}, {20}})));
  Tensor y = tensor({{3.0, 1.0, 2.0}, {4.0, 6.0, 5.0}});
  CHECK(equal(take_along_dim(y, sort(y, 1).indices, 1), sort(y, 1).values));
  REQUIRE_THROWS_WITH(take_along_dim(x, tensor({0})), Contains("[take_along_dim] index (1,)"));
}

TEST_CASE("embedding takes rows, and sums the gradients of a row taken twice", "[index]") {
  Tensor weight = arange(8, float32).reshape({4, 2}).requires_grad_();
  Tensor index = tensor({{3, 0}, {3, 1}});
  Tensor y = embedding(weight, index);
  CHECK(equal(y.detach(), tensor({{{6.0, 7.0}, {0.0, 1.0}}, {{6.0, 7.0}, {2.0, 3.0}}})));
  (y * tensor({{{1.0}, {2.0}}, {{3.0}, {4.0}}})).sum().backward();
  CHECK(equal(weight.grad(), tensor({{2.0, 2.0}, {4.0, 4.0}, {0.0, 0.0}, {4.0, 4.0}})));
  CHECK(equal(embedding(weight.detach(), tensor(2)), tensor({4.0, 5.0})));
  CHECK(embedding(weight, zeros({0, 3}, int64)).shape() == Shape{0, 3, 2});
  CHECK(equal(embedding(weight.detach(), naive::scattered(index)), y.detach()));
}

TEST_CASE("one_hot as in PyTorch", "[index]") {
  CHECK(equal(one_hot(tensor({2, 0})), tensor({{0, 0, 1}, {1, 0, 0}})));
  CHECK(equal(one_hot(tensor({{0}, {1}}), 2), tensor({{{1, 0}}, {{0, 1}}})));
  CHECK(equal(one_hot(tensor(1), 3), tensor({0, 1, 0})));
  CHECK(one_hot(zeros({0}, int64), 4).shape() == Shape{0, 4});
  REQUIRE_THROWS_WITH(one_hot(tensor({0, 3}), 3), Contains("[one_hot] index 3"));
  REQUIRE_THROWS_WITH(one_hot(tensor({0, -1})), Contains("[one_hot] index -1"));
  REQUIRE_THROWS_WITH(one_hot(zeros({0}, int64)), Contains("cannot infer the number of classes"));
  REQUIRE_THROWS_WITH(one_hot(tensor({1.0})), Contains("must be int64, got float32"));
  REQUIRE_THROWS_WITH(one_hot(tensor({0}), 0), Contains("must be positive, got 0"));
}
