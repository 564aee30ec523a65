#include "gradus/autograd/ops.h"
#include "gradus/autograd/pointwise_grad.h"
#include "gradus/tensor/creation.h"
#include "tests/ops/rows.h"

namespace gradus::table {
namespace {

// A function of one number on [low, high], with its kinks and jumps.
Row one(std::string op, double low, double high, Tensor (*f)(const Tensor&),
        double (*reference)(double), std::vector<double> avoid = {}, std::string variant = "") {
  return {.op = std::move(op),
          .inputs = {{.shape = {3, 4}, .low = low, .high = high, .avoid = std::move(avoid)}},
          .fn = [f](const std::vector<Tensor>& x) { return f(x[0]); },
          .reference = pointwise(reference),
          .variant = std::move(variant)};
}

// A function of two numbers, the second of which broadcasts.
Row two(std::string op, Input a, Input b, Tensor (*f)(const Tensor&, const Tensor&),
        double (*reference)(double, double), std::string variant = "") {
  return {.op = std::move(op),
          .inputs = {std::move(a), std::move(b)},
          .fn = [f](const std::vector<Tensor>& x) { return f(x[0], x[1]); },
          .reference = pointwise2(reference),
          .variant = std::move(variant)};
}

std::vector<Row> binary_rows() {
  const Input any = {.shape = {3, 4}};
  const Input column = {.shape = {3, 1}};
  const Input positive = {.shape = {3, 1}, .low = 0.5, .high = 2};
  return {
      two(
          "add", any, column, [](const Tensor& a, const Tensor& b) { return add(a, b); },
          [](double a, double b) { return a + b; }),
      two(
          "sub", any, column, [](const Tensor& a, const Tensor& b) { return sub(a, b); },
          [](double a, double b) { return a - b; }),
      two(
          "mul", any, column, [](const Tensor& a, const Tensor& b) { return mul(a, b); },
          [](double a, double b) { return a * b; }),
      two(
          "div", any, positive, [](const Tensor& a, const Tensor& b) { return div(a, b); },
          [](double a, double b) { return a / b; }),
      two(
          "pow", {.shape = {3, 4}, .low = 0.5, .high = 2}, column,
          [](const Tensor& a, const Tensor& b) { return pow(a, b); },
          [](double a, double b) { return std::pow(a, b); }),
      // The second is kept near 0, which the first avoids; the ties are in pointwise_test.cpp.
      two(
          "maximum", {.shape = {3, 4}, .avoid = {0}}, column,
          [](const Tensor& a, const Tensor& b) { return maximum(a, mul(b, 0.02)); },
          [](double a, double b) { return std::fmax(a, b * 0.02); }),
      two(
          "minimum", {.shape = {3, 4}, .avoid = {0}}, column,
          [](const Tensor& a, const Tensor& b) { return minimum(a, mul(b, 0.02)); },
          [](double a, double b) { return std::fmin(a, b * 0.02); }),
      two(
          "where", {.shape = {3, 4}, .avoid = {0}}, any,
          [](const Tensor& a, const Tensor& b) { return where(gt(a.detach(), 0), a, mul(b, a)); },
          [](double a, double b) { return a > 0 ? a : a * b; }),
      two(
          "tanh_backward", any, {.shape = {3, 4}, .low = -0.9, .high = 0.9},
          [](const Tensor& g, const Tensor& y) { return tanh_backward(g, y); },
          [](double g, double y) { return g * (1 - y * y); }),
      two(
          "sigmoid_backward", any, {.shape = {3, 4}, .low = 0.1, .high = 0.9},
          [](const Tensor& g, const Tensor& y) { return sigmoid_backward(g, y); },
          [](double g, double y) { return g * y * (1 - y); }),
  };
}

std::vector<Row> scalar_rows() {
  return {
      one(
          "add", -2, 2, [](const Tensor& x) { return add(x, 1.5); },
          [](double x) { return x + 1.5; }, {}, "number"),
      one(
          "sub", -2, 2, [](const Tensor& x) { return sub(x, 1.5); },
          [](double x) { return x - 1.5; }, {}, "number"),
      one(
          "sub", -2, 2, [](const Tensor& x) { return sub(1.5, x); },
          [](double x) { return 1.5 - x; }, {}, "from a number"),
      one(
          "mul", -2, 2, [](const Tensor& x) { return mul(x, 1.5); },
          [](double x) { return x * 1.5; }, {}, "number"),
      one(
          "div", -2, 2, [](const Tensor& x) { return div(x, 1.5); },
          [](double x) { return x / 1.5; }, {}, "number"),
      one(
          "div", 0.5, 2, [](const Tensor& x) { return div(1.5, x); },
          [](double x) { return 1.5 / x; }, {}, "of a number"),
      one(
          "pow", -2, 2, [](const Tensor& x) { return pow(x, 3); },
          [](double x) { return x * x * x; }, {}, "number"),
      one(
          "pow", 0.5, 2, [](const Tensor& x) { return pow(x, -1.7); },
          [](double x) { return std::pow(x, -1.7); }, {}, "fraction"),
      one(
          "clamp", -2, 2, [](const Tensor& x) { return clamp(x, -1, 0.5); },
          [](double x) { return std::fmin(std::fmax(x, -1), 0.5); }, {-1, 0.5}),
      one(
          "masked_fill", -2, 2,
          [](const Tensor& x) { return masked_fill(square(x), lt(x.detach(), 0), 3); },
          [](double x) { return x < 0 ? 3 : x * x; }, {0}),
  };
}

std::vector<Row> unary_rows() {
  return {
      one(
          "neg", -2, 2, [](const Tensor& x) { return neg(x); }, [](double x) { return -x; }),
      one(
          "exp", -2, 2, [](const Tensor& x) { return exp(x); }, std::exp),
      one(
          "expm1", -2, 2, [](const Tensor& x) { return expm1(x); }, std::expm1),
      one(
          "log", 0.3, 3, [](const Tensor& x) { return log(x); }, std::log),
      one(
          "log1p", -0.5, 3, [](const Tensor& x) { return log1p(x); }, std::log1p),
      one(
          "sqrt", 0.3, 3, [](const Tensor& x) { return sqrt(x); }, std::sqrt),
      one(
          "rsqrt", 0.3, 3, [](const Tensor& x) { return rsqrt(x); },
          [](double x) { return 1 / std::sqrt(x); }),
      one(
          "square", -2, 2, [](const Tensor& x) { return square(x); },
          [](double x) { return x * x; }),
      one(
          "reciprocal", 0.5, 2, [](const Tensor& x) { return reciprocal(x); },
          [](double x) { return 1 / x; }),
      one("abs", -2, 2, [](const Tensor& x) { return abs(x); }, std::fabs, {0}),
      one(
          "sign", -2, 2, [](const Tensor& x) { return sign(x); },
          [](double x) { return x < 0 ? -1.0 : 1.0; }, {0}),
      one(
          "sin", -4, 4, [](const Tensor& x) { return sin(x); }, std::sin),
      one(
          "cos", -4, 4, [](const Tensor& x) { return cos(x); }, std::cos),
      one(
          "tanh", -3, 3, [](const Tensor& x) { return tanh(x); }, std::tanh),
      one(
          "sigmoid", -4, 4, [](const Tensor& x) { return sigmoid(x); },
          [](double x) { return 1 / (1 + std::exp(-x)); }),
      one(
          "erf", -2, 2, [](const Tensor& x) { return erf(x); }, std::erf),
      one("floor", -1.9, 1.9, [](const Tensor& x) { return floor(x); }, std::floor, {-1, 0, 1}),
      one("round", -1.4, 1.4, [](const Tensor& x) { return round(x); }, std::nearbyint,
          {-0.5, 0.5}),
      one(
          "clone", -2, 2, [](const Tensor& x) { return square(clone(x)); },
          [](double x) { return x * x; }),
      one(
          "contiguous", -2, 2,
          [](const Tensor& x) { return square(contiguous(transpose(square(x), 0, 1))).t(); },
          [](double x) { return x * x * x * x; }),
      // Through float32, scaled so that its rounding does not disturb the differences.
      one(
          "to", -0.5, 0.5, [](const Tensor& x) { return mul(to(to(x, float32), x.dtype()), 1e-4); },
          [](double x) { return 1e-4 * x; }),
  };
}

}  // namespace

std::vector<Row> pointwise_rows() {
  std::vector<Row> rows = binary_rows();
  for (auto part : {scalar_rows, unary_rows}) {
    for (Row& row : part()) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace gradus::table
