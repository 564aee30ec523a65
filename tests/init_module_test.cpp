#include "gradus/nn/init_module.h"

#include "gradus/autograd/ops.h"
#include "gradus/nn/activations.h"
#include "gradus/nn/batch_norm.h"
#include "gradus/nn/dropout.h"
#include "gradus/nn/embedding.h"
#include "gradus/nn/layer_norm.h"
#include "gradus/nn/linear.h"
#include "gradus/nn/sequential.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"

using namespace gradus;
namespace init = nn::init;
using Names = std::vector<std::string>;

TEST_CASE("apply initialises every weight with fans and clears the biases", "[init]") {
  nn::Sequential net{nn::Linear(4, 3),
                     nn::BatchNorm1d(3),
                     nn::PReLU(),
                     nn::LayerNorm({2, 3}),
                     nn::Sequential(nn::Linear(3, 2)),
                     nn::Embedding(3, 2)};
  nn::StateDict before = net.state_dict().clone();
  Names written = init::apply(net, [](const Tensor& w) { init::constant_(w, 3); });
  CHECK(written == Names{"0.weight", "0.bias", "4.0.weight", "4.0.bias"});
  nn::StateDict after = net.state_dict();
  for (const auto& [name, value] : after) {
    bool changed = std::ranges::count(written, name) > 0;
    INFO(name);
    CHECK(equal(value,
                changed ? full_like(value, name.ends_with("weight") ? 3 : 0) : before.at(name)));
  }
  init::apply(net, init::recommended_for(init::Nonlinearity::ReLU),
              {.bias = [](const Tensor& b) { init::constant_(b, 1); }});
  CHECK(equal(after.at("4.0.bias"), ones(2)));
  CHECK(after.at("0.weight").at(0, 0) != 3);
  REQUIRE_THROWS_WITH(init::apply(net, nullptr), Contains("[init::apply]"));
}

TEST_CASE("lsuv gives every layer's output variance 1", "[init]") {
  manual_seed(0);
  nn::Sequential net;
  for (int i = 0; i < 10; ++i) {
    net.push_back(nn::Linear(32, 32));
    net.push_back(nn::ReLU());
  }
  net.push_back(nn::Dropout(0.5));
  Tensor batch = randn({64, 32}) * 5.0;
  auto layers = init::lsuv_(net, batch, {.tolerance = 0.01});
  REQUIRE(layers.size() == 10);
  CHECK(layers[0].name == "0");
  CHECK(layers[0].variance_before == Approx(25).epsilon(0.1));  // orthonormal: keeps the variance
  for (const auto& layer : layers) {
    INFO(layer.name);
    CHECK(layer.iterations == 1);
    CHECK(layer.variance == Approx(1).epsilon(0.01));
  }
  CHECK(net.is_training());
  CHECK(net[20].is_training());
  net.eval();
  Tensor x = batch;
  for (std::int64_t i = 0; i < 20; ++i) {
    x = net[i](x);
    if (i % 2 == 0) CHECK(var(x, {}, false, 0).item<double>() == Approx(1).epsilon(0.01));
  }
  // Its hooks are gone.
  Tensor weight = net.get<nn::Linear>(0).weight.detach().clone();
  net(batch * 3.0);
  CHECK(equal(weight, net.get<nn::Linear>(0).weight));
}

TEST_CASE("lsuv goes on for layers that are not linear in their weights", "[init]") {
  struct Squared : nn::Module {
    Tensor weight = parameter("weight", ones({8, 8}));
    Tensor forward(const Tensor& x) override { return square(linear(x, weight)); }
  };
  manual_seed(0);
  Squared layer;
  auto layers =
      init::lsuv_(layer, randn({256, 8}) * 2.0, {.tolerance = 0.05, .max_iterations = 50});
  REQUIRE(layers.size() == 1);
  CHECK(layers[0].name == "");
  CHECK(layers[0].iterations > 1);
  CHECK(layers[0].variance == Approx(1).epsilon(0.05));
}

TEST_CASE("lsuv leaves statistics alone and says what it cannot do", "[init]") {
  nn::Sequential net{nn::Linear(4, 4), nn::BatchNorm1d(4), nn::Linear(4, 2)};
  init::lsuv_(net, randn({8, 4}));
  CHECK(net.get<nn::BatchNorm1d>(1).num_batches_tracked.item<std::int64_t>() == 0);
  REQUIRE_THROWS_WITH(init::lsuv_(net, zeros({8, 4})),
                      Contains("the output of '0' has variance 0"));
  CHECK(net.is_training());
  REQUIRE_THROWS_WITH(init::lsuv_(net, randn({8, 4}), {.tolerance = 0}),
                      Contains("[lsuv_]") && Contains("positive tolerance"));
}
