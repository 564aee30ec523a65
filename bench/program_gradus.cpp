// A user's training program, as short as they come: what it costs to compile.

#include <gradus/gradus.h>

#include <cstdio>

using namespace gradus;

struct Net : nn::Module {
  nn::Linear hidden = child("hidden", nn::Linear(2, 32));
  nn::Linear head = child("head", nn::Linear(32, 2));
  Tensor forward(const Tensor& x) override { return head(relu(hidden(x))); }
};

int main() {
  manual_seed(1);
  Tensor x = randn({256, 2});
  Tensor label = to(gt(sum(x * x, 1), 1.4), DType::Int64);

  Net net;
  auto opt = optim::SGD(net.parameters(), {.lr = 0.1, .momentum = 0.9});
  for (int epoch = 0; epoch < 200; ++epoch) {
    opt.zero_grad();
    Tensor loss = cross_entropy(net(x), label);
    loss.backward();
    optim::clip_grad_norm_(net.parameters(), 1.0);
    opt.step();
    if (epoch % 50 == 0) std::printf("%d %.4f\n", epoch, loss.item<double>());
  }
}
