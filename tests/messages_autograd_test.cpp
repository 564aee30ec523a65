#include "gradus/autograd/ops.h"

#include "gradus/autograd/anomaly.h"
#include "gradus/autograd/backward.h"
#include "gradus/autograd/checkpoint.h"
#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/gradcheck.h"
#include "gradus/autograd/hooks.h"
#include "gradus/tensor/creation.h"
#include "tests/messages.h"

namespace gradus::messages {
namespace {

Tensor leaf(DType dtype = float32) { return ones(3, dtype).requires_grad_(); }

Tensor nothing(const std::vector<Tensor>&) { return {}; }

Tensor doubled(const std::vector<Tensor>& x) { return x[0] * 2; }

std::vector<Wrong> gradient_calls() {
  // A row a line.
  // clang-format off
  return {
    {"gradcheck", [] { Tensor w = leaf();
       gradcheck(doubled, {w}); },
     {"input 0 is float32: finite differences need float64; convert it with to(float64)"}},
    {"gradcheck", [] { gradcheck([](const std::vector<Tensor>& x) { return x[0] * 2;
       }, {ones({3}, float64)}); },
     {"needs an input that requires a gradient"}},
    {"gradcheck", [] { gradcheck(doubled, {}); },
     {"needs an input that requires a gradient"}},
    {"gradcheck", [] { gradcheck([](const std::vector<Tensor>& x) { return x[0] * 2;
       }, {undefined}); },
     {"needs an input that requires a gradient"}},
    {"gradcheck", [] { Tensor d = leaf(float64);
       gradcheck(doubled, {d}, {.eps = 0}); },
     {"needs a finite step eps > 0, got 0"}},
    {"gradcheck", [] { Tensor d = leaf(float64);
       gradcheck(doubled, {d}, {.eps = nan}); },
     {"needs a finite step eps > 0, got nan"}},
    {"gradcheck", [] { Tensor d = leaf(float64);
       gradcheck(nothing, {d}); },
     {"output 0 is undefined"}},
    {"gradcheck", [] { Tensor w = leaf();
       gradgradcheck(doubled, {w}); },
     {"input 0 is float32: finite differences need float64; convert it with to(float64)"}},
    {"checkpoint", [] { Tensor w = leaf();
       checkpoint(nothing, {w}); },
     {"undefined tensor"}},
    {"checkpoint", [] { Tensor w = leaf(); checkpoint(nullptr, {w}); },
     {"the function is empty: pass something to call"}},
    {"checkpoint", [] { checkpoint([](const std::vector<Tensor>& x) { return x[0];
       }, {undefined}); },
     {"undefined tensor"}},
    {"backward", [] { ones(3).backward(); },
     {"the output (shape (3,)) needs no gradient",
      "nothing it was computed from has requires_grad_(), or it was computed under NoGrad"}},
    {"backward", [] { Tensor w = leaf(); (w * 2).backward(); },
     {"only an output of one element has a gradient by itself; this one has shape (3,)",
      "pass a gradient of that shape, or reduce it first, as with sum()"}},
    {"backward", [] { undefined.backward(); }, {"undefined tensor"}},
    {"backward", [] { Tensor w = leaf(); (w * 2).backward(ones(4)); },
     {"the gradient (float32, (4,)) does not match the output (float32, (3,))"}},
    {"backward", [] { Tensor w = leaf(); (w * 2).backward(ones(3, float64)); },
     {"the gradient (float64, (3,)) does not match the output (float32, (3,))"}},
    {"backward", [] { Tensor w = leaf(); auto y = (w * w).sum(); y.backward(); y.backward(); },
     {"the graph was freed by an earlier backward pass, which went through sum recorded"}},
    {"backward", [] { Tensor w = leaf(); backward({w * 2}, {ones(3), ones(3)}); },
     {"2 gradients for 1 outputs"}},
    {"backward", [] { backward({}, {}); }, {"there is nothing to differentiate: no outputs"}},
    {"backward", [] { backward({undefined}); }, {"undefined tensor"}},
    {"backward", [] { Tensor w = leaf(); backward({w.sum()}, {}, {.inputs = {ones(3)}}); },
     {"input 0 is no leaf that requires a gradient, and gradients accumulate only there",
      "use grad() for other inputs"}},
    {"backward", [] { Tensor w = leaf(); backward({w.sum()}, {}, {.inputs = {undefined}}); },
     {"input 0 is no leaf that requires a gradient, and gradients accumulate only there",
      "use grad() for other inputs"}},
    {"grad", [] { Tensor w = leaf(); grad({w.sum()}, {}); }, {"undefined tensor"}},
    {"grad", [] { Tensor w = leaf(); Tensor d = leaf(float64); grad({w.sum()}, {d}); },
     {"the outputs do not depend on input 0 (shape (3,))",
      "pass {.allow_unused = true} to get an undefined gradient for it"}},
    {"grad", [] { Tensor w = leaf(); grad(w.sum(), ones(3)); },
     {"input 0 (shape (3,)) does not require a gradient"}},
    {"grad", [] { Tensor w = leaf(); grad(w.sum(), undefined); }, {"undefined tensor"}},
    {"grad", [] { Tensor w = leaf(); grad(undefined, w); }, {"undefined tensor"}},
    {"grad", [] { Tensor w = leaf(); grad(w * 2, w); },
     {"only an output of one element has a gradient by itself; this one has shape (3,)",
      "pass a gradient of that shape, or reduce it first, as with sum()"}},
    {"grad", [] { Tensor w = leaf(); grad(ones(3).sum(), w); },
     {"the output (shape ()) needs no gradient",
      "nothing it was computed from has requires_grad_(), or it was computed under NoGrad"}},
    {"grad", [] { Tensor w = leaf(); grad({w * 2}, {w}, {.grad_outputs = {ones(4)}}); },
     {"the gradient (float32, (4,)) does not match the output (float32, (3,))"}},
    {"grad", [] { Tensor w = leaf(); grad({w * 2}, {w}, {.grad_outputs = {ones(3), ones(3)}}); },
     {"2 gradients for 1 outputs"}},
    {"backward", [] { Tensor w = leaf(); auto v = w * 1; auto y = v * v; { NoGrad g;
       v.add_(1); } y.sum().backward(); },
     {"a float32 tensor of shape (3,) was saved by mul"}},
    {"register_hook", [] { register_hook(ones(3), [](const Tensor&) {}); },
     {"a hook needs a tensor that requires a gradient (shape (3,))"}},
    {"register_hook", [] { register_hook(undefined, [](const Tensor&) {}); }, {"undefined tensor"}},
    {"register_hook", [] { Tensor w = leaf(); register_hook(w, GradientHook()); },
     {"the hook is empty: pass something to call"}},
    {"register_hook", [] { Tensor w = leaf();
       register_hook(w, [](const Tensor&) { return ones(7); }); (w * 2).sum().backward(); },
     {"a hook replaced a float32 gradient of shape (3,) by a float32 tensor of shape (7,)"}},
    {"register_post_accumulate_grad_hook", [] {
       register_post_accumulate_grad_hook(ones(3), [](const Tensor&) {}); },
     {"a hook needs a tensor that requires a gradient (shape (3,))"}},
    {"register_post_accumulate_grad_hook", [] { Tensor w = leaf();
       register_post_accumulate_grad_hook(w * 2, [](const Tensor&) {}); },
     {"a post-accumulate hook needs a leaf; this tensor is the result of mul"}},
    {"register_post_accumulate_grad_hook", [] { Tensor w = leaf();
       register_post_accumulate_grad_hook(w, nullptr); },
     {"the hook is empty: pass something to call"}},
    {"retain_grad", [] { ones(3).retain_grad(); },
     {"this tensor (shape (3,)) requires no gradient"}},
    {"retain_grad", [] { undefined.retain_grad(); }, {"undefined tensor"}},
    {"requires_grad_", [] { arange(3).requires_grad_(); },
     {"only floating-point tensors have gradients, this one is int64"}},
    {"requires_grad_", [] { Tensor w = leaf(); (w * 2).requires_grad_(false); },
     {"this tensor is the result of mul; use detach() to cut it off"}},
    {"requires_grad_", [] { undefined.requires_grad_(); }, {"undefined tensor"}},
    {"set_grad", [] { Tensor w = leaf(); w.set_grad(ones(4)); },
     {"a float32 tensor of shape (3,) cannot have a float32 gradient of shape (4,)"}},
    {"set_grad", [] { Tensor w = leaf(); w.set_grad(ones(3, float64)); },
     {"a float32 tensor of shape (3,) cannot have a float64 gradient of shape (3,)"}},
    {"set_grad", [] { ones(3).set_grad(ones(3)); },
     {"only a leaf that requires a gradient has one to set"}},
    {"set_grad", [] { Tensor w = leaf(); (w*2).set_grad(ones(3)); },
     {"only a leaf that requires a gradient has one to set"}},
    {"detach", [] { undefined.detach(); }, {"undefined tensor"}},
    {"item", [] { ones(3).item<float>(); },
     {"item() needs a tensor of one element, got shape (3,); see to_vector()"}},
    {"item", [] { undefined.item<float>(); }, {"undefined tensor"}},
    {"data", [] { ones(3).data<double>(); },
     {"asked a float32 tensor for float64 data; convert it with to(float64)"}},
    {"data", [] { undefined.data<float>(); }, {"undefined tensor"}},
    {"to_vector", [] { undefined.to_vector<float>(); }, {"undefined tensor"}},
    {"at", [] { ones({2, 3}).at(2, 0); }, {"index 2 is out of range for dimension 0 of (2, 3)"}},
    {"at", [] { ones({2, 3}).at(0); },
     {"1 indices for shape (2, 3): needs one for each dimension"}},
    {"data", [] { ones({2, 3}).at<double>(0, 0); },
     {"asked a float32 tensor for float64 data; convert it with to(float64)"}},
    {"at", [] { undefined.at(0); }, {"undefined tensor"}},
    {"size", [] { ones({2, 3}).size(2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"size", [] { ones({}).size(0); }, {"a tensor without dimensions has no size(0)"}},
    {"index", [] { ones({2, 3})[2]; }, {"index 2 is out of range for dimension 0 of (2, 3)"}},
    {"index", [] { ones({2, 3})[{0, 1, 2}]; }, {"too many indices for shape (2, 3)"}},
    {"index", [] { ones({2, 3})[{Slice(0, 1, -1)}]; },
     {"a slice's step must be positive, got -1: use flip() to reverse a dimension"}},
    {"reshape", [] { ones({2, 3}).reshape({4}); }, {"6 elements do not fill (4,)"}},
    {"view", [] { ones({2, 3}).t().view({6}); },
     {"shape (3, 2) with strides (1, 3) cannot be seen as (6,) without a copy", "use reshape()"}},
    {"flatten", [] { ones({2, 3}).flatten(3); },
     {"dimension 3 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"transpose", [] { ones({2, 3}).transpose(0, 2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"copy_", [] { ones({2, 3}).copy_(ones({4})); }, {"cannot broadcast (4,) to (2, 3)"}},
    {"fill_", [] { fill_(arange(3), nan); },
     {"nan is not a value of int64; give a floating dtype"}},
    {"masked_fill", [] { masked_fill(arange(3), arange(3) > 0, nan); },
     {"nan is not a value of int64; give a floating dtype"}},
    {"log", [] { DetectAnomaly guard; log(zeros(3)); },
     {"its result is NaN or infinite, though its inputs are finite"}},
    {"sqrt", [] { DetectAnomaly guard; auto z = zeros(3); z.requires_grad_();
       sqrt(z).sum().backward(); },
     {"its gradient is NaN or infinite, though the gradient it was given is finite"}},
  };
  // clang-format on
}

}  // namespace

TEST_CASE("wrong calls of backward, hooks and members say what is wrong", "[messages]") {
  check_messages(gradient_calls());
}

}  // namespace gradus::messages
