#include "gradus/tensor/creation.h"

#include <array>

#include "tests/catch.h"

using namespace gradus;

using Floats = std::vector<float>;
using Ints = std::vector<std::int64_t>;

TEST_CASE("Constant tensors", "[creation]") {
  CHECK(zeros({2, 2}).to_vector<float>() == Floats{0, 0, 0, 0});
  CHECK(ones(3).to_vector<float>() == Floats{1, 1, 1});
  CHECK(ones(3, boolean).to_vector<bool>() == std::vector<bool>{true, true, true});
  CHECK(zeros({}).item<float>() == 0);
  CHECK(zeros({0, 3}).numel() == 0);
  CHECK(empty({4, 5}, int64).shape() == Shape{4, 5});
  CHECK(full(2, 2.5).to_vector<float>() == Floats{2.5, 2.5});
}

// torch.full(size, 7).dtype is int64, of True bool, of 7.0 float32.
TEST_CASE("full takes its dtype from the value", "[creation]") {
  CHECK(full(2, 7).dtype() == int64);
  CHECK(full(2, true).dtype() == boolean);
  CHECK(full(2, 7.0).dtype() == float32);
  CHECK(full(2, 7, float64).dtype() == float64);
}

TEST_CASE("The like of a tensor has its shape and dtype", "[creation]") {
  Tensor x = zeros({2, 3}, float64);
  Tensor t = x.alias(x.layout().transpose(0, 1));
  for (const Tensor& y : {zeros_like(t), ones_like(t), full_like(t, 4), empty_like(t)}) {
    CHECK(y.shape() == Shape{3, 2});
    CHECK(y.dtype() == float64);
    CHECK(y.is_contiguous());
  }
  CHECK(full_like(t, 4).at(2, 1) == 4);
  CHECK(ones_like(t, int64).dtype() == int64);
}

// torch.arange(5), (2, 10, 3), (5, 0, -2), (0, 1, .25), (0, 1, .1)[3], (2 ** 60, 2 ** 60 + 2)
TEST_CASE("arange", "[creation]") {
  CHECK(arange(5).to_vector<std::int64_t>() == Ints{0, 1, 2, 3, 4});
  CHECK(arange(5).dtype() == int64);
  CHECK(arange(2, 10, 3).to_vector<std::int64_t>() == Ints{2, 5, 8});
  CHECK(arange(5, 0, -2).to_vector<std::int64_t>() == Ints{5, 3, 1});
  CHECK(arange(3, 3).numel() == 0);
  CHECK(arange(0.0, 1.0, 0.25).to_vector<float>() == Floats{0, .25F, .5F, .75F});
  CHECK(arange(0, 1, 0.1).numel() == 10);
  CHECK(arange(0, 1, 0.1).at<float>(3) == 0.30000001192092896F);
  CHECK(arange(3, float64).dtype() == float64);
  std::int64_t large = std::int64_t{1} << 60;
  CHECK(arange(large, large + 2).to_vector<std::int64_t>() == Ints{large, large + 1});
  CHECK_THROWS_WITH(arange(0, 5, 0), Contains("[arange] the step from 0 to 5 cannot be 0"));
  CHECK_THROWS_WITH(arange(0, 5, -1), Contains("a step of -1 never leads from 0 to 5"));
  CHECK_THROWS_WITH(arange(0.0, INFINITY), Contains("needs finite numbers"));
}

// torch.linspace(0, 1, 7), (-1, 1, 6), (3, 5, 1)
TEST_CASE("linspace is exact at both ends", "[creation]") {
  CHECK(linspace(0, 1, 7).to_vector<float>() == Floats{0, 0.1666666716337204F, 0.3333333432674408F,
                                                       0.5F, 0.6666666269302368F,
                                                       0.8333333134651184F, 1});
  CHECK(linspace(-1, 1, 6).to_vector<float>() == Floats{-1, -0.6000000238418579F,
                                                        -0.19999998807907104F, 0.19999998807907104F,
                                                        0.6000000238418579F, 1});
  CHECK(linspace(3, 5, 1).to_vector<float>() == Floats{3});
  CHECK(linspace(3, 5, 0).numel() == 0);
  CHECK_THROWS_WITH(linspace(0, 1, -1),
                    Contains("[linspace] needs a number of steps >= 0, got -1"));
  CHECK_THROWS_WITH(linspace(0, 1, 3, int64), Contains("needs a floating dtype, got int64"));
}

TEST_CASE("eye", "[creation]") {
  CHECK(eye(2).to_vector<float>() == Floats{1, 0, 0, 1});
  CHECK(eye(2, 3, int64).to_vector<std::int64_t>() == Ints{1, 0, 0, 0, 1, 0});
  CHECK(eye(3, 1).to_vector<float>() == Floats{1, 0, 0});
  CHECK(eye(2, float64).dtype() == float64);
  CHECK(eye(0).numel() == 0);
  CHECK_THROWS_WITH(eye(-1), Contains("[eye] sizes cannot be negative"));
}

TEST_CASE("tensor reads nested lists", "[creation]") {
  Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}});
  CHECK(x.shape() == Shape{3, 2});
  CHECK(x.dtype() == float32);
  CHECK(x.to_vector<float>() == Floats{1, 2, 3, 4, 5, 6});
  CHECK(tensor({{{1}, {2}}}).shape() == Shape{1, 2, 1});
  CHECK(tensor({{1.0, 2.0}}).shape() == Shape{1, 2});
  CHECK(tensor({{1.0}}).shape() == Shape{1, 1});
  CHECK(tensor({1, 2}).dtype() == int64);
  CHECK(tensor({1, 2.5}).to_vector<float>() == Floats{1, 2.5});
  CHECK(tensor({true, false}).dtype() == boolean);
  CHECK(tensor({true, 2}).dtype() == int64);
  CHECK(tensor({1, 2}, float64).dtype() == float64);
  CHECK(tensor({1.5F}).dtype() == float32);
  CHECK(tensor(3.5).shape() == Shape{});
  CHECK(tensor(7).item<std::int64_t>() == 7);
  CHECK(tensor({}).shape() == Shape{0});
  CHECK(tensor({}).dtype() == float32);
  CHECK(tensor({{}, {}}).shape() == Shape{2, 0});
  std::int64_t large = (std::int64_t{1} << 60) + 1;
  CHECK(tensor({large}).item<std::int64_t>() == large);
}

TEST_CASE("Ragged lists are errors that say where", "[creation]") {
  CHECK_THROWS_WITH(tensor({{1, 2}, {3}}),
                    Contains("[tensor] ragged lists: 1 items at (1,) where 2 are due"));
  CHECK_THROWS_WITH(tensor({{1, 2}, {3, {4}}}),
                    Contains("a list stands at (1, 1) where a number is due"));
  CHECK_THROWS_WITH(tensor({{1, 2}, 3}),
                    Contains("a number stands at (1,) where a list of 2 is due"));
  CHECK_THROWS_WITH(tensor({1, {2}}), Contains("a list stands at (1,) where a number is due"));
  CHECK_THROWS_WITH(tensor({{}, {1}}), Contains("1 items at (1,) where 0 are due"));
  CHECK_THROWS_WITH(tensor({{{{{{{{{1}}}}}}}}}), Contains("at most 8 dimensions"));
}

TEST_CASE("tensor copies vectors and spans", "[creation]") {
  std::vector<double> values{1, 2, 3, 4, 5, 6};
  Tensor x = tensor(values, {2, 3});
  values[0] = 100;
  CHECK(x.dtype() == float64);
  CHECK(x.at(0, 0) == 1);
  CHECK(x.at(1, 2) == 6);
  CHECK(tensor(values).shape() == Shape{6});
  std::array<float, 2> array{1, 2};
  CHECK(tensor(std::span<const float>(array), {2, 1}).shape() == Shape{2, 1});
  CHECK(tensor(std::vector<bool>{true, false}).to_vector<bool>() == std::vector<bool>{true, false});
  CHECK_THROWS_WITH(tensor(values, {4}), Contains("[tensor] 6 values do not fill (4,)"));
}

TEST_CASE("from_blob shares memory and calls the deleter once", "[creation]") {
  std::array<float, 6> memory{1, 2, 3, 4, 5, 6};
  int deleted = 0;
  {
    Tensor x = from_blob(memory.data(), {2, 3}, [&](void*) { ++deleted; });
    CHECK(x.data<float>() == memory.data());
    x.at<float>(0, 0) = 10;
    Tensor view = x.alias(x.layout().select(0, 1));
    x = Tensor();
    CHECK(deleted == 0);
    CHECK(view.at(0) == 4);
  }
  CHECK(deleted == 1);
  CHECK(memory[0] == 10);
  CHECK(from_blob(memory.data(), 6).numel() == 6);
  CHECK_THROWS_WITH(from_blob<float>(nullptr, {2}), Contains("[from_blob] a null pointer"));
}

TEST_CASE("Errors of factories name the line that called them", "[creation]") {
  // Not inside the macro: compilers differ in which of its lines counts.
  auto call = [] { zeros({2, -3}); };
  int line = __LINE__ - 1;
  CHECK_THROWS_WITH(call(), fmt::format("[zeros] sizes cannot be negative: (2, -3) at "
                                        "creation_test.cpp:{}",
                                        line));
  CHECK_THROWS_WITH(empty({std::int64_t{1} << 61}), Contains("[empty]"));
}
