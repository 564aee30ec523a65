#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "gradus/tensor/tensor.h"

/// The table of differentiable ops: one row each, run by gradcheck_table_test.cpp contiguous,
/// transposed, broadcast and empty, in float64 to second order, and in float32 against a naive
/// reference. An op of autograd/ without a row fails a test.
namespace gradus::table {

/// One differentiable input, drawn uniformly from [low, high] but at least .05 away from the points
/// in `avoid`, where the function has a kink or a jump.
struct Input {
  Shape shape;
  double low = -2;
  double high = 2;
  std::vector<double> avoid = {};
};

using Function = std::function<Tensor(const std::vector<Tensor>&)>;

struct Row {
  std::string op;  ///< the name under which the op is recorded
  std::vector<Input> inputs;
  Function fn;         ///< the op, on float64 or float32 inputs of these or the empty shapes
  Function reference;  ///< the same by plain loops; float64 in and out
  /// Shapes of the inputs for the empty run. Default: size 0 in dimension 0 of each.
  std::vector<Shape> empty_shapes = {};
  /// Why there is no empty run, or "" where there is one.
  std::string no_empty = "";
  /// |float32 - reference| <= tolerance (1 + |reference|)
  double tolerance = 1e-5;
  /// Given where two rows check one op: tells them apart.
  std::string variant = "";
};

/// A reference for a function of one number.
Function pointwise(std::function<double(double)> f);
/// A reference for a function of two numbers, with broadcasting.
Function pointwise2(std::function<double(double, double)> f);
/// A reference that reduces dimension `dim` of its input: f gets the numbers along it.
Function along(std::int64_t dim, std::function<double(const std::vector<double>&)> f);

std::vector<Row> pointwise_rows();
std::vector<Row> activation_rows();
std::vector<Row> reduce_rows();
std::vector<Row> norm_rows();
std::vector<Row> linalg_rows();
std::vector<Row> index_rows();
std::vector<Row> view_rows();

/// All of the above.
const std::vector<Row>& all_rows();

}  // namespace gradus::table
