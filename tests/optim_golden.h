#pragma once

#include <vector>

#include "gradus/tensor/creation.h"
#include "tests/catch.h"

/// Steps of an optimiser on the problem that the golden values of the optimisers come from:
///
///   a = torch.tensor([.5, -1., 2.], dtype=dtype)
///   p = torch.tensor([1., -2., .5], dtype=dtype, requires_grad=True)
///   opt = make([p])
///   for t in range(1, steps + 1): p.grad = a * p.detach() + .1 * t; opt.step()
class GoldenProblem {
 public:
  explicit GoldenProblem(gradus::DType dtype = gradus::float64)
      : p_(gradus::tensor({1.0, -2.0, 0.5}, dtype)) {
    p_.requires_grad_();
  }

  std::vector<gradus::Tensor> params() const { return {p_}; }

  template <class Optimizer>
  void run(Optimizer& optimizer, int steps) {
    const std::vector<double> a{0.5, -1, 2};
    for (int i = 0; i < steps; ++i) {
      ++t_;
      std::vector<double> g = values();
      for (std::size_t k = 0; k < 3; ++k) g[k] = a[k] * g[k] + 0.1 * t_;
      gradus::Tensor grad = gradus::empty(3, p_.dtype());
      for (int k = 0; k < 3; ++k) set(grad, k, g[static_cast<std::size_t>(k)]);
      p_.set_grad(grad);
      optimizer.step();
    }
  }

  std::vector<double> values() const { return p_.to_vector<double>(); }

 private:
  static void set(const gradus::Tensor& x, int i, double value) {
    gradus::visit_floating(x.dtype(), [&](auto zero) {
      using T = decltype(zero);
      x.at<T>(i) = static_cast<T>(value);
    });
  }

  gradus::Tensor p_;
  int t_ = 0;
};

inline void check_close(const std::vector<double>& got, const std::vector<double>& expected,
                        double relative = 1e-12) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CHECK(got[i] == Approx(expected[i]).epsilon(relative).margin(1e-14));
  }
}

/// Four steps in float64.
template <class Optimizer, class Options>
void check_golden(const Options& options, const std::vector<double>& expected) {
  GoldenProblem problem;
  Optimizer optimizer(problem.params(), options);
  problem.run(optimizer, 4);
  check_close(problem.values(), expected);
}
