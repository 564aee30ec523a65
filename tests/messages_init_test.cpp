#include "gradus/nn/init_module.h"
#include "gradus/nn/linear.h"
#include "gradus/nn/losses.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"
#include "tests/messages.h"

namespace gradus::messages {
namespace {

namespace init = nn::init;

std::vector<Wrong> loss_calls() {
  // A row a line.
  // clang-format off
  return {
    {"mse_loss", [] { mse_loss(ones({2, 1}), ones({2})); },
     {"input is (2, 1) but target is (2,)", "reshape, squeeze or unsqueeze one of them"}},
    {"mse_loss", [] { mse_loss(undefined, ones({2})); }, {"undefined tensor"}},
    {"mse_loss", [] { mse_loss(arange(3), arange(3)); },
     {"input must be float32 or float64, not int64; convert it with to(float32)"}},
    {"l1_loss", [] { l1_loss(ones({2, 1}), ones({2})); },
     {"input is (2, 1) but target is (2,)", "reshape, squeeze or unsqueeze one of them"}},
    {"smooth_l1_loss", [] { smooth_l1_loss(ones({2, 1}), ones({2})); },
     {"input is (2, 1) but target is (2,)", "reshape, squeeze or unsqueeze one of them"}},
    {"smooth_l1_loss", [] { smooth_l1_loss(ones({2}), ones({2}), {.beta = -1}); },
     {"beta must not be negative, but is -1"}},
    {"smooth_l1_loss", [] { smooth_l1_loss(ones({2}), ones({2}), {.beta = nan}); },
     {"beta must not be negative, but is nan"}},
    {"huber_loss", [] { huber_loss(ones({2, 1}), ones({2})); },
     {"input is (2, 1) but target is (2,)", "reshape, squeeze or unsqueeze one of them"}},
    {"huber_loss", [] { huber_loss(ones({2}), ones({2}), {.delta = 0}); },
     {"delta must be positive, but is 0"}},
    {"nll_loss", [] { nll_loss(ones({2, 3}), zeros({3}, int64)); },
     {"target must be (2,) for an input of shape (2, 3), but is (3,)"}},
    {"nll_loss", [] { nll_loss(ones({2, 3}), full({2}, 3)); },
     {"target 3 is not a class in [0, 3) (ignore_index is -100)"}},
    {"nll_loss", [] { nll_loss(ones({2, 3}), ones({2})); },
     {"target must hold int64 class numbers, not float32"}},
    {"nll_loss", [] { nll_loss(ones({}), zeros({}, int64)); },
     {"input must be (N, C, ...) or (C), but is a scalar"}},
    {"nll_loss", [] { nll_loss(ones({2, 3}), zeros({2}, int64), {.weight = ones({4})}); },
     {"weight must be (3,), one factor a class, but is (4,)"}},
    {"nll_loss", [] { nll_loss(ones({2, 3}), undefined); }, {"undefined tensor"}},
    {"binary_cross_entropy", [] { binary_cross_entropy(ones({2, 1}), ones({2})); },
     {"input is (2, 1) but target is (2,)", "reshape, squeeze or unsqueeze one of them"}},
    {"binary_cross_entropy", [] { binary_cross_entropy(full({2}, 1.5), ones({2})); },
     {"input holds values in [1.5, 1.5], outside [0, 1]; it must hold probabilities",
      "for logits use binary_cross_entropy_with_logits"}},
    {"binary_cross_entropy", [] { binary_cross_entropy(full({2}, nan), ones({2})); },
     {"input holds values in [nan, nan], outside [0, 1]; it must hold probabilities",
      "for logits use binary_cross_entropy_with_logits"}},
    {"binary_cross_entropy", [] { binary_cross_entropy(ones({2}), full({2}, 1.5)); },
     {"target holds values in [1.5, 1.5], outside [0, 1]; it must hold probabilities"}},
    {"binary_cross_entropy", [] {
       binary_cross_entropy(ones({2}), ones({2}), {.weight = ones({3})}); },
     {"shapes do not broadcast: (2,) and (3,)"}},
    {"binary_cross_entropy_with_logits", [] {
       binary_cross_entropy_with_logits(ones({2, 1}), ones({2})); },
     {"input is (2, 1) but target is (2,)", "reshape, squeeze or unsqueeze one of them"}},
    {"binary_cross_entropy_with_logits", [] {
       binary_cross_entropy_with_logits(ones({2}), ones({2}), {.weight = ones({3})}); },
     {"shapes do not broadcast: (2,) and (3,)"}},
    {"binary_cross_entropy_with_logits", [] {
       binary_cross_entropy_with_logits(ones({2}), ones({2}), {.pos_weight = ones({3})}); },
     {"shapes do not broadcast: (2,) and (3,)"}},
    {"binary_cross_entropy_with_logits", [] {
       binary_cross_entropy_with_logits(ones({2}), ones({2}), {.pos_weight = ones({3, 2})}); },
     {"pos_weight of shape (3, 2) does not broadcast to the input's (2,)"}},
    {"kl_div", [] { kl_div(ones({2, 1}), ones({2})); },
     {"input is (2, 1) but target is (2,)", "reshape, squeeze or unsqueeze one of them"}},
    {"kl_div", [] { kl_div(ones({2}), full({2}, -1)); },
     {"target holds values in [-1, -1], outside [0, inf]; it must hold probabilities",
      "for their logarithms set log_target"}},
    {"hinge_loss", [] { hinge_loss(ones({2, 1}), ones({2})); },
     {"input is (2, 1) but target is (2,)", "reshape, squeeze or unsqueeze one of them"}},
    {"hinge_embedding_loss", [] { hinge_embedding_loss(ones({2, 1}), ones({2})); },
     {"input is (2, 1) but target is (2,)", "reshape, squeeze or unsqueeze one of them"}},
    {"hinge_embedding_loss", [] { hinge_embedding_loss(ones({2}), zeros({2})); },
     {"target must hold 1 and -1 only; for labels 0 and 1 pass 2 * target - 1"}},
    {"mse_loss", [] { nn::MSELoss()(ones({2, 1}), ones({2})); },
     {"input is (2, 1) but target is (2,)", "reshape, squeeze or unsqueeze one of them"}},
    {"cross_entropy", [] { nn::CrossEntropyLoss()(ones({2, 3}), zeros({4}, int64)); },
     {"target must be int64 classes of shape (2,) or probabilities of shape (2, 3), got",
      "int64 (4,)"}},
  };
  // clang-format on
}

std::vector<Wrong> init_calls() {
  // A row a line.
  // clang-format off
  return {
    {"fan_in", [] { init::fan_in(ones({3})); },
     {"fans are those of a weight (out, in, ...) of 2 or more dimensions, got shape (3,)"}},
    {"fan_out", [] { init::fan_out(ones({3})); },
     {"fans are those of a weight (out, in, ...) of 2 or more dimensions, got shape (3,)"}},
    {"fan_in", [] { init::fan_in(undefined); }, {"undefined tensor"}},
    {"calculate_gain", [] { init::calculate_gain(init::Nonlinearity::GELU); },
     {"no gain is defined for gelu; recommended_for(gelu) names its initialiser"}},
    {"calculate_gain", [] { init::calculate_gain(init::Nonlinearity::LeakyReLU, nan); },
     {"the slope must be finite, got nan"}},
    {"fill_", [] { init::constant_(undefined, 1); }, {"undefined tensor"}},
    {"fill_", [] { init::zeros_(undefined); }, {"undefined tensor"}},
    {"fill_", [] { init::ones_(undefined); }, {"undefined tensor"}},
    {"eye_", [] { init::eye_(ones({3})); }, {"an identity has 2 dimensions, got shape (3,)"}},
    {"uniform_", [] { init::uniform_(ones({3}), 2, 1); }, {"needs finite low <= high, got [2, 1)"}},
    {"uniform_", [] { init::uniform_(arange(3)); }, {"needs a floating tensor, got int64 (3,)"}},
    {"normal_", [] { init::normal_(ones({3}), 0, -1); },
     {"needs a standard deviation >= 0, got -1"}},
    {"trunc_normal_", [] { init::trunc_normal_(ones({3}), {.a = 2, .b = 1}); },
     {"needs std > 0 and a < b, got 1, 2 and 1"}},
    {"trunc_normal_", [] { init::trunc_normal_(ones({3}), {.std = -1}); },
     {"needs std > 0 and a < b, got -1, -2 and 2"}},
    {"trunc_normal_", [] { init::trunc_normal_(ones({3}), {.mean = nan}); },
     {"needs a finite mean and std, got nan and 1"}},
    {"trunc_normal_", [] { init::trunc_normal_(arange(3)); },
     {"needs a floating tensor, got int64 (3,)"}},
    {"glorot_uniform_", [] { init::glorot_uniform_(ones({3})); },
     {"fans are those of a weight (out, in, ...) of 2 or more dimensions, got shape (3,)"}},
    {"glorot_uniform_", [] { init::glorot_uniform_(ones({3, 3}), {.gain = nan}); },
     {"gives a standard deviation of nan: the gain must be finite and not negative"}},
    {"glorot_normal_", [] { init::glorot_normal_(ones({3})); },
     {"fans are those of a weight (out, in, ...) of 2 or more dimensions, got shape (3,)"}},
    {"glorot_normal_", [] { init::glorot_normal_(ones({3, 3}, int64)); },
     {"needs a floating weight, got int64 (3, 3)"}},
    {"glorot_uniform_", [] { init::xavier_uniform_(ones({3})); },
     {"fans are those of a weight (out, in, ...) of 2 or more dimensions, got shape (3,)"}},
    {"glorot_normal_", [] { init::xavier_normal_(ones({3})); },
     {"fans are those of a weight (out, in, ...) of 2 or more dimensions, got shape (3,)"}},
    {"he_uniform_", [] { init::he_uniform_(ones({3})); },
     {"fans are those of a weight (out, in, ...) of 2 or more dimensions, got shape (3,)"}},
    {"he_normal_", [] { init::he_normal_(ones({3})); },
     {"fans are those of a weight (out, in, ...) of 2 or more dimensions, got shape (3,)"}},
    {"he_normal_", [] {
       init::he_normal_(ones({3, 3}), {.nonlinearity = init::Nonlinearity::GELU}); },
     {"no gain is defined for gelu; recommended_for(gelu) names its initialiser"}},
    {"he_uniform_", [] { init::kaiming_uniform_(ones({3})); },
     {"fans are those of a weight (out, in, ...) of 2 or more dimensions, got shape (3,)"}},
    {"he_normal_", [] { init::kaiming_normal_(ones({3})); },
     {"fans are those of a weight (out, in, ...) of 2 or more dimensions, got shape (3,)"}},
    {"lecun_uniform_", [] { init::lecun_uniform_(ones({3})); },
     {"fans are those of a weight (out, in, ...) of 2 or more dimensions, got shape (3,)"}},
    {"lecun_normal_", [] { init::lecun_normal_(ones({3})); },
     {"fans are those of a weight (out, in, ...) of 2 or more dimensions, got shape (3,)"}},
    {"variance_scaling_", [] { init::variance_scaling_(ones({3})); },
     {"fans are those of a weight (out, in, ...) of 2 or more dimensions, got shape (3,)"}},
    {"variance_scaling_", [] { init::variance_scaling_(ones({3, 3}), {.scale = 0}); },
     {"scale must be positive, got 0"}},
    {"variance_scaling_", [] { init::variance_scaling_(ones({3, 3}), {.scale = nan}); },
     {"scale must be positive, got nan"}},
    {"orthogonal_", [] { init::orthogonal_(ones({3})); },
     {"needs a weight (out, in, ...) of 2 or more dimensions, got shape (3,)"}},
    {"orthogonal_", [] { init::orthogonal_(ones({3, 3}, int64)); },
     {"needs a floating tensor, got int64 (3, 3)"}},
    {"orthogonal_", [] { init::orthogonal_(ones({3, 3}), {.gain = nan}); },
     {"the gain must be finite, got nan"}},
    {"init::apply", [] { nn::Linear l(3, 4); init::apply(l, nullptr); },
     {"needs an initialiser for the weights"}},
    {"linear", [] { nn::Linear l(3, 4); init::lsuv_(l, ones({2, 4})); },
     {"weight (4, 3) takes 3 features in the last dimension, but the input is (2, 4)"}},
    {"linear", [] { nn::Linear l(3, 4); init::lsuv_(l, undefined); }, {"undefined tensor"}},
    {"lsuv_", [] { nn::Linear l(3, 4); init::lsuv_(l, zeros({2, 3})); },
     {"the output of '' has variance 0 on this batch, which no scale makes 1"}},
    {"lsuv_", [] { nn::Linear l(3, 4); init::lsuv_(l, ones({2, 3}), {.tolerance = -1}); },
     {"needs a positive tolerance and number of iterations, got -1 and 10"}},
    {"lsuv_", [] { nn::Linear l(3, 4); init::lsuv_(l, randn({2, 3}), {.max_iterations = -1}); },
     {"needs a positive tolerance and number of iterations, got 0.1 and -1"}},
  };
  // clang-format on
}

}  // namespace

TEST_CASE("wrong calls of losses say what is wrong", "[messages]") { check_messages(loss_calls()); }

TEST_CASE("wrong calls of initialisers say what is wrong", "[messages]") {
  check_messages(init_calls());
}

}  // namespace gradus::messages
