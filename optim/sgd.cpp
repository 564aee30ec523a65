#include "gradus/optim/sgd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gradus/optim/sgd.cpp"
#include "gradus/tensor/simd_targets.h"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "gradus/tensor/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace gradus::kernel::HWY_NAMESPACE {

/// Updates whole vectors from element i on; returns where it stopped. Without momentum there is no
/// buffer.
template <class D, class T = hn::TFromD<D>>
std::int64_t sgd_vectors(D d, const optim::SGDOptions& o, double keep, std::int64_t i,
                         std::int64_t n, T* param, const T* grad, T* buffer) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto lr = constant(d, o.lr);
  const auto momentum = constant(d, o.momentum);
  const auto kept = constant(d, keep);
  const auto decay = constant(d, o.weight_decay);
  for (; i + lanes <= n; i += lanes) {
    const auto p = hn::LoadU(d, param + i);
    auto step = hn::Add(hn::LoadU(d, grad + i), hn::Mul(decay, p));
    if (buffer != nullptr) {
      const auto b = hn::Add(hn::Mul(momentum, hn::LoadU(d, buffer + i)), hn::Mul(kept, step));
      hn::StoreU(b, d, buffer + i);
      step = o.nesterov ? hn::Add(step, hn::Mul(momentum, b)) : b;
    }
    hn::StoreU(hn::Sub(p, hn::Mul(lr, step)), d, param + i);
  }
  return i;
}

template <class T>
void sgd_as(const optim::SGDOptions& o, double keep, std::int64_t n, T* param, const T* grad,
            T* buffer) {
  const std::int64_t done = sgd_vectors(hn::ScalableTag<T>(), o, keep, 0, n, param, grad, buffer);
  sgd_vectors(hn::CappedTag<T, 1>(), o, keep, done, n, param, grad, buffer);
}

void sgd_float(const optim::SGDOptions& o, double keep, std::int64_t n, float* param,
               const float* grad, float* buffer) {
  sgd_as(o, keep, n, param, grad, buffer);
}

void sgd_double(const optim::SGDOptions& o, double keep, std::int64_t n, double* param,
                const double* grad, double* buffer) {
  sgd_as(o, keep, n, param, grad, buffer);
}

}  // namespace gradus::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cmath>

namespace gradus::kernel {
namespace {

HWY_EXPORT(sgd_float);
HWY_EXPORT(sgd_double);

void sgd(const optim::SGDOptions& o, double keep, std::int64_t n, float* param, const float* grad,
         float* buffer) {
  HWY_DYNAMIC_DISPATCH(sgd_float)(o, keep, n, param, grad, buffer);
}
void sgd(const optim::SGDOptions& o, double keep, std::int64_t n, double* param, const double* grad,
         double* buffer) {
  HWY_DYNAMIC_DISPATCH(sgd_double)(o, keep, n, param, grad, buffer);
}

}  // namespace
}  // namespace gradus::kernel

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
  // A fresh buffer is zero, and gets all of the gradient.
  const double keep = slot.fresh ? 1 : 1 - o.dampening;
  visit_floating(param.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* buffer = o.momentum == 0 ? nullptr : slot.buffers[0].data<T>() + begin;
    kernel::sgd(o, keep, n, param.data<T>() + begin, grad.data<T>() + begin, buffer);
  });
}

}  // namespace gradus::optim
#endif
