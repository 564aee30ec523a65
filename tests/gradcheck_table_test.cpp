#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <regex>
#include <set>
#include <sstream>

#include "gradus/autograd/gradcheck.h"
#include "gradus/autograd/gradcheck_catch.h"
#include "gradus/autograd/graph_view.h"
#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "tests/catch.h"
#include "tests/declared_functions.h"
#include "tests/ops/rows.h"

using namespace gradus;
using table::all_rows;
using table::Input;
using table::Row;

namespace {

// Values of an input's domain, the same for each run of the table.
Tensor draw(const Input& input, const Shape& shape, std::uint32_t seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<double> uniform(input.low, input.high);
  Tensor x = empty(shape, float64);
  for (double& value : x.span<double>()) {
    auto too_close = [&](double point) { return std::abs(value - point) < 0.05; };
    do {
      value = uniform(engine);
    } while (std::any_of(input.avoid.begin(), input.avoid.end(), too_close));
  }
  return x;
}

std::vector<Tensor> draw_all(const Row& row) {
  std::vector<Tensor> inputs;
  for (const Input& input : row.inputs) {
    inputs.push_back(draw(input, input.shape, static_cast<std::uint32_t>(inputs.size() + 1)));
  }
  return inputs;
}

std::string label(const Row& row) {
  return row.op + (row.variant.empty() ? "" : ", " + row.variant);
}

// The same values with strides that are not row-major: every second element of a larger block, its
// dimensions reversed.
Tensor scattered(const Tensor& x) {
  Dims reversed;
  Shape block;
  for (int d = x.dim() - 1; d >= 0; --d) {
    reversed.push_back(d);
    block.push_back(x.shape()[d]);
  }
  block.push_back(2);
  Tensor result = zeros(block, x.dtype());
  Tensor view = result.alias(result.layout().select(-1, 0).permute(reversed));
  return view.copy_(x);
}

void check_both_orders(const Row& row, std::vector<Tensor> inputs) {
  INFO("op: " << label(row));
  for (Tensor& x : inputs) x.requires_grad_();
  CHECK_THAT(gradcheck(row.fn, inputs), GradientsAgree());
  CHECK_THAT(gradgradcheck(row.fn, inputs), GradientsAgree());
}

}  // namespace

TEST_CASE("every op passes gradcheck to second order on contiguous inputs", "[gradcheck]") {
  for (const Row& row : all_rows()) check_both_orders(row, draw_all(row));
}

TEST_CASE("every op passes gradcheck to second order on strided inputs", "[gradcheck]") {
  for (const Row& row : all_rows()) {
    std::vector<Tensor> inputs = draw_all(row);
    for (Tensor& x : inputs) x = scattered(x);
    check_both_orders(row, inputs);
  }
}

// The op sees inputs that are expanded along their first dimension: stride 0, and gradients to sum.
TEST_CASE("every op passes gradcheck to second order on broadcast inputs", "[gradcheck]") {
  for (const Row& row : all_rows()) {
    std::vector<Tensor> inputs;
    for (std::size_t i = 0; i < row.inputs.size(); ++i) {
      Shape shape = row.inputs[i].shape;
      if (!shape.empty()) shape[0] = 1;
      inputs.push_back(draw(row.inputs[i], shape, static_cast<std::uint32_t>(i + 1)));
    }
    Row expanded = row;
    expanded.fn = [&row](const std::vector<Tensor>& x) {
      std::vector<Tensor> wide;
      for (std::size_t i = 0; i < x.size(); ++i) {
        wide.push_back(broadcast_to(x[i], row.inputs[i].shape));
      }
      return row.fn(wide);
    };
    check_both_orders(expanded, inputs);
  }
}

TEST_CASE("every op takes empty inputs, forward and backward", "[gradcheck]") {
  for (const Row& row : all_rows()) {
    INFO("op: " << label(row));
    if (!row.no_empty.empty()) continue;
    std::vector<Tensor> inputs;
    for (std::size_t i = 0; i < row.inputs.size(); ++i) {
      Shape shape = row.inputs[i].shape;
      if (!row.empty_shapes.empty()) {
        shape = row.empty_shapes[i];
      } else if (!shape.empty()) {
        shape[0] = 0;
      }
      inputs.push_back(draw(row.inputs[i], shape, 1).requires_grad_());
    }
    Tensor y;
    REQUIRE_NOTHROW(y = row.fn(inputs));
    REQUIRE_NOTHROW(y.sum().backward());
    for (const Tensor& x : inputs) {
      REQUIRE(x.grad().defined());
      CHECK(x.grad().shape() == x.shape());
    }
  }
}

TEST_CASE("every op agrees in float32 with its naive reference", "[reference]") {
  for (const Row& row : all_rows()) {
    INFO("op: " << label(row));
    REQUIRE(row.reference);
    std::vector<Tensor> narrow, strided, exact;
    for (const Tensor& x : draw_all(row)) {
      narrow.push_back(to(x, float32));
      strided.push_back(scattered(narrow.back()));
      exact.push_back(to(narrow.back(), float64));
    }
    std::vector<double> expected = row.reference(exact).to_vector<double>();
    for (const auto& inputs : {narrow, strided}) {
      Tensor result = row.fn(inputs);
      CHECK(result.dtype() == float32);
      std::vector<double> got = result.to_vector<double>();
      REQUIRE(got.size() == expected.size());
      for (std::size_t i = 0; i < got.size(); ++i) {
        INFO("element " << i << ": " << got[i] << " for " << expected[i]);
        CHECK(std::abs(got[i] - expected[i]) <= row.tolerance * (1 + std::abs(expected[i])));
      }
    }
  }
}

TEST_CASE("every op that records a gradient has a row in the table", "[gradcheck]") {
  std::set<std::string> in_table;
  for (const Row& row : all_rows()) in_table.insert(row.op);

  // What a row claims to check it must record.
  for (const Row& row : all_rows()) {
    std::vector<Tensor> inputs = draw_all(row);
    for (Tensor& x : inputs) x.requires_grad_();
    std::set<std::string> recorded;
    const GraphView graph(row.fn(inputs));
    for (const NodeView& node : graph.nodes()) recorded.insert(node.name);
    INFO("op: " << label(row));
    CHECK(recorded.contains(row.op));
  }

  // An op is a literal name handed to Op, or to a helper that does, in a statement with a rule.
  const std::regex op_name("\"([a-z][a-z0-9_]*)\", at\\b");
  for (const auto& file : std::filesystem::directory_iterator(GRADUS_SOURCE_DIR "/autograd")) {
    if (file.path().extension() != ".cpp") continue;
    std::ifstream stream(file.path());
    std::stringstream text;
    text << stream.rdbuf();
    std::string source = text.str();
    std::sregex_iterator match(source.begin(), source.end(), op_name), end;
    for (; match != end; ++match) {
      auto begin = static_cast<std::size_t>(match->position());
      std::string statement = source.substr(begin, source.find("\n}", begin) - begin);
      if (statement.find("wrt(") == std::string::npos &&
          statement.find("joint(") == std::string::npos) {
        continue;
      }
      INFO(file.path().filename() << " records '" << (*match)[1]
                                  << "', which has no row in tests/ops/");
      CHECK(in_table.contains((*match)[1]));
    }
  }
}

// A function that is composed of others stands in the table under the op that it records last, with
// its own name as the variant.
TEST_CASE("every differentiable function of ops.h has a row in the table", "[gradcheck]") {
  std::set<std::string> covered;
  for (const Row& row : all_rows()) {
    covered.insert(row.op);
    covered.insert(row.variant);
  }
  const std::set<std::string> not_differentiable = {
      // results are bool or whole numbers
      "eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor", "logical_not",
      "isnan", "isfinite", "allclose", "equal", "all", "any", "argmax", "argmin", "one_hot",
      // in place: refused on a tensor that is being recorded
      "fill_", "zero_", "copy_", "add_", "sub_", "mul_", "div_", "clamp_", "masked_fill_",
      "normal_", "uniform_"};
  std::set<std::string> functions = declared_functions("autograd/ops.h");
  CHECK(functions.size() > 100);
  for (const std::string& function : functions) {
    if (not_differentiable.contains(function)) continue;
    INFO("autograd/ops.h declares " << function << ", which has no row in tests/ops/");
    CHECK(covered.contains(function));
  }
  for (const std::string& name : not_differentiable) {
    INFO(name << " is excused from having a row, but is no function of ops.h");
    CHECK(functions.contains(name));
  }
}
