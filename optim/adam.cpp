#include "gradus/optim/adam.h"

#include <cmath>

namespace gradus::optim {
namespace {

template <class Options>
void validate_adam(const Options& o) {
  check(o.lr >= 0, "lr must not be negative, got {}", o.lr);
  check(0 <= o.beta1 && o.beta1 < 1, "beta1 {} is not in [0, 1)", o.beta1);
  check(0 <= o.beta2 && o.beta2 < 1, "beta2 {} is not in [0, 1)", o.beta2);
  check(o.eps >= 0, "eps must not be negative, got {}", o.eps);
  check(o.weight_decay >= 0, "weight_decay must not be negative, got {}", o.weight_decay);
}

template <class Options>
std::vector<Option> describe_adam(Options& o) {
  return {{"lr", &o.lr},
          {"beta1", &o.beta1},
          {"beta2", &o.beta2},
          {"eps", &o.eps},
          {"weight_decay", &o.weight_decay},
          {"amsgrad", &o.amsgrad}};
}

const std::vector<const char*> adam_buffers = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};

/// Decay, of the gradient and of the parameter, is what Adam and AdamW differ in.
template <class T, class Options>
void adam(T* p, const T* g, T* m, T* v, T* v_max, std::int64_t n, std::int64_t step,
          const Options& o, double grad_decay, double param_decay) {
  const auto t = static_cast<double>(step);
  const T rate = static_cast<T>(o.lr / (1 - std::pow(o.beta1, t)));
  const T root = static_cast<T>(std::sqrt(1 - std::pow(o.beta2, t)));
  const T eps = static_cast<T>(o.eps);
  const T beta1 = static_cast<T>(o.beta1), rest1 = static_cast<T>(1 - o.beta1);
  const T beta2 = static_cast<T>(o.beta2), rest2 = static_cast<T>(1 - o.beta2);
  const T decay = static_cast<T>(grad_decay), shrink = static_cast<T>(1 - param_decay);
  for (std::int64_t i = 0; i < n; ++i) {
    const T d = g[i] + decay * p[i];
    m[i] = beta1 * m[i] + rest1 * d;
    v[i] = beta2 * v[i] + rest2 * d * d;
    T second = v[i];
    if (v_max != nullptr) second = v_max[i] = v_max[i] < second ? second : v_max[i];
    p[i] = shrink * p[i] - rate * m[i] / (std::sqrt(second) / root + eps);
  }
}

}  // namespace

void validate(const AdamOptions& options) { validate_adam(options); }
void validate(const AdamWOptions& options) { validate_adam(options); }
std::vector<Option> describe(AdamOptions& options) { return describe_adam(options); }
std::vector<Option> describe(AdamWOptions& options) { return describe_adam(options); }

Adam::Adam(const std::vector<Tensor>& params, const AdamOptions& options, Where at)
    : Adam(std::vector<Group>{{params, options}}, at) {}

Adam::Adam(const std::vector<Group>& groups, Where at)
    : OptimizerOf("Adam", "Adam.step", adam_buffers, groups, at) {}

Adam::BufferSet Adam::buffers_for(const AdamOptions& o) const { return {true, true, o.amsgrad}; }

void Adam::update(const Slot& slot, const Tensor& param, const Tensor& grad, std::int64_t begin,
                  std::int64_t n) const {
  const AdamOptions& o = options(slot);
  visit_floating(param.dtype(), [&](auto zero) {
    using T = decltype(zero);
    auto buffer = [&](std::size_t b) { return slot.buffers[b].data<T>() + begin; };
    adam(param.data<T>() + begin, grad.data<T>() + begin, buffer(0), buffer(1),
         o.amsgrad ? buffer(2) : nullptr, n, slot.steps, o, /*grad_decay=*/o.weight_decay,
         /*param_decay=*/0);
  });
}

AdamW::AdamW(const std::vector<Tensor>& params, const AdamWOptions& options, Where at)
    : AdamW(std::vector<Group>{{params, options}}, at) {}

AdamW::AdamW(const std::vector<Group>& groups, Where at)
    : OptimizerOf("AdamW", "AdamW.step", adam_buffers, groups, at) {}

AdamW::BufferSet AdamW::buffers_for(const AdamWOptions& o) const { return {true, true, o.amsgrad}; }

void AdamW::update(const Slot& slot, const Tensor& param, const Tensor& grad, std::int64_t begin,
                   std::int64_t n) const {
  const AdamWOptions& o = options(slot);
  visit_floating(param.dtype(), [&](auto zero) {
    using T = decltype(zero);
    auto buffer = [&](std::size_t b) { return slot.buffers[b].data<T>() + begin; };
    adam(param.data<T>() + begin, grad.data<T>() + begin, buffer(0), buffer(1),
         o.amsgrad ? buffer(2) : nullptr, n, slot.steps, o, /*grad_decay=*/0,
         /*param_decay=*/o.lr * o.weight_decay);
  });
}

}  // namespace gradus::optim
