// Faults of numbers: NaN and infinities, and inputs of a bad scale.

#include <limits>

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

using enum observe::Symptom;

/// log(x) of features that can be 0.
struct LogFeatures : nn::Module {
  explicit LogFeatures(const Problem& problem)
      : hidden(child("hidden", nn::Linear(problem.inputs, 32))),
        head(child("head", nn::Linear(32, problem.outputs))) {}
  Tensor forward(const Tensor& x) override { return head(log(relu(hidden(x)))); }
  nn::Linear hidden, head;
};

/// Features scaled to length 1: of a sample of zeros, sqrt has no derivative.
struct UnitLength : nn::Module {
  explicit UnitLength(const Problem& problem)
      : hidden(child("hidden", nn::Linear(problem.inputs, 16, {.bias = false}))),
        head(child("head", nn::Linear(16, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = tanh(hidden(clamp(x, 0, {})));
    Tensor length = sqrt(sum(square(h), {1}, true));
    return head(h / (length + 1e-6));
  }
  nn::Linear hidden, head;
};

/// Distance to prototypes that start on the samples themselves.
struct Distances : nn::Module {
  explicit Distances(const Problem& problem)
      : centres(parameter("centres", problem.data.inputs.narrow(0, 0, 20).clone())),
        head(child("head", nn::Linear(20, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    return head(sqrt(sum(square(x.unsqueeze(1) - centres), {2})));
  }
  Tensor centres;
  nn::Linear head;
};

/// Shares of the units' sum, which is 0 for some samples.
struct Shares : nn::Module {
  explicit Shares(const Problem& problem)
      : hidden(child("hidden", nn::Linear(problem.inputs, 4))),
        head(child("head", nn::Linear(4, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = relu(hidden(x));
    return head(h / sum(h, {1}, true));
  }
  nn::Linear hidden, head;
};

/// Standardised by hand, without an epsilon; some pixels are 0 in all samples of a batch.
struct Standardize : nn::Module {
  explicit Standardize(const Problem& problem)
      : hidden(child("hidden", nn::Linear(problem.inputs, 32))),
        head(child("head", nn::Linear(32, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    return head(relu(hidden((x - mean(x, 0)) / gradus::std(x, 0))));
  }
  nn::Linear hidden, head;
};

/// softmax as it stands in the book, without taking the maximum off.
struct NaiveSoftmax : nn::Module {
  NaiveSoftmax(const Problem& problem, double by)
      : hidden(child("hidden", nn::Linear(problem.inputs, 32))),
        head(child("head", nn::Linear(32, problem.outputs))),
        scale(by) {}
  Tensor forward(const Tensor& x) override {
    Tensor e = exp(scale * head(relu(hidden(x))));
    return e / sum(e, {1}, true);
  }
  nn::Linear hidden, head;
  double scale;
};

Tensor log_of_probability(const Tensor& output, const Tensor& target) {
  return -mean(log(gather(output, 1, target.unsqueeze(1)) + 1e-9));
}

template <class Net>
Program program(const Problem& problem, Recipe optimizer = sgd(0.05)) {
  return {.problem = problem, .net = Net(problem), .optimizer = std::move(optimizer), .steps = 40};
}

Program naive_softmax(const Problem& problem, double scale) {
  return {.problem = problem,
          .net = NaiveSoftmax(problem, scale),
          .loss = log_of_probability,
          .steps = 40};
}

Program with_data(const Problem& problem, const Mlp& options, Recipe optimizer) {
  return {.problem = problem, .net = mlp(problem, options), .optimizer = std::move(optimizer)};
}

Tensor with_gaps(const Tensor& x, double value) {
  return masked_fill(x, gradus::rand(x.shape()) < 0.01, value);
}

void add_nonfinite(Gallery& gallery) {
  gallery.push_back(
      {.name = "log(0)",
       .causes = {NonFinite},
       .flow = Flow::Exploding,
       .word = "log",
       .tune = {"log-relu-blobs", [] { return program<LogFeatures>(blobs()); }},
       .report = {"log-relu-digits", [] { return program<LogFeatures>(digits(), adam(1e-3)); }}});
  gallery.push_back(
      {.name = "sqrt(0), backward",
       .causes = {NonFinite},
       .flow = Flow::Exploding,
       .word = "sqrt",
       .tune = {"unit-length-circles", [] { return program<UnitLength>(circles()); }},
       .report = {"unit-length-blobs", [] { return program<UnitLength>(blobs(), adam(1e-3)); }},
       .also_tune = {"distances-blobs", [] {
                       Program p = program<Distances>(blobs(4, 5), adam(1e-3));
                       p.batch = 300;
                       return p;
                     }}});
  gallery.push_back({.name = "division by zero",
                     .causes = {NonFinite},
                     .flow = Flow::Exploding,
                     .word = "div",
                     .tune = {"shares-circles", [] { return program<Shares>(circles()); }},
                     .report = {"standardize-digits",
                                [] { return program<Standardize>(digits(), adam(1e-3)); }}});
  gallery.push_back({.name = "exp overflows",
                     .causes = {NonFinite},
                     .flow = Flow::Exploding,
                     .word = "exp",
                     .tune = {"exp-blobs", [] { return naive_softmax(blobs(), 300); }},
                     .report = {"exp-digits", [] { return naive_softmax(digits(), 500); }}});
  gallery.push_back(
      {.name = "NaN or Inf among the inputs",
       .causes = {NonFinite},
       .flow = Flow::Exploding,
       .word = "input",
       .tune = {"nan-inputs-3x32-digits",
                [] {
                  Problem problem = with_inputs(digits(), [](const Tensor& x) {
                    return with_gaps(x, std::numeric_limits<double>::quiet_NaN());
                  });
                  return with_data(problem, {3, 32, make<nn::ReLU>, he()}, sgd(0.05));
                }},
       .report = {"inf-inputs-2x32-blobs", [] {
                    Problem problem = with_inputs(blobs(3, 6), [](const Tensor& x) {
                      return with_gaps(x, std::numeric_limits<double>::infinity());
                    });
                    return with_data(problem, {2, 32, make<nn::Tanh>, glorot()}, adam(1e-3));
                  }}});
}

void add_scale(Gallery& gallery) {
  gallery.push_back(
      {.name = "inputs in 0..255",
       .causes = {InputScale},
       .repairable = true,
       .tune = {"pixels-255-tanh-3x32-digits",
                [] {
                  Problem problem = with_inputs(digits(), [](const Tensor& x) { return x * 255; });
                  return with_data(problem, {3, 32, make<nn::Tanh>, glorot()}, sgd(0.05));
                }},
       .report = {"pixels-255-relu-4x48-shapes", [] {
                    Problem problem =
                        with_inputs(shapes(), [](const Tensor& x) { return (x + 1) * 127.5; });
                    return with_data(problem, {4, 48, make<nn::ReLU>, he()}, sgd(0.02));
                  }}});
  gallery.push_back(
      {.name = "inputs about 1000",
       .causes = {InputScale},
       .repairable = true,
       .tune = {"plus-1000-tanh-3x32-spirals",
                [] {
                  Problem problem =
                      with_inputs(spirals(), [](const Tensor& x) { return x + 1000; });
                  return with_data(problem, {3, 32, make<nn::Tanh>, glorot()}, sgd(0.05));
                }},
       .report = {"plus-500-tanh-3x32-circles",
                  [] {
                    Problem problem =
                        with_inputs(circles(), [](const Tensor& x) { return x + 500; });
                    return with_data(problem, {3, 32, make<nn::Tanh>, glorot()}, adam(1e-3));
                  }},
       .also_tune = {"plus-1000-relu-3x48-blobs", [] {
                       Problem problem =
                           with_inputs(blobs(3, 6), [](const Tensor& x) { return x + 1000; });
                       return with_data(problem, {3, 48, make<nn::ReLU>, he()}, adam(1e-3));
                     }}});
  gallery.push_back(
      {.name = "inputs tiny",
       .causes = {InputScale},
       .repairable = true,
       .tune = {"times-1e-4-tanh-2x32-circles",
                [] {
                  Problem problem =
                      with_inputs(circles(), [](const Tensor& x) { return x * 1e-4; });
                  return with_data(problem, {2, 32, make<nn::Tanh>, glorot()}, sgd(0.05));
                }},
       .report = {"times-1e-3-relu-3x48-digits", [] {
                    Problem problem =
                        with_inputs(digits(), [](const Tensor& x) { return x * 1e-3; });
                    return with_data(problem, {3, 48, make<nn::ReLU>, he()}, sgd(0.05));
                  }}});
  gallery.push_back(
      {.name = "one input of another scale",
       .causes = {InputScale},
       .repairable = true,
       .tune = {"one-times-1e4-3x32-blobs",
                [] {
                  Problem problem = with_inputs(blobs(3, 8), [](const Tensor& x) {
                    return cat({x.narrow(1, 0, 7), x.narrow(1, 7, 1) * 1e4}, 1);
                  });
                  return with_data(problem, {3, 32, make<nn::Tanh>, glorot()}, sgd(0.05));
                }},
       .report =
           {"one-times-5e3-3x40-digits",
            [] {
              Problem problem = with_inputs(digits(), [](const Tensor& x) {
                return cat({x.narrow(1, 0, 20), x.narrow(1, 20, 1) * 5e3, x.narrow(1, 21, 43)}, 1);
              });
              return with_data(problem, {3, 40, make<nn::ReLU>, he()}, sgd(0.05));
            }},
       .also_tune = {"one-times-2e3-2x48-waves", [] {
                       Problem problem = with_inputs(waves(), [](const Tensor& x) {
                         return cat({x.narrow(1, 0, 1) * 2e3, x.narrow(1, 1, 3)}, 1);
                       });
                       Program p = with_data(problem, {2, 48, make<nn::ReLU>, he()}, adam(1e-3));
                       p.loss = squares;
                       p.score = explained;
                       return p;
                     }}});
}

}  // namespace

void add_number_faults(Gallery& gallery) {
  add_nonfinite(gallery);
  add_scale(gallery);
}

}  // namespace clinic
