// A user's program that reaches into every layer: it fits a line, and fails if the fit does.
#include <gradus/gradus.h>

using namespace gradus;

int main() {
  Tensor x = linspace(-1, 1, 32).reshape({32, 1});
  auto [inputs, targets] = data::Dataset{x, 3 * x + 1};
  nn::Linear model(1, 1);
  optim::SGD sgd(model.parameters(), {.lr = 0.5});
  Tensor loss;
  for (int step = 0; step < 200; ++step) {
    sgd.zero_grad();
    loss = mse_loss(model(inputs), targets);
    loss.backward();
    sgd.step();
  }
  fmt::print("y = {:.3f} x + {:.3f}, loss {:.1e}\n{}\n", model.weight.item<double>(),
             model.bias.item<double>(), loss.item<double>(), build_info());
  return loss.item<double>() < 1e-6 ? 0 : 1;
}
