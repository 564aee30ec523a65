#include <torch/torch.h>

int main() {
  torch::nn::Linear layer(4, 2);
  layer->forward(torch::ones({3, 4})).sum().backward();
}
