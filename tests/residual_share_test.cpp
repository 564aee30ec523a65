#include "gradus/observe/residual_share.h"

#include "gradus/autograd/backward.h"
#include "gradus/autograd/operators.h"
#include "gradus/autograd/ops.h"
#include "gradus/nn/activations.h"
#include "gradus/nn/batch_norm.h"
#include "gradus/nn/linear.h"
#include "gradus/nn/residual.h"
#include "gradus/nn/sequential.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"
#include "gradus/tensor/statistics.h"
#include "tests/catch.h"

using namespace gradus;
using observe::residual_shares;

namespace {

Tensor square_loss(const Tensor& y) { return (y * y).sum(); }

/// x + f(x) by hand, twice, with a gain on the branch.
struct HandWritten : nn::Module {
  nn::Linear first = child("first", nn::Linear(4, 4, {.dtype = float64}));
  nn::Linear second = child("second", nn::Linear(4, 4, {.dtype = float64}));
  Tensor gain = parameter("gain", tensor({0.5}));
  int line = 0;
  Tensor forward(const Tensor& x) override {
    line = __LINE__ + 1;
    Tensor h = x + tanh(first(x)) * gain;
    return h - relu(second(h));
  }
};

double rms(const Tensor& x) { return statistics(x).rms; }

}  // namespace

TEST_CASE("shares of skip and branch, against gradients taken apart by hand", "[residual_share]") {
  manual_seed(5);
  HandWritten net;
  const Tensor input = randn({6, 4}, float64);
  const auto shares = residual_shares(net, input, square_loss);
  REQUIRE(shares.size() == 2);

  Tensor x = input.detach().requires_grad_();
  Tensor f = tanh(net.first(x)) * net.gain;
  Tensor h = (x + f).detach().requires_grad_();
  Tensor r = relu(net.second(h));
  Tensor g_y = 2.0 * (h - r);  // of the output
  Tensor branch2 = grad(r, h, {.grad_outputs = {-g_y}});
  Tensor g_h = g_y + branch2;
  Tensor branch1 = grad(f, x, {.grad_outputs = {g_h}});

  CHECK(shares[0].skip_rms == Approx(rms(g_h)));
  CHECK(shares[0].branch_rms == Approx(rms(branch1)));
  CHECK(shares[0].total_rms == Approx(rms(g_h + branch1)));
  CHECK(shares[1].skip_rms == Approx(rms(g_y)));
  CHECK(shares[1].branch_rms == Approx(rms(branch2)));
  CHECK(shares[1].total_rms == Approx(rms(g_h)));
  CHECK(shares[0].skip_share() == Approx(rms(g_h) / (rms(g_h) + rms(branch1))));
  CHECK(shares[0].at.line == net.line);
  CHECK(std::string(shares[0].at.file_name()) == "residual_share_test.cpp");
  CHECK_FALSE(shares[0].projected);
  CHECK_FALSE(net.gain.grad().defined());
}

TEST_CASE("nn::Residual of every form goes by its path", "[residual_share]") {
  manual_seed(6);
  nn::Sequential net{
      nn::Linear(3, 5), nn::Residual{nn::Linear(5, 5), nn::Tanh(), nn::Linear(5, 5)},
      nn::Residual{{.activation = nn::ReLU(), .pre_activation = true}, nn::Linear(5, 5)},
      nn::Residual{{.projection = nn::Linear(5, 2), .activation = nn::Tanh()},
                   nn::Linear(5, 5),
                   nn::BatchNorm1d(5),
                   nn::ReLU(),
                   nn::Linear(5, 2)}};
  const auto shares = residual_shares(net, randn({8, 3}), square_loss);
  REQUIRE(shares.size() == 3);
  CHECK(shares[0].layer == "1");
  CHECK(shares[1].layer == "2");
  CHECK(shares[2].layer == "3");
  CHECK_FALSE(shares[1].projected);
  CHECK(shares[2].projected);
  for (const auto& share : shares) {
    CHECK(share.skip_rms > 0);
    CHECK(share.branch_rms > 0);
    CHECK(share.skip_share() > 0);
    CHECK(share.skip_share() < 1);
  }
}

TEST_CASE("a branch of zeros passes nothing; a frozen one does", "[residual_share]") {
  manual_seed(7);
  nn::Linear body(3, 3);
  nn::Sequential net{nn::Linear(3, 3), nn::Residual{body}};
  body.requires_grad_(false);
  const Tensor x = randn({4, 3});
  auto shares = residual_shares(net, x, square_loss);
  REQUIRE(shares.size() == 1);
  CHECK(shares[0].branch_rms > 0);
  {
    NoGrad no_grad;
    body.weight.fill_(0);
    body.bias.fill_(0);
  }
  shares = residual_shares(net, x, square_loss);
  CHECK(shares[0].branch_rms == 0);
  CHECK(shares[0].skip_share() == 1);
  CHECK(shares[0].total_rms == shares[0].skip_rms);
}

TEST_CASE("sums that are no residual are not taken for one", "[residual_share]") {
  struct Sums : nn::Module {
    nn::Linear a = child("a", nn::Linear(3, 3));
    nn::Linear b = child("b", nn::Linear(3, 3));
    Tensor forward(const Tensor& x) override {
      Tensor h = a(x) + b(x);                 // two equal ways
      h = h - h.mean({1}, true);              // no layer around
      return h * sigmoid(h) + 0.5 * h + 1.0;  // an activation
    }
  } net;
  CHECK(residual_shares(net, randn({4, 3}), square_loss).empty());
  nn::Sequential plain{nn::Linear(3, 3), nn::ReLU(), nn::Linear(3, 1)};
  CHECK(residual_shares(plain, randn({4, 3}), square_loss).empty());
}

TEST_CASE("residual_shares leaves the network as it was", "[residual_share]") {
  manual_seed(8);
  nn::Sequential net{nn::Residual{nn::Linear(3, 3), nn::BatchNorm1d(3)}};
  const auto before = net.state_dict();
  std::vector<Tensor> copies;
  for (const auto& [name, value] : before) copies.push_back(clone(value));
  CHECK(residual_shares(net, randn({4, 3}), square_loss).size() == 1);
  std::size_t i = 0;
  for (const auto& [name, value] : net.state_dict()) CHECK(equal(value, copies[i++]));
  for (const Tensor& p : net.parameters()) CHECK_FALSE(p.grad().defined());
}

TEST_CASE("residual_shares: bad input", "[residual_share]") {
  nn::Sequential net{nn::Residual{nn::Linear(3, 3)}};
  CHECK_THROWS_WITH(residual_shares(net, Tensor(), square_loss),
                    Contains("[residual_shares] the input is an undefined tensor"));
  CHECK_THROWS_WITH(residual_shares(net, ones({2, 3}), [](const Tensor& y) { return y; }),
                    Contains("the loss must be one number"));
  CHECK_THROWS_WITH(residual_shares(net, ones({2, 3}), nullptr),
                    Contains("the loss is an empty function"));
}
