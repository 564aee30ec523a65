// Writing a differentiable op of your own: a forward loop, a gradient rule beside it, and gradcheck
// to prove both. Then what gradcheck says of a rule that is wrong, and what errors and the graph
// know of the new op.

#include <fmt/core.h>
#include <gradus/gradus.h>

#include <cmath>
#include <span>
#include <vector>

using namespace gradus;

namespace {

// squareplus(x) = (x + sqrt(x^2 + 4)) / 2, a smooth ReLU (Barron 2021, arXiv:2112.11687).
Tensor squareplus_forward(const Tensor& x) {
  check(x.is_floating(), "takes floating tensors, got {}", x.dtype());
  Tensor input = x.detach().contiguous();
  Tensor output = empty_like(input);
  visit_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    std::span<const T> in = input.span<T>();
    std::span<T> out = output.span<T>();
    for (std::size_t i = 0; i < in.size(); ++i) out[i] = (in[i] + std::sqrt(in[i] * in[i] + 4)) / 2;
  });
  return output;
}

// The rule is made of differentiable functions, so it can be differentiated in turn. It may ask for
// the output y: squareplus'(x) = y / (2y - x), since 2y - x = sqrt(x^2 + 4).
Tensor squareplus(const Tensor& x, Where at = Where::here()) {
  return Op("squareplus", at)
      .record(squareplus_forward(x), wrt(x, [x = saved(x)](const Tensor& g, const Tensor& y) {
                return g * y / (y * 2.0 - x);
              }));
}

// The same with a slip: the square root is forgotten.
Tensor wrong_squareplus(const Tensor& x, Where at = Where::here()) {
  return Op("wrong_squareplus", at)
      .record(squareplus_forward(x), wrt(x, [x = saved(x)](const Tensor& g, const Tensor& y) {
                return g * y / (square(x) + 4.0);
              }));
}

}  // namespace

int main() {
  Tensor x = tensor({-1.5, 0.0, 1.5}, float64).requires_grad_();
  auto op = [](const std::vector<Tensor>& inputs) { return squareplus(inputs[0]); };
  auto slip = [](const std::vector<Tensor>& inputs) { return wrong_squareplus(inputs[0]); };

  GradcheckResult first = gradcheck(op, {x});
  GradcheckResult second = gradgradcheck(op, {x});
  GradcheckResult caught = gradcheck(slip, {x});
  fmt::print("squareplus(x) = {}\n\n", squareplus(x).detach());
  fmt::print("first order:  {}\n", first);
  fmt::print("second order: {}\n\n", second);
  fmt::print("with a slip in the rule, {}\n\n", caught);

  // The op's name and the line that called it come for free.
  fmt::print("graph of sum(squareplus(x)):\n{}\n", GraphView(sum(squareplus(x))));
  try {
    squareplus(arange(3));
  } catch (const Error& error) {
    fmt::print("bad input: {}\n", error.what());
  }
  return first && second && !caught ? 0 : 1;
}
