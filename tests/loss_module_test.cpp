#include "gradus/nn/losses.h"

#include <cmath>
#include <functional>

#include "gradus/tensor/creation.h"
#include "tests/catch.h"

using namespace gradus;

TEST_CASE("a loss module computes its function with its options", "[loss][module]") {
  const Tensor x = tensor({{0.3, 0.6, 0.1}, {0.2, 0.2, 0.6}});
  const Tensor t = tensor({{0.2, 0.8, 0.0}, {0.3, 0.3, 0.4}});
  const Tensor classes = tensor({1, 2});
  const Tensor signs = tensor({{1, -1, 1}, {1, 1, -1}});
  const Reduction sum = Reduction::Sum;

  nn::MSELoss mse({.reduction = sum});
  CHECK(equal(mse(x, t), mse_loss(x, t, {.reduction = sum})));
  nn::L1Loss l1({.reduction = sum});
  CHECK(equal(l1(x, t), l1_loss(x, t, {.reduction = sum})));
  nn::SmoothL1Loss smooth({.beta = 0.1});
  CHECK(equal(smooth(x, t), smooth_l1_loss(x, t, {.beta = 0.1})));
  nn::HuberLoss huber({.delta = 0.1});
  CHECK(equal(huber(x, t), huber_loss(x, t, {.delta = 0.1})));
  nn::CrossEntropyLoss cross({.label_smoothing = 0.1});
  CHECK(equal(cross(x, classes), cross_entropy(x, classes, {.label_smoothing = 0.1})));
  nn::NLLLoss nll({.ignore_index = 2});
  CHECK(equal(nll(x, classes), nll_loss(x, classes, {.ignore_index = 2})));
  nn::BCELoss bce({.reduction = sum});
  CHECK(equal(bce(x, t), binary_cross_entropy(x, t, {.reduction = sum})));
  nn::BCEWithLogitsLoss logits({.pos_weight = tensor({2.0})});
  CHECK(equal(logits(x, t), binary_cross_entropy_with_logits(x, t, {.pos_weight = tensor({2.0})})));
  nn::KLDivLoss kl({.log_target = true});
  CHECK(equal(kl(x, t), kl_div(x, t, {.log_target = true})));
  nn::HingeLoss hinge({.margin = 2});
  CHECK(equal(hinge(x, signs), hinge_loss(x, signs, {.margin = 2})));
  nn::HingeEmbeddingLoss embedding({.margin = 2});
  CHECK(equal(embedding(x, signs), hinge_embedding_loss(x, signs, {.margin = 2})));
}

TEST_CASE("a loss module is a module", "[loss][module]") {
  nn::MSELoss loss;
  CHECK(loss.type_name() == "MSELoss");
  CHECK(loss.parameters().empty());
  int calls = 0;
  loss.register_forward_hook(
      [&](const nn::Module&, std::span<const Tensor> inputs, const Tensor& output) {
        calls += inputs.size() == 2 && output.dim() == 0;
      });
  loss(ones({2}), zeros({2}));
  CHECK(calls == 1);
}

TEST_CASE("shapes that would merely broadcast are an error", "[loss][error]") {
  const Tensor x = ones({32, 1});
  const Tensor t = ones({32});
  const std::vector<std::pair<std::string, std::function<Tensor()>>> calls = {
      {"mse_loss", [&] { return mse_loss(x, t); }},
      {"l1_loss", [&] { return l1_loss(x, t); }},
      {"smooth_l1_loss", [&] { return smooth_l1_loss(x, t); }},
      {"huber_loss", [&] { return huber_loss(x, t); }},
      {"binary_cross_entropy", [&] { return binary_cross_entropy(x, t); }},
      {"binary_cross_entropy_with_logits", [&] { return binary_cross_entropy_with_logits(x, t); }},
      {"kl_div", [&] { return kl_div(x, t); }},
      {"hinge_loss", [&] { return hinge_loss(x, t); }},
      {"hinge_embedding_loss", [&] { return hinge_embedding_loss(x, t); }},
  };
  for (const auto& [op, call] : calls) {
    REQUIRE_THROWS_WITH(call(), StartsWith("[" + op + "] input is (32, 1) but target is (32,)") &&
                                    Contains("unsqueeze") && Contains("loss_module_test.cpp:"));
  }
}

TEST_CASE("losses refuse values outside their domain", "[loss][error]") {
  const Tensor x = tensor({0.5, 0.5});
  REQUIRE_THROWS_WITH(mse_loss(tensor({1, 2}), tensor({1, 2})),
                      Contains("must be float32 or float64"));
  REQUIRE_THROWS_WITH(smooth_l1_loss(x, x, {.beta = -1}), Contains("beta must not be negative"));
  REQUIRE_THROWS_WITH(huber_loss(x, x, {.delta = 0}), Contains("delta must be positive"));
  REQUIRE_THROWS_WITH(binary_cross_entropy(tensor({-0.5, 2.0}), x),
                      Contains("input holds values in [-0.5, 2]") && Contains("with_logits"));
  REQUIRE_THROWS_WITH(binary_cross_entropy(x, tensor({0.0, 2.0})),
                      Contains("target holds values in [0, 2], outside [0, 1]"));
  REQUIRE_THROWS_WITH(binary_cross_entropy(tensor({0.5, std::nan("")}), x), Contains("nan"));
  REQUIRE_THROWS_WITH(binary_cross_entropy_with_logits(x, tensor({-1.0, 1.0})),
                      Contains("target holds values in [-1, 1]"));
  REQUIRE_THROWS_WITH(binary_cross_entropy(x, x, {.weight = ones({3, 2})}),
                      Contains("weight of shape (3, 2)") && Contains("(2,)"));
  REQUIRE_THROWS_WITH(kl_div(x, tensor({-1.0, 0.5})), Contains("log_target"));
  REQUIRE_THROWS_WITH(hinge_loss(x, tensor({0, 1})),
                      Contains("1 and -1 only") && Contains("2 * target - 1"));
}

TEST_CASE("nll_loss names what is wrong with its target", "[loss][error]") {
  const Tensor x = zeros({2, 3});
  REQUIRE_THROWS_WITH(nll_loss(x, tensor({0.0, 1.0})), Contains("[nll_loss]") && Contains("int64"));
  REQUIRE_THROWS_WITH(nll_loss(x, tensor({0, 1, 2})),
                      Contains("target must be (2,) for an input of shape (2, 3), but is (3,)"));
  REQUIRE_THROWS_AS(nll_loss(x, tensor({0, 3})), IndexError);
  REQUIRE_THROWS_WITH(nll_loss(x, tensor({0, 3})), Contains("target 3 is not a class in [0, 3)"));
  REQUIRE_THROWS_WITH(nll_loss(x, tensor({-1, 0})), Contains("target -1"));
  REQUIRE_THROWS_WITH(nll_loss(x, tensor({0, 1}), {.weight = ones({2})}),
                      Contains("weight must be (3,), one factor a class, but is (2,)"));
  REQUIRE_THROWS_WITH(nll_loss(tensor(1.0), tensor(0)), Contains("but is a scalar"));
}
