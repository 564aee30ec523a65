#include "gradus/tensor/tensor.h"

#include "gradus/tensor/creation.h"
#include "tests/catch.h"

using namespace gradus;

TEST_CASE("A tensor describes itself", "[tensor]") {
  Tensor x = zeros({2, 3}, float64);
  CHECK(x.defined());
  CHECK(x.dim() == 2);
  CHECK(x.shape() == Shape{2, 3});
  CHECK(x.strides() == Dims{3, 1});
  CHECK(x.size(0) == 2);
  CHECK(x.size(-1) == 3);
  CHECK(x.numel() == 6);
  CHECK(x.dtype() == float64);
  CHECK(x.is_floating());
  CHECK(x.is_contiguous());
  CHECK_THROWS_AS(x.size(2), IndexError);
  CHECK_THROWS_WITH(x.size(-3), Contains("dimension -3 is out of range for 2 dimensions"));
  CHECK_THROWS_WITH(zeros({}).size(0), Contains("no size(0)"));
}

TEST_CASE("Handles alias one tensor", "[tensor]") {
  Tensor a = zeros({2});
  Tensor b = a;
  b.at<float>(1) = 5;
  CHECK(a.at(1) == 5);
  CHECK(a.is_same(b));
  CHECK_FALSE(a.is_same(a.alias(a.layout())));
  CHECK(a.alias(a.layout()).storage() == a.storage());
}

TEST_CASE("Using an undefined tensor is an error", "[tensor]") {
  Tensor x;
  CHECK_FALSE(x.defined());
  CHECK_FALSE(x.requires_grad());
  CHECK_THROWS_WITH(x.shape(), Contains("undefined tensor"));
  CHECK_THROWS_WITH(x.item<float>(), Contains("undefined tensor"));
}

TEST_CASE("Elements are read with their dtype or converted", "[tensor]") {
  Tensor x = tensor({{1.5, 2.0}, {3.0, 4.0}});
  CHECK(x.data<float>()[1] == 2.0F);
  CHECK(x.span<float>().size() == 4);
  CHECK(x.at(0, 0) == 1.5);
  CHECK(x.at(-1, -1) == 4);
  CHECK(x.at<float>(1, 0) == 3.0F);
  CHECK(x.to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 2, 3, 4});
  CHECK(tensor({0, 2}).to_vector<bool>() == std::vector<bool>{false, true});
  CHECK(tensor({true}).at(0) == 1);
  CHECK_THROWS_WITH(x.data<double>(),
                    Contains("asked a float32 tensor for float64 data; convert it"));
  CHECK_THROWS_WITH(x.at<double>(0, 0), Contains("float32"));
  CHECK_THROWS_WITH(x.at(0), Contains("1 indices for shape (2, 2)"));
  CHECK_THROWS_WITH(x.at(0, 2), Contains("index 2 is out of range for dimension 1 of (2, 2)"));
}

TEST_CASE("Elements of a strided tensor are met in row-major order", "[tensor]") {
  Tensor x = tensor({{1, 2, 3}, {4, 5, 6}});
  Tensor t = x.alias(x.layout().transpose(0, 1).slice(0, 1, 3, 1));
  CHECK(t.to_vector<std::int64_t>() == std::vector<std::int64_t>{2, 5, 3, 6});
  CHECK(t.at(0, 1) == 5);
  CHECK(*t.data<std::int64_t>() == 2);
  CHECK_THROWS_WITH(t.span<std::int64_t>(), Contains("contiguous"));
}

TEST_CASE("item is the only element", "[tensor]") {
  CHECK(tensor(2.5).item<double>() == 2.5);
  CHECK(tensor({{7}}).item<std::int64_t>() == 7);
  CHECK(tensor(true).item<bool>());
  CHECK(tensor(3.9).item<std::int64_t>() == 3);
  CHECK_THROWS_WITH(zeros({2}).item<float>(), Contains("one element, got shape (2,)"));
  CHECK_THROWS_WITH(zeros({0}).item<float>(), Contains("one element, got shape (0,)"));
}

// Each line as torch.result_type(a, b) of torch 1.13.1, with the dtypes that gradus has.
TEST_CASE("Dtypes promote as in PyTorch", "[tensor][dtype]") {
  auto with = [](DType dtype) { return zeros({2}, dtype); };
  auto without = [](DType dtype) { return zeros({}, dtype); };
  CHECK(result_type(with(boolean), with(int64)) == int64);
  CHECK(result_type(with(int64), with(float32)) == float32);
  CHECK(result_type(with(float32), with(float64)) == float64);
  CHECK(result_type(with(float32), without(float64)) == float32);
  CHECK(result_type(without(float64), with(float32)) == float32);
  CHECK(result_type(with(int64), without(float32)) == float32);
  CHECK(result_type(with(int64), without(float64)) == float64);
  CHECK(result_type(with(boolean), without(int64)) == int64);
  CHECK(result_type(with(float32), without(int64)) == float32);
  CHECK(result_type(without(float32), without(float64)) == float64);
  CHECK(result_type(with(float32), 2) == float32);
  CHECK(result_type(with(float64), 2.5) == float64);
  CHECK(result_type(with(float32), 2.5) == float32);
  CHECK(result_type(with(int64), 2) == int64);
  CHECK(result_type(with(int64), 2.5) == float32);
  CHECK(result_type(with(boolean), true) == boolean);
  CHECK(result_type(with(boolean), 1) == int64);
  CHECK(result_type(with(boolean), 2.5) == float32);
}

TEST_CASE("Dtypes have names and sizes", "[dtype]") {
  CHECK(fmt::format("{} {} {} {}", boolean, int64, float32, float64) ==
        "bool int64 float32 float64");
  CHECK(item_size(boolean) == 1);
  CHECK(item_size(int64) == 8);
  CHECK(item_size(float32) == 4);
  CHECK(item_size(float64) == 8);
  CHECK(promote(int64, float32) == float32);
}

TEST_CASE("a small tensor is one block of memory, which views outlive", "[tensor]") {
  Tensor x = tensor({1.0f, 2.0f, 3.0f});
  const auto before = static_cast<std::int64_t>(memory_stats().bytes_in_use);
  Tensor y = x.clone();
  const auto one = static_cast<std::int64_t>(memory_stats().bytes_in_use) - before;
  CHECK(one <= 320);  // header, tensor object and elements
  const Tensor tail = y.narrow(0, 1, 2);
  y = {};
  CHECK(tail.to_vector<float>() == std::vector<float>{2, 3});
}

TEST_CASE("a small tensor may take other memory and come back", "[tensor]") {
  const auto before = memory_stats().bytes_in_use;
  {
    Tensor x = tensor({1.0f, 2.0f});
    const Ref<Storage> own = x.storage();
    x.impl().set_storage(tensor({3.0f, 4.0f}).storage());
    CHECK(x.to_vector<float>() == std::vector<float>{3, 4});
    x.impl().set_storage(tensor({5.0f, 6.0f}).storage());
    CHECK(x.to_vector<float>() == std::vector<float>{5, 6});
    x.impl().set_storage(own);
    CHECK(x.to_vector<float>() == std::vector<float>{1, 2});
    x.impl().set_storage(own);
    CHECK(own->use_count() == 2);

    Tensor away = tensor({1.0f, 2.0f});  // dies away from home
    away.impl().set_storage(x.storage());
    away = {};
    CHECK(x.to_vector<float>() == std::vector<float>{1, 2});
  }
  CHECK(memory_stats().bytes_in_use == before);
}
