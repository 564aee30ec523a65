#include "gradus/observe/watch/activation_shape.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "gradus/autograd/backward.h"
#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"

namespace gradus::observe {
namespace {

using Function = std::function<Tensor(const Tensor&)>;

/// The function of an op that was called without a module; empty where it takes options.
Function function_named(const std::string& name) {
  using Plain = Tensor (*)(const Tensor&, Where);
  static const std::map<std::string, Plain> functions = {{"relu", relu},
                                                         {"relu6", relu6},
                                                         {"tanh", tanh},
                                                         {"sigmoid", sigmoid},
                                                         {"erf", erf},
                                                         {"softsign", softsign},
                                                         {"silu", silu},
                                                         {"mish", mish},
                                                         {"selu", selu},
                                                         {"hardswish", hardswish},
                                                         {"sin", sin},
                                                         {"cos", cos},
                                                         {"logsigmoid", logsigmoid},
                                                         {"hardsigmoid", hardsigmoid},
                                                         {"lecun_tanh", lecun_tanh}};
  const auto found = functions.find(name);
  if (found == functions.end()) return {};
  return [f = found->second](const Tensor& x) { return f(x, Where()); };
}

}  // namespace

ActivationShape shape_of(const TracedOp& activation) {
  ActivationShape shape;
  Function f = function_named(activation.name);
  if (activation.module != nullptr) {
    f = [module = activation.module](const Tensor& x) { return module->forward(x); };
  }
  if (!f) return shape;
  constexpr int per_unit = 50;
  constexpr int reach = 40;
  std::vector<double> y, slope;
  const Tensor grid = linspace(-reach, reach, 2 * reach * per_unit + 1, float64);
  try {
    EnableGrad enable;
    const Tensor x = grid.reshape({-1, 1}).requires_grad_();
    const Tensor values = f(x);
    y = values.detach().to_vector<double>();
    slope = grad(values.sum(), x).to_vector<double>();
  } catch (const Error&) {
    return shape;  // it takes another shape or dtype
  }
  if (y.size() != slope.size()) return shape;
  auto at = [&](std::size_t i) { return -reach + static_cast<double>(i) / per_unit; };
  double steepest = 0;
  for (double s : slope) steepest = std::max(steepest, std::abs(s));
  auto steep = [&](double s) { return !(std::abs(s) < 0.05 * steepest); };
  const auto first = std::ranges::find_if(slope, steep);
  const auto last = std::find_if(slope.rbegin(), slope.rend(), steep);
  if (first == slope.end()) return shape;
  shape.low = at(static_cast<std::size_t>(first - slope.begin()));
  shape.high = at(static_cast<std::size_t>(slope.rend() - last) - 1);
  // A sine is steep up to the ends of the grid, and a clipped ReLU is flat below 0 by design.
  shape.saturates =
      shape.low > -reach + 1 && shape.low < -0.5 && shape.high < reach - 1 && shape.high > 0.5;
  // From -8, not farther out, where any decaying function underflows.
  std::size_t i = static_cast<std::size_t>((reach - 8) * per_unit);
  while (i < y.size() && y[i] == 0 && slope[i] == 0) shape.zero_to = at(i++);
  shape.rectifies = i < y.size() && at(i) > -4;
  if (shape.rectifies && std::abs(shape.zero_to) < 1.0 / per_unit) shape.zero_to = 0;
  return shape;
}

}  // namespace gradus::observe
