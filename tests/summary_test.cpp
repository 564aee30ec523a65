#include "gradus/nn/summary.h"

#include "gradus/autograd/ops.h"
#include "gradus/nn/activations.h"
#include "gradus/nn/batch_norm.h"
#include "gradus/nn/dropout.h"
#include "gradus/nn/embedding.h"
#include "gradus/nn/linear.h"
#include "gradus/nn/sequential.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/generator.h"
#include "tests/catch.h"

using namespace gradus;

TEST_CASE("a summary is a table of layers, shapes and parameters", "[summary]") {
  nn::Sequential net{nn::Linear(64, 128), nn::ReLU(),
                     nn::Sequential(nn::BatchNorm1d(128), nn::Linear(128, 10)), nn::Dropout()};
  net[0].requires_grad_(false);
  nn::Summary summary = nn::summary(net, {32, 64});
  CHECK(fmt::format("{}", summary) ==
        "=============================================\n"
        "Layer                Output shape  Parameters\n"
        "=============================================\n"
        "Sequential           (32, 10)              --\n"
        "├─0: Linear          (32, 128)          8,320\n"
        "├─1: ReLU            (32, 128)             --\n"
        "├─2: Sequential      (32, 10)              --\n"
        "│  ├─0: BatchNorm1d  (32, 128)            256\n"
        "│  └─1: Linear       (32, 10)           1,290\n"
        "└─3: Dropout         (32, 10)              --\n"
        "=============================================\n"
        "Parameters: 9,866 (1,546 trainable, 8,320 not)\n"
        "Memory: 0.04 MB\n"
        "=============================================");
  CHECK(summary.bytes == 4 * 9866 + 4 * 256 + 8);  // with the running statistics and the counter
}

TEST_CASE("a summary changes nothing", "[summary]") {
  struct Noisy : nn::Module {
    nn::BatchNorm1d norm = child("norm", nn::BatchNorm1d(3));
    Tensor forward(const Tensor& x) override { return dropout(norm(x), 0.5, true); }
  };
  Noisy net;
  net.norm.eval();
  manual_seed(1);
  auto before = default_generator().get_state();
  nn::summary(net, {4, 3});
  CHECK(default_generator().get_state() == before);
  CHECK(net.is_training());
  CHECK_FALSE(net.norm.is_training());
  CHECK(net.norm.num_batches_tracked.item<std::int64_t>() == 0);
  REQUIRE_THROWS_WITH(nn::summary(net, {4, 5}), Contains("(4, 5)") && Contains("in 'norm'"));
  CHECK(net.is_training());
  CHECK_FALSE(net.norm.is_training());
}

TEST_CASE("a summary takes other inputs, and tells what was not called", "[summary]") {
  nn::Sequential words{nn::Embedding(10, 4), nn::Linear(4, 2)};
  CHECK(nn::summary(words, {2, 5}, {.dtype = int64}).rows[2].output_shape == Shape{2, 5, 2});

  struct Pair : nn::Module {
    nn::Bilinear both = child("both", nn::Bilinear(2, 3, 4));
    nn::Linear spare = child("spare", nn::Linear(2, 2));
    nn::Linear again = child("again", spare);
  };
  Pair net;
  nn::Summary summary = nn::summary(net, [&] { net.both(ones({1, 2}), ones({1, 3})); });
  REQUIRE(summary.rows.size() == 3);
  CHECK(summary.rows[1].output_shape == Shape{1, 4});
  CHECK_FALSE(summary.rows[2].output_shape.has_value());
  CHECK(summary.parameters == 28 + 6);
  CHECK_THAT(fmt::format("{}", summary), Contains("not called"));
}
