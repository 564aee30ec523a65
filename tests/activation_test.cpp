#include <cmath>
#include <limits>

#include "gradus/autograd/backward.h"
#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "tests/catch.h"
#include "tests/ops/rows.h"

using namespace gradus;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double NaN = std::numeric_limits<double>::quiet_NaN();

// Kinks, bounds, tails and what is not finite.
const std::vector<double> grid = {-inf, -1e4, -30, -6, -3, -1.5, -1,  -0.25, 0,
                                  0.25, 1,    1.5, 3,  6,  30,   1e4, inf,   NaN};

struct Golden {
  const char* call;
  Tensor (*function)(const Tensor&);
  std::vector<double> values;  // at grid
  std::vector<double> slopes;  // at grid, without its nan
};

// PyTorch 1.13.1, float64: y = torch.nn.functional.<call>; torch.autograd.grad(y.sum(), x). At an
// infinity gelu, silu, mish, hardswish and softsign are nan there; here they are their limits.
const std::vector<Golden> goldens = {
    {"relu(x)",
     [](const Tensor& x) { return relu(x); },
     {0, 0, 0, 0, 0, 0, 0, 0, 0, 0.25, 1, 1.5, 3, 6, 30, 10000, inf, NaN},
     {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"relu6(x)",
     [](const Tensor& x) { return relu6(x); },
     {0, 0, 0, 0, 0, 0, 0, 0, 0, 0.25, 1, 1.5, 3, 6, 6, 6, 6, NaN},
     {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0}},
    {"leaky_relu(x)",
     [](const Tensor& x) { return leaky_relu(x); },
     {-inf, -100, -0.3, -0.06, -0.03, -0.015, -0.01, -0.0025, 0, 0.25, 1, 1.5, 3, 6, 30, 10000, inf,
      NaN},
     {0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"leaky_relu(x, 0.2)",
     [](const Tensor& x) { return leaky_relu(x, 0.2); },
     {-inf, -2000, -6, -1.2, -0.6, -0.3, -0.2, -0.05, 0, 0.25, 1, 1.5, 3, 6, 30, 10000, inf, NaN},
     {0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"elu(x)",
     [](const Tensor& x) { return elu(x); },
     {-1, -1, -1, -0.997521247823, -0.950212931632, -0.776869839852, -0.632120558829,
      -0.221199216929, 0, 0.25, 1, 1.5, 3, 6, 30, 10000, inf, NaN},
     {0, 0, 9.35762296884e-14, 0.00247875217667, 0.0497870683679, 0.223130160148, 0.367879441171,
      0.778800783071, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"elu(x, 0.5)",
     [](const Tensor& x) { return elu(x, 0.5); },
     {-0.5, -0.5, -0.5, -0.498760623912, -0.475106465816, -0.388434919926, -0.316060279414,
      -0.110599608464, 0, 0.25, 1, 1.5, 3, 6, 30, 10000, inf, NaN},
     {0, 0, 4.67881148442e-14, 0.00123937608833, 0.0248935341839, 0.111565080074, 0.183939720586,
      0.389400391536, 0.5, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"celu(x, 2)",
     [](const Tensor& x) { return celu(x, 2); },
     {-2, -2, -1.9999993882, -1.90042586326, -1.5537396797, -1.05526689452, -0.786938680575,
      -0.235006194831, 0, 0.25, 1, 1.5, 3, 6, 30, 10000, inf, NaN},
     {0, 0, 3.05902320502e-07, 0.0497870683679, 0.223130160148, 0.472366552741, 0.606530659713,
      0.882496902585, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"selu(x)",
     [](const Tensor& x) { return selu(x); },
     {-1.75809934085, -1.75809934085, -1.75809934085, -1.75374144828, -1.67056872877,
      -1.36581435337, -1.11133073781, -0.388890197478, 0, 0.262675246839, 1.05070098736,
      1.57605148103, 3.15210296207, 6.30420592413, 31.5210296207, 10507.0098736, inf, NaN},
     {0, 0, 1.64516307734e-13, 0.00435789256792, 0.0875306120803, 0.39228498748, 0.646768603035,
      1.36920914337, 1.75809934085, 1.05070098736, 1.05070098736, 1.05070098736, 1.05070098736,
      1.05070098736, 1.05070098736, 1.05070098736, 1.05070098736}},
    {"gelu(x)",
     [](const Tensor& x) { return gelu(x); },
     {0, 0, 0, -5.91952586948e-09, -0.00404969409489, -0.100210801903, -0.158655253931,
      -0.100323418579, 0, 0.149676581421, 0.841344746069, 1.3997891981, 2.99595030591,
      5.99999999408, 30, 10000, inf, NaN},
     {0, 0, -4.42093840464e-195, -3.5468709454e-08, -0.0119456472042, -0.12746919223,
      -0.0833154705877, 0.304626645116, 0.5, 0.695373354884, 1.08331547059, 1.12746919223,
      1.0119456472, 1.00000003547, 1, 1, 1}},
    {"gelu(x, Gelu::Tanh)",
     [](const Tensor& x) { return gelu(x, Gelu::Tanh); },
     {0, 0, 0, -8.43964897967e-11, -0.00363739208177, -0.10042842302, -0.158808009392,
      -0.100324649298, 0, 0.149675350702, 0.841191990608, 1.39957157698, 2.99636260792,
      5.99999999992, 30, 10000, inf, NaN},
     {0, 0, 0, -7.70997601284e-10, -0.011584166631, -0.127710793151, -0.0829640838458,
      0.304645904849, 0.5, 0.695354095151, 1.08296408385, 1.12771079315, 1.01158416663,
      1.00000000077, 1, 1, 1}},
    {"silu(x)",
     [](const Tensor& x) { return silu(x); },
     {0, 0, -2.80728689065e-12, -0.0148357389398, -0.142277619533, -0.27363828571, -0.26894142137,
      -0.109455874779, 0, 0.140544125221, 0.73105857863, 1.22636171429, 2.85772238047,
      5.98516426106, 30, 10000, inf, NaN},
     {0, 0, -2.71371066096e-12, -0.0123264325915, -0.0881041060152, -0.0412941542991,
      0.0723294881285, 0.37628997843, 0.5, 0.62371002157, 0.927670511871, 1.0412941543,
      1.08810410602, 1.01232643259, 1, 1, 1}},
    {"mish(x)",
     [](const Tensor& x) { return mish(x); },
     {0, 0, -2.80728689065e-12, -0.0148540804794, -0.145647461276, -0.298099742167, -0.303401461374,
      -0.129926963679, 0, 0.169572409664, 0.865098388267, 1.4033782664, 2.98653500497,
      5.99992663407, 30, 10000, inf, NaN},
     {0, 0, -2.71371066096e-12, -0.0123599679318, -0.0933931145323, -0.0640978158923,
      0.0592167558774, 0.439815601722, 0.6, 0.754172667721, 1.0490362201, 1.08848798501,
      1.02110691093, 1.00013414051, 1, 1, 1}},
    {"hardswish(x)",
     [](const Tensor& x) { return hardswish(x); },
     {0, 0, 0, 0, 0, -0.375, -0.333333333333, -0.114583333333, 0, 0.135416666667, 0.666666666667,
      1.125, 3, 6, 30, 10000, inf, NaN},
     {0, 0, 0, 0, -0.5, 0, 0.166666666667, 0.416666666667, 0.5, 0.583333333333, 0.833333333333, 1,
      1, 1, 1, 1, 1}},
    {"hardsigmoid(x)",
     [](const Tensor& x) { return hardsigmoid(x); },
     {0, 0, 0, 0, 0, 0.25, 0.333333333333, 0.458333333333, 0.5, 0.541666666667, 0.666666666667,
      0.75, 1, 1, 1, 1, 1, NaN},
     {0, 0, 0, 0, 0, 0.166666666667, 0.166666666667, 0.166666666667, 0.166666666667, 0.166666666667,
      0.166666666667, 0.166666666667, 0, 0, 0, 0, 0}},
    {"hardtanh(x)",
     [](const Tensor& x) { return hardtanh(x); },
     {-1, -1, -1, -1, -1, -1, -1, -0.25, 0, 0.25, 1, 1, 1, 1, 1, 1, 1, NaN},
     {0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0}},
    {"hardtanh(x, -3, 1.5)",
     [](const Tensor& x) { return hardtanh(x, -3, 1.5); },
     {-3, -3, -3, -3, -3, -1.5, -1, -0.25, 0, 0.25, 1, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, NaN},
     {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0}},
    {"logsigmoid(x)",
     [](const Tensor& x) { return logsigmoid(x); },
     {-inf, -10000, -30, -6.00247568514, -3.04858735157, -1.70141327798, -1.31326168752,
      -0.825939419879, -0.69314718056, -0.575939419879, -0.313261687518, -0.201413277983,
      -0.0485873515737, -0.00247568513773, -9.35762296884e-14, 0, 0, NaN},
     {1, 1, 1, 0.997527376843, 0.952574126822, 0.817574476194, 0.73105857863, 0.562176500886, 0.5,
      0.437823499114, 0.26894142137, 0.182425523806, 0.0474258731776, 0.00247262315663,
      9.35762296884e-14, 0, 0}},
    {"softplus(x)",
     [](const Tensor& x) { return softplus(x); },
     {0, 0, 9.35762296884e-14, 0.00247568513773, 0.0485873515737, 0.201413277983, 0.313261687518,
      0.575939419879, 0.69314718056, 0.825939419879, 1.31326168752, 1.70141327798, 3.04858735157,
      6.00247568514, 30, 10000, inf, NaN},
     {0, 0, 9.35762296884e-14, 0.00247262315663, 0.0474258731776, 0.182425523806, 0.26894142137,
      0.437823499114, 0.5, 0.562176500886, 0.73105857863, 0.817574476194, 0.952574126822,
      0.997527376843, 1, 1, 1}},
    {"softplus(x, 2, 4)",
     [](const Tensor& x) { return softplus(x, 2, 4); },
     {0, 0, 4.37825538135e-27, 3.07209673887e-06, 0.00123784256887, 0.0242936757869,
      0.0634640055215, 0.23703849209, 0.34657359028, 0.48703849209, 1.06346400552, 1.52429367579, 3,
      6, 30, 10000, inf, NaN},
     {0, 0, 8.7565107627e-27, 6.14417460221e-06, 0.00247262315663, 0.0474258731776, 0.119202922022,
      0.377540668798, 0.5, 0.622459331202, 0.880797077978, 0.952574126822, 1, 1, 1, 1, 1}},
    {"softsign(x)",
     [](const Tensor& x) { return softsign(x); },
     {-1, -0.999900009999, -0.967741935484, -0.857142857143, -0.75, -0.6, -0.5, -0.2, 0, 0.2, 0.5,
      0.6, 0.75, 0.857142857143, 0.967741935484, 0.999900009999, 1, NaN},
     {0, 9.99800029996e-09, 0.00104058272633, 0.0204081632653, 0.0625, 0.16, 0.25, 0.64, 1, 0.64,
      0.25, 0.16, 0.0625, 0.0204081632653, 0.00104058272633, 9.99800029996e-09, 0}},
    {"lecun_tanh(x)",
     [](const Tensor& x) { return lecun_tanh(x); },
     {-1.7159, -1.7159, -1.7159, -1.71474914542, -1.65417492465, -1.3068194122, -0.999997255922,
      -0.283364434537, 0, 0.283364434537, 0.999997255922, 1.3068194122, 1.65417492465,
      1.71474914542, 1.7159, 1.7159, 1.7159, NaN},
     {0, 0, 0, 0.00153395818467, 0.080819833577, 0.480422648517, 0.755412435902, 1.11273672018,
      1.14393333333, 1.11273672018, 0.755412435902, 0.480422648517, 0.080819833577,
      0.00153395818467, 0, 0, 0}},
    {"sigmoid(x)",
     [](const Tensor& x) { return sigmoid(x); },
     {0, 0, 9.35762296884e-14, 0.00247262315663, 0.0474258731776, 0.182425523806, 0.26894142137,
      0.437823499114, 0.5, 0.562176500886, 0.73105857863, 0.817574476194, 0.952574126822,
      0.997527376843, 1, 1, 1, NaN},
     {0, 0, 9.35762296884e-14, 0.00246650929136, 0.0451766597309, 0.14914645207, 0.196611933241,
      0.246134082738, 0.25, 0.246134082738, 0.196611933241, 0.14914645207, 0.0451766597309,
      0.00246650929136, 9.34807786734e-14, 0, 0}},
    {"tanh(x)",
     [](const Tensor& x) { return tanh(x); },
     {-1, -1, -1, -0.999987711651, -0.995054753687, -0.905148253645, -0.761594155956,
      -0.244918662404, 0, 0.244918662404, 0.761594155956, 0.905148253645, 0.995054753687,
      0.999987711651, 1, 1, 1, NaN},
     {0, 0, 0, 2.45765474053e-05, 0.00986603716544, 0.180706638924, 0.419974341614, 0.940014848806,
      1, 0.940014848806, 0.419974341614, 0.180706638924, 0.00986603716544, 2.45765474053e-05, 0, 0,
      0}},
};

bool same(double got, double expected, double tolerance) {
  if (std::isnan(expected)) return std::isnan(got);
  if (std::isinf(expected)) return got == expected;
  return std::abs(got - expected) <= tolerance * (1 + std::abs(expected));
}

void check_all(const Tensor& got, const std::vector<double>& expected, double tolerance) {
  const std::vector<double> values = got.to_vector<double>();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    INFO("at x = " << grid[i] << ": " << values[i] << " for " << expected[i]);
    CHECK(same(values[i], expected[i], tolerance));
  }
}

Tensor slope_at(Tensor (*function)(const Tensor&), const Tensor& x) {
  return grad(function(x).sum(), x);
}

}  // namespace

TEST_CASE("activations and their slopes are PyTorch's", "[activation]") {
  for (const Golden& golden : goldens) {
    for (const DType dtype : {float64, float32}) {
      INFO(golden.call << " in " << name(dtype));
      const double tolerance = dtype == float64 ? 1e-11 : 1e-6;
      const Tensor x = to(tensor(grid), dtype).requires_grad_();
      check_all(golden.function(x), golden.values, tolerance);
      check_all(slope_at(golden.function, x), golden.slopes, tolerance);
    }
  }
}

TEST_CASE("activations do not care how their input lies in memory", "[activation]") {
  const Tensor block = to(linspace(-7, 7, 6 * 10, float64).reshape({6, 10}), float64);
  const Tensor strided = slice(block, 1, Slice(0, 10, 2)).t().detach().requires_grad_();
  const Tensor dense = strided.detach().clone().requires_grad_();
  const Tensor g = expand(linspace(1, 2, 5, float64).reshape({5, 1}), {5, 6});
  REQUIRE_FALSE(strided.is_contiguous());
  for (const Golden& golden : goldens) {
    INFO(golden.call);
    const Tensor y = golden.function(strided);
    const Tensor y_dense = golden.function(dense);
    CHECK(equal(y, y_dense));
    CHECK(equal(grad({y}, {strided}, {.grad_outputs = {g}})[0],
                grad({y_dense}, {dense}, {.grad_outputs = {g.clone()}})[0]));
  }
}

TEST_CASE("float32 activations keep to the formula over a wide range", "[activation]") {
  for (const table::Row& row : table::activation_rows()) {
    if (row.inputs.size() != 1 || row.variant == "glu") continue;
    const Tensor x = linspace(-30, 30, 4002, float32).reshape({2, 2001});
    INFO(row.op << " " << row.variant);
    CHECK(allclose(to(row.fn({x}), float64), row.reference({to(x, float64)}), 2e-6, 2e-6));
  }
}

TEST_CASE("second derivatives of activations stay finite far out", "[activation]") {
  for (const Golden& golden : goldens) {
    for (const DType dtype : {float64, float32}) {
      INFO(golden.call << " in " << name(dtype));
      const Tensor x = to(tensor({-1e4, -500.0, -90.0, -3.0, 0.0, 3.0, 90.0, 500.0, 1e4}), dtype)
                           .requires_grad_();
      const Tensor slope = grad(golden.function(x).sum(), x, {.create_graph = true});
      const Tensor curvature = grad(slope.sum(), x);
      CHECK(all(isfinite(curvature)).item<bool>());
    }
  }
}
