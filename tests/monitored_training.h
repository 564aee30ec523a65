#pragma once

#include "gradus/gradus.h"

/// What the monitor's tests watch.
namespace gradus::tests {

/// A training of one batch.
struct Training {
  nn::Module& net;
  optim::SGD sgd;
  Tensor x, y;

  Training(nn::Module& network, double lr = 0.1)
      : net(network), sgd(network.parameters(), {.lr = lr}) {
    manual_seed(3);
    x = randn({16, 4});
    y = randint(0, 3, {16});
  }
  Tensor backward() {
    sgd.zero_grad();
    Tensor loss = cross_entropy(net(x), y);
    loss.backward();
    return loss;
  }
  void step(observe::Monitor& monitor) {
    Tensor loss = backward();
    sgd.step();
    monitor.step(loss);
  }
};

inline nn::Sequential small_net() {
  manual_seed(1);
  return nn::Sequential{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 6), nn::Tanh(),
                        nn::Linear(6, 3)};
}

}  // namespace gradus::tests
