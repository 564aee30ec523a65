// Faults of networks in parts: taken over from a training before, in pairs, in masks, in heads.

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

using enum observe::Symptom;

const Mlp relu_2x48{2, 48, make<nn::ReLU>, he()};
const Mlp tanh_3x32{3, 32, make<nn::Tanh>, glorot()};

double no_score(const Tensor&, const Tensor&) { return 0; }

/// A code drawn from a distribution whose spread the encoder says, too freely.
struct Variational : nn::Module {
  Variational()
      : encoder(child("encoder", nn::Linear(64, 16))),
        decoder(child("decoder", nn::Linear(8, 64))) {
    init::normal_(encoder.weight, 0, 40);
  }
  Tensor forward(const Tensor& x) override {
    Tensor code = encoder(x);
    Tensor z = code.narrow(1, 0, 8) + exp(code.narrow(1, 8, 8)) * randn({x.size(0), 8});
    return decoder(z);
  }
  nn::Linear encoder, decoder;
};

/// How far apart two pictures are, of which some are one and the same.
struct Twins : nn::Module {
  Twins() : body(child("body", nn::Sequential{nn::Linear(64, 32), nn::Tanh()})) {}
  Tensor forward(const Tensor& x) override {
    return sqrt(sum(square(body(x.narrow(1, 0, 64)) - body(x.narrow(1, 64, 64))), {1}));
  }
  nn::Sequential body;
};

/// The student's answer is detached, where the teacher's was meant to be.
struct WrongOne : nn::Module {
  WrongOne()
      : teacher(child("teacher", mlp(digits(), relu_2x48))),
        student(child("student", mlp(digits(), {1, 16, make<nn::ReLU>, he()}))) {}
  Tensor forward(const Tensor& x) override { return cat({student(x).detach(), teacher(x)}, 1); }
  nn::Sequential teacher, student;
};

/// Weights under a mask that has nothing left.
struct Pruned : nn::Module {
  explicit Pruned(const Problem& problem)
      : first(child("first", nn::Linear(problem.inputs, 32))),
        pruned(child("pruned", nn::Linear(32, 32))),
        head(child("head", nn::Linear(32, problem.outputs))),
        mask(buffer("mask", zeros({32}))) {}
  Tensor forward(const Tensor& x) override { return head(tanh(pruned(tanh(first(x)))) * mask); }
  nn::Linear first, pruned, head;
  Tensor mask;
};

nn::Sequential trained_before() {
  nn::Sequential net = mlp(digits(), tanh_3x32);
  const data::Dataset set = digits().data;
  optim::Adam optimizer(net.parameters(), {.lr = 5e-3});
  for (int i = 0; i < 80; ++i) {
    optimizer.zero_grad();
    cross_entropy(net(set.inputs), set.targets).backward();
    optimizer.step();
  }
  return net;
}

Problem digits_with_target(const std::function<Tensor(const data::Dataset&)>& target) {
  Problem problem = digits();
  problem.data.targets = target(problem.data);
  return problem;
}

}  // namespace

void add_takeover_faults(Gallery& gallery) {
  add_to_report(gallery, {.name = "a spread that overflows", .causes = {NonFinite}, .word = "exp"},
                "wide-vae-digits", [] {
                  return regression(
                      digits_with_target([](const data::Dataset& d) { return d.inputs; }),
                      Variational());
                });
  add_to_report(gallery, {.name = "the distance of equals", .causes = {NonFinite}, .word = "sqrt"},
                "twins-digits", [] {
                  const data::Dataset set = digits().data;
                  Tensor a = set.inputs.narrow(0, 0, 400), b = set.inputs.narrow(0, 400, 400);
                  Tensor same = (gradus::rand({400, 1}) < 0.2).to(float32);
                  Problem problem{.data = {cat({a, same * a + (1 - same) * b}, 1), same.squeeze(1)},
                                  .inputs = 128,
                                  .outputs = 1};
                  Program p = regression(problem, Twins(), adam(1e-3));
                  p.score = no_score;
                  return p;
                });
  add_to_report(
      gallery, {.name = "the wrong one detached", .causes = {ZeroGradient}, .word = "student"},
      "wrong-one-digits", [] {
        Program p = classifier(digits(), WrongOne(), adam(1e-3));
        p.loss = [](const Tensor& y, const Tensor&) {
          return kl_div(log_softmax(y.narrow(1, 0, 10), 1), softmax(y.narrow(1, 10, 10), 1),
                        {.reduction = Reduction::Sum});
        };
        p.score = [](const Tensor& y, const Tensor& t) { return accuracy(y.narrow(1, 0, 10), t); };
        return p;
      });
  add_to_report(gallery, {.name = "a rate of 1 after a training", .causes = {UpdateTooLarge}},
                "taken-over-adam-1-digits",
                [] { return classifier(digits(), trained_before(), adam(1)); });
  add_to_report(
      gallery,
      {.name = "GELU, weights of 0.8", .causes = {Initialization, Exploding, UpdateTooLarge}},
      "gelu-normal-5x64-digits", [] {
        return classifier(digits(), {5, 64, make<nn::GELU>, normal(0.8)}, sgd(0.05));
      });
  add_to_report(gallery, {.name = "a number of the row among the inputs", .causes = {InputScale}},
                "row-number-tanh-waves", [] {
                  Problem problem = with_inputs(waves(), [](const Tensor& x) {
                    return cat({x, 3e5 + arange(x.size(0)).to(float32).unsqueeze(1)}, 1);
                  });
                  problem.inputs = 5;
                  return regression(problem, tanh_3x32, adam(3e-3));
                });
  add_to_report(gallery, {.name = "all weights equal, ELU", .causes = {Symmetry}},
                "constant-3x20-elu-blobs", [] {
                  Problem problem = blobs(4, 6);
                  return classifier(problem, {3, 20, make<nn::ELU>, constant(0.05)}, adam(3e-3));
                });
  add_to_report(gallery, {.name = "an ensemble, far too slow", .causes = {UpdateTooSmall}},
                "sgd-1e-7-shapes", [] {
                  return classifier(shapes(), {2, 32, make<nn::SiLU>, he()}, sgd(1e-7));
                });
  add_to_report(
      gallery,
      {.name = "recurrent leaky ReLU, small weights", .causes = {Vanishing, Initialization}},
      "rnn-leaky-0.4-30", [] {
        Problem problem = memory(30);
        return classifier(
            problem,
            Recurrent(problem, 24, 0.4,
                      [](const Tensor& x, Where at) { return leaky_relu(x, 0.1, at); }),
            sgd(0.05));
      });
  add_to_report(gallery, {.name = "scores kept within 1", .causes = {LossMismatch}},
                "hardtanh-logits-digits", [] {
                  nn::Sequential net = mlp(digits(), tanh_3x32);
                  net.push_back(nn::Hardtanh());
                  return classifier(digits(), net, adam(3e-3));
                });
  add_to_report(gallery,
                {.name = "an output that begins at its bound",
                 .causes = {Saturation, LossMismatch, ZeroGradient, Initialization}},
                "sigmoid-bias-30-digits", [] {
                  Problem problem =
                      digits_with_target([](const data::Dataset& d) { return d.inputs; });
                  problem.outputs = 64;
                  nn::Sequential net = mlp(problem, relu_2x48);
                  init::constant_(bias_of(net, 4), -30);
                  net.push_back(nn::Sigmoid());
                  return regression(problem, net, adam(3e-3));
                });
  add_to_report(gallery, {.name = "a mask with nothing left", .causes = {ZeroGradient}},
                "pruned-spirals",
                [] { return classifier(spirals(), Pruned(spirals()), adam(3e-3)); });
}

}  // namespace clinic
