#include "gradus/autograd/ops.h"
#include "gradus/data/cifar10.h"
#include "gradus/data/data_loader.h"
#include "gradus/data/idx.h"
#include "gradus/data/shapeset.h"
#include "gradus/data/synthetic.h"
#include "gradus/optim/adam.h"
#include "gradus/optim/clip.h"
#include "gradus/optim/one_cycle.h"
#include "gradus/optim/plateau.h"
#include "gradus/optim/rmsprop.h"
#include "gradus/optim/schedule.h"
#include "gradus/optim/sgd.h"
#include "gradus/tensor/creation.h"
#include "tests/messages.h"

namespace gradus::messages {
namespace {

Tensor leaf(DType dtype = float32) { return ones(3, dtype).requires_grad_(); }

std::vector<Wrong> optim_calls() {
  // A row a line.
  // clang-format off
  return {
    {"SGD", [] { optim::SGD({}, {.lr = 0.1}); }, {"the list of parameters is empty"}},
    {"SGD", [] { Tensor w = leaf(); optim::SGD({w}, {.lr = -0.1}); },
     {"lr must not be negative, got -0.1"}},
    {"SGD", [] { Tensor w = leaf(); optim::SGD({w}, {.lr = nan}); },
     {"lr must not be negative, got nan"}},
    {"SGD", [] { Tensor w = leaf(); optim::SGD({w}, {.momentum = -1}); },
     {"momentum must not be negative, got -1"}},
    {"SGD", [] { Tensor w = leaf(); optim::SGD({w}, {.nesterov = true}); },
     {"nesterov needs momentum > 0 and dampening = 0, got 0 and 0"}},
    {"SGD", [] { Tensor w = leaf(); optim::SGD({w}, {.dampening = nan}); },
     {"dampening must be finite, got nan"}},
    {"SGD", [] { Tensor w = leaf(); optim::SGD({w}, {.weight_decay = -1}); },
     {"weight_decay must not be negative, got -1"}},
    {"SGD", [] { optim::SGD({undefined}, {.lr = 0.1}); }, {"parameter 0 is undefined"}},
    {"SGD", [] { Tensor w = leaf(); optim::SGD({w, w}, {.lr = 0.1}); },
     {"parameter 1 of shape (3,) is listed twice; each belongs to one group, once"}},
    {"SGD", [] { optim::SGD({arange(3)}, {.lr = 0.1}); },
     {"parameter 0 of shape (3,) is int64; only floating-point tensors are trained"}},
    {"SGD", [] { Tensor w = leaf(); optim::SGD({w * 2}, {.lr = 0.1}); },
     {"parameter 0 of shape (3,) is the result of a recorded op",
      "train the leaf it was computed from, or detach() it"}},
    {"SGD", [] { optim::SGD(std::vector<optim::SGD::Group>{}); },
     {"an optimiser needs at least one group of parameters"}},
    {"SGD", [] { Tensor w = leaf(); optim::SGD o({w}, {.lr = 0.1}); o.option(1, "lr"); },
     {"there is no group 1; the optimiser has 1"}},
    {"SGD", [] { Tensor w = leaf(); optim::SGD o({w}, {.lr = 0.1}); o.option(0, "beta"); },
     {"no option 'beta' that is a number"}},
    {"SGD", [] { Tensor w = leaf(); optim::SGD o({w}, {.lr = 0.1}); o.option(0, "nesterov"); },
     {"no option 'nesterov' that is a number"}},
    {"SGD", [] { Tensor w = leaf(); optim::SGD o({w}, {.lr = 0.1}); o.options(3); },
     {"there is no group 3; the optimiser has 1"}},
    {"SGD", [] { Tensor w = leaf(); optim::SGD o({w}, {.lr = 0.1}); o.initial_lr(3); },
     {"there is no group 1; the optimiser has 1"}},
    {"SGD.step", [] { Tensor w = leaf(); optim::SGD o({w}, {.lr = 0.1});
       o.options().lr = -1; w.set_grad(ones(3)); o.step(); },
     {"lr must not be negative, got -1"}},
    {"SGD", [] { Tensor w = leaf(); optim::SGD o({w}, {.lr = 0.1}); o.load_state_dict({}); },
     {"the state does not fit this optimiser",
      "missing: group.0.lr",
      "missing: group.0.momentum"}},
    {"SGD", [] { Tensor w = leaf(); optim::SGD o({w}, {.lr = 0.1});
       o.load_state_dict({{"x", ones(3)}}); },
     {"the state does not fit this optimiser",
      "missing: group.0.lr",
      "missing: group.0.momentum"}},
    {"SGD", [] { Tensor w = leaf(); optim::SGD o({w}, {.lr = 0.1, .momentum = .5});
       w.set_grad(ones(3)); o.step(); auto d = o.state_dict();
       for (auto& [key, value] : d) { value = ones(7); }
       o.load_state_dict(d); },
     {"the state does not fit this optimiser",
      "misshapen: group.0.lr should be float64 (), it is float32 (7,)",
      "misshapen: group.0.momentum should be float64 (), it is float32 (7,)"}},
    {"SGD", [] { Tensor w = leaf(); optim::SGD o({w}, {.lr = 0.1});
       o.add_param_group({.params={w}}); },
     {"parameter 0 of shape (3,) is listed twice; each belongs to one group, once"}},
    {"Adam", [] { Tensor w = leaf(); optim::Adam({w}, {.lr = -1}); },
     {"lr must not be negative, got -1"}},
    {"Adam", [] { Tensor w = leaf(); optim::Adam({w}, {.beta1 = 1}); },
     {"beta1 1 is not in [0, 1)"}},
    {"Adam", [] { Tensor w = leaf(); optim::Adam({w}, {.eps = -1}); },
     {"eps must not be negative, got -1"}},
    {"Adam", [] { Tensor w = leaf(); optim::Adam({w}, {.beta2 = nan}); },
     {"beta2 nan is not in [0, 1)"}},
    {"AdamW", [] { Tensor w = leaf(); optim::AdamW({w}, {.beta2 = 1.5}); },
     {"beta2 1.5 is not in [0, 1)"}},
    {"AdamW", [] { Tensor w = leaf(); optim::AdamW({w}, {.weight_decay = -1}); },
     {"weight_decay must not be negative, got -1"}},
    {"AdamW", [] { optim::AdamW({undefined}); }, {"parameter 0 is undefined"}},
    {"RMSprop", [] { Tensor w = leaf(); optim::RMSprop({w}, {.alpha = 2}); },
     {"alpha 2 is not in [0, 1]"}},
    {"RMSprop", [] { Tensor w = leaf(); optim::RMSprop({w}, {.lr = -2}); },
     {"lr must not be negative, got -2"}},
    {"clip_grad_norm_", [] { Tensor w = leaf(); optim::clip_grad_norm_({w}, 0); },
     {"max_norm must be positive, got 0"}},
    {"clip_grad_norm_", [] { Tensor w = leaf(); optim::clip_grad_norm_({w}, nan); },
     {"max_norm must be positive, got nan"}},
    {"clip_grad_norm_", [] { Tensor w = leaf(); optim::clip_grad_norm_({w}, 1, -1); },
     {"norm_type must be positive, got -1"}},
    {"clip_grad_norm_", [] { Tensor w = leaf(); optim::clip_grad_norm_({w}, 1, nan); },
     {"norm_type must be positive, got nan"}},
    {"clip_grad_norm_", [] { optim::clip_grad_norm_({undefined}, 1); },
     {"parameter 0 is undefined"}},
    {"clip_grad_norm_", [] { Tensor w = leaf(); w.set_grad(full({3}, nan));
       optim::clip_grad_norm_({w}, 1); },
     {"the gradients' norm is nan: not finite in parameter 0 of shape (3,)",
      "nothing was clipped. Find the first op with DetectAnomaly, or pass NonFinite::Skip"}},
    {"clip_grad_value_", [] { Tensor w = leaf(); optim::clip_grad_value_({w}, -1); },
     {"the limit must be positive, got -1"}},
    {"clip_grad_value_", [] { Tensor w = leaf(); optim::clip_grad_value_({w}, nan); },
     {"the limit must be positive, got nan"}},
    {"clip_grad_value_", [] { optim::clip_grad_value_({undefined}, 1); },
     {"parameter 0 is undefined"}},
    {"clip_grad_adaptive_", [] { Tensor w = leaf();
       optim::clip_grad_adaptive_({w}, {.clipping = 0}); },
     {"clipping must be positive, got 0"}},
    {"clip_grad_adaptive_", [] { Tensor w = leaf();
       optim::clip_grad_adaptive_({w}, {.eps = nan}); },
     {"eps must be positive, got nan"}},
    {"clip_grad_adaptive_", [] { Tensor w = leaf(); w.set_grad(full({3}, nan));
       optim::clip_grad_adaptive_({w}); },
     {"the gradient of parameter 0 of shape (3,) is not finite (unit 0)", "nothing was clipped"}},
    {"StepLR", [] { optim::SGD sgd({leaf()}); optim::StepLR(sgd, {.step_size = 0}); },
     {"step_size must be at least 1, got 0"}},
    {"StepLR", [] { optim::SGD sgd({leaf()}); optim::StepLR(sgd, {.step_size = 1, .gamma = nan}); },
     {"gamma must not be negative, got nan"}},
    {"StepLR", [] { optim::SGD sgd({leaf()}); optim::StepLR(sgd, {.step_size = 1, .gamma = -1}); },
     {"gamma must not be negative, got -1"}},
    {"MultiStepLR", [] { optim::SGD sgd({leaf()}); optim::MultiStepLR(sgd, {.milestones = {-1}}); },
     {"milestones must be at least 1, got -1"}},
    {"ExponentialLR", [] { optim::SGD sgd({leaf()}); optim::ExponentialLR(sgd, {.gamma = -1}); },
     {"gamma must not be negative, got -1"}},
    {"ExponentialLR", [] { optim::SGD sgd({leaf()}); optim::ExponentialLR(sgd, {.gamma = nan}); },
     {"gamma must not be negative, got nan"}},
    {"CosineAnnealingLR", [] { optim::SGD sgd({leaf()});
       optim::CosineAnnealingLR(sgd, {.T_max = 0}); },
     {"T_max must be at least 1, got 0"}},
    {"CosineAnnealingLR", [] { optim::SGD sgd({leaf()});
       optim::CosineAnnealingLR(sgd, {.T_max = 5, .eta_min = nan}); },
     {"eta_min must be finite, got nan"}},
    {"LinearLR", [] { optim::SGD sgd({leaf()}); optim::LinearLR(sgd, {.start_factor = 0}); },
     {"start_factor 0 is not in (0, 1]"}},
    {"LinearLR", [] { optim::SGD sgd({leaf()}); optim::LinearLR(sgd, {.end_factor = 2}); },
     {"end_factor 2 is not in [0, 1]"}},
    {"LinearLR", [] { optim::SGD sgd({leaf()}); optim::LinearLR(sgd, {.total_iters = 0}); },
     {"total_iters must be at least 1, got 0"}},
    {"OneCycleLR", [] { optim::SGD sgd({leaf()});
       optim::OneCycleLR(sgd, {.max_lr = 0.1, .total_steps = 0}); },
     {"total_steps must be at least 1, got 0"}},
    {"OneCycleLR", [] { optim::SGD sgd({leaf()});
       optim::OneCycleLR(sgd, {.max_lr = -0.1, .total_steps = 10, .cycle_momentum = false}); },
     {"max_lr must not be negative, got -0.1"}},
    {"OneCycleLR", [] { optim::SGD sgd({leaf()});
       optim::OneCycleLR(sgd, {.max_lr = 0.1, .total_steps = 10, .pct_start = 2}); },
     {"pct_start 2 is not in [0, 1]"}},
    {"OneCycleLR", [] { optim::SGD sgd({leaf()});
       optim::OneCycleLR(sgd, {.max_lr = nan, .total_steps = 10, .cycle_momentum = false}); },
     {"max_lr must not be negative, got nan"}},
    {"LRScheduler.step", [] { Tensor w = leaf(); optim::RMSprop r({w});
       optim::OneCycleLR s(r, {.max_lr = 0.1, .total_steps = 2, .cycle_momentum = false});
       s.step(); s.step(); s.step(); },
     {"the cycle of 2 steps is over; make a new schedule, or give it more total_steps"}},
    {"ReduceLROnPlateau", [] { optim::SGD sgd({leaf()});
       optim::ReduceLROnPlateau(sgd, {.factor = 1}); },
     {"factor 1 is not in [0, 1)"}},
    {"ReduceLROnPlateau", [] { optim::SGD sgd({leaf()});
       optim::ReduceLROnPlateau(sgd, {.patience = -1}); },
     {"patience and cooldown must not be negative, got -1 and 0"}},
    {"ReduceLROnPlateau", [] { optim::SGD sgd({leaf()});
       optim::ReduceLROnPlateau(sgd, {.min_lr = nan}); },
     {"min_lr must not be negative, got nan"}},
  };
  // clang-format on
}

std::vector<Wrong> data_calls() {
  // A row a line.
  // clang-format off
  return {
    {"DataLoader", [] { data::DataLoader({ones({3}), ones({4})}); },
     {"inputs (3,) and targets (4,) must have a first dimension of one size, the samples"}},
    {"DataLoader", [] { data::DataLoader({ones({3}), ones({3})}, {.batch_size = 0}); },
     {"batch_size must be at least 1, got 0"}},
    {"DataLoader", [] { data::DataLoader({ones({3}), ones({3})}, {.prefetch = -1}); },
     {"prefetch must not be negative, got -1"}},
    {"DataLoader", [] { data::DataLoader({undefined, ones({3})}); }, {"undefined tensor"}},
    {"DataLoader", [] { data::DataLoader({ones({}), ones({})}); },
     {"inputs () and targets () must have a first dimension of one size, the samples"}},
    {"circles", [] { data::circles(-1); }, {"the number of samples must not be negative, got -1"}},
    {"circles", [] { data::circles(3, {.inner_radius = 1}); }, {"inner_radius 1 is not in (0, 1)"}},
    {"circles", [] { data::circles(3, {.noise = -1}); }, {"noise must not be negative, got -1"}},
    {"circles", [] { data::circles(3, {.noise = nan}); }, {"noise must not be negative, got nan"}},
    {"blobs", [] { data::blobs(-1); }, {"the number of samples must not be negative, got -1"}},
    {"blobs", [] { data::blobs(3, {.classes = 0}); },
     {"classes and features must be at least 1, got 0 and 2"}},
    {"blobs", [] { data::blobs(3, {.features = -1}); },
     {"classes and features must be at least 1, got 3 and -1"}},
    {"blobs", [] { data::blobs(3, {.box = -1}); }, {"box must not be negative, got -1"}},
    {"blobs", [] { data::blobs(3, {.spread = nan}); }, {"spread must not be negative, got nan"}},
    {"spirals", [] { data::spirals(-1); }, {"the number of samples must not be negative, got -1"}},
    {"spirals", [] { data::spirals(3, {.classes = 0}); }, {"classes must be at least 1, got 0"}},
    {"spirals", [] { data::spirals(3, {.turns = nan}); }, {"turns must be finite, got nan"}},
    {"shapeset", [] { data::shapeset(-1); }, {"the number of images must not be negative, got -1"}},
    {"read_idx", [] { data::read_idx("/nonexistent", float32); }, {"/nonexistent does not exist"}},
    {"read_idx", [] { data::read_idx("/tmp", float32); }, {"/tmp is not a regular file"}},
    {"read_mnist", [] { data::read_mnist("/nonexistent", "/nonexistent2"); },
     {"/nonexistent does not exist"}},
    {"read_mnist", [] { data::read_mnist("/nonexistent", "/nonexistent2", 0); },
     {"/nonexistent does not exist"}},
    {"read_mnist", [] { data::mnist("/nonexistent"); },
     {"/nonexistent/train-images-idx3-ubyte does not exist"}},
    {"read_cifar10", [] { data::read_cifar10("/nonexistent"); }, {"/nonexistent does not exist"}},
    {"cifar10", [] { data::cifar10("/nonexistent"); },
     {"/nonexistent/data_batch_1.bin does not exist"}},
  };
  // clang-format on
}

}  // namespace

TEST_CASE("wrong calls of optimisers, clipping and schedules say what is wrong", "[messages]") {
  check_messages(optim_calls());
}

TEST_CASE("wrong calls of data sets and readers say what is wrong", "[messages]") {
  check_messages(data_calls());
}

}  // namespace gradus::messages
