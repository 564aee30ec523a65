#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "tests/catch.h"

using namespace gradus;

using Ints = std::vector<std::int64_t>;

namespace {

Ints values(const Tensor& x) { return x.to_vector<std::int64_t>(); }
Tensor table() { return arange(6).reshape({2, 3}); }

std::vector<Shape> shapes(const std::vector<Tensor>& tensors) {
  std::vector<Shape> result;
  for (const Tensor& x : tensors) result.push_back(x.shape());
  return result;
}

}  // namespace

TEST_CASE("Views share memory and the count of writes", "[view]") {
  Tensor x = arange(12).reshape({3, 4});
  std::vector<Tensor> views{x.view({4, 3}),      x.reshape({-1}),
                            x.flatten(),         x.transpose(0, 1),
                            x.permute({1, 0}),   x.t(),
                            x.unsqueeze(0),      x.squeeze(),
                            x.expand({2, 3, 4}), broadcast_to(x, {1, 3, 4}),
                            x.select(0, 1),      slice(x, 1, {0, 4, 2}),
                            x.narrow(0, 1, 2),   diagonal(x),
                            split(x, 2)[0],      chunk(x, 2)[1],
                            unbind(x)[2],        x[1],
                            x[{Slice(0, 2), 3}]};
  for (const Tensor& view : views) CHECK(view.storage() == x.storage());
  std::uint32_t before = x.storage()->version();
  x[1].fill_(7);
  CHECK(x.storage()->version() == before + 1);
  CHECK(views[0].storage()->version() == before + 1);
  CHECK(values(x) == Ints{0, 1, 2, 3, 7, 7, 7, 7, 8, 9, 10, 11});
}

TEST_CASE("reshape copies where no view can be", "[view]") {
  Tensor x = table().t();
  Tensor y = x.reshape({6});
  CHECK(y.storage() != x.storage());
  CHECK(values(y) == Ints{0, 3, 1, 4, 2, 5});
  CHECK_THROWS_WITH(x.view({6}), Contains("[view] shape (3, 2) with strides (1, 3) cannot be seen "
                                          "as (6,) without a copy; use reshape()"));
  CHECK_THROWS_WITH(x.reshape({4, -1}), Contains("[reshape] 6 elements do not fill (4, -1)"));
  CHECK_THROWS_WITH(x.view({7}), Contains("[view] 6 elements do not fill (7,)"));
}

TEST_CASE("Views rearrange shapes", "[view]") {
  Tensor x = zeros({2, 1, 3, 1});
  CHECK(x.squeeze().shape() == Shape{2, 3});
  CHECK(x.squeeze(1).shape() == Shape{2, 3, 1});
  CHECK(x.squeeze(0).shape() == Shape{2, 1, 3, 1});  // as in PyTorch: a size other than 1 stays
  CHECK(x.unsqueeze(-1).shape() == Shape{2, 1, 3, 1, 1});
  CHECK(x.flatten(1, 2).shape() == Shape{2, 3, 1});
  CHECK(zeros({}).flatten().shape() == Shape{1});
  CHECK(zeros({}).squeeze(0).shape() == Shape{});
  CHECK(zeros({0, 3}).flatten().shape() == Shape{0});
  CHECK(x.expand({-1, 4, -1, 5}).shape() == Shape{2, 4, 3, 5});
  CHECK(zeros({3}).t().shape() == Shape{3});
  CHECK(zeros({}).t().shape() == Shape{});
}

// Shapes as torch.split, torch.chunk and torch.unbind of torch 1.13.1 give them.
TEST_CASE("split, chunk and unbind", "[view]") {
  Tensor x = zeros({7, 2});
  CHECK(shapes(split(x, 3)) == std::vector<Shape>{{3, 2}, {3, 2}, {1, 2}});
  CHECK(shapes(split(x, {2, 0, 5})) == std::vector<Shape>{{2, 2}, {0, 2}, {5, 2}});
  CHECK(shapes(chunk(x, 3)) == std::vector<Shape>{{3, 2}, {3, 2}, {1, 2}});
  CHECK(shapes(chunk(x, 5)) == std::vector<Shape>{{2, 2}, {2, 2}, {2, 2}, {1, 2}});
  CHECK(shapes(split(zeros({0, 2}), 3)) == std::vector<Shape>{{0, 2}});
  CHECK(shapes(chunk(zeros({0, 2}), 2)) == std::vector<Shape>{{0, 2}, {0, 2}});
  CHECK(shapes(unbind(x, 1)) == std::vector<Shape>{{7}, {7}});
  CHECK(unbind(zeros({0, 2})).empty());
}

TEST_CASE("Indexing takes numbers, slices and new axes", "[view]") {
  Tensor x = arange(24).reshape({2, 3, 4});
  CHECK(values(x[1][2]) == Ints{20, 21, 22, 23});
  CHECK(values(x[{1, 2, -1}]) == Ints{23});
  CHECK(x[{1, 2, -1}].shape() == Shape{});
  CHECK(values(x[{Slice(), 0, Slice(0, 10, 2)}]) == Ints{0, 2, 12, 14});
  CHECK(x[{new_axis, 1, Slice(1), new_axis}].shape() == Shape{1, 2, 1, 4});
  CHECK(values(x[{Slice(-1), Slice(0, -2)}]) == Ints{12, 13, 14, 15});
  CHECK(x[Slice(5)].shape() == Shape{0, 3, 4});
  CHECK(x[{}].shape() == x.shape());
  CHECK(arange(3)[new_axis].shape() == Shape{1, 3});
  x[{0, Slice(), 1}].fill_(-1);
  CHECK(x.at(0, 2, 1) == -1);
}

TEST_CASE("Bad indices name the index, the shape and the line", "[view]") {
  Tensor x = table();
  // Not inside the macro: compilers differ in which of its lines counts.
  auto call = [&] { x[{1, 5}]; };
  int line = __LINE__ - 1;
  CHECK_THROWS_WITH(call(), fmt::format("[index] index 5 is out of range for dimension 1 of "
                                        "(2, 3) at view_test.cpp:{}",
                                        line));
  CHECK_THROWS_AS(x[2], IndexError);
  CHECK_THROWS_WITH(x[-3], Contains("[index] index -3 is out of range for dimension 0 of (2, 3)"));
  CHECK_THROWS_WITH((x[{0, 0, 0}]), Contains("[index] too many indices for shape (2, 3)"));
  CHECK_THROWS_WITH((x[Slice(0, 2, -1)]), Contains("step must be positive, got -1: use flip()"));
  CHECK_THROWS_WITH(zeros({})[0], Contains("too many indices for shape ()"));
}

TEST_CASE("Bad views name the op and the shape", "[view]") {
  Tensor x = table();
  CHECK_THROWS_WITH(x.transpose(0, 2), Contains("[transpose] dimension 2 is out of range"));
  CHECK_THROWS_WITH(x.permute({0}), Contains("[permute] permutation (0,) does not name"));
  CHECK_THROWS_WITH(zeros({1, 2, 3}).t(),
                    Contains("[t] needs at most 2 dimensions, got (1, 2, 3)"));
  CHECK_THROWS_WITH(x.squeeze(2), Contains("[squeeze] dimension 2 is out of range"));
  CHECK_THROWS_WITH(x.unsqueeze(3), Contains("[unsqueeze] dimension 3 is out of range"));
  CHECK_THROWS_WITH(x.expand({3, 3}), Contains("[expand] cannot broadcast (2, 3) to (3, 3)"));
  CHECK_THROWS_WITH(broadcast_to(x, {3}), Contains("[broadcast_to] cannot broadcast (2, 3)"));
  CHECK_THROWS_WITH(x.flatten(1, 0), Contains("[flatten] dimension 1 does not come before 0"));
  CHECK_THROWS_WITH(x.select(0, 2), Contains("[select] index 2 is out of range"));
  CHECK_THROWS_WITH(slice(x, 0, {0, 1, 0}), Contains("[slice] a slice's step cannot be zero"));
  CHECK_THROWS_WITH(x.narrow(1, 2, 2), Contains("[narrow] start 2 and length 2 lie outside "
                                                "dimension 1 of (2, 3)"));
  CHECK_THROWS_WITH(diagonal(x[0]),
                    Contains("[diagonal] a diagonal needs two dimensions, got (3,)"));
  CHECK_THROWS_WITH(split(x, 0), Contains("[split] needs a size >= 1, got 0"));
  CHECK_THROWS_WITH(split(x, {1, 2}), Contains("[split] sizes that add up to 3 do not split "
                                               "dimension 0 of (2, 3)"));
  CHECK_THROWS_WITH(chunk(x, 0), Contains("[chunk] needs at least 1 chunk, got 0"));
  CHECK_THROWS_WITH(unbind(x, 2), Contains("[unbind] dimension 2 is out of range"));
}

TEST_CASE("Gradients of overlapping views add up", "[view]") {
  Tensor x = arange(5.0);
  x.requires_grad_();
  (x[Slice(0, 3)].sum() + x[Slice(1, 5)].sum() + x[2] * 10).backward();
  CHECK(values(x.grad()) == Ints{1, 2, 12, 1, 1});
}

TEST_CASE("Members forward to the functions of the same name", "[members]") {
  Tensor x = tensor({{3.0, -4.0}, {0.0, 12.0}});
  CHECK(x.sum().item<float>() == 11);
  CHECK(x.sum(0).to_vector<float>() == sum(x, 0).to_vector<float>());
  CHECK(x.mean().item<float>() == 2.75);
  CHECK(x.mean({1}, true).shape() == Shape{2, 1});
  CHECK(x.max().item<float>() == 12);
  CHECK(x.min().item<float>() == -4);
  CHECK(values(x.argmax(1)) == Ints{0, 1});
  CHECK(x.norm().item<float>() == 13);
  CHECK(values(x.matmul(eye(2))) == values(x));
  CHECK(x.to(int64).dtype() == int64);
  CHECK(x.t().contiguous().is_contiguous());
  CHECK_FALSE(x.clone().storage() == x.storage());
  Tensor y = x.clone();
  CHECK(values(y.add_(1).mul_(2)) == Ints{8, -6, 2, 26});
  CHECK(values(y.add_(x, -2)) == Ints{2, 2, 2, 2});
  CHECK(values(y.mul_(x)) == Ints{6, -8, 0, 24});
  CHECK(values(y.copy_(x)) == Ints{3, -4, 0, 12});
  CHECK(values(y.zero_()) == Ints{0, 0, 0, 0});
}
