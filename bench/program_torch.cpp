#include <torch/torch.h>

#include <cstdio>

struct Net : torch::nn::Module {
  torch::nn::Linear hidden = register_module("hidden", torch::nn::Linear(2, 32));
  torch::nn::Linear head = register_module("head", torch::nn::Linear(32, 2));
  torch::Tensor forward(const torch::Tensor& x) {
    return head->forward(torch::relu(hidden->forward(x)));
  }
};

int main() {
  torch::manual_seed(1);
  torch::Tensor x = torch::randn({256, 2});
  torch::Tensor label = (x * x).sum(1).gt(1.4).to(torch::kInt64);

  Net net;
  torch::optim::SGD opt(net.parameters(), torch::optim::SGDOptions(0.1).momentum(0.9));
  for (int epoch = 0; epoch < 200; ++epoch) {
    opt.zero_grad();
    torch::Tensor loss = torch::nn::functional::cross_entropy(net.forward(x), label);
    loss.backward();
    torch::nn::utils::clip_grad_norm_(net.parameters(), 1.0);
    opt.step();
    if (epoch % 50 == 0) std::printf("%d %.4f\n", epoch, loss.item<double>());
  }
}
