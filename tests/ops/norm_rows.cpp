#include "gradus/autograd/cross_entropy_grad.h"
#include "gradus/autograd/norm_grad.h"
#include "gradus/autograd/ops.h"
#include "gradus/autograd/softmax_grad.h"
#include "gradus/tensor/creation.h"
#include "tests/naive.h"
#include "tests/ops/rows.h"

namespace gradus::table {
namespace {

using naive::Position;
using Tensors = std::vector<Tensor>;

constexpr double eps = 0.01;

/// Calls f(values along dimension 1 of each input, row) for a number; inputs are (N, C).
Function by_rows(std::function<std::vector<double>(const std::vector<std::vector<double>>&)> f) {
  return [f](const Tensors& x) {
    Tensor result = empty(x[0].shape(), float64);
    for (std::int64_t r = 0; r < x[0].size(0); ++r) {
      std::vector<std::vector<double>> rows;
      for (const Tensor& each : x) {
        rows.emplace_back();
        for (std::int64_t c = 0; c < each.size(1); ++c) rows.back().push_back(each.at(r, c));
      }
      std::vector<double> values = f(rows);
      for (std::int64_t c = 0; c < x[0].size(1); ++c) {
        result.at<double>(r, c) = values[static_cast<std::size_t>(c)];
      }
    }
    return result;
  };
}

std::vector<double> probabilities(const std::vector<double>& x) {
  double sum = 0;
  for (double v : x) sum += std::exp(v);
  std::vector<double> y;
  for (double v : x) y.push_back(std::exp(v) / sum);
  return y;
}

/// y (g - sum g y) for rows (g, y).
std::vector<double> softmax_gradient(const std::vector<std::vector<double>>& rows) {
  double mean = 0;
  for (std::size_t i = 0; i < rows[0].size(); ++i) mean += rows[0][i] * rows[1][i];
  std::vector<double> result;
  for (std::size_t i = 0; i < rows[0].size(); ++i) {
    result.push_back(rows[1][i] * (rows[0][i] - mean));
  }
  return result;
}

std::vector<Row> softmax_rows() {
  return {{.op = "softmax",
           .inputs = {{.shape = {3, 4}}},
           .fn = [](const Tensors& x) { return softmax(x[0], 1); },
           .reference = by_rows([](const auto& rows) { return probabilities(rows[0]); })},
          {.op = "log_softmax",
           .inputs = {{.shape = {3, 4}}},
           .fn = [](const Tensors& x) { return log_softmax(x[0], -1); },
           .reference = by_rows([](const auto& rows) {
             std::vector<double> y = probabilities(rows[0]);
             for (double& v : y) v = std::log(v);
             return y;
           })},
          {.op = "softmax_backward",
           .inputs = {{.shape = {3, 4}}, {.shape = {3, 4}, .low = 0, .high = 1}},
           .fn = [](const Tensors& x) { return softmax_backward(x[0], x[1], 1); },
           .reference = by_rows(softmax_gradient)},
          {.op = "log_softmax_backward",
           .inputs = {{.shape = {3, 4}}, {.shape = {3, 4}, .low = -2, .high = 0}},
           .fn = [](const Tensors& x) { return log_softmax_backward(x[0], x[1], 1); },
           .reference = by_rows([](const auto& rows) {
             double sum = 0;
             for (double g : rows[0]) sum += g;
             std::vector<double> result;
             for (std::size_t i = 0; i < rows[0].size(); ++i) {
               result.push_back(rows[0][i] - std::exp(rows[1][i]) * sum);
             }
             return result;
           })}};
}

/// How elements share statistics and parameters.
struct Sharing {
  std::function<std::size_t(const Position&)> group;  ///< at most 8 of them
  std::function<std::int64_t(const Position&)> parameter;
};
const Sharing channels = {[](const Position& at) { return static_cast<std::size_t>(at[1]); },
                          [](const Position& at) { return at[1]; }};
const Sharing rows = {[](const Position& at) { return static_cast<std::size_t>(at[0]); },
                      [](const Position& at) { return at[1]; }};

/// (x - mean) rstd, and rstd.
std::pair<Tensor, Tensor> normalized(const Tensor& x, const Sharing& sharing) {
  std::vector<double> count(8), mean(8), var(8);
  naive::for_each(x.shape(), [&](const Position& at) { ++count[sharing.group(at)]; });
  naive::for_each(x.shape(), [&](const Position& at) {
    auto k = sharing.group(at);
    mean[k] += naive::value(x, at) / count[k];
  });
  naive::for_each(x.shape(), [&](const Position& at) {
    auto k = sharing.group(at);
    var[k] += std::pow(naive::value(x, at) - mean[k], 2) / count[k];
  });
  auto rstd = [&](const Position& at) { return 1 / std::sqrt(var[sharing.group(at)] + eps); };
  return {naive::build(x.shape(),
                       [&](const Position& at) {
                         return (naive::value(x, at) - mean[sharing.group(at)]) * rstd(at);
                       }),
          naive::build(x.shape(), rstd)};
}

/// Inputs (x, weight, bias).
Function affine_reference(Sharing sharing) {
  return [sharing](const Tensors& in) {
    auto [h, rstd] = normalized(in[0], sharing);
    return naive::build(in[0].shape(), [&, hat = h](const Position& at) {
      std::int64_t p = sharing.parameter(at);
      return naive::value(hat, at) * in[1].at(p) + in[2].at(p);
    });
  };
}

/// Inputs (g, x, weight); the gradients of x, weight and bias in a row.
Function gradient_reference(Sharing sharing) {
  return [sharing](const Tensors& in) {
    auto [h, rstd] = normalized(in[1], sharing);
    std::vector<double> count(8), mean_u(8), mean_uh(8), result;
    std::vector<double> dweight(static_cast<std::size_t>(in[2].numel())), dbias(dweight);
    auto u = [&](const Position& at) {
      return naive::value(in[0], at) * in[2].at(sharing.parameter(at));
    };
    naive::for_each(in[1].shape(), [&](const Position& at) { ++count[sharing.group(at)]; });
    naive::for_each(in[1].shape(), [&, hat = h](const Position& at) {
      auto k = sharing.group(at);
      auto p = static_cast<std::size_t>(sharing.parameter(at));
      mean_u[k] += u(at) / count[k];
      mean_uh[k] += u(at) * naive::value(hat, at) / count[k];
      dweight[p] += naive::value(in[0], at) * naive::value(hat, at);
      dbias[p] += naive::value(in[0], at);
    });
    naive::for_each(in[1].shape(), [&, hat = h, r = rstd](const Position& at) {
      auto k = sharing.group(at);
      result.push_back(naive::value(r, at) *
                       (u(at) - mean_u[k] - naive::value(hat, at) * mean_uh[k]));
    });
    result.insert(result.end(), dweight.begin(), dweight.end());
    result.insert(result.end(), dbias.begin(), dbias.end());
    return tensor(result);
  };
}

Tensor in_a_row(const std::array<Tensor, 3>& gradients) {
  return cat({flatten(gradients[0]), gradients[1], gradients[2]});
}

std::vector<Row> normalisation_rows() {
  return {
      {.op = "batch_norm",
       .inputs = {{.shape = {3, 2, 4}}, {.shape = {2}}, {.shape = {2}}},
       .fn = [](const Tensors& x) { return batch_norm(x[0], x[1], x[2], {}, {}, {.eps = eps}); },
       .reference = affine_reference(channels),
       .empty_shapes = {{0, 2, 4}, {2}, {2}}},
      {.op = "batch_norm",
       .inputs = {{.shape = {3, 2}}, {.shape = {2}}, {.shape = {2}}},
       .fn =
           [](const Tensors& x) {
             Tensor mean = full(2, 0.5, x[0].dtype()), var = full(2, 4.0, x[0].dtype());
             return batch_norm(x[0], x[1], x[2], mean, var, {.training = false, .eps = 0});
           },
       .reference =
           [](const Tensors& x) {
             return naive::build(x[0].shape(), [&](const Position& at) {
               return (naive::value(x[0], at) - 0.5) / 2 * x[1].at(at[1]) + x[2].at(at[1]);
             });
           },
       .empty_shapes = {{0, 2}, {2}, {2}},
       .variant = "evaluation"},
      {.op = "batch_norm_backward",
       .inputs = {{.shape = {3, 2, 4}}, {.shape = {3, 2, 4}}, {.shape = {2}}},
       .fn =
           [](const Tensors& x) {
             auto stats = kernel::moments(x[1], {0, 2});
             return in_a_row(batch_norm_backward(x[0], x[1], x[2], stats, eps));
           },
       .reference = gradient_reference(channels),
       .empty_shapes = {{0, 2, 4}, {0, 2, 4}, {2}}},
      {.op = "layer_norm",
       .inputs = {{.shape = {3, 4}}, {.shape = {4}}, {.shape = {4}}},
       .fn = [](const Tensors& x) { return layer_norm(x[0], 4, x[1], x[2], eps); },
       .reference = affine_reference(rows),
       .empty_shapes = {{0, 4}, {4}, {4}}},
      {.op = "layer_norm_backward",
       .inputs = {{.shape = {3, 4}}, {.shape = {3, 4}}, {.shape = {4}}},
       .fn =
           [](const Tensors& x) {
             auto forward = kernel::layer_norm(x[1], 4, {}, {}, eps);
             return in_a_row(
                 layer_norm_backward(x[0], x[1], x[2], forward.mean, forward.rstd, 4, eps));
           },
       .reference = gradient_reference(rows),
       .empty_shapes = {{0, 4}, {0, 4}, {4}}},
      {.op = "rsqrt",
       .inputs = {{.shape = {3, 4}}, {.shape = {4}}},
       .fn = [](const Tensors& x) { return rms_norm(x[0], 4, x[1], eps); },
       .reference =
           [](const Tensors& x) {
             return naive::build(x[0].shape(), [&](const Position& at) {
               double squares = 0;
               for (std::int64_t c = 0; c < 4; ++c) squares += std::pow(x[0].at(at[0], c), 2);
               return x[0].at(at[0], at[1]) / std::sqrt(squares / 4 + eps) * x[1].at(at[1]);
             });
           },
       .empty_shapes = {{0, 4}, {4}},
       .variant = "rms_norm"}};
}

constexpr double smoothing = 0.2;

/// Classes 0, 1, 2, 0, ... of which 1 is ignored, with weights.
kernel::ClassTarget some_classes(const Tensor& logits) {
  Tensor target = empty(logits.size(0), int64);
  for (std::int64_t i = 0; i < target.numel(); ++i) target.data<std::int64_t>()[i] = i % 3;
  return {target, to(tensor({0.5, 1.0, 2.0}), logits.dtype()), smoothing, 1};
}

/// Weights of some_classes, smoothed, times -log p; and the gradient of that.
double share(std::int64_t row, std::size_t c) {
  const double weight[] = {0.5, 1, 2};
  std::int64_t target = row % 3;
  if (target == 1) return 0;
  double hit = static_cast<std::int64_t>(c) == target ? (1 - smoothing) * weight[c] : 0;
  return hit + smoothing / 3 * weight[c];
}

std::vector<double> row_probabilities(const Tensor& logits, std::int64_t row) {
  std::vector<double> values;
  for (std::int64_t c = 0; c < 3; ++c) values.push_back(logits.at(row, c));
  return probabilities(values);
}

std::vector<Row> loss_rows() {
  return {
      {.op = "cross_entropy",
       .inputs = {{.shape = {4, 3}}},
       .fn =
           [](const Tensors& x) {
             auto classes = some_classes(x[0]);
             return cross_entropy(
                 x[0], classes.target,
                 {.label_smoothing = smoothing, .weight = classes.weight, .ignore_index = 1});
           },
       .reference =
           [](const Tensors& x) {
             return naive::build({}, [&](const Position&) {
               double loss = 0;
               for (std::int64_t r = 0; r < 4; ++r) {
                 auto p = row_probabilities(x[0], r);
                 for (std::size_t c = 0; c < 3; ++c) loss -= share(r, c) * std::log(p[c]);
               }
               return loss / (0.5 + 2 + 0.5);  // the weights of the targets
             });
           }},
      {.op = "cross_entropy_backward",
       .inputs = {{.shape = {4}}, {.shape = {4, 3}}},
       .fn =
           [](const Tensors& x) {
             auto classes = some_classes(x[1]);
             Tensor log_z = kernel::cross_entropy(x[1], classes).log_z;
             return gradus::cross_entropy_backward(x[0], x[1], log_z, classes);
           },
       .reference =
           [](const Tensors& x) {
             return naive::build(x[1].shape(), [&](const Position& at) {
               auto p = row_probabilities(x[1], at[0]);
               double total = share(at[0], 0) + share(at[0], 1) + share(at[0], 2);
               auto c = static_cast<std::size_t>(at[1]);
               return x[0].at(at[0]) * (total * p[c] - share(at[0], c));
             });
           }},
  };
}

}  // namespace

std::vector<Row> norm_rows() {
  std::vector<Row> all = softmax_rows();
  for (const auto& part : {normalisation_rows(), loss_rows()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace gradus::table
