#include "gradus/autograd/norm_grad.h"

#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"

namespace gradus {

// Write E for the mean over `over`, n for the number of elements in it, r = (var + eps)^(-1/2),
// h = (x - E x) r, u = g weight and P z = z - E z - h E(z h), which is symmetric. Then
//   dx = r P u,   dweight = sum g h,   dbias = sum g,
// and with v, a, b for the gradients of these three, S = sum(v dx) + a dweight + b dbias has
//   dS/du      = r P v
//   dS/dh      = -r (v E(u h) + u E(v h)) + a g           (h as a variable of its own)
//   dS/dr      = n E(v P u)                               (likewise)
// while h and r depend on x by dh: z -> r P z and dr/dx = -r^2 h / n.
std::array<Tensor, 3> normalize_double_backward(std::span<const Tensor> outer, const Tensor& g,
                                                const Tensor& x, const Tensor& weight,
                                                const Dims& over, const Shape& param_shape,
                                                double eps) {
  Tensor r = rsqrt(var(x, over, true, 0) + eps);
  Tensor h = (x - mean(x, over, true)) * r;
  auto project = [&](const Tensor& z) {
    return z - mean(z, over, true) - h * mean(z * h, over, true);
  };
  auto add_to = [](Tensor& total, const Tensor& term) {
    total = total.defined() ? total + term : term;
  };
  const auto& [v, a, b] = std::tie(outer[0], outer[1], outer[2]);

  Tensor dg, dx, dweight;
  Tensor dh;
  if (v.defined()) {
    Tensor w = weight.defined() ? reshape(weight, param_shape) : Tensor();
    Tensor u = w.defined() ? g * w : g;
    Tensor du = r * project(v);
    dg = w.defined() ? du * w : du;
    if (w.defined()) dweight = reshape(sum_to(g * du, param_shape), weight.shape());
    dh = -(r * (v * mean(u * h, over, true) + u * mean(v * h, over, true)));
    dx = -(square(r) * h * mean(v * project(u), over, true));
  }
  if (a.defined()) {
    Tensor wide = reshape(a, param_shape);
    add_to(dg, wide * h);
    add_to(dh, wide * g);
  }
  if (b.defined()) add_to(dg, broadcast_to(reshape(b, param_shape), g.shape()));
  if (dh.defined()) add_to(dx, r * project(dh));
  return {dg, dx, dweight};
}

}  // namespace gradus
