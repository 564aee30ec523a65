#include "program.h"

namespace clinic {

Tensor entropy(const Tensor& output, const Tensor& target) { return cross_entropy(output, target); }
Tensor binary_entropy(const Tensor& output, const Tensor& target) {
  return binary_cross_entropy_with_logits(output, target);
}
Tensor squares(const Tensor& output, const Tensor& target) { return mse_loss(output, target); }

double accuracy(const Tensor& output, const Tensor& target) {
  const double right = mean((output.argmax(1) == target).to(float32)).item<double>();
  const double chance = 1 / static_cast<double>(output.size(1));
  return (right - chance) / (1 - chance);
}

double binary_accuracy(const Tensor& output, const Tensor& target) {
  const Tensor said = (output > 0).to(float32);
  return 2 * mean((said == target).to(float32)).item<double>() - 1;
}

double explained(const Tensor& output, const Tensor& target) {
  const Tensor spread = square(target - mean(target, 0)).mean();
  return 1 - (square(output - target).mean() / spread).item<double>();
}

Recipe sgd(double lr, double momentum, double weight_decay) {
  return {lr, [=](const std::vector<Tensor>& params, double rate) {
            return std::make_unique<optim::SGD>(
                params,
                optim::SGDOptions{.lr = rate, .momentum = momentum, .weight_decay = weight_decay});
          }};
}

Recipe adam(double lr) {
  return {lr, [](const std::vector<Tensor>& params, double rate) {
            return std::make_unique<optim::Adam>(params, optim::AdamOptions{.lr = rate});
          }};
}

Recipe adamw(double lr, double weight_decay) {
  return {lr, [=](const std::vector<Tensor>& params, double rate) {
            return std::make_unique<optim::AdamW>(
                params, optim::AdamWOptions{.lr = rate, .weight_decay = weight_decay});
          }};
}

Recipe rmsprop(double lr) {
  return {lr, [](const std::vector<Tensor>& params, double rate) {
            return std::make_unique<optim::RMSprop>(params, optim::RMSpropOptions{.lr = rate});
          }};
}

Program classifier(const Problem& problem, const nn::AnyModule& net, Recipe optimizer) {
  return {.problem = problem, .net = net, .optimizer = std::move(optimizer)};
}

Program regression(const Problem& problem, const nn::AnyModule& net, Recipe optimizer, Loss loss) {
  Program program = classifier(problem, net, std::move(optimizer));
  program.loss = std::move(loss);
  program.score = explained;
  return program;
}

void add_to_report(Gallery& gallery, Fault fault, const std::string& name,
                   std::function<Program()> make) {
  fault.report = {name, std::move(make)};
  gallery.push_back(std::move(fault));
}

void add_to_tune(Gallery& gallery, Fault fault, const std::string& name,
                 std::function<Program()> make) {
  fault.tune = {name, std::move(make)};
  gallery.push_back(std::move(fault));
}

}  // namespace clinic
