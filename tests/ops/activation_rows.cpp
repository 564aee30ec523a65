#include "gradus/autograd/activation_grad.h"
#include "gradus/autograd/ops.h"
#include "gradus/tensor/generator.h"
#include "tests/ops/rows.h"

namespace gradus::table {
namespace {

double sigma(double x) { return 1 / (1 + std::exp(-x)); }
double normal_cdf(double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }
double elu_of(double x, double alpha) { return x > 0 ? x : alpha * std::expm1(x); }
double softplus_of(double x) { return std::fmax(x, 0) + std::log1p(std::exp(-std::fabs(x))); }
double gelu_tanh_of(double x) {
  return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

// An activation of one input, with its kinks.
Row row(std::string op, std::vector<double> kinks, Tensor (*f)(const Tensor&),
        double (*reference)(double), std::string variant = "") {
  return {.op = std::move(op),
          .inputs = {{.shape = {3, 4}, .low = -4, .high = 4, .avoid = std::move(kinks)}},
          .fn = [f](const std::vector<Tensor>& x) { return f(x[0]); },
          .reference = pointwise(reference),
          .variant = std::move(variant)};
}

std::vector<Row> piecewise_rows() {
  return {
      row(
          "relu", {0}, [](const Tensor& x) { return relu(x); },
          [](double x) { return x > 0 ? x : 0; }),
      row(
          "relu6", {0, 6}, [](const Tensor& x) { return relu6(x * 2); },
          [](double x) { return std::fmin(std::fmax(2 * x, 0), 6); }),
      row(
          "leaky_relu", {0}, [](const Tensor& x) { return leaky_relu(x, 0.1); },
          [](double x) { return x > 0 ? x : 0.1 * x; }),
      row(
          "hardtanh", {-1, 2}, [](const Tensor& x) { return hardtanh(x, -1, 2); },
          [](double x) { return std::fmin(std::fmax(x, -1), 2); }),
      row(
          "hardsigmoid", {-3, 3}, [](const Tensor& x) { return hardsigmoid(x); },
          [](double x) { return std::fmin(std::fmax(x + 3, 0), 6) / 6; }),
      row(
          "hardswish", {-3, 3}, [](const Tensor& x) { return hardswish(x); },
          [](double x) { return x * std::fmin(std::fmax(x + 3, 0), 6) / 6; }),
      row(
          "rrelu", {0}, [](const Tensor& x) { return rrelu(x); },
          [](double x) { return x > 0 ? x : x * 11 / 48; }, "evaluation"),
  };
}

std::vector<Row> smooth_rows() {
  return {
      row(
          "elu", {0}, [](const Tensor& x) { return elu(x, 1.5); },
          [](double x) { return elu_of(x, 1.5); }),
      row(
          "celu", {0}, [](const Tensor& x) { return celu(x, 2); },
          [](double x) { return 2 * elu_of(x / 2, 1); }),
      row(
          "selu", {0}, [](const Tensor& x) { return selu(x); },
          [](double x) { return 1.0507009873554805 * elu_of(x, 1.6732632423543772); }),
      row(
          "gelu", {}, [](const Tensor& x) { return gelu(x); },
          [](double x) { return x * normal_cdf(x); }),
      row(
          "gelu", {}, [](const Tensor& x) { return gelu(x, Gelu::Tanh); }, gelu_tanh_of, "tanh"),
      row(
          "silu", {}, [](const Tensor& x) { return silu(x); },
          [](double x) { return x * sigma(x); }),
      row(
          "mish", {}, [](const Tensor& x) { return mish(x); },
          [](double x) { return x * std::tanh(softplus_of(x)); }),
      row(
          "logsigmoid", {}, [](const Tensor& x) { return logsigmoid(x); },
          [](double x) { return -softplus_of(-x); }),
      row(
          "softplus", {2}, [](const Tensor& x) { return softplus(x, 2, 4); },
          [](double x) { return 2 * x > 4 ? x : softplus_of(2 * x) / 2; }),
      row(
          "softsign", {0}, [](const Tensor& x) { return softsign(x); },
          [](double x) { return x / (1 + std::fabs(x)); }),
      row(
          "lecun_tanh", {}, [](const Tensor& x) { return lecun_tanh(x); },
          [](double x) { return 1.7159 * std::tanh(2 * x / 3); }),
  };
}

std::vector<Row> other_rows() {
  return {
      {.op = "activation_backward",
       .inputs = {{.shape = {3, 4}}, {.shape = {3, 4}}},
       .fn =
           [](const std::vector<Tensor>& x) {
             return activation_backward({Activation::Kind::Silu}, x[0], x[1]);
           },
       .reference =
           pointwise2([](double g, double x) { return g * sigma(x) * (1 + x * (1 - sigma(x))); })},
      {.op = "prelu",
       .inputs = {{.shape = {2, 3, 2}, .avoid = {0}}, {.shape = {3}}},
       .fn = [](const std::vector<Tensor>& x) { return prelu(x[0], x[1]); },
       .reference =
           [](const std::vector<Tensor>& x) {
             Tensor y = x[0].clone();
             for (std::int64_t i = 0; i < y.numel(); ++i) {
               double& value = y.data<double>()[i];
               if (value <= 0) value *= x[1].at(i / 2 % 3);
             }
             return y;
           },
       .empty_shapes = {{0, 3, 2}, {3}}},
      {.op = "rrelu",
       .inputs = {{.shape = {3, 4}, .avoid = {0}}},
       .fn =
           [](const std::vector<Tensor>& x) {
             Generator generator(3);
             return rrelu(x[0], 0.1, 0.3, true, &generator);
           },
       .reference =
           [](const std::vector<Tensor>& x) {
             Tensor y = x[0].clone();
             Generator generator(3);
             Draws draws(generator);
             for (double& value : y.span<double>()) {
               if (value <= 0) value *= 0.1 + 0.2 * draws.uniform<double>();
             }
             return y;
           },
       .variant = "training"},
      {.op = "sigmoid",
       .inputs = {{.shape = {3, 4}}},
       .fn = [](const std::vector<Tensor>& x) { return glu(x[0]); },
       .reference =
           [](const std::vector<Tensor>& x) {
             const std::int64_t rows = x[0].size(0);
             Tensor y = x[0].narrow(1, 0, 2).clone();
             for (std::int64_t i = 0; i < rows; ++i) {
               for (std::int64_t j = 0; j < 2; ++j) y.at<double>(i, j) *= sigma(x[0].at(i, j + 2));
             }
             return y;
           },
       .variant = "glu"},
  };
}

// y from x and whether the element is kept, with probability 0.7.
Row dropout_row(std::string op, Tensor (*f)(const Tensor&, Generator*),
                double (*reference)(double x, bool kept), std::string variant) {
  return {.op = std::move(op),
          .inputs = {{.shape = {3, 4}}},
          .fn =
              [f](const std::vector<Tensor>& x) {
                Generator generator(3);
                return f(x[0], &generator);
              },
          .reference =
              [reference](const std::vector<Tensor>& x) {
                Tensor y = x[0].clone();
                Generator generator(3);
                Draws draws(generator);
                for (double& v : y.span<double>()) v = reference(v, draws.uniform<double>() < 0.7);
                return y;
              },
          .variant = std::move(variant)};
}

std::vector<Row> dropout_rows() {
  return {
      dropout_row(
          "mul", [](const Tensor& x, Generator* g) { return dropout(x, 0.3, true, g); },
          [](double x, bool kept) { return kept ? x / 0.7 : 0; }, "dropout"),
      dropout_row(
          "add", [](const Tensor& x, Generator* g) { return alpha_dropout(x, 0.3, true, g); },
          [](double x, bool kept) {
            const double limit = 1.7580993408473766;  // SELU's, alpha times scale
            const double a = 1 / std::sqrt((limit * limit * 0.3 + 1) * 0.7);
            return a * (kept ? x : -limit) + a * limit * 0.3;
          },
          "alpha_dropout"),
  };
}

}  // namespace

std::vector<Row> activation_rows() {
  std::vector<Row> rows = piecewise_rows();
  for (auto family : {smooth_rows, other_rows, dropout_rows}) {
    for (Row& each : family()) rows.push_back(std::move(each));
  }
  return rows;
}

}  // namespace gradus::table
