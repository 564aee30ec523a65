#include "gradus/nn/state_dict.h"

#include "gradus/autograd/ops.h"
#include "gradus/nn/activations.h"
#include "gradus/nn/batch_norm.h"
#include "gradus/nn/linear.h"
#include "gradus/nn/sequential.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"

using namespace gradus;

namespace {

nn::Sequential make_net() {
  return nn::Sequential{nn::Linear(4, 3), nn::ReLU(),
                        nn::Sequential(nn::Linear(3, 2, {.bias = false}), nn::BatchNorm1d(2))};
}

}  // namespace

// list(net.state_dict().keys()) in torch 1.13.1
TEST_CASE("state_dict has PyTorch's keys in PyTorch's order", "[state_dict]") {
  auto net = make_net();
  std::vector<std::string> keys;
  for (const auto& [key, value] : net.state_dict()) keys.push_back(key);
  CHECK(keys == std::vector<std::string>{"0.weight", "0.bias", "2.0.weight", "2.1.weight",
                                         "2.1.bias", "2.1.running_mean", "2.1.running_var",
                                         "2.1.num_batches_tracked"});
}

TEST_CASE("state_dict aliases without gradients; clone keeps values", "[state_dict]") {
  auto net = make_net();
  nn::StateDict state = net.state_dict();
  nn::StateDict kept = state.clone();
  CHECK_FALSE(state.at("0.weight").requires_grad());
  fill_(state.at("0.weight"), 3);
  CHECK(net.get<nn::Linear>(0).weight.at(1, 2) == 3);
  CHECK(kept.at("0.weight").at(1, 2) != 3);
}

TEST_CASE("a loaded network computes the same", "[state_dict]") {
  auto a = make_net();
  auto b = make_net();
  Tensor x = randn({5, 4});
  a(x);  // moves the running statistics
  nn::LoadResult result = b.load_state_dict(a.state_dict());
  CHECK(result.missing.empty());
  CHECK(result.unexpected.empty());
  a.eval();
  b.eval();
  CHECK(equal(a(x), b(x)));
  CHECK(b.get<nn::Linear>(0).weight.requires_grad());
  CHECK_FALSE(a.get<nn::Linear>(0).weight.is_same(b.get<nn::Linear>(0).weight));

  nn::Sequential wide = make_net();
  wide.to(float64);
  wide.load_state_dict(a.state_dict());
  CHECK(wide.get<nn::Linear>(0).weight.dtype() == float64);
  CHECK(equal(wide.get<nn::Linear>(0).weight, a.get<nn::Linear>(0).weight.to(float64)));
}

TEST_CASE("a state that does not fit is refused with all that is wrong, and nothing is loaded",
          "[state_dict]") {
  auto net = make_net();
  nn::StateDict state = net.state_dict().clone();
  Tensor before = net.get<nn::Linear>(0).weight.detach().clone();
  state.erase("0.bias");
  state.erase("2.1.running_var");
  state.set("extra", ones(1));
  state.set("2.0.weight", ones({2, 4}));
  state.set("0.weight", zeros({3, 4}));
  REQUIRE_THROWS_WITH(net.load_state_dict(state),
                      Contains("does not fit Sequential, nothing was loaded") &&
                          Contains("misshapen: 2.0.weight is (2, 3) and the state has (2, 4)") &&
                          Contains("missing: 0.bias, 2.1.running_var") &&
                          Contains("unexpected: extra"));
  CHECK(equal(net.get<nn::Linear>(0).weight, before));

  // Not strict forgives keys, never shapes.
  REQUIRE_THROWS_WITH(net.load_state_dict(state, {.strict = false}),
                      Contains("misshapen") && !Contains("missing"));
  state.set("2.0.weight", ones({2, 3}));
  nn::LoadResult result = net.load_state_dict(state, {.strict = false});
  CHECK(result.missing == std::vector<std::string>{"0.bias", "2.1.running_var"});
  CHECK(result.unexpected == std::vector<std::string>{"extra"});
  CHECK(equal(net.get<nn::Linear>(0).weight, zeros({3, 4})));
}

TEST_CASE("a shared tensor is listed under each of its names", "[state_dict]") {
  nn::Linear layer(2, 2);
  nn::Sequential net(layer, layer);
  CHECK(net.state_dict().size() == 4);
  CHECK(net.parameters().size() == 2);
  nn::StateDict state = net.state_dict().clone();
  net.load_state_dict(state);
  state.erase("1.bias");
  REQUIRE_THROWS_WITH(net.load_state_dict(state), Contains("missing: 1.bias"));
}

TEST_CASE("a state dict is an ordered map", "[state_dict]") {
  nn::StateDict state{{"b", ones(1)}, {"a", zeros(2)}};
  CHECK(state.size() == 2);
  CHECK(state.contains("a"));
  state.set("b", ones(3));
  CHECK(state.begin()->first == "b");
  CHECK(state.at("b").numel() == 3);
  REQUIRE_THROWS_WITH(state.at("c"), Contains("no 'c'") && Contains("b, a"));
  state.erase("b");
  state.erase("nothing");
  CHECK(state.size() == 1);
  REQUIRE_THROWS_WITH(nn::StateDict().at("x"), Contains("it has no entries"));
}
