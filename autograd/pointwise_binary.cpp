#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/autograd/reuse.h"
#include "gradus/tensor/ops.h"

namespace gradus {
namespace {

/// saved(x) for the rule of an input that needs one: what the rule of another would keep, wrt()
/// only drops again.
Saved saved_for(const Tensor& input, const Tensor& x) {
  return input.requires_grad() ? saved(x) : Saved();
}

Tensor same(const Tensor& g) { return g; }
Tensor negated(const Tensor& g) { return neg(g); }

/// What of g belongs to a in max(a, b) or min(a, b): all but where it `lost`, half at ties.
Tensor share(const Tensor& g, const Tensor& a, const Tensor& b, const Tensor& lost) {
  return masked_fill(where(eq(a, b), mul(g, 0.5), g), lost, 0);
}

}  // namespace

Tensor add(const Tensor& a, const Tensor& b, Where at) {
  return Op("add", at).record(kernel::add(a, b), wrt(a, same), wrt(b, same));
}

Tensor sub(const Tensor& a, const Tensor& b, Where at) {
  return Op("sub", at).record(kernel::sub(a, b), wrt(a, same), wrt(b, negated));
}

Tensor mul(const Tensor& a, const Tensor& b, Where at) {
  return Op("mul", at).record(
      kernel::mul(a, b), wrt(a, [b = saved_for(a, b)](Tensor g) { return times(std::move(g), b); }),
      wrt(b, [a = saved_for(b, a)](Tensor g) { return times(std::move(g), a); }));
}

Tensor div(const Tensor& a, const Tensor& b, Where at) {
  return Op("div", at).record(
      kernel::div(a, b), wrt(a, [b = saved(b)](const Tensor& g) { return g / b; }),
      wrt(b, [b = saved(b)](const Tensor& g, const Tensor& y) { return neg(g * (y / b)); }));
}

Tensor maximum(const Tensor& a, const Tensor& b, Where at) {
  return Op("maximum", at)
      .record(kernel::maximum(a, b),
              wrt(a, [a = saved(a),
                      b = saved(b)](const Tensor& g) { return share(g, a, b, lt(a, b)); }),
              wrt(b, [a = saved(a), b = saved(b)](const Tensor& g) {
                return share(g, b, a, lt(b, a));
              }));
}

Tensor minimum(const Tensor& a, const Tensor& b, Where at) {
  return Op("minimum", at)
      .record(kernel::minimum(a, b),
              wrt(a, [a = saved(a),
                      b = saved(b)](const Tensor& g) { return share(g, a, b, gt(a, b)); }),
              wrt(b, [a = saved(a), b = saved(b)](const Tensor& g) {
                return share(g, b, a, gt(b, a));
              }));
}

Tensor add(const Tensor& a, Scalar b, Where at) {
  return Op("add", at).given(b).record(kernel::add(a, kernel::scalar(b, a)), wrt(a, same));
}

Tensor sub(const Tensor& a, Scalar b, Where at) {
  return Op("sub", at).given(b).record(kernel::sub(a, kernel::scalar(b, a)), wrt(a, same));
}

Tensor mul(const Tensor& a, Scalar b, Where at) {
  return Op("mul", at).given(b).record(kernel::mul(a, kernel::scalar(b, a)),
                                       wrt(a, [b](const Tensor& g) { return g * b; }));
}

Tensor div(const Tensor& a, Scalar b, Where at) {
  return Op("div", at).given(b).record(kernel::div(a, kernel::scalar(b, a)),
                                       wrt(a, [b](const Tensor& g) { return g / b; }));
}

Tensor sub(Scalar a, const Tensor& b, Where at) {
  return Op("sub", at).given(a).record(kernel::sub(kernel::scalar(a, b), b), wrt(b, negated));
}

Tensor div(Scalar a, const Tensor& b, Where at) {
  return Op("div", at).given(a).record(
      kernel::div(kernel::scalar(a, b), b),
      wrt(b, [b = saved(b)](const Tensor& g, const Tensor& y) { return neg(g * (y / b)); }));
}

}  // namespace gradus
