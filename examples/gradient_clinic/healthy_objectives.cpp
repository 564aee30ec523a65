// Healthy training by objectives of many kinds: quantiles, mixtures, ranks, derivatives, penalties.

#include <cmath>

#include <gradus/autograd/backward.h>

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

const Mlp relu_2x48{2, 48, make<nn::ReLU>, he()};
const Mlp tanh_2x32{2, 32, make<nn::Tanh>, glorot()};

Program with_loss(Program program, Loss loss) {
  program.loss = std::move(loss);
  return program;
}

/// One wave of which the network says three quantiles.
Tensor pinball(const Tensor& output, const Tensor& target) {
  Tensor error = target - output;
  Tensor share = tensor({0.1F, 0.5F, 0.9F});
  return mean(maximum(share * error, (share - 1) * error));
}

/// Three normal distributions a sample (Bishop 1994): weights, means, log deviations.
Tensor mixture(const Tensor& output, const Tensor& target) {
  Tensor log_weight = log_softmax(output.narrow(1, 0, 3), 1);
  Tensor log_std = output.narrow(1, 6, 3);
  Tensor z = (target - output.narrow(1, 3, 3)) * exp(-log_std);
  return -mean(logsumexp(log_weight - 0.5 * square(z) - log_std, {1}));
}

double best_of_mixture(const Tensor& output, const Tensor& target) {
  return explained(sum(softmax(output.narrow(1, 0, 3), 1) * output.narrow(1, 3, 3), {1}, true),
                   target);
}

/// Ordered classes (Niu et al. 2016): is it more than 0, than 1, than 2?
Tensor ordinal(const Tensor& output, const Tensor& target) {
  Tensor more = (target.unsqueeze(1) > arange(output.size(1)).unsqueeze(0)).to(float32);
  return binary_cross_entropy_with_logits(output, more);
}

/// Which of the two directions is up: the derivative by the input is learned with the value.
struct Sobolev : nn::Module {
  Sobolev()
      : body(child("body", mlp({.data = {}, .inputs = 4, .outputs = 1}, {2, 48, make<nn::Tanh>}))) {
  }
  Tensor forward(const Tensor& x) override {
    if (!is_training()) return body(x);
    Tensor at = x.clone().requires_grad_();
    Tensor y = body(at);
    return cat({y, grad(sum(y), at, {.create_graph = true})}, 1);
  }
  nn::Sequential body;
};

/// A code of which few units shall be on.
struct Sparse : nn::Module {
  Sparse() : code(child("code", nn::Linear(64, 96))), back(child("back", nn::Linear(96, 64))) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = relu(code(x));
    return cat({back(h), h}, 1);
  }
  nn::Linear code, back;
};

/// Classes by the nearest of centres on a sphere (Deng et al. 2019).
struct Angular : nn::Module {
  explicit Angular(const Problem& problem)
      : body(child("body", mlp({.data = {}, .inputs = problem.inputs, .outputs = 16}, relu_2x48))),
        centres(parameter("centres", randn({problem.outputs, 16}))) {}
  static Tensor on_sphere(const Tensor& x) { return x / sqrt(sum(square(x), {1}, true) + 1e-8); }
  Tensor forward(const Tensor& x) override {
    return 12 * matmul(on_sphere(body(x)), on_sphere(centres).t());
  }
  nn::Sequential body;
  Tensor centres;
};

/// Each sample told from the others of its batch by what noise left of it (Oord et al. 2018).
struct Contrastive : nn::Module {
  Contrastive() : body(child("body", mlp({.data = {}, .inputs = 64, .outputs = 12}, relu_2x48))) {}
  Tensor forward(const Tensor& x) override {
    auto view = [&] { return Angular::on_sphere(body(x + 0.15 * randn(x.shape()))); };
    return 5 * matmul(view(), view().t());
  }
  nn::Sequential body;
};

}  // namespace

void add_healthy_objectives(Gallery& gallery) {
  add_to_report(gallery, {.name = "quantiles"}, "pinball-waves", [] {
    Problem problem = with_targets(waves(), [](const Tensor& y) { return y.narrow(1, 0, 1); });
    problem.outputs = 3;
    Program p = regression(problem, relu_2x48, adam(5e-3), pinball);
    p.score = [](const Tensor& y, const Tensor& t) { return explained(y.narrow(1, 1, 1), t); };
    p.steps = 150;
    return p;
  });
  add_to_report(gallery, {.name = "a mixture of densities"}, "mixture-waves", [] {
    Problem problem = with_targets(waves(), [](const Tensor& y) { return y.narrow(1, 0, 1); });
    problem.outputs = 9;
    Program p = regression(problem, tanh_2x32, adam(0.01), mixture);
    p.score = best_of_mixture;
    p.steps = 150;
    return p;
  });
  add_to_report(gallery, {.name = "ordered classes"}, "ordinal-waves", [] {
    Problem problem = with_targets(waves(), [](const Tensor& y) {
      return (y.select(1, 0) > -0.5).to(int64) + (y.select(1, 0) > 0).to(int64) +
             (y.select(1, 0) > 0.5).to(int64);
    });
    problem.outputs = 3;
    Program p = with_loss(classifier(problem, relu_2x48, adam(5e-3)), ordinal);
    p.score = [](const Tensor& y, const Tensor& t) {
      Tensor said = sum((y > 0).to(int64), {1});
      return 1.5 * mean((said == t).to(float32)).item<double>() - 0.5;
    };
    return p;
  });
  add_to_report(gallery, {.name = "a derivative learned with the value"}, "sobolev", [] {
    Problem problem = waves();
    Tensor x = problem.data.inputs;
    Tensor value = sin(x.narrow(1, 0, 1)) * x.narrow(1, 1, 1);
    Tensor slopes = cat(
        {cos(x.narrow(1, 0, 1)) * x.narrow(1, 1, 1), sin(x.narrow(1, 0, 1)), zeros({x.size(0), 2})},
        1);
    problem.data.targets = cat({value, slopes}, 1);
    Program p = regression(problem, Sobolev(), adam(5e-3));
    p.score = [](const Tensor& y, const Tensor& t) { return explained(y, t.narrow(1, 0, 1)); };
    p.steps = 150;
    return p;
  });
  add_to_report(gallery, {.name = "a sparse code"}, "sparse-96-digits", [] {
    Problem problem = digits();
    problem.data.targets = problem.data.inputs;
    Program p = regression(problem, Sparse(), adam(5e-3), [](const Tensor& y, const Tensor& t) {
      return mse_loss(y.narrow(1, 0, 64), t) + 0.003 * mean(y.narrow(1, 64, 96));
    });
    p.score = [](const Tensor& y, const Tensor& t) { return explained(y.narrow(1, 0, 64), t); };
    p.steps = 150;
    return p;
  });
  add_to_report(gallery, {.name = "angles to centres"}, "angular-digits",
                [] { return classifier(digits(), Angular(digits()), adam(3e-3)); });
  add_to_report(gallery, {.name = "told from the rest of the batch"}, "contrastive-digits", [] {
    Program p = classifier(digits(), Contrastive(), adam(3e-3));
    p.loss = [](const Tensor& y, const Tensor&) { return cross_entropy(y, arange(y.size(0))); };
    p.score = [](const Tensor& y, const Tensor&) {
      return mean((y.argmax(1) == arange(y.size(0))).to(float32)).item<double>();
    };
    return p;
  });
  add_to_report(gallery, {.name = "log_softmax before cross_entropy"}, "log-softmax-ce-digits", [] {
    nn::Sequential net = mlp(digits(), tanh_2x32);
    net.push_back(nn::LogSoftmax());
    return classifier(digits(), net, adam(5e-3));
  });
  add_to_report(gallery, {.name = "smoothed labels, weighted classes"}, "smoothed-spirals", [] {
    return with_loss(
        classifier(spirals(), relu_2x48, adam(0.01)), [](const Tensor& y, const Tensor& t) {
          return cross_entropy(y, t, {.label_smoothing = 0.2, .weight = tensor({1.0F, 1.5F})});
        });
  });
  add_to_report(gallery, {.name = "noise with heavy tails, absolute error"}, "cauchy-l1-waves", [] {
    Problem problem = with_targets(waves(), [](const Tensor& y) {
      return y + 0.1 * randn(y.shape()) / (abs(randn(y.shape())) + 0.01);
    });
    Program p = regression(problem, relu_2x48, adam(5e-3),
                           [](const Tensor& y, const Tensor& t) { return l1_loss(y, t); });
    p.steps = 150;
    return p;
  });
  add_to_report(gallery, {.name = "two tasks of two scales"}, "two-tasks-digits", [] {
    Problem problem = digits();
    problem.outputs = 11;
    Program p = classifier(problem, relu_2x48, adam(3e-3));
    p.loss = [](const Tensor& y, const Tensor& t) {
      return cross_entropy(y.narrow(1, 0, 10), t) +
             0.01 * mse_loss(y.select(1, 10), t.to(float32) * 3 + 5);
    };
    p.score = [](const Tensor& y, const Tensor& t) { return accuracy(y.narrow(1, 0, 10), t); };
    return p;
  });
  add_to_report(gallery, {.name = "log cosh"}, "log-cosh-waves", [] {
    return regression(waves(), tanh_2x32, adam(0.01), [](const Tensor& y, const Tensor& t) {
      Tensor error = y - t;
      return mean(error + softplus(-2 * error) - std::log(2.0));
    });
  });
}

}  // namespace clinic
