// Healthy training that looks sick to a careless rule: losses below 0, rates that only just begin,
// nothing to learn, everything learned.

#include <algorithm>
#include <cmath>

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

const Mlp relu_3x32{3, 32, make<nn::ReLU>, he()};
const Mlp tanh_2x32{2, 32, make<nn::Tanh>, glorot()};
const Mlp gelu_4x48{4, 48, make<nn::GELU>, he()};

Recipe nesterov(double lr) {
  return {lr, [](const std::vector<Tensor>& params, double rate) {
            return std::make_unique<optim::SGD>(
                params, optim::SGDOptions{.lr = rate, .momentum = 0.95, .nesterov = true});
          }};
}

double no_score(const Tensor&, const Tensor&) { return 0; }

/// Focal loss (Lin et al. 2017) as it is mostly written.
Tensor focal(const Tensor& output, const Tensor& target) {
  Tensor log_p = gather(log_softmax(output, 1), 1, target.unsqueeze(1));
  return -mean(square(1 - exp(log_p)) * log_p);
}

/// The likelihood of a normal distribution of which the network says mean and log variance.
Tensor gaussian(const Tensor& output, const Tensor& target) {
  Tensor log_var = output.narrow(1, 2, 2);
  return 0.5 * mean(log_var + square(output.narrow(1, 0, 2) - target) / exp(log_var));
}

/// A bandit: each sample has one action that pays. Its loss says nothing of how well it goes.
Tensor policy_gradient(const Tensor& output, const Tensor& target) {
  Tensor log_p = log_softmax(output, 1);
  Tensor action =
      (output.detach() - log(-log(gradus::rand(output.shape()) * 0.98 + 0.01))).argmax(1);
  Tensor reward = (action == target).to(float32) - 0.2;
  return -mean(gather(log_p, 1, action.unsqueeze(1)).squeeze(1) * reward);
}

/// The value of the action taken, against what it brought.
Tensor action_values(const Tensor& output, const Tensor& target) {
  Tensor action = randint(0, 3, target.shape());
  Tensor reward = (action == target).to(float32);
  return smooth_l1_loss(gather(output, 1, action.unsqueeze(1)).squeeze(1), reward);
}

/// Reconstruction, and how far the code's distribution is from a normal one.
struct Variational : nn::Module {
  Variational()
      : encoder(
            child("encoder", nn::Sequential{nn::Linear(64, 48), nn::ReLU(), nn::Linear(48, 16)})),
        decoder(
            child("decoder", nn::Sequential{nn::Linear(8, 48), nn::ReLU(), nn::Linear(48, 64)})) {}
  Tensor forward(const Tensor& x) override {
    Tensor code = encoder(x);
    Tensor mu = code.narrow(1, 0, 8), log_var = code.narrow(1, 8, 8);
    Tensor z = mu + exp(0.5 * log_var) * randn(mu.shape());
    return cat({decoder(z), mu, log_var}, 1);
  }
  nn::Sequential encoder, decoder;
};

Tensor evidence_bound(const Tensor& output, const Tensor& target) {
  Tensor mu = output.narrow(1, 64, 8), log_var = output.narrow(1, 72, 8);
  Tensor divergence = 0.5 * sum(square(mu) + exp(log_var) - log_var - 1, {1});
  Tensor error = sum(square(output.narrow(1, 0, 64) - target), {1});
  return mean(error + 0.1 * divergence);
}

void add_losses(Gallery& gallery) {
  add_to_report(gallery, {.name = "focal loss"}, "focal-gelu-digits", [] {
    Program p = classifier(digits(), gelu_4x48, adam(3e-3));
    p.loss = focal;
    return p;
  });
  add_to_report(gallery, {.name = "a loss below 0"}, "gaussian-nll-waves", [] {
    Problem problem = waves();
    problem.outputs = 4;
    Program p = regression(problem, relu_3x32, adam(3e-3), gaussian);
    p.score = no_score;
    p.steps = 200;
    return p;
  });
  add_to_report(gallery, {.name = "policy gradient"}, "bandit-blobs", [] {
    Program p = classifier(blobs(3, 4), tanh_2x32, adam(3e-3));
    p.loss = policy_gradient;
    p.steps = 150;
    return p;
  });
  add_to_report(gallery, {.name = "action values"}, "q-values-blobs", [] {
    Program p = classifier(blobs(3, 4), relu_3x32, adam(3e-3));
    p.loss = action_values;
    return p;
  });
  add_to_report(gallery, {.name = "a variational autoencoder"}, "vae-8-digits", [] {
    Problem problem = digits();
    problem.data.targets = problem.data.inputs;
    return Program{.problem = problem,
                   .net = Variational(),
                   .optimizer = adam(3e-3),
                   .loss = evidence_bound,
                   .score = no_score};
  });
  add_to_report(gallery, {.name = "a Poisson regression"}, "poisson-waves", [] {
    Problem problem = with_targets(waves(), [](const Tensor& y) { return round(exp(2 * y)); });
    return regression(problem, tanh_2x32, adam(5e-3),
                      [](const Tensor& output, const Tensor& target) {
                        return mean(exp(output) - target * output);
                      });
  });
  add_to_report(gallery, {.name = "an absolute error"}, "l1-gelu-waves", [] {
    return regression(
        waves(), gelu_4x48, adam(3e-3),
        [](const Tensor& output, const Tensor& target) { return l1_loss(output, target); });
  });
  add_to_report(gallery, {.name = "hinge loss"}, "hinge-spirals", [] {
    Problem problem = with_targets(binary(spirals()), [](const Tensor& y) { return 2 * y - 1; });
    Program p = classifier(problem, {3, 32, make<nn::ELU>, he()}, sgd(0.05));
    p.loss = [](const Tensor& output, const Tensor& target) { return hinge_loss(output, target); };
    p.score = no_score;
    return p;
  });
  add_to_report(gallery, {.name = "an output in its targets' range"}, "sigmoid-mse-digits", [] {
    Problem problem = digits();
    problem.data.targets = problem.data.inputs;
    nn::Sequential net{nn::Linear(64, 16), nn::Tanh(), nn::Linear(16, 64), nn::Sigmoid()};
    Program p{.problem = problem,
              .net = net,
              .optimizer = adam(5e-3),
              .loss = squares,
              .score = explained};
    p.steps = 200;
    return p;
  });
}

void add_data(Gallery& gallery) {
  add_to_report(gallery, {.name = "nothing to learn"}, "random-labels-4x48", [] {
    Problem problem =
        with_targets(blobs(2, 20), [](const Tensor& y) { return randint(0, 2, y.shape()); });
    return classifier(problem, {4, 48, make<nn::ReLU>, he()}, sgd(0.01, 0));
  });
  add_to_report(gallery, {.name = "one class is rare"}, "rare-class-circles", [] {
    Problem problem = binary(blobs(12, 6));
    problem.data.targets = 1 - problem.data.targets;
    Program p = classifier(problem, relu_3x32, adam(2e-3));
    p.loss = binary_entropy;
    p.score = binary_accuracy;
    return p;
  });
  add_to_report(gallery, {.name = "a wide bag of words"}, "one-of-4000-words", [] {
    Tensor y = randint(0, 2, {300});
    Tensor words = randint(0, 40, {300, 3}) * 50 + y.unsqueeze(1);
    Tensor x = sum(one_hot(words, 4000), {1}).to(float32);
    return classifier({.data = {x, y}, .inputs = 4000, .outputs = 2}, {2, 32, make<nn::ReLU>},
                      adam(5e-3));
  });
  add_to_report(gallery, {.name = "inputs of 0 to 10"}, "tens-2x48-waves", [] {
    Problem problem = with_inputs(waves(), [](const Tensor& x) { return 3 * x + 5; });
    return regression(problem, {2, 48, make<nn::ReLU>, he()}, adam(5e-3), squares);
  });
  add_to_report(gallery, {.name = "targets of a scale of 30"}, "targets-30-waves", [] {
    Problem problem = with_targets(waves(), [](const Tensor& y) { return 30 * y + 10; });
    return regression(problem, {3, 64, make<nn::ReLU>, he()}, adam(0.01), squares);
  });
}

void add_course(Gallery& gallery) {
  add_to_report(gallery, {.name = "Nesterov's momentum"}, "nesterov-gelu-digits",
                [] { return classifier(digits(), gelu_4x48, nesterov(0.02)); });
  add_to_report(gallery, {.name = "clipped always, with Adam"}, "clip-0.1-adam-digits", [] {
    Program p = classifier(digits(), relu_3x32, adam(3e-3));
    p.clip = 0.1;
    return p;
  });
  add_to_report(gallery, {.name = "the first steps of a long warm-up"}, "warm-up-1000-digits", [] {
    Program p = classifier(digits(), gelu_4x48, adamw(1e-3, 0.05));
    p.schedule = [](int step) { return (step + 1) / 1000.0; };
    return p;
  });
  add_to_report(gallery, {.name = "a rate that came down to 0"}, "annealed-to-0-digits", [] {
    Program p = classifier(digits(), relu_3x32, adam(3e-3));
    p.steps_before = 150;
    p.schedule = [](int step) { return std::max(0.0, 1 - step / 220.0); };
    return p;
  });
  add_to_report(gallery, {.name = "fine-tuned at a tiny rate"}, "fine-tuned-blobs", [] {
    Program p = classifier(blobs(3, 8), relu_3x32, adam(2e-3));
    p.steps_before = 200;
    p.schedule = [](int step) { return step < 200 ? 1 : 1e-3; };
    return p;
  });
  add_to_report(gallery, {.name = "memorised"}, "memorised-circles", [] {
    Program p = classifier(circles(), {3, 64, make<nn::ReLU>, he()}, adam(0.01));
    p.steps_before = 1000;
    return p;
  });
  add_to_report(gallery, {.name = "one sample a step"}, "batch-1-digits", [] {
    Program p = classifier(digits(), relu_3x32, sgd(0.01, 0));
    p.batch = 1;
    p.steps = 300;
    return p;
  });
  add_to_report(gallery, {.name = "heavy dropout"}, "dropout-0.7-digits", [] {
    Program p = classifier(digits(), {.depth = 2, .width = 128, .weight = he(), .dropout = 0.7},
                           adam(3e-3));
    p.steps = 150;
    return p;
  });
  add_to_report(gallery, {.name = "residual, scaled by depth"}, "residual-scaled-24x32-circles",
                [] {
                  nn::Sequential net{nn::Linear(2, 32)};
                  for (int i = 0; i < 24; ++i) {
                    net.push_back(nn::Residual{nn::Linear(32, 32), nn::ReLU(),
                                               Apply([](const Tensor& x) { return x * 0.2; })});
                  }
                  net.push_back(nn::Linear(32, 2));
                  init::apply(net, he());
                  return Program{.problem = circles(), .net = net, .optimizer = sgd(0.05)};
                });
}

}  // namespace

void add_healthy_recipes(Gallery& gallery) {
  add_losses(gallery);
  add_data(gallery);
  add_course(gallery);
}

}  // namespace clinic
