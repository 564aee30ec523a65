#include "gradus/nn/losses.h"

#include <cmath>
#include <functional>

#include "gradus/autograd/backward.h"
#include "gradus/autograd/gradcheck.h"
#include "gradus/autograd/gradcheck_catch.h"
#include "gradus/tensor/creation.h"
#include "tests/catch.h"

using namespace gradus;

// Values and gradients are PyTorch 1.13.1's in float64, from
//   y = torch.nn.functional.<loss>(input, target, reduction="none", ...)
//   torch.autograd.grad(y.sum(), ...)
namespace {

using Loss = std::function<Tensor(Reduction)>;

bool near(const Tensor& got, const Tensor& expected) { return allclose(got, expected, 1e-7, 1e-8); }

// The three reductions of a loss with these elements, and gradients of their sum. `count`: what the
// mean divides by, the number of elements unless given.
void check_loss(const Loss& loss, const std::vector<Tensor>& inputs, const Tensor& elements,
                const std::vector<Tensor>& gradients, double count = 0) {
  if (count == 0) count = static_cast<double>(elements.numel());
  const Tensor none = loss(Reduction::None);
  const Tensor mean = loss(Reduction::Mean);
  const Tensor sum = loss(Reduction::Sum);
  CHECK(near(none, elements));
  CHECK(near(sum, elements.sum()));
  CHECK(near(mean, elements.sum() / count));
  const auto of_none = grad({none.sum()}, inputs);
  const auto of_sum = grad({sum}, inputs);
  const auto of_mean = grad({mean}, inputs);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    CHECK(near(of_none[i], gradients[i]));
    CHECK(near(of_sum[i], gradients[i]));
    CHECK(near(of_mean[i], gradients[i] / count));
  }
}

Tensor leaf(const NestedList& values) { return tensor(values, float64).requires_grad_(); }
Tensor fixed(const NestedList& values) { return tensor(values, float64); }

}  // namespace

TEST_CASE("losses of a distance are PyTorch's", "[loss]") {
  const Tensor x = leaf({{0.5, -1.2, 3.0}, {0.0, 2.5, -0.3}});
  const Tensor t = leaf({{0.2, 0.8, 0.5}, {0.0, -1.0, 0.7}});
  const auto check = [&](const Loss& loss, const Tensor& elements, const Tensor& gradient) {
    check_loss(loss, {x, t}, elements, {gradient, -gradient});
  };
  const Tensor sign = fixed({{1, -1, 1}, {0, 1, -1}});

  check([&](Reduction r) { return mse_loss(x, t, {.reduction = r}); },
        fixed({{0.09, 4.0, 6.25}, {0.0, 12.25, 1.0}}), fixed({{0.6, -4.0, 5.0}, {0.0, 7.0, -2.0}}));
  check([&](Reduction r) { return l1_loss(x, t, {.reduction = r}); },
        fixed({{0.3, 2.0, 2.5}, {0.0, 3.5, 1.0}}), sign);
  check([&](Reduction r) { return smooth_l1_loss(x, t, {.reduction = r}); },
        fixed({{0.045, 1.5, 2.0}, {0.0, 3.0, 0.5}}), fixed({{0.3, -1, 1}, {0, 1, -1}}));
  check([&](Reduction r) { return smooth_l1_loss(x, t, {.reduction = r, .beta = 0.5}); },
        fixed({{0.09, 1.75, 2.25}, {0.0, 3.25, 0.75}}), fixed({{0.6, -1, 1}, {0, 1, -1}}));
  check([&](Reduction r) { return smooth_l1_loss(x, t, {.reduction = r, .beta = 0}); },
        fixed({{0.3, 2.0, 2.5}, {0.0, 3.5, 1.0}}), sign);
  check([&](Reduction r) { return huber_loss(x, t, {.reduction = r, .delta = 2}); },
        fixed({{0.045, 2.0, 3.0}, {0.0, 5.0, 0.5}}), fixed({{0.3, -2.0, 2.0}, {0.0, 2.0, -1.0}}));
}

TEST_CASE("nll_loss is PyTorch's", "[loss]") {
  const Tensor x =
      log(fixed({{.2, .5, .3}, {.1, .6, .3}, {.7, .2, .1}, {.25, .25, .5}})).requires_grad_();
  const Tensor weight = fixed({1.0, 2.0, 0.5});

  check_loss(
      [&](Reduction r) {
        return nll_loss(x, tensor({2, 0, 1, 1}), {.reduction = r});
      },
      {x}, fixed({1.203972804, 2.302585093, 1.609437912, 1.386294361}),
      {fixed({{0, 0, -1}, {-1, 0, 0}, {0, -1, 0}, {0, -1, 0}})});
  check_loss(
      [&](Reduction r) {
        return nll_loss(x, tensor({2, 0, 1, 1}), {.reduction = r, .ignore_index = 0});
      },
      {x}, fixed({1.203972804, 0.0, 1.609437912, 1.386294361}),
      {fixed({{0, 0, -1}, {0, 0, 0}, {0, -1, 0}, {0, -1, 0}})}, 3);
  check_loss(
      [&](Reduction r) {
        return nll_loss(x, tensor({2, 0, -100, 1}), {.reduction = r, .weight = weight});
      },
      {x}, fixed({0.601986402, 2.302585093, 0.0, 2.772588722}),
      {fixed({{0.0, 0.0, -0.5}, {-1, 0, 0}, {0, 0, 0}, {0, -2, 0}})}, 3.5);
}

TEST_CASE("nll_loss takes one sample, and samples of many positions", "[loss]") {
  const Tensor weight = fixed({1.0, 2.0, 0.5});
  const Tensor one = log(fixed({0.2, 0.5, 0.3})).requires_grad_();
  check_loss(
      [&](Reduction r) { return nll_loss(one, tensor(1), {.reduction = r, .weight = weight}); },
      {one}, fixed(1.386294361), {fixed({0, -2, 0})}, 2);

  // torch.linspace(-3, -.5, 12).view(2, 3, 2)
  const Tensor many = linspace(-3, -0.5, 12, float64).reshape({2, 3, 2}).requires_grad_();
  check_loss(
      [&](Reduction r) {
        return nll_loss(many, tensor({{0, 2}, {1, 0}}), {.reduction = r, .weight = weight});
      },
      {many}, fixed({{3.0, 0.931818182}, {2.363636364, 1.409090909}}),
      {fixed({{{-1.0, 0.0}, {0.0, 0.0}, {0.0, -0.5}}, {{0.0, -1.0}, {-2.0, 0.0}, {0.0, 0.0}}})},
      4.5);
}

TEST_CASE("an ignored position may hold anything", "[loss]") {
  const Tensor x = log(fixed({{0.0, 1.0}, {0.5, 0.5}})).requires_grad_();
  const Tensor loss = nll_loss(x, tensor({0, 1}), {.ignore_index = 0});
  CHECK(near(loss, fixed(0.693147181)));
  CHECK(near(grad(loss, x), fixed({{0, 0}, {0, -1}})));

  const Tensor all_ignored = tensor({-100, -100});
  CHECK(std::isnan(nll_loss(x, all_ignored).item<double>()));  // 0 / 0, as in PyTorch
  CHECK(nll_loss(x, all_ignored, {.reduction = Reduction::Sum}).item<double>() == 0);
}

TEST_CASE("binary_cross_entropy is PyTorch's, at 0 and 1 too", "[loss]") {
  const Tensor p = leaf({{0.2, 0.8, 0.5}, {0.0, 1.0, 0.3}});
  const Tensor t = fixed({{0.0, 1.0, 0.3}, {1.0, 1.0, 0.6}});
  check_loss([&](Reduction r) { return binary_cross_entropy(p, t, {.reduction = r}); }, {p},
             fixed({{0.223143551, 0.223143551, 0.693147181}, {100.0, 0.0, 0.86505366}}),
             {fixed({{1.25, -1.25, 0.8}, {-1e12, 0.0, -1.428571429}})});
  check_loss(
      [&](Reduction r) {
        return binary_cross_entropy(p, t, {.reduction = r, .weight = fixed({1.0, 2.0, 0.5})});
      },
      {p}, fixed({{0.223143551, 0.446287103, 0.34657359}, {100.0, 0.0, 0.43252683}}),
      {fixed({{1.25, -2.5, 0.4}, {-1e12, 0.0, -0.714285714}})});
}

TEST_CASE("binary_cross_entropy_with_logits is PyTorch's, far out too", "[loss]") {
  const Tensor z = leaf({{0.5, -1.2, 30.0}, {-50.0, 1e4, -1e4}});
  const Tensor t = leaf({{0.0, 1.0, 0.3}, {1.0, 1.0, 0.0}});
  check_loss([&](Reduction r) { return binary_cross_entropy_with_logits(z, t, {.reduction = r}); },
             {z, t}, fixed({{0.974076984, 1.463282467, 21.0}, {50.0, 0.0, 0.0}}),
             {fixed({{0.622459331, -0.768524783, 0.7}, {-1.0, 0.0, 0.0}}),
              fixed({{-0.5, 1.2, -30.0}, {50.0, -1e4, 1e4}})});
  check_loss(
      [&](Reduction r) {
        return binary_cross_entropy_with_logits(z, t,
                                                {.reduction = r,
                                                 .weight = fixed({1.0, 2.0, 0.5}),
                                                 .pos_weight = fixed({3.0, 0.5, 1.0})});
      },
      {z}, fixed({{0.974076984, 1.463282467, 10.5}, {150.0, 0.0, 0.0}}),
      {fixed({{0.622459331, -0.768524783, 0.35}, {-3.0, 0.0, 0.0}})});
}

TEST_CASE("the loss of a confident logit keeps its digits in float32", "[loss]") {
  const Tensor z = tensor({-20.0, 20.0}).requires_grad_();
  const Tensor loss =
      binary_cross_entropy_with_logits(z, tensor({0.0, 1.0}), {.reduction = Reduction::Sum});
  CHECK(loss.item<double>() == Approx(2 * std::log1p(std::exp(-20.0))));
  CHECK(grad(loss, z).at(0) == Approx(1 / (1 + std::exp(20.0))));
}

TEST_CASE("kl_div is PyTorch's", "[loss]") {
  const Tensor x = log(fixed({{0.2, 0.5, 0.3}, {0.1, 0.6, 0.3}})).requires_grad_();
  const Tensor t = fixed({{0.1, 0.9, 0.0}, {0.3, 0.3, 0.4}});
  check_loss([&](Reduction r) { return kl_div(x, t, {.reduction = r}); }, {x},
             fixed({{-0.069314718, 0.529007998, 0.0}, {0.329583687, -0.207944154, 0.115072829}}),
             {-t});

  const Tensor log_t = log(fixed({{0.1, 0.8, 0.1}, {0.3, 0.3, 0.4}})).requires_grad_();
  check_loss(
      [&](Reduction r) { return kl_div(x, log_t, {.reduction = r, .log_target = true}); },
      {x, log_t},
      fixed({{-0.069314718, 0.376002903, -0.109861229}, {0.329583687, -0.207944154, 0.115072829}}),
      {-exp(log_t.detach()),
       fixed({{0.030685282, 1.176002903, -0.009861229}, {0.629583687, 0.092055846, 0.515072829}})});
}

TEST_CASE("hinge losses", "[loss]") {
  const Tensor x = leaf({0.2, 1.5, 0.7, 3.0});
  const Tensor t = fixed({1, 1, -1, -1});
  check_loss([&](Reduction r) { return hinge_loss(x, t, {.reduction = r}); }, {x},
             fixed({0.8, 0.0, 1.7, 4.0}), {fixed({-1, 0, 1, 1})});  // max(0, 1 - t x) by hand
  check_loss([&](Reduction r) { return hinge_embedding_loss(x, t, {.reduction = r}); }, {x},
             fixed({0.2, 1.5, 0.3, 0.0}), {fixed({1, 1, -1, 0})});
  check_loss([&](Reduction r) { return hinge_embedding_loss(x, t, {.reduction = r, .margin = 2}); },
             {x}, fixed({0.2, 1.5, 1.3, 0.0}), {fixed({1, 1, -1, 0})});
}

TEST_CASE("losses are differentiable twice", "[loss]") {
  const Tensor x = leaf({{0.5, -1.2, 3.0}, {0.1, 2.5, -0.3}});
  const Tensor t = leaf({{0.2, 0.6, 0.4}, {0.3, 0.9, 0.6}});
  const Tensor p = leaf({{0.2, 0.8, 0.5}, {0.6, 0.9, 0.3}});
  struct Case {
    const char* name;
    Tensor (*loss)(const std::vector<Tensor>&);
    Tensor input;
  };
  using Inputs = std::vector<Tensor>;
  const std::vector<Case> cases = {
      {"mse", [](const Inputs& in) { return mse_loss(in[0], in[1]); }, x},
      {"smooth_l1", [](const Inputs& in) { return smooth_l1_loss(in[0], in[1]); }, x},
      {"huber", [](const Inputs& in) { return huber_loss(in[0], in[1], {.delta = 2}); }, x},
      {"bce", [](const Inputs& in) { return binary_cross_entropy(in[0], in[1]); }, p},
      {"bce of logits",
       [](const Inputs& in) { return binary_cross_entropy_with_logits(in[0], in[1]); }, x},
      {"kl_div", [](const Inputs& in) { return kl_div(in[0], in[1]); }, x},
  };
  for (const auto& [name, loss, input] : cases) {
    INFO(name);
    CHECK_THAT(gradcheck(loss, {input, t}), GradientsAgree());
    CHECK_THAT(gradgradcheck(loss, {input, t}), GradientsAgree());
  }
}
