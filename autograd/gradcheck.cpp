#include "gradus/autograd/gradcheck.h"

#include <cmath>

#include "gradus/autograd/backward.h"
#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"

namespace gradus {
namespace {

// The element of a tensor at a row-major position, and its index as text.
struct Element64 {
  double* value;
  Dims index;
};

Element64 element(const Tensor& x, std::int64_t position) {
  Dims index = Dims::filled(x.dim(), 0);
  std::int64_t offset = 0;
  for (int d = x.dim() - 1; d >= 0; --d) {
    index[d] = position % x.shape()[d];
    position /= x.shape()[d];
    offset += index[d] * x.strides()[d];
  }
  return {x.data<double>() + offset, index};
}

void check_input(const Tensor& x, std::size_t i) {
  ContextScope scope(entering("gradcheck", {}));
  check(x.dtype() == float64,
        "input {} is {}: finite differences need float64; convert it with to(float64)", i,
        x.dtype());
  for (int d = 0; d < x.dim(); ++d) {
    check(x.strides()[d] != 0 || x.size(d) <= 1,
          "input {} is expanded, so that its elements share memory; clone() it", i);
  }
}

/// What the function returned, as numbers.
std::vector<std::vector<double>> values(const std::vector<Tensor>& outputs) {
  ContextScope scope(entering("gradcheck", {}));
  std::vector<std::vector<double>> result;
  for (const Tensor& y : outputs) {
    check(y.defined(), "output {} is undefined", result.size());
    result.push_back(y.to_vector<double>());
  }
  return result;
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

// Collects what differs; the first three are told in full.
class Differences {
 public:
  void add(const std::string& text) {
    if (++count_ <= 3) text_ += "\n  " + text;
  }
  GradcheckResult result() const {
    if (count_ == 0) return {};
    return {false,
            fmt::format("{} gradient element{} differ{}:{}{}", count_, count_ == 1 ? "" : "s",
                        count_ == 1 ? "s" : "", text_, count_ > 3 ? "\n  ..." : "")};
  }

 private:
  int count_ = 0;
  std::string text_;
};

// Rows of the Jacobian of one output by every input, from backward passes: [input][element of
// output].
std::vector<std::vector<Tensor>> analytic_rows(const Tensor& y, const std::vector<Tensor>& inputs) {
  std::vector<Tensor> wanted;
  for (const Tensor& x : inputs) {
    if (x.requires_grad()) wanted.push_back(x);
  }
  std::vector<std::vector<Tensor>> rows(wanted.size());
  for (std::int64_t j = 0; j < y.numel(); ++j) {
    std::vector<Tensor> row(wanted.size());
    if (y.requires_grad()) {
      Tensor unit = zeros(y.shape(), y.dtype());
      unit.data<double>()[j] = 1;
      row = grad({y}, wanted, {.grad_outputs = {unit}, .retain_graph = true, .allow_unused = true});
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      rows[i].push_back(row[i].defined() ? contiguous(row[i]) : zeros(wanted[i].shape(), float64));
    }
  }
  return rows;
}

}  // namespace

GradcheckResult detail::run_gradcheck(const CheckedFunction& fn, const std::vector<Tensor>& inputs,
                                      const GradcheckOptions& options) {
  EnableGrad enable;
  std::vector<std::size_t> wanted;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].requires_grad()) continue;
    check_input(inputs[i], i);
    wanted.push_back(i);
  }
  {
    ContextScope scope(entering("gradcheck", {}));
    check(!wanted.empty(), "needs an input that requires a gradient");
    check(options.eps > 0 && std::isfinite(options.eps), "needs a finite step eps > 0, got {}",
          options.eps);
    check(options.atol >= 0 && options.rtol >= 0, "needs tolerances >= 0, got atol {} and rtol {}",
          options.atol, options.rtol);
  }

  std::vector<Tensor> outputs = fn(inputs);
  std::vector<std::vector<double>> once = values(outputs);
  std::vector<std::vector<double>> again = values(fn(inputs));
  Differences differences;
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    check(once[o].size() == again[o].size(),
          "the function's output changes its size between calls");
    for (std::size_t j = 0; j < once[o].size(); ++j) {
      if (!same(once[o][j], again[o][j])) {
        return {false, "the function is not deterministic: two calls gave different results"};
      }
    }
    if (!outputs[o].is_floating()) continue;
    check(outputs[o].dtype() == float64, "output {} is {}, not float64", o, outputs[o].dtype());
  }

  std::vector<std::vector<std::vector<Tensor>>> analytic;  // [output][input][element of output]
  for (const Tensor& y : outputs) {
    analytic.push_back(y.is_floating() ? analytic_rows(y, inputs)
                                       : std::vector<std::vector<Tensor>>());
  }
  for (std::size_t w = 0; w < wanted.size(); ++w) {
    const Tensor& x = inputs[wanted[w]];
    for (std::int64_t k = 0; k < x.numel(); ++k) {
      auto [value, index] = element(x, k);
      const double original = *value;
      *value = original + options.eps;
      std::vector<std::vector<double>> above = values(fn(inputs));
      *value = original - options.eps;
      std::vector<std::vector<double>> below = values(fn(inputs));
      *value = original;
      for (std::size_t o = 0; o < outputs.size(); ++o) {
        if (!outputs[o].is_floating()) continue;
        for (std::size_t j = 0; j < once[o].size(); ++j) {
          double numeric = (above[o][j] - below[o][j]) / (2 * options.eps);
          double exact = analytic[o][w][j].data<double>()[k];
          if (std::abs(exact - numeric) <= options.atol + options.rtol * std::abs(numeric))
            continue;
          differences.add(
              fmt::format("output {} at {} by input {} at {}: analytic {:.9g}, numeric {:.9g}", o,
                          element(outputs[o], static_cast<std::int64_t>(j)).index, wanted[w], index,
                          exact, numeric));
        }
      }
    }
  }
  return differences.result();
}

GradcheckResult detail::run_gradgradcheck(const CheckedFunction& fn,
                                          const std::vector<Tensor>& inputs,
                                          const GradcheckOptions& options) {
  EnableGrad enable;
  std::vector<Tensor> all = inputs;
  std::vector<std::size_t> differentiable;  // which outputs carry gradients
  Generator generator(0);
  std::vector<Tensor> outputs = fn(inputs);
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    if (!outputs[o].requires_grad()) continue;
    differentiable.push_back(o);
    all.push_back(randn(outputs[o].shape(), float64, &generator).requires_grad_());
  }
  {
    ContextScope scope(entering("gradgradcheck", {}));
    check(!differentiable.empty(), "needs an output that requires a gradient");
  }

  auto first_derivative = [&](const std::vector<Tensor>& x) {
    std::vector<Tensor> own(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(inputs.size()));
    std::vector<Tensor> results = fn(own);
    GradOptions grad_options{
        .grad_outputs = {x.begin() + static_cast<std::ptrdiff_t>(inputs.size()), x.end()},
        .create_graph = true,
        .allow_unused = true};
    std::vector<Tensor> ys, xs, gradients;
    for (std::size_t o : differentiable) ys.push_back(results[o]);
    for (const Tensor& input : own) {
      if (input.requires_grad()) xs.push_back(input);
    }
    for (const Tensor& g : grad(ys, xs, grad_options)) {
      if (g.defined()) gradients.push_back(g);
    }
    return gradients;
  };
  GradcheckResult result = run_gradcheck(first_derivative, all, options);
  if (!result) result.message = "of the first derivative, " + result.message;
  return result;
}

}  // namespace gradus
