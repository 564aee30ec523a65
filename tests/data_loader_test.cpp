#include "gradus/data/data_loader.h"

#include <atomic>
#include <numeric>
#include <thread>

#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"

using namespace gradus;
using data::DataLoader;
using data::Dataset;

namespace {

// Row i is (10 i, 10 i + 1), its target i.
Dataset counting(std::int64_t n) {
  Dataset set{empty({n, 2}), arange(n)};
  for (std::int64_t i = 0; i < n; ++i) {
    set.inputs.at<float>(i, 0) = static_cast<float>(10 * i);
    set.inputs.at<float>(i, 1) = static_cast<float>(10 * i + 1);
  }
  return set;
}

// The targets of one epoch, batch after batch, after checking that rows stayed together.
std::vector<std::vector<std::int64_t>> epoch(const DataLoader& loader) {
  std::vector<std::vector<std::int64_t>> batches;
  for (auto [x, y] : loader) {
    batches.push_back(y.to_vector<std::int64_t>());
    REQUIRE(x.shape() == Shape{y.size(0), 2});
    for (std::int64_t i = 0; i < y.size(0); ++i) {
      REQUIRE(x.at(i, 0) == 10 * y.at(i));
      REQUIRE(x.at(i, 1) == 10 * y.at(i) + 1);
    }
  }
  return batches;
}

}  // namespace

TEST_CASE("DataLoader: batches in order, with and without the last one", "[data]") {
  for (int prefetch : {0, 1, 3}) {
    DataLoader all(counting(7), {.batch_size = 3, .prefetch = prefetch});
    CHECK(all.size() == 3);
    CHECK(epoch(all) == std::vector<std::vector<std::int64_t>>{{0, 1, 2}, {3, 4, 5}, {6}});
    CHECK(epoch(all).size() == 3);  // and again
    DataLoader full(counting(7), {.batch_size = 3, .drop_last = true, .prefetch = prefetch});
    CHECK(full.size() == 2);
    CHECK(epoch(full) == std::vector<std::vector<std::int64_t>>{{0, 1, 2}, {3, 4, 5}});
    CHECK(epoch(DataLoader(counting(2), {.batch_size = 9, .prefetch = prefetch})).size() == 1);
    CHECK(epoch(DataLoader(counting(0), {.batch_size = 9, .prefetch = prefetch})).empty());
  }
}

TEST_CASE("DataLoader: shuffles by the generator, anew each epoch", "[data]") {
  auto flat = [](const DataLoader& loader) {
    std::vector<std::int64_t> all;
    for (const auto& batch : epoch(loader)) all.insert(all.end(), batch.begin(), batch.end());
    return all;
  };
  Generator a(3), b(3), c(3);
  DataLoader loader(counting(50), {.batch_size = 8, .shuffle = true, .generator = &a});
  DataLoader ahead(counting(50),
                   {.batch_size = 8, .shuffle = true, .generator = &b, .prefetch = 2});
  for (int i = 0; i < 2; ++i) {
    std::vector<std::int64_t> order = flat(loader);
    CHECK(order == flat(ahead));
    CHECK(order == randperm(50, &c).to_vector<std::int64_t>());
    std::sort(order.begin(), order.end());
    CHECK(order == arange(50).to_vector<std::int64_t>());
  }
}

TEST_CASE("DataLoader: rows of any strides and rank", "[data]") {
  Dataset set{arange(24, float32).reshape({4, 6}).t().reshape({6, 2, 2}), zeros({6, 1})};
  for (auto [x, y] : DataLoader({set.inputs.transpose(1, 2), set.targets}, {.batch_size = 6})) {
    CHECK(x.to_vector<double>() == set.inputs.transpose(1, 2).to_vector<double>());
    CHECK(y.shape() == Shape{6, 1});
  }
}

TEST_CASE("DataLoader: loops nest, and an iterator outlives its loader", "[data]") {
  DataLoader loader(counting(4), {.batch_size = 2, .prefetch = 1});
  int pairs = 0;
  for (auto [x, y] : loader) {
    for (auto [u, v] : loader) pairs += x.defined() && u.defined() && y.size(0) == v.size(0);
  }
  CHECK(pairs == 4);

  auto temporary =
      std::make_unique<DataLoader>(counting(4), data::DataLoaderOptions{.prefetch = 1});
  DataLoader::Iterator it = temporary->begin();
  temporary.reset();
  std::int64_t expected = 0;
  for (; it != std::default_sentinel; ++it)
    CHECK(it->targets.at(0) == static_cast<double>(expected++));
  CHECK(expected == 4);
}

TEST_CASE("DataLoader: leaving a loop early stops the thread", "[data]") {
  std::atomic<int> loaded = 0;
  DataLoader loader(counting(1000), {.prefetch = 2, .transform = [&](Dataset batch) {
                                       ++loaded;
                                       return batch;
                                     }});
  for (int round = 0; round < 20; ++round) {
    loaded = 0;
    for (auto [x, y] : loader) {
      if (y.at(0) == 3) break;
    }
    // Batches 0 to 3 were taken, 2 may wait in the queue, 1 in the thread's hand.
    CHECK(loaded >= 4);
    CHECK(loaded <= 7);
  }
}

TEST_CASE("DataLoader: the transform runs on the background thread", "[data]") {
  std::thread::id here = std::this_thread::get_id(), there;
  auto transform = [&](Dataset batch) {
    there = std::this_thread::get_id();
    batch.inputs = full({1}, 5.0);
    return batch;
  };
  for (auto [x, y] : DataLoader(counting(1), {.transform = transform})) CHECK(x.at(0) == 5);
  CHECK(there == here);
  for (auto [x, y] : DataLoader(counting(1), {.prefetch = 1, .transform = transform})) {
    CHECK(x.at(0) == 5);
  }
  CHECK(there != here);
}

TEST_CASE("DataLoader: an exception arrives in the loop, after the batches before it", "[data]") {
  for (int prefetch : {0, 1, 8}) {
    DataLoader loader(counting(10), {.prefetch = prefetch, .transform = [](Dataset batch) {
                                       check<DataError>(batch.targets.at(0) != 4,
                                                        "sample 4 is bad");
                                       return batch;
                                     }});
    std::vector<double> seen;
    auto run = [&] {
      for (auto [x, y] : loader) seen.push_back(y.at(0));
    };
    REQUIRE_THROWS_AS(run(), DataError);
    CHECK(seen == std::vector<double>{0, 1, 2, 3});
    REQUIRE_THROWS_WITH(run(), Contains("[DataLoader] sample 4 is bad at data_loader_test.cpp:"));
  }
}

TEST_CASE("DataLoader: wrong arguments are refused", "[data]") {
  REQUIRE_THROWS_WITH(DataLoader(counting(3), {.batch_size = 0}),
                      Contains("[DataLoader] batch_size must be at least 1, got 0"));
  REQUIRE_THROWS_WITH(DataLoader(counting(3), {.prefetch = -1}), Contains("prefetch"));
  REQUIRE_THROWS_WITH(DataLoader({zeros({3, 2}), zeros(4)}),
                      Contains("inputs (3, 2) and targets (4,)"));
  REQUIRE_THROWS_WITH(DataLoader({zeros({}), zeros({})}), Contains("inputs () and targets ()"));
  REQUIRE_THROWS_WITH(DataLoader({zeros(3), Tensor()}), Contains("undefined tensor"));
}
