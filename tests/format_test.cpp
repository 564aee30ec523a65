#include "gradus/tensor/format.h"

#include <cmath>

#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "tests/catch.h"

// Each text is repr(x) of torch 1.13.1, but for the dtype, which gradus writes without 'torch.'.
using namespace gradus;

namespace {

void check_text(const Tensor& x, const std::string& text) { CHECK(fmt::format("{}", x) == text); }

}  // namespace

TEST_CASE("Tensors without dimensions print their number", "[format]") {
  check_text(tensor(3.5), "tensor(3.5000)");
  check_text(tensor(7), "tensor(7)");
  check_text(tensor(true), "tensor(True)");
  check_text(tensor(1e10), "tensor(1.0000e+10)");
  check_text(tensor(1.5e-7), "tensor(1.5000e-07)");
  check_text(tensor(0.0), "tensor(0.)");
}

TEST_CASE("Columns are aligned", "[format]") {
  check_text(tensor({1.0, 2.0, -3.0}), "tensor([ 1.,  2., -3.])");
  check_text(tensor({{1.5, -2.25}, {3.0, 100.125}}),
             "tensor([[  1.5000,  -2.2500],\n"
             "        [  3.0000, 100.1250]])");
  check_text(tensor({{1, -20}, {300, 4}}),
             "tensor([[  1, -20],\n"
             "        [300,   4]])");
  check_text(tensor({true, false}), "tensor([ True, False])");
  check_text(arange(6.0).reshape({2, 3}).t(),
             "tensor([[0., 3.],\n"
             "        [1., 4.],\n"
             "        [2., 5.]])");
}

TEST_CASE("Wide ranges print in scientific notation", "[format]") {
  check_text(tensor({1e-5, 1.0}), "tensor([1.0000e-05, 1.0000e+00])");
  check_text(tensor({1.0, 20000.5}), "tensor([1.0000e+00, 2.0000e+04])");
  check_text(tensor({1.0, 2000.0}), "tensor([1.0000e+00, 2.0000e+03])");
  check_text(tensor({2e8, 2e8}), "tensor([2.0000e+08, 2.0000e+08])");
  check_text(tensor({5e-5}), "tensor([5.0000e-05])");
  check_text(tensor({{1e-5, -1.0}, {2.0, 3e7}}),
             "tensor([[ 1.0000e-05, -1.0000e+00],\n"
             "        [ 2.0000e+00,  3.0000e+07]])");
}

TEST_CASE("Numbers that are not finite do not change the style", "[format]") {
  check_text(tensor({NAN, 1.0F, -INFINITY}), "tensor([nan, 1., -inf])");
  check_text(tensor({NAN, 1.5F, INFINITY}), "tensor([   nan, 1.5000,    inf])");
  check_text(tensor({NAN, 0.0F, INFINITY}), "tensor([nan, 0., inf])");
  check_text(tensor({0.0, -0.0}), "tensor([0., -0.])");
}

TEST_CASE("The dtype is named where the numbers do not show it", "[format]") {
  check_text(tensor({1.5}, float64), "tensor([1.5000], dtype=float64)");
  check_text(empty({0}), "tensor([])");
  check_text(empty({2, 0}), "tensor([], size=(2, 0))");
  check_text(empty({0}, int64), "tensor([], dtype=int64)");
  check_text(empty({0, 3}, float64), "tensor([], size=(0, 3), dtype=float64)");
  check_text(linspace(0, 10.0 / 3, 11, float64),
             "tensor([0.0000, 0.3333, 0.6667, 1.0000, 1.3333, 1.6667, 2.0000, 2.3333, 2.6667,\n"
             "        3.0000, 3.3333], dtype=float64)");
}

TEST_CASE("Lines break at 80 characters", "[format]") {
  check_text(arange(0.0, 3.75, 0.125),
             "tensor([0.0000, 0.1250, 0.2500, 0.3750, 0.5000, 0.6250, 0.7500, 0.8750, 1.0000,\n"
             "        1.1250, 1.2500, 1.3750, 1.5000, 1.6250, 1.7500, 1.8750, 2.0000, 2.1250,\n"
             "        2.2500, 2.3750, 2.5000, 2.6250, 2.7500, 2.8750, 3.0000, 3.1250, 3.2500,\n"
             "        3.3750, 3.5000, 3.6250])");
  // torch.arange(10.) / 4, whose last line leaves no room for the dtype
  check_text(arange(0.0, 2.25, 0.25, float64),
             "tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000, 1.2500, 1.5000, 1.7500, 2.0000],\n"
             "       dtype=float64)");
}

TEST_CASE("Outer dimensions are set apart by empty lines", "[format]") {
  check_text(arange(12).reshape({2, 3, 2}),
             "tensor([[[ 0,  1],\n"
             "         [ 2,  3],\n"
             "         [ 4,  5]],\n"
             "\n"
             "        [[ 6,  7],\n"
             "         [ 8,  9],\n"
             "         [10, 11]]])");
  check_text(arange(8.0).reshape({2, 2, 1, 2}),
             "tensor([[[[0., 1.]],\n"
             "\n"
             "         [[2., 3.]]],\n"
             "\n"
             "\n"
             "        [[[4., 5.]],\n"
             "\n"
             "         [[6., 7.]]]])");
}

TEST_CASE("Of more than 1000 elements the edges are shown", "[format]") {
  check_text(arange(1001), "tensor([   0,    1,    2,  ...,  998,  999, 1000])");
  check_text(arange(1200).reshape({2, 600}),
             "tensor([[   0,    1,    2,  ...,  597,  598,  599],\n"
             "        [ 600,  601,  602,  ..., 1197, 1198, 1199]])");
  check_text(arange(2000.0).reshape({40, 50}),
             "tensor([[0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 4.7000e+01, 4.8000e+01,\n"
             "         4.9000e+01],\n"
             "        [5.0000e+01, 5.1000e+01, 5.2000e+01,  ..., 9.7000e+01, 9.8000e+01,\n"
             "         9.9000e+01],\n"
             "        [1.0000e+02, 1.0100e+02, 1.0200e+02,  ..., 1.4700e+02, 1.4800e+02,\n"
             "         1.4900e+02],\n"
             "        ...,\n"
             "        [1.8500e+03, 1.8510e+03, 1.8520e+03,  ..., 1.8970e+03, 1.8980e+03,\n"
             "         1.8990e+03],\n"
             "        [1.9000e+03, 1.9010e+03, 1.9020e+03,  ..., 1.9470e+03, 1.9480e+03,\n"
             "         1.9490e+03],\n"
             "        [1.9500e+03, 1.9510e+03, 1.9520e+03,  ..., 1.9970e+03, 1.9980e+03,\n"
             "         1.9990e+03]])");
}

TEST_CASE("Tensors say whether they require a gradient", "[format]") {
  Tensor x = tensor({1.0, 2.0});
  x.requires_grad_();
  check_text(x, "tensor([1., 2.], requires_grad=True)");
  check_text(Tensor(), "tensor(undefined)");
}
