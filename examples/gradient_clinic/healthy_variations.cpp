// Healthy training next to a fault: raw inputs that are learned from, copies that part, outputs
// that reach their targets.

#include <cmath>

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

/// Two layers that begin as copies and see other halves of the input.
struct Halves : nn::Module {
  explicit Halves(const Problem& problem)
      : left(child("left", nn::Linear(problem.inputs / 2, 24))),
        right(child("right", nn::Linear(problem.inputs / 2, 24))),
        head(child("head", nn::Linear(48, problem.outputs))) {
    NoGrad no_grad;
    right.weight.copy_(left.weight);
    right.bias.copy_(left.bias);
  }
  Tensor forward(const Tensor& x) override {
    const std::int64_t half = x.size(1) / 2;
    return head(cat({relu(left(x.narrow(1, 0, half))), relu(right(x.narrow(1, half, half)))}, 1));
  }
  nn::Linear left, right, head;
};

/// Beside a frozen branch, as a target network is.
struct WithTarget : nn::Module {
  explicit WithTarget(const Problem& problem)
      : online(child("online", nn::Linear(problem.inputs, 32))),
        target(child("target", nn::Linear(problem.inputs, 32))),
        head(child("head", nn::Linear(32, problem.outputs))) {
    target.requires_grad_(false);
  }
  Tensor forward(const Tensor& x) override {
    Tensor still;
    {
      NoGrad no_grad;
      still = relu(target(x));
    }
    return head(relu(online(x)) + 0.1 * still);
  }
  nn::Linear online, target, head;
};

/// Each sample sees its neighbours in the batch.
struct Graph : nn::Module {
  explicit Graph(const Problem& problem)
      : first(child("first", nn::Linear(problem.inputs, 24))),
        second(child("second", nn::Linear(24, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor apart = sum(square(x.unsqueeze(1) - x.unsqueeze(0)), {2});
    Tensor near = softmax(-8 * apart, 1).detach();
    return second(matmul(near, relu(first(matmul(near, x)))));
  }
  nn::Linear first, second;
};

/// x + f(norm(x)), in which f begins as 0.
struct ZeroBranch : nn::Module {
  explicit ZeroBranch(std::int64_t n)
      : norm(child("norm", nn::RMSNorm(Shape{n}))),
        up(child("up", nn::Linear(n, 2 * n))),
        down(child("down", nn::Linear(2 * n, n))) {
    init::zeros_(down.weight);
    init::zeros_(down.bias);
  }
  Tensor forward(const Tensor& x) override { return x + down(silu(up(norm(x)))); }
  nn::RMSNorm norm;
  nn::Linear up, down;
};

void add_networks(Gallery& gallery) {
  add_to_report(gallery, {.name = "copies of which each sees another half"}, "halves-digits",
                [] { return classifier(digits(), Halves(digits())); });
  add_to_report(gallery, {.name = "a target network"}, "with-target-digits",
                [] { return classifier(digits(), WithTarget(digits())); });
  add_to_report(gallery, {.name = "a graph network"}, "graph-circles", [] {
    Program program = classifier(circles(), Graph(circles()), adam(0.02));
    program.batch = 100;
    return program;
  });
  add_to_report(gallery, {.name = "branches that begin as 0"}, "zero-branch-10x32-digits", [] {
    nn::Sequential net{nn::Linear(64, 32)};
    for (int i = 0; i < 10; ++i) net.push_back(ZeroBranch(32));
    net.push_back(nn::Linear(32, 10));
    return classifier(digits(), net, adamw(2e-3, 0.01));
  });
  add_to_report(gallery, {.name = "deep and narrow"}, "relu-8x12-blobs", [] {
    Problem problem = blobs(3, 4);
    return classifier(problem, mlp(problem, {8, 12, make<nn::ReLU>, he()}), adam(5e-3));
  });
  add_to_report(gallery, {.name = "one wide layer"}, "relu-1x512-spirals", [] {
    return classifier(spirals(), mlp(spirals(), {1, 512, make<nn::ReLU>, he()}), adam(5e-3));
  });
  add_to_report(gallery, {.name = "defaults, deep enough to hurt"}, "relu-default-6x64-digits", [] {
    return classifier(digits(), mlp(digits(), {.depth = 6, .width = 64}), adam(2e-3));
  });
  add_to_report(gallery, {.name = "batch norm behind the activation"}, "relu-bn-digits", [] {
    return classifier(digits(), nn::Sequential{nn::Linear(64, 48), nn::ReLU(), nn::BatchNorm1d(48),
                                               nn::Linear(48, 48), nn::ReLU(), nn::BatchNorm1d(48),
                                               nn::Linear(48, 10)});
  });
}

void add_training(Gallery& gallery) {
  add_to_report(gallery, {.name = "raw inputs, raw targets"}, "raw-2x64-waves", [] {
    Problem problem = with_inputs(waves(), [](const Tensor& x) {
      return x * tensor({1.0F, 10.0F, 40.0F, 5.0F}) + 20;
    });
    problem.data.targets = problem.data.inputs.narrow(1, 0, 2) * 0.5;
    Program program = regression(problem, mlp(problem, {2, 64, make<nn::ReLU>, he()}));
    program.steps = 200;
    return program;
  });
  add_to_report(gallery, {.name = "targets of a scale of 1e-3"}, "targets-1e-3-waves", [] {
    Problem problem = with_targets(waves(), [](const Tensor& y) { return y * 1e-3; });
    return regression(problem, mlp(problem, {2, 32, make<nn::Tanh>, glorot()}), adam(1e-3));
  });
  add_to_report(gallery, {.name = "targets of noise"}, "noise-3x32-waves", [] {
    Problem problem = with_targets(waves(), [](const Tensor& y) { return randn(y.shape()); });
    return regression(problem, mlp(problem, {3, 32, make<nn::ReLU>, he()}), adam(1e-3));
  });
  add_to_report(gallery, {.name = "ReLU on what is positive"}, "relu-positive-waves", [] {
    Problem problem = with_targets(waves(), [](const Tensor& y) { return y + 2; });
    return regression(problem, with_end(mlp(problem, {3, 32, make<nn::ELU>, he()}), nn::ReLU()));
  });
  add_to_report(gallery, {.name = "tanh on what lies within"}, "tanh-within-waves", [] {
    return regression(waves(), with_end(mlp(waves(), {3, 32, make<nn::ReLU>, he()}), nn::Tanh()));
  });
  add_to_report(gallery, {.name = "a line"}, "line", [] {
    Tensor x = randn({300, 1});
    Problem problem{.data = {x, 3 * x + 1}, .inputs = 1, .outputs = 1};
    return regression(problem, mlp(problem, {.depth = 0}), sgd(0.05, 0));
  });
  add_to_report(gallery, {.name = "many labels a sample"}, "labels-bce-digits", [] {
    Problem problem =
        with_targets(digits(), [](const Tensor& y) { return one_hot(y, 10).to(float32); });
    Program program = classifier(problem, mlp(problem, {2, 64, make<nn::ReLU>, he()}));
    program.loss = binary_entropy;
    program.score = [](const Tensor& y, const Tensor& t) { return accuracy(y, t.argmax(1)); };
    return program;
  });
  add_to_report(gallery, {.name = "warm restarts"}, "restarts-3x40-digits", [] {
    Program program =
        classifier(digits(), mlp(digits(), {3, 40, make<nn::GELU>, he()}), adam(5e-3));
    program.steps = 200;
    program.schedule = [](int step) {
      return (1 + std::cos(std::acos(-1) * (step % 50) / 50)) / 2;
    };
    return program;
  });
}

}  // namespace

void add_healthy_variations(Gallery& gallery) {
  add_networks(gallery);
  add_training(gallery);
}

}  // namespace clinic
