#include "gradus/autograd/ops.h"
#include "tests/naive.h"
#include "tests/ops/rows.h"

namespace gradus::table {
namespace {

using naive::Position;
using Tensors = std::vector<Tensor>;

/// A view whose element at `to` is the input's at source(to).
Row row(std::string op, Shape shape, std::function<Tensor(const Tensor&)> view, Shape result,
        std::function<Position(const Position&)> source, std::string variant = "") {
  return {.op = std::move(op),
          .inputs = {{.shape = shape}},
          .fn = [view](const Tensors& x) { return view(x[0]); },
          .reference =
              [result, source](const Tensors& x) {
                return naive::build(
                    result, [&](const Position& to) { return naive::value(x[0], source(to)); });
              },
          .variant = std::move(variant)};
}

std::vector<Row> shape_rows() {
  return {
      row(
          "view", {2, 3},
          [](const Tensor& x) {
            return x.view({-1, 1, 3});
          },
          {2, 1, 3},
          [](const Position& i) {
            return Position{i[0], i[2]};
          }),
      row(
          "reshape", {2, 3},
          [](const Tensor& x) {
            return x.reshape({-1, 2});
          },
          {3, 2},
          [](const Position& i) {
            std::int64_t flat = 2 * i[0] + i[1];
            return Position{flat / 3, flat % 3};
          }),
      row(
          "reshape", {2, 3, 2}, [](const Tensor& x) { return x.flatten(1); }, {2, 6},
          [](const Position& i) {
            return Position{i[0], i[1] / 2, i[1] % 2};
          },
          "flatten"),
      row(
          "squeeze", {2, 1, 3, 1}, [](const Tensor& x) { return x.squeeze(); }, {2, 3},
          [](const Position& i) {
            return Position{i[0], 0, i[1], 0};
          }),
      row(
          "squeeze", {2, 1, 3, 1}, [](const Tensor& x) { return x.squeeze(-1); }, {2, 1, 3},
          [](const Position& i) {
            return Position{i[0], 0, i[2], 0};
          },
          "one dimension"),
      row(
          "unsqueeze", {2, 3}, [](const Tensor& x) { return x.unsqueeze(-2); }, {2, 1, 3},
          [](const Position& i) {
            return Position{i[0], i[2]};
          }),
      row(
          "broadcast_to", {2, 3},
          [](const Tensor& x) {
            return broadcast_to(x, {4, -1, 3});
          },
          {4, 2, 3},
          [](const Position& i) {
            return Position{i[1], i[2]};
          }),
      row(
          "expand", {2, 1},
          [](const Tensor& x) {
            return x.expand({-1, 3});
          },
          {2, 3},
          [](const Position& i) {
            return Position{i[0], 0};
          }),
      row(
          "transpose", {2, 3, 4}, [](const Tensor& x) { return x.transpose(0, -1); }, {4, 3, 2},
          [](const Position& i) {
            return Position{i[2], i[1], i[0]};
          }),
      row(
          "permute", {2, 3, 4},
          [](const Tensor& x) {
            return x.permute({2, 0, -2});
          },
          {4, 2, 3},
          [](const Position& i) {
            return Position{i[1], i[2], i[0]};
          }),
      row(
          "t", {2, 3}, [](const Tensor& x) { return x.t(); }, {3, 2},
          [](const Position& i) {
            return Position{i[1], i[0]};
          }),
  };
}

std::vector<Row> part_rows() {
  return {
      row(
          "select", {2, 3}, [](const Tensor& x) { return x.select(1, -1); }, {2},
          [](const Position& i) {
            return Position{i[0], 2};
          }),
      row(
          "select", {2, 3}, [](const Tensor& x) { return unbind(x, 1)[1]; }, {2},
          [](const Position& i) {
            return Position{i[0], 1};
          },
          "unbind"),
      row(
          "slice", {2, 5},
          [](const Tensor& x) {
            return slice(x, 1, {1, -1, 2});
          },
          {2, 2},
          [](const Position& i) {
            return Position{i[0], 1 + 2 * i[1]};
          }),
      row(
          "slice", {2, 5}, [](const Tensor& x) { return x.narrow(1, 1, 3); }, {2, 3},
          [](const Position& i) {
            return Position{i[0], 1 + i[1]};
          },
          "narrow"),
      row(
          "slice", {2, 5}, [](const Tensor& x) { return split(x, 2, 1)[1]; }, {2, 2},
          [](const Position& i) {
            return Position{i[0], 2 + i[1]};
          },
          "split"),
      row(
          "slice", {2, 5}, [](const Tensor& x) { return chunk(x, 2, 1)[1]; }, {2, 2},
          [](const Position& i) {
            return Position{i[0], 3 + i[1]};
          },
          "chunk"),
      row(
          "diagonal", {3, 4}, [](const Tensor& x) { return diagonal(x, 1); }, {3},
          [](const Position& i) {
            return Position{i[0], i[0] + 1};
          }),
      row(
          "diagonal", {2, 3, 3}, [](const Tensor& x) { return diagonal(x, -1, 1, 2); }, {2, 2},
          [](const Position& i) {
            return Position{i[0], i[1] + 1, i[1]};
          },
          "of a batch"),
      row(
          "index", {2, 3},
          [](const Tensor& x) {
            return x[{Slice(), 1}];
          },
          {2},
          [](const Position& i) {
            return Position{i[0], 1};
          }),
      row(
          "index", {2, 3, 4},
          [](const Tensor& x) {
            return x[{new_axis, Slice(), -1, Slice(0, 4, 3)}];
          },
          {1, 2, 2},
          [](const Position& i) {
            return Position{i[1], 2, 3 * i[2]};
          },
          "mixed"),
  };
}

}  // namespace

std::vector<Row> view_rows() {
  std::vector<Row> all = shape_rows();
  for (Row& one : part_rows()) all.push_back(std::move(one));
  return all;
}

}  // namespace gradus::table
