#include "gradus/optim/sgd.h"

#include <cmath>

namespace gradus::optim {

void validate(const SGDOptions& o) {
  check(o.lr >= 0, "lr must not be negative, got {}", o.lr);
  check(o.momentum >= 0, "momentum must not be negative, got {}", o.momentum);
  check(std::isfinite(o.dampening), "dampening must be finite, got {}", o.dampening);
  check(o.weight_decay >= 0, "weight_decay must not be negative, got {}", o.weight_decay);
  check(!o.nesterov || (o.momentum > 0 && o.dampening == 0),
        "nesterov needs momentum > 0 and dampening = 0, got {} and {}", o.momentum, o.dampening);
}

std::vector<Option> describe(SGDOptions& o) {
  return {{"lr", &o.lr},
          {"momentum", &o.momentum},
          {"dampening", &o.dampening},
          {"weight_decay", &o.weight_decay},
          {"nesterov", &o.nesterov}};
}

SGD::SGD(const std::vector<Tensor>& params, const SGDOptions& options, Where at)
    : SGD(std::vector<Group>{{params, options}}, at) {}

SGD::SGD(const std::vector<Group>& groups, Where at)
    : OptimizerOf("SGD", "SGD.step", {"momentum_buffer"}, groups, at) {}

SGD::BufferSet SGD::buffers_for(const SGDOptions& o) const { return {o.momentum != 0}; }

void SGD::update(const Slot& slot, const Tensor& param, const Tensor& grad, std::int64_t begin,
                 std::int64_t n) const {
  const SGDOptions& o = options(slot);
  visit_floating(param.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* p = param.data<T>() + begin;
    const T* g = grad.data<T>() + begin;
    const T lr = static_cast<T>(o.lr);
    const T decay = static_cast<T>(o.weight_decay);
    if (o.momentum == 0) {
      for (std::int64_t i = 0; i < n; ++i) p[i] -= lr * (g[i] + decay * p[i]);
      return;
    }
    T* buffer = slot.buffers[0].data<T>() + begin;
    const T momentum = static_cast<T>(o.momentum);
    const T keep = slot.fresh ? 1 : static_cast<T>(1 - o.dampening);  // a fresh buffer is zero
    for (std::int64_t i = 0; i < n; ++i) {
      const T d = g[i] + decay * p[i];
      buffer[i] = momentum * buffer[i] + keep * d;
      p[i] -= lr * (o.nesterov ? d + momentum * buffer[i] : buffer[i]);
    }
  });
}

}  // namespace gradus::optim
