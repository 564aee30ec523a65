#include "gradus/autograd/ops.h"
#include "tests/naive.h"
#include "tests/ops/rows.h"

namespace gradus::table {
namespace {

using naive::Position;

/// a b by the definition, with vectors as rows and columns and batches that broadcast.
Tensor product(const std::vector<Tensor>& x) {
  Tensor a = x[0].dim() == 1 ? x[0].unsqueeze(0) : x[0];
  Tensor b = x[1].dim() == 1 ? x[1].unsqueeze(1) : x[1];
  Shape shape = broadcast(Shape(std::span(a.shape().begin(), a.shape().end() - 2)),
                          Shape(std::span(b.shape().begin(), b.shape().end() - 2)));
  shape.push_back(a.size(-2));
  shape.push_back(b.size(-1));
  std::size_t rank = static_cast<std::size_t>(shape.size());
  Tensor result = naive::build(shape, [&](const Position& at) {
    double sum = 0;
    Position left = at, right = at;
    for (std::int64_t k = 0; k < a.size(-1); ++k) {
      left[rank - 1] = k;
      right[rank - 2] = k;
      sum += naive::value(a, left) * naive::value(b, right);
    }
    return sum;
  });
  if (x[1].dim() == 1) result = result.squeeze(-1);
  return x[0].dim() == 1 ? result.squeeze(x[1].dim() == 1 ? -1 : -2) : result;
}

/// x W^T + b by the definition.
Tensor affine(const std::vector<Tensor>& x) {
  Shape shape = x[0].shape();
  shape[shape.size() - 1] = x[1].size(0);
  return naive::build(shape, [&](const Position& at) {
    double sum = x.size() > 2 ? x[2].at(at.back()) : 0;
    Position from = at;
    for (std::int64_t k = 0; k < x[1].size(1); ++k) {
      from.back() = k;
      sum += naive::value(x[0], from) * x[1].at(at.back(), k);
    }
    return sum;
  });
}

Row matmul_row(Shape a, Shape b, std::vector<Shape> empty_shapes, std::string variant) {
  return {.op = "matmul",
          .inputs = {{.shape = a}, {.shape = b}},
          .fn = [](const std::vector<Tensor>& x) { return matmul(x[0], x[1]); },
          .reference = product,
          .empty_shapes = std::move(empty_shapes),
          .variant = std::move(variant)};
}

Row linear_row(Shape x, bool bias, std::string variant) {
  Row row{.op = "linear",
          .inputs = {{.shape = x}, {.shape = {4, 3}}},
          .fn =
              [](const std::vector<Tensor>& in) {
                return linear(in[0], in[1], in.size() > 2 ? in[2] : Tensor());
              },
          .reference = affine,
          .variant = std::move(variant)};
  if (x.size() == 1) row.empty_shapes = {{0}, {4, 0}};
  if (bias) row.inputs.push_back({.shape = 4});
  if (bias && x.size() == 1) row.empty_shapes.push_back(4);
  return row;
}

}  // namespace

std::vector<Row> linalg_rows() {
  return {
      matmul_row({2, 3}, {3, 4}, {{2, 0}, {0, 4}}, "matrices"),
      matmul_row({3}, {3}, {}, "vectors"),
      matmul_row({3}, {3, 4}, {}, "vector and matrix"),
      matmul_row({2, 3}, {3}, {{0, 3}, {3}}, "matrix and vector"),
      matmul_row({2, 2, 3}, {3, 2}, {{0, 2, 3}, {3, 2}}, "batch and matrix"),
      matmul_row({2, 2, 3}, {3}, {{0, 2, 3}, {3}}, "batch and vector"),
      matmul_row({2, 3}, {2, 3, 2}, {{2, 3}, {0, 3, 2}}, "matrix and batch"),
      matmul_row({3}, {2, 3, 2}, {{3}, {0, 3, 2}}, "vector and batch"),
      matmul_row({2, 2, 3}, {2, 3, 2}, {{0, 2, 3}, {0, 3, 2}}, "batches"),
      matmul_row({2, 1, 2, 3}, {3, 3, 1}, {{0, 1, 2, 3}, {3, 3, 1}}, "batches that broadcast"),
      {.op = "dot",
       .inputs = {{.shape = 4}, {.shape = 4}},
       .fn = [](const std::vector<Tensor>& x) { return dot(x[0], x[1]); },
       .reference = product},
      {.op = "mul",
       .inputs = {{.shape = 3}, {.shape = 4}},
       .fn = [](const std::vector<Tensor>& x) { return outer(x[0], x[1]); },
       .reference =
           [](const std::vector<Tensor>& x) {
             return naive::build({x[0].size(0), x[1].size(0)}, [&](const Position& at) {
               return x[0].at(at[0]) * x[1].at(at[1]);
             });
           },
       .variant = "outer"},
      linear_row({2, 3}, true, "matrix"),
      linear_row({2, 3}, false, "without bias"),
      linear_row({2, 2, 3}, true, "batch"),
      linear_row({3}, true, "vector"),
  };
}

}  // namespace gradus::table
