#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"
#include "gradus/data/data_loader.h"
#include "gradus/data/digits.h"
#include "gradus/nn/activations.h"
#include "gradus/nn/batch_norm.h"
#include "gradus/nn/linear.h"
#include "gradus/nn/residual.h"
#include "gradus/optim/clip.h"
#include "gradus/optim/schedule.h"
#include "gradus/optim/sgd.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"

using namespace gradus;

namespace {

double accuracy(nn::Module& net, const data::Dataset& set) {
  NoGrad no_grad;
  net.eval();
  return mean(to(eq(argmax(net(set.inputs), 1), set.targets), float32)).item<double>();
}

nn::Sequential residual_network() {
  auto block = [] { return nn::Residual(nn::Linear(32, 32), nn::BatchNorm1d(32), nn::ReLU()); };
  return nn::Sequential{nn::Linear(64, 32), nn::ReLU(), block(), block(), block(),
                        nn::Linear(32, 10)};
}

}  // namespace

TEST_CASE("a residual network learns the digits", "[training]") {
  manual_seed(1);
  auto [train, test] = data::digits();
  nn::Sequential net = residual_network();
  optim::SGD sgd(net.parameters(), {.lr = 0.05, .momentum = 0.9, .weight_decay = 1e-4});
  optim::CosineAnnealingLR schedule(sgd, {.T_max = 15});
  data::DataLoader loader(train, {.batch_size = 32, .shuffle = true});
  for (int epoch = 0; epoch < 15; ++epoch) {
    for (const auto& [x, y] : loader) {
      sgd.zero_grad();
      cross_entropy(net(x), y).backward();
      optim::clip_grad_norm_(net.parameters(), 5.0);
      sgd.step();
    }
    schedule.step();
  }
  CHECK(accuracy(net, train) >= 0.99);
  CHECK(accuracy(net, test) >= 0.96);
}

TEST_CASE("training is reproducible from the seed", "[training]") {
  auto losses = [] {
    manual_seed(9);
    data::DataLoader loader(data::digits().train, {.batch_size = 64, .shuffle = true});
    nn::Sequential net = residual_network();
    optim::SGD sgd(net.parameters(), {.lr = 0.05});
    std::vector<double> values;
    for (const auto& [x, y] : loader) {
      sgd.zero_grad();
      Tensor loss = cross_entropy(net(x), y);
      loss.backward();
      sgd.step();
      values.push_back(loss.item<double>());
    }
    return values;
  };
  CHECK(losses() == losses());
}
