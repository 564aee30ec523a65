#include "gradus/optim/rmsprop.h"

#include <algorithm>
#include <cmath>

namespace gradus::optim {

void validate(const RMSpropOptions& o) {
  check(o.lr >= 0, "lr must not be negative, got {}", o.lr);
  check(0 <= o.alpha && o.alpha <= 1, "alpha {} is not in [0, 1]", o.alpha);
  check(o.eps >= 0, "eps must not be negative, got {}", o.eps);
  check(o.weight_decay >= 0, "weight_decay must not be negative, got {}", o.weight_decay);
  check(o.momentum >= 0, "momentum must not be negative, got {}", o.momentum);
}

std::vector<Option> describe(RMSpropOptions& o) {
  return {{"lr", &o.lr},
          {"alpha", &o.alpha},
          {"eps", &o.eps},
          {"weight_decay", &o.weight_decay},
          {"momentum", &o.momentum},
          {"centered", &o.centered}};
}

RMSprop::RMSprop(const std::vector<Tensor>& params, const RMSpropOptions& options, Where at)
    : RMSprop(std::vector<Group>{{params, options}}, at) {}

RMSprop::RMSprop(const std::vector<Group>& groups, Where at)
    : OptimizerOf("RMSprop", "RMSprop.step", {"square_avg", "momentum_buffer", "grad_avg"}, groups,
                  at) {}

RMSprop::BufferSet RMSprop::buffers_for(const RMSpropOptions& o) const {
  return {true, o.momentum > 0, o.centered};
}

void RMSprop::update(const Slot& slot, const Tensor& param, const Tensor& grad, std::int64_t begin,
                     std::int64_t n) const {
  const RMSpropOptions& o = options(slot);
  visit_floating(param.dtype(), [&](auto zero) {
    using T = decltype(zero);
    auto buffer = [&](std::size_t b, bool used) {
      return used ? slot.buffers[b].data<T>() + begin : nullptr;
    };
    T* p = param.data<T>() + begin;
    const T* g = grad.data<T>() + begin;
    T* square = buffer(0, true);
    T* velocity = buffer(1, o.momentum > 0);
    T* mean = buffer(2, o.centered);
    const T lr = static_cast<T>(o.lr), eps = static_cast<T>(o.eps);
    const T alpha = static_cast<T>(o.alpha), rest = static_cast<T>(1 - o.alpha);
    const T decay = static_cast<T>(o.weight_decay), momentum = static_cast<T>(o.momentum);
    for (std::int64_t i = 0; i < n; ++i) {
      const T d = g[i] + decay * p[i];
      square[i] = alpha * square[i] + rest * d * d;
      T variance = square[i];
      if (mean != nullptr) {
        mean[i] = alpha * mean[i] + rest * d;
        variance = std::max(variance - mean[i] * mean[i], T{0});  // below 0 by rounding only
      }
      T move = d / (std::sqrt(variance) + eps);
      if (velocity != nullptr) move = velocity[i] = momentum * velocity[i] + move;
      p[i] -= lr * move;
    }
  });
}

}  // namespace gradus::optim
