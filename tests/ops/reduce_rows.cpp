#include <algorithm>
#include <limits>
#include <numeric>

#include "gradus/autograd/ops.h"
#include "tests/naive.h"
#include "tests/ops/rows.h"

namespace gradus::table {
namespace {

using Tensors = std::vector<Tensor>;
using Values = std::vector<double>;
using Fold = std::function<double(const Values&)>;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// A reduction of dimension 1 of a (3, 4) input.
Row row(std::string op, std::function<Tensor(const Tensor&)> fn, Fold reference,
        std::string variant = "", std::vector<double> avoid = {}) {
  return {.op = std::move(op),
          .inputs = {{.shape = {3, 4}, .avoid = std::move(avoid)}},
          .fn = [fn](const Tensors& x) { return fn(x[0]); },
          .reference = along(1, std::move(reference)),
          .variant = std::move(variant)};
}

/// A reduction of everything.
Row full_row(std::string op, std::function<Tensor(const Tensor&)> fn, Fold reference,
             std::string no_empty = "") {
  return {.op = std::move(op),
          .inputs = {{.shape = {3, 2, 2}}},
          .fn = [fn](const Tensors& x) { return fn(x[0]); },
          .reference =
              [reference](const Tensors& x) {
                return naive::build({}, [&](const naive::Position&) {
                  return reference(x[0].to_vector<double>());
                });
              },
          .no_empty = std::move(no_empty),
          .variant = "all"};
}

double total(const Values& v) { return std::accumulate(v.begin(), v.end(), 0.0); }
double average(const Values& v) { return total(v) / static_cast<double>(v.size()); }
double greatest(const Values& v) { return *std::max_element(v.begin(), v.end()); }
double least(const Values& v) { return *std::min_element(v.begin(), v.end()); }
double product(const Values& v) {
  return std::accumulate(v.begin(), v.end(), 1.0, std::multiplies<>());
}
double variance(const Values& v) {
  double sum = 0;
  for (double x : v) sum += (x - average(v)) * (x - average(v));
  return sum / static_cast<double>(v.size() - 1);
}
double deviation(const Values& v) { return std::sqrt(variance(v)); }
Fold power_norm(double p) {
  return [p](const Values& v) {
    double sum = 0;
    for (double x : v) sum += std::pow(std::abs(x), p);
    return std::pow(sum, 1 / p);
  };
}
double log_sum_exp(const Values& v) {
  double sum = 0;
  for (double x : v) sum += std::exp(x);
  return std::log(sum);
}

}  // namespace

std::vector<Row> reduce_rows() {
  const char* nothing = "the extremum of nothing is an error";
  return {
      full_row(
          "sum", [](const Tensor& x) { return sum(x); }, total),
      row(
          "sum", [](const Tensor& x) { return sum(x, 1); }, total),
      row(
          "sum_to",
          [](const Tensor& x) {
            return sum_to(x, {x.size(0), 1}).squeeze(1);
          },
          total),
      full_row(
          "mean", [](const Tensor& x) { return mean(x); }, average),
      row(
          "mean", [](const Tensor& x) { return mean(x, -1, true).squeeze(1); }, average),
      row(
          "var", [](const Tensor& x) { return var(x, 1); }, variance),
      full_row(
          "var", [](const Tensor& x) { return var(x); }, variance),
      row(
          "std", [](const Tensor& x) { return gradus::std(x, 1); }, deviation),
      full_row(
          "max", [](const Tensor& x) { return max(x); }, greatest, nothing),
      full_row(
          "min", [](const Tensor& x) { return min(x); }, least, nothing),
      row(
          "max", [](const Tensor& x) { return max(x, 1).values; }, greatest),
      row(
          "min", [](const Tensor& x) { return min(x, 1, true).values.squeeze(1); }, least),
      row(
          "amax", [](const Tensor& x) { return amax(x, 1); }, greatest),
      row(
          "amin", [](const Tensor& x) { return amin(x, 1); }, least),
      full_row(
          "prod", [](const Tensor& x) { return prod(x); }, product),
      row(
          "prod", [](const Tensor& x) { return prod(x, 1); }, product),
      row(
          "norm", [](const Tensor& x) { return norm(x, 2, 1); }, power_norm(2)),
      row("norm", [](const Tensor& x) { return norm(x, 1, 1); }, power_norm(1), "p = 1", {0}),
      row("norm", [](const Tensor& x) { return norm(x, 3, 1); }, power_norm(3), "p = 3", {0}),
      row("norm", [](const Tensor& x) { return norm(x, 1.5, 1); }, power_norm(1.5), "p = 1.5", {0}),
      row(
          "norm", [](const Tensor& x) { return norm(x, infinity, 1); },
          [](const Values& v) { return std::max(greatest(v), -least(v)); }, "p = infinity"),
      {.op = "cumsum",
       .inputs = {{.shape = {3, 4}}},
       .fn = [](const Tensors& x) { return cumsum(x[0], 1); },
       .reference =
           [](const Tensors& x) {
             double sum = 0;
             return naive::build(x[0].shape(), [&](const naive::Position& at) {
               sum = (at[1] == 0 ? 0 : sum) + naive::value(x[0], at);
               return sum;
             });
           }},
      row(
          "logsumexp", [](const Tensor& x) { return logsumexp(x, 1); }, log_sum_exp),
  };
}

}  // namespace gradus::table
