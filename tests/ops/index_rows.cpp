#include <algorithm>

#include "gradus/autograd/ops.h"
#include "tests/naive.h"
#include "tests/ops/rows.h"

namespace gradus::table {
namespace {

using naive::Position;
using Tensors = std::vector<Tensor>;

/// As many rows of `index` as x has: empty runs have none.
Tensor rows_for(const Tensor& x, const Tensor& index) {
  return index.narrow(0, 0, std::min(index.size(0), x.size(0)));
}

Tensor columns() { return tensor({{3, 0}, {1, 1}, {0, 2}}); }
Tensor picks() { return tensor({2, 0, 2}); }

std::int64_t index_at(const Tensor& index, const Position& at) {
  return static_cast<std::int64_t>(naive::value(index, at));
}

Row row(std::string op, std::vector<Shape> shapes, Function fn, Function reference,
        std::string variant = "") {
  Row result{.op = std::move(op),
             .inputs = {},
             .fn = std::move(fn),
             .reference = std::move(reference),
             .variant = std::move(variant)};
  for (const Shape& shape : shapes) result.inputs.push_back({.shape = shape});
  return result;
}

/// A reference whose element (i, j) is f(x, i, j), of the shape (rows, columns).
Function elements(Shape shape,
                  std::function<double(const Tensors&, std::int64_t, std::int64_t)> f) {
  return [shape, f](const Tensors& x) {
    return naive::build(shape, [&](const Position& at) { return f(x, at[0], at[1]); });
  };
}

/// x (3, 4) with source added at (i, index(i, j)).
Tensor scattered_sum(const Tensors& x, std::int64_t rows) {
  Tensor index = columns();
  return naive::build({3, 4}, [&](const Position& at) {
    double sum = x[0].at(at[0], at[1]);
    for (std::int64_t j = 0; j < 2 && at[0] < rows; ++j) {
      if (index.at(at[0], j) == static_cast<double>(at[1])) sum += x[1].at(at[0], j);
    }
    return sum;
  });
}

std::vector<Row> joining_rows() {
  return {
      row(
          "cat", {{2, 3}, {1, 3}}, [](const Tensors& x) { return cat(x); },
          elements({3, 3}, [](const Tensors& x, auto i,
                              auto j) { return i < 2 ? x[0].at(i, j) : x[1].at(i - 2, j); })),
      row(
          "cat", {{2, 3}, {2, 1}}, [](const Tensors& x) { return cat(x, -1); },
          elements({2, 4}, [](const Tensors& x, auto i,
                              auto j) { return j < 3 ? x[0].at(i, j) : x[1].at(i, j - 3); }),
          "columns"),
      row(
          "cat", {{2}, {2}}, [](const Tensors& x) { return stack(x, 1); },
          elements({2, 2}, [](const Tensors& x, auto i,
                              auto j) { return x[static_cast<std::size_t>(j)].at(i); }),
          "stack"),
      row(
          "pad", {{2, 3}},
          [](const Tensors& x) {
            return pad(x[0], {1, 2, 0, 1}, 0.5);
          },
          elements({3, 6},
                   [](const Tensors& x, auto i, auto j) {
                     return i < 2 && 1 <= j && j < 4 ? x[0].at(i, j - 1) : 0.5;
                   })),
      row(
          "pad", {{2, 3}},
          [](const Tensors& x) {
            return pad(x[0], {-1, 1});
          },
          elements({2, 3},
                   [](const Tensors& x, auto i, auto j) { return j < 2 ? x[0].at(i, j + 1) : 0; }),
          "crop"),
      row(
          "flip", {{2, 3}},
          [](const Tensors& x) {
            return flip(x[0], {0, 1});
          },
          elements({2, 3}, [](const Tensors& x, auto i, auto j) { return x[0].at(1 - i, 2 - j); })),
      row(
          "broadcast_to", {{2, 3}},
          [](const Tensors& x) {
            return repeat(x[0], {2, 2});
          },
          elements({4, 6}, [](const Tensors& x, auto i, auto j) { return x[0].at(i % 2, j % 3); }),
          "repeat"),
  };
}

std::vector<Row> indexing_rows() {
  Row embedding_row = row(
      "embedding", {{4, 3}},
      [](const Tensors& x) {
        return embedding(x[0], tensor({3, 0, 3}));
      },
      elements({3, 3},
               [](const Tensors& x, auto i, auto j) { return x[0].at(i == 1 ? 0 : 3, j); }));
  embedding_row.empty_shapes = {{4, 0}};
  return {
      row(
          "gather", {{3, 4}},
          [](const Tensors& x) { return gather(x[0], 1, rows_for(x[0], columns())); },
          elements({3, 2},
                   [](const Tensors& x, auto i, auto j) {
                     return x[0].at(i, index_at(columns(), {i, j}));
                   })),
      row(
          "take_along_dim", {{3, 4}},
          [](const Tensors& x) {
            return take_along_dim(x[0], tensor({{1, 2, 0}}), 1);
          },
          elements({3, 3},
                   [](const Tensors& x, auto i, auto j) { return x[0].at(i, (j + 1) % 3); })),
      row(
          "scatter_add", {{3, 4}, {3, 2}},
          [](const Tensors& x) { return scatter_add(x[0], 1, rows_for(x[0], columns()), x[1]); },
          [](const Tensors& x) { return scattered_sum(x, 3); }),
      row(
          "scatter_add", {{3, 4}, {4, 3}},
          [](const Tensors& x) {
            return scatter_add(x[0], 1, rows_for(x[0], columns().narrow(0, 0, 2)), x[1]);
          },
          [](const Tensors& x) { return scattered_sum(x, 2); }, "source larger than index"),
      row(
          "index_select", {{3, 4}}, [](const Tensors& x) { return index_select(x[0], 1, picks()); },
          elements({3, 3}, [](const Tensors& x, auto i,
                              auto j) { return x[0].at(i, index_at(picks(), {j})); })),
      row(
          "index_add", {{3, 4}, {3, 3}},
          [](const Tensors& x) { return index_add(x[0], 1, picks(), x[1]); },
          elements({3, 4},
                   [](const Tensors& x, auto i, auto j) {
                     double sum = x[0].at(i, j);
                     if (j == 0) sum += x[1].at(i, 1);
                     if (j == 2) sum += x[1].at(i, 0) + x[1].at(i, 2);
                     return sum;
                   })),
      embedding_row,
  };
}

std::vector<Row> ordering_rows() {
  return {
      row(
          "sort", {{3, 4}}, [](const Tensors& x) { return sort(x[0]).values; },
          [](const Tensors& x) {
            Tensor y =
                naive::build({3, 4}, [&](const Position& at) { return naive::value(x[0], at); });
            for (int i = 0; i < 3; ++i) std::sort(&y.at<double>(i, 0), &y.at<double>(i, 0) + 4);
            return y;
          }),
      row(
          "topk", {{3, 4}}, [](const Tensors& x) { return topk(x[0], 2).values; },
          [](const Tensors& x) {
            Tensor y =
                naive::build({3, 4}, [&](const Position& at) { return -naive::value(x[0], at); });
            for (int i = 0; i < 3; ++i) std::sort(&y.at<double>(i, 0), &y.at<double>(i, 0) + 4);
            return naive::build({3, 2}, [&](const Position& at) { return -naive::value(y, at); });
          }),
      row(
          "triu", {{3, 4}}, [](const Tensors& x) { return triu(x[0]); },
          elements({3, 4},
                   [](const Tensors& x, auto i, auto j) { return j >= i ? x[0].at(i, j) : 0; })),
      row(
          "tril", {{3, 4}}, [](const Tensors& x) { return tril(x[0], 1); },
          elements({3, 4}, [](const Tensors& x, auto i,
                              auto j) { return j <= i + 1 ? x[0].at(i, j) : 0; })),
  };
}

}  // namespace

std::vector<Row> index_rows() {
  std::vector<Row> all = joining_rows();
  for (auto family : {indexing_rows, ordering_rows}) {
    for (Row& one : family()) all.push_back(std::move(one));
  }
  return all;
}

}  // namespace gradus::table
