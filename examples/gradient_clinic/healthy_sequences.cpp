// Healthy networks over sequences and tokens: recurrent, attending, with gates.

#include <cmath>

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

/// Hochreiter & Schmidhuber 1997, with a forget gate that starts open.
struct Lstm : nn::Module {
  Lstm(const Problem& problem, std::int64_t n)
      : gates(child("gates", nn::Linear(problem.inputs + n, 4 * n))),
        head(child("head", nn::Linear(n, problem.outputs))),
        width(n) {
    init::constant_(gates.bias.detach().narrow(0, n, n), 1);
  }
  Tensor forward(const Tensor& x) override {
    Tensor h = zeros({x.size(0), width}), cell = h;
    for (std::int64_t t = 0; t < x.size(1); ++t) {
      Tensor z = gates(cat({x.select(1, t), h}, 1));
      auto gate = [&](std::int64_t i) { return z.narrow(1, i * width, width); };
      cell = sigmoid(gate(1)) * cell + sigmoid(gate(0)) * tanh(gate(2));
      h = sigmoid(gate(3)) * tanh(cell);
    }
    return head(h);
  }
  nn::Linear gates, head;
  std::int64_t width;
};

/// Cho et al. 2014, with a reset gate.
struct Gru : nn::Module {
  Gru(const Problem& problem, std::int64_t n)
      : gates(child("gates", nn::Linear(problem.inputs + n, 2 * n))),
        candidate(child("candidate", nn::Linear(problem.inputs + n, n))),
        head(child("head", nn::Linear(n, problem.outputs))),
        width(n) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = zeros({x.size(0), width});
    for (std::int64_t t = 0; t < x.size(1); ++t) {
      Tensor now = x.select(1, t);
      Tensor open = sigmoid(gates(cat({now, h}, 1)));
      Tensor keep = open.narrow(1, 0, width), reset = open.narrow(1, width, width);
      h = keep * h + (1 - keep) * tanh(candidate(cat({now, reset * h}, 1)));
    }
    return head(h);
  }
  nn::Linear gates, candidate, head;
  std::int64_t width;
};

/// The block of a transformer with the norms in front (Xiong et al. 2020), two heads.
struct Block : nn::Module {
  explicit Block(std::int64_t n)
      : before(child("before", nn::LayerNorm(Shape{n}))),
        between(child("between", nn::LayerNorm(Shape{n}))),
        qkv(child("qkv", nn::Linear(n, 3 * n))),
        out(child("out", nn::Linear(n, n))),
        up(child("up", nn::Linear(n, 4 * n))),
        down(child("down", nn::Linear(4 * n, n))),
        width(n) {}
  Tensor forward(const Tensor& x) override {
    const std::int64_t half = width / 2;
    Tensor all = qkv(before(x)).reshape({x.size(0), x.size(1), 3, 2, half});
    auto part = [&](std::int64_t i) { return all.select(2, i).transpose(1, 2); };
    Tensor scores = matmul(part(0), part(1).transpose(2, 3)) / std::sqrt(double(half));
    Tensor mixed = matmul(softmax(scores, -1), part(2)).transpose(1, 2).reshape(x.shape());
    Tensor h = x + out(mixed);
    return h + down(gelu(up(between(h))));
  }
  nn::LayerNorm before, between;
  nn::Linear qkv, out, up, down;
  std::int64_t width;
};

/// Rows of digits as tokens.
struct Transformer : nn::Module {
  explicit Transformer(const Problem& problem)
      : embed(child("embed", nn::Linear(8, 24))),
        place(parameter("place", randn({8, 24}) * 0.1)),
        first(child("first", Block(24))),
        second(child("second", Block(24))),
        head(child("head", nn::Linear(24, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = embed(x.reshape({-1, 8, 8})) + place;
    return head(mean(second(first(h)), {1}));
  }
  nn::Linear embed;
  Tensor place;
  Block first, second;
  nn::Linear head;
};

/// The next of 12 symbols, which follow each other by a rule that is broken now and then.
Problem symbols() {
  Tensor x = randint(0, 12, {300, 1});
  std::vector<Tensor> all = {x};
  for (int t = 0; t < 10; ++t) {
    Tensor next =
        (all.back() * 5 + 3) - floor((all.back() * 5 + 3).to(float32) / 12).to(int64) * 12;
    all.push_back(where(gradus::rand({300, 1}) < 0.1, randint(0, 12, {300, 1}), next));
  }
  Tensor text = cat(all, 1);
  return {.data = {text.narrow(1, 0, 10), text.narrow(1, 1, 10)}, .inputs = 12, .outputs = 12};
}

struct Language : nn::Module {
  Language()
      : table(child("table", nn::Embedding(12, 16))),
        block(child("block", Block(16))),
        head(child("head", nn::Linear(16, 12))) {}
  Tensor forward(const Tensor& index) override { return head(block(table(index))).flatten(0, 1); }
  nn::Embedding table;
  Block block;
  nn::Linear head;
};

}  // namespace

void add_healthy_sequences(Gallery& gallery) {
  add_to_report(gallery, {.name = "an LSTM"}, "lstm-15", [] {
    Problem problem = memory(15);
    return classifier(problem, Lstm(problem, 24), adam(0.01));
  });
  add_to_report(gallery, {.name = "a transformer"}, "transformer-digits", [] {
    Problem problem = digits();
    return classifier(problem, Transformer(problem), adamw(2e-3, 0.05));
  });
  add_to_report(gallery, {.name = "a language model"}, "next-of-12-symbols", [] {
    Program p = classifier(symbols(), Language(), adamw(5e-3, 0.01));
    p.loss = [](const Tensor& output, const Tensor& target) {
      return cross_entropy(output, target.flatten());
    };
    p.score = [](const Tensor& output, const Tensor& target) {
      return accuracy(output, target.flatten());
    };
    return p;
  });
  add_to_tune(gallery, {.name = "a GRU"}, "gru-12", [] {
    Problem problem = memory(12);
    return classifier(problem, Gru(problem, 24), adam(0.01));
  });
}

}  // namespace clinic
