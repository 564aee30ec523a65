#include <cmath>
#include <limits>

#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "tests/catch.h"
#include "tests/naive.h"
#include "tests/near.h"

using namespace gradus;

namespace {

Tensor golden_logits() {
  return tensor({{1.0, 2.0, 3.0}, {0.5, -1.0, 2.0}, {2.0, 2.0, -3.0}, {0.0, 1.0, 0.0}}, float64)
      .requires_grad_();
}

/// The loss, and the gradient of its sum.
void check_golden(const Tensor& target, const CrossEntropyOptions& options,
                  const std::vector<double>& loss, const std::vector<double>& gradient) {
  Tensor logits = golden_logits();
  Tensor y = cross_entropy(logits, target, options);
  check_near(y, loss, 1e-8);
  sum(y).backward();
  check_near(logits.grad(), gradient, 1e-8);
}

}  // namespace

// torch: F.cross_entropy(logits, tensor([2, 0, -100, 1]), ...) in float64
TEST_CASE("cross_entropy of classes agrees with PyTorch") {
  Tensor target = tensor({2, 0, -100, 1});
  Tensor weight = tensor({0.5, 1.0, 2.0}, float64);
  check_golden(target, {}, {0.900120658},
               {0.030010191, 0.081576157, -0.111586348, -0.274903203, 0.013037524, 0.261865678, 0,
                0, 0, 0.070647186, -0.141294372, 0.070647186});
  check_golden(target, {.reduction = Reduction::Sum}, {2.700361975},
               {0.090030573, 0.244728471, -0.334759044, -0.824709608, 0.039112573, 0.785597035, 0,
                0, 0, 0.211941558, -0.423883115, 0.211941558});
  check_golden(target, {.reduction = Reduction::None}, {0.407605964, 1.741311297, 0.0, 0.551444714},
               {0.090030573, 0.244728471, -0.334759044, -0.824709608, 0.039112573, 0.785597035, 0,
                0, 0, 0.211941558, -0.423883115, 0.211941558});
  check_golden(target, {.weight = weight}, {0.639232083},
               {0.051446042, 0.139844841, -0.191290882, -0.117815658, 0.00558751, 0.112228148, 0, 0,
                0, 0.060554731, -0.121109461, 0.060554731});
  check_golden(target, {.label_smoothing = 0.1}, {0.955676214},
               {0.01889908, 0.070465046, -0.089364126, -0.25268098, 0.001926413, 0.250754567, 0, 0,
                0, 0.059536075, -0.11907215, 0.059536075});
  check_golden(target, {.label_smoothing = 0.2, .weight = weight}, {0.748552655},
               {0.037635062, 0.109143485, -0.146778547, -0.09209031, -0.011970106, 0.104060416, 0,
                0, 0, 0.053049412, -0.077527396, 0.024477984});
  check_golden(target, {.reduction = Reduction::None, .label_smoothing = 0.2, .weight = weight},
               {0.880610935, 1.002830488, 0, 0.736492871},
               {0.131722717, 0.382002197, -0.513724914, -0.322316085, -0.04189537, 0.364211455, 0,
                0, 0, 0.185672943, -0.271345886, 0.085672943});
  check_golden(tensor({2, 0, 0, 1}), {.ignore_index = 0}, {0.479525339},
               {0.045015287, 0.122364236, -0.167379522, 0, 0, 0, 0, 0, 0, 0.105970779, -0.211941558,
                0.105970779});
}

// torch: F.cross_entropy(logits, probabilities, ...) in float64
TEST_CASE("cross_entropy of probabilities agrees with PyTorch") {
  Tensor target =
      tensor({{0.2, 0.3, 0.5}, {1.0, 0.0, 0.0}, {0.1, 0.1, 0.8}, {0.0, 0.5, 0.5}}, float64);
  check_golden(target, {}, {2.149218117},
               {-0.027492357, -0.013817882, 0.041310239, -0.206177402, 0.009778143, 0.196399259,
                0.099580292, 0.099580292, -0.199160585, 0.052985389, 0.019029221, -0.072014611});
  check_golden(target, {.label_smoothing = 0.2, .weight = tensor({0.5, 1.0, 2.0}, float64)},
               {3.012290447},
               {0.002127011, 0.006133133, -0.008260143, -0.080579021, -0.010473843, 0.091052864,
                0.185147811, 0.166814477, -0.351962288, 0.067612391, 0.089775217, -0.157387609});
  check_golden(target, {.reduction = Reduction::None},
               {1.107605964, 1.741311297, 4.696510492, 1.051444714},
               {-0.109969427, -0.055271529, 0.165240956, -0.824709608, 0.039112573, 0.785597035,
                0.398321169, 0.398321169, -0.796642338, 0.211941558, 0.076116885, -0.288058442});

  Tensor learned = target.clone().requires_grad_();
  Tensor logits = golden_logits().detach();
  sum(cross_entropy(logits, learned, {.reduction = Reduction::Sum})).backward();
  CHECK(allclose(learned.grad(), -log_softmax(logits, 1)));
}

TEST_CASE("cross_entropy in float32 equals its parts, for any layout and many classes") {
  Tensor logits = (8 * naive::draw({300, 1000})).requires_grad_();
  Tensor target = arange(300) * 3;
  Tensor picked = gather(log_softmax(logits, 1), 1, target.unsqueeze(1));
  Tensor loss = cross_entropy(logits, target);
  CHECK(loss.item<double>() == Approx(-mean(picked).item<double>()).epsilon(1e-6));
  CHECK(cross_entropy(naive::scattered(logits), target).item<float>() == loss.item<float>());
  loss.backward();
  Tensor expected = (softmax(logits, 1) - to(one_hot(target, 1000), float32)) / 300;
  CHECK(allclose(logits.grad(), expected.detach(), 1e-4, 1e-9));
}

TEST_CASE("cross_entropy stays right at large logits and where classes are impossible") {
  const double inf = std::numeric_limits<double>::infinity();
  Tensor far = tensor({{1e5, 1e5 - 1, 0.0}}, float32).requires_grad_();
  Tensor loss = cross_entropy(far, tensor({0}));
  CHECK(loss.item<double>() == Approx(std::log(1 + std::exp(-1))));
  loss.backward();
  check_near(far.grad(), {-0.26894142, 0.26894142, 0});
  CHECK(cross_entropy(tensor({{0.0, -inf}}), tensor({0})).item<double>() == 0);
  CHECK(cross_entropy(tensor({{0.0, -inf}}), tensor({1})).item<double>() == inf);
  CHECK(std::isnan(cross_entropy(tensor({{-inf, -inf}}), tensor({1})).item<double>()));
}

TEST_CASE("cross_entropy of one sample, of none, and of ignored ones") {
  Tensor logits = golden_logits();
  Tensor one = cross_entropy(logits[0], full({}, 2, int64));
  CHECK(one.dim() == 0);
  CHECK(one.item<double>() == Approx(0.407605964));
  CHECK(cross_entropy(logits[0], tensor({0.2, 0.3, 0.5}, float64)).item<double>() ==
        Approx(1.107605964));
  CHECK(cross_entropy(logits[0], full({}, 2, int64), {.reduction = Reduction::None}).dim() == 0);
  // torch: nan and 0
  Tensor ignored = full(4, -100, int64);
  CHECK(std::isnan(cross_entropy(logits, ignored).item<double>()));
  CHECK(cross_entropy(logits, ignored, {.reduction = Reduction::Sum}).item<double>() == 0);
  CHECK(cross_entropy(zeros({0, 3}), zeros(0, int64), {.reduction = Reduction::None}).numel() == 0);
}

TEST_CASE("cross_entropy names wrong arguments") {
  Tensor logits = zeros({4, 3});
  Tensor target = zeros(4, int64);
  REQUIRE_THROWS_AS(cross_entropy(logits, tensor({0, 1, 2, 3})), IndexError);
  REQUIRE_THROWS_WITH(cross_entropy(logits, tensor({0, 1, 2, 3})),
                      Contains("[cross_entropy] target 3 at index 3 is outside [0, 3)"));
  REQUIRE_THROWS_WITH(cross_entropy(logits, tensor({0, -1, 2, 1})),
                      Contains("target -1 at index 1"));
  REQUIRE_THROWS_WITH(
      cross_entropy(logits, zeros(3, int64)),
      Contains("target must be int64 classes of shape (4,) or probabilities of shape "
               "(4, 3), got int64 (3,)"));
  REQUIRE_THROWS_WITH(cross_entropy(logits, zeros(4)), Contains("got float32 (4,)"));
  REQUIRE_THROWS_WITH(cross_entropy(logits, zeros({4, 3}, float64)),
                      Contains("probabilities are float64 where logits are float32"));
  REQUIRE_THROWS_WITH(cross_entropy(logits, zeros({4, 3}), {.ignore_index = 1}),
                      Contains("ignore_index needs targets that are classes"));
  REQUIRE_THROWS_WITH(cross_entropy(zeros({2, 3, 4}), target),
                      Contains("logits must be (N, C) or (C)"));
  REQUIRE_THROWS_WITH(cross_entropy(zeros({4, 3}, int64), target),
                      Contains("logits must be floating"));
  REQUIRE_THROWS_WITH(cross_entropy(zeros({4, 0}), target), Contains("have no classes"));
  REQUIRE_THROWS_WITH(cross_entropy(logits, target, {.weight = ones(4)}),
                      Contains("weight must be float32 of shape (3,), got float32 (4,)"));
  REQUIRE_THROWS_WITH(cross_entropy(logits, target, {.label_smoothing = 1.5}),
                      Contains("label_smoothing must be in [0, 1], got 1.5"));
}
