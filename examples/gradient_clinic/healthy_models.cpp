// Healthy networks of shapes that people write by hand: gated, attending, shared, drawn at random.

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

/// Srivastava et al. 2015: gates that start nearly closed carry the signal past the layers.
struct Highway : nn::Module {
  explicit Highway(std::int64_t n)
      : change(child("change", nn::Linear(n, n))), gate(child("gate", nn::Linear(n, n))) {
    init::constant_(gate.bias, -2);
  }
  Tensor forward(const Tensor& x) override {
    Tensor open = sigmoid(gate(x));
    return open * relu(change(x)) + (1 - open) * x;
  }
  nn::Linear change, gate;
};

/// Each layer takes what all before it made (Huang et al. 2017).
struct Dense : nn::Module {
  explicit Dense(const Problem& problem)
      : first(child("first", nn::Linear(problem.inputs, 16))),
        second(child("second", nn::Linear(problem.inputs + 16, 16))),
        third(child("third", nn::Linear(problem.inputs + 32, 16))),
        head(child("head", nn::Linear(problem.inputs + 48, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = cat({x, relu(first(x))}, 1);
    h = cat({h, relu(second(h))}, 1);
    h = cat({h, relu(third(h))}, 1);
    return head(h);
  }
  nn::Linear first, second, third, head;
};

/// Experts, mixed by a gate (Jacobs et al. 1991).
struct Experts : nn::Module {
  explicit Experts(const Problem& problem)
      : gate(child("gate", nn::Linear(problem.inputs, 3))),
        hidden(child("hidden", nn::Linear(problem.inputs, 60))),
        head(child("head", nn::Linear(20, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor said = tanh(hidden(x)).reshape({-1, 3, 20});
    return head(sum(softmax(gate(x), 1).unsqueeze(2) * said, {1}));
  }
  nn::Linear gate, hidden, head;
};

/// The larger of two linear maps (Goodfellow et al. 2013).
struct Maxout : nn::Module {
  Maxout(std::int64_t in, std::int64_t out)
      : a(child("a", nn::Linear(in, out))), b(child("b", nn::Linear(in, out))) {}
  Tensor forward(const Tensor& x) override { return maximum(a(x), b(x)); }
  nn::Linear a, b;
};

/// 3x3 patches of digits through one layer, then the mean over places: a convolution by hand.
struct Patches : nn::Module {
  explicit Patches(const Problem& problem)
      : filter(child("filter", nn::Linear(9, 24))),
        second(child("second", nn::Linear(24, 32))),
        head(child("head", nn::Linear(32 * 9, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor image = x.reshape({-1, 8, 8});
    std::vector<Tensor> taps;
    for (std::int64_t i = 0; i < 9; ++i) {
      taps.push_back(image.narrow(1, i / 3, 6).narrow(2, i % 3, 6));
    }
    Tensor h = relu(second(relu(filter(stack(taps, 3)))));
    return head(amax(h.reshape({-1, 3, 2, 3, 2, 32}), {2, 4}).flatten(1));
  }
  nn::Linear filter, second, head;
};

/// x + f(x), of which some are left out at random (Huang et al. 2016).
struct StochasticDepth : nn::Module {
  explicit StochasticDepth(std::int64_t n) : body(child("body", nn::Linear(n, n))) {}
  Tensor forward(const Tensor& x) override {
    if (is_training() && gradus::rand({1}).item<double>() < 0.3) return x;
    return x + 0.5 * relu(body(x));
  }
  nn::Linear body;
};

/// Radial basis functions about centres that the network owns itself.
struct Radial : nn::Module {
  explicit Radial(const Problem& problem)
      : centres(parameter("centres", problem.data.inputs.narrow(0, 0, 40).clone())),
        head(child("head", nn::Linear(40, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    return head(exp(-2 * sum(square(x.unsqueeze(1) - centres), {2})));
  }
  Tensor centres;
  nn::Linear head;
};

/// Direction and length of the weights apart (Salimans & Kingma 2016).
struct WeightNormed : nn::Module {
  WeightNormed(std::int64_t in, std::int64_t out)
      : direction(parameter("direction", randn({out, in}))),
        length(parameter("length", ones({out, 1}))),
        bias(parameter("bias", zeros({out}))) {}
  Tensor forward(const Tensor& x) override {
    Tensor weight = length * direction / sqrt(sum(square(direction), {1}, true));
    return linear(x, weight, bias);
  }
  Tensor direction, length, bias;
};

/// A code and back through the same weights.
struct Tied : nn::Module {
  explicit Tied(std::int64_t in) : code(child("code", nn::Linear(in, 12))) {}
  Tensor forward(const Tensor& x) override { return matmul(code(x), code.weight); }
  nn::Linear code;
};

/// Sines of scaled sums (Sitzmann et al. 2020).
struct Siren : nn::Module {
  Siren(std::int64_t in, std::int64_t out, double bound)
      : inner(child("inner", nn::Linear(in, out))) {
    init::uniform_(inner.weight, -bound, bound);
  }
  Tensor forward(const Tensor& x) override { return sin(6 * inner(x)); }
  nn::Linear inner;
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

Program of(const Problem& problem, const nn::AnyModule& net, Recipe optimizer = adam(3e-3)) {
  return {.problem = problem, .net = net, .optimizer = std::move(optimizer)};
}

void add(Gallery& gallery, const std::string& name, const std::string& variant,
         std::function<Program()> make) {
  gallery.push_back({.name = name, .report = {variant, std::move(make)}});
}

}  // namespace

void add_healthy_models(Gallery& gallery) {
  add(gallery, "an LSTM", "lstm-15", [] {
    Problem problem = memory(15);
    return of(problem, Lstm(problem, 24), adam(0.01));
  });
  add(gallery, "a transformer", "transformer-digits", [] {
    Problem problem = digits();
    return of(problem, Transformer(problem), adamw(2e-3, 0.05));
  });
  add(gallery, "a language model", "next-of-12-symbols", [] {
    Program p = of(symbols(), Language(), adamw(5e-3, 0.01));
    p.loss = [](const Tensor& output, const Tensor& target) {
      return cross_entropy(output, target.flatten());
    };
    p.score = [](const Tensor& output, const Tensor& target) {
      return accuracy(output, target.flatten());
    };
    return p;
  });
  add(gallery, "a highway network", "highway-10x32-digits", [] {
    nn::Sequential net{nn::Linear(64, 32)};
    for (int i = 0; i < 10; ++i) net.push_back(Highway(32));
    net.push_back(nn::Linear(32, 10));
    return of(digits(), net);
  });
  add(gallery, "dense connections", "dense-spirals", [] {
    Problem problem = spirals();
    return of(problem, Dense(problem), adam(0.01));
  });
  add(gallery, "mixed experts", "experts-circles", [] {
    Problem problem = circles();
    return of(problem, Experts(problem), adam(0.02));
  });
  add(gallery, "maxout", "maxout-4x24-blobs", [] {
    Problem problem = blobs(5, 4);
    return of(problem,
              nn::Sequential{Maxout(4, 24), Maxout(24, 24), Maxout(24, 24), Maxout(24, 24),
                             nn::Linear(24, 5)},
              sgd(0.03));
  });
  add(gallery, "a convolution by hand", "patches-digits", [] {
    Problem problem = digits();
    return of(problem, Patches(problem), adam(5e-3));
  });
  add(gallery, "stochastic depth", "stochastic-depth-12x32-digits", [] {
    nn::Sequential net{nn::Linear(64, 32)};
    for (int i = 0; i < 12; ++i) net.push_back(StochasticDepth(32));
    net.push_back(nn::Linear(32, 10));
    return of(digits(), net);
  });
  add(gallery, "radial basis functions", "radial-spirals", [] {
    Problem problem = spirals();
    return of(problem, Radial(problem), adam(0.03));
  });
  add(gallery, "weight normalisation", "weight-normed-3x32-digits", [] {
    return of(digits(), nn::Sequential{WeightNormed(64, 32), nn::ReLU(), WeightNormed(32, 32),
                                       nn::ReLU(), WeightNormed(32, 10)});
  });
  add(gallery, "tied weights", "tied-autoencoder-12", [] {
    Program p = of(digits(), Tied(64), adam(5e-3));
    p.problem.data.targets = p.problem.data.inputs;
    p.loss = squares;
    p.score = explained;
    p.steps = 150;
    return p;
  });
  add(gallery, "sines", "siren-3x48-waves", [] {
    const double bound = std::sqrt(6.0 / 48) / 6;
    Program p = of(waves(), nn::Sequential{Siren(4, 48, 0.1), Siren(48, 48, bound),
                                           Siren(48, 48, bound), nn::Linear(48, 2)});
    p.loss = squares;
    p.score = explained;
    return p;
  });
  add(gallery, "rarer activations", "prelu-softsign-hardswish-digits", [] {
    nn::Sequential net{nn::Linear(64, 48), nn::PReLU(),        nn::Linear(48, 48),
                       nn::Softsign(),     nn::Linear(48, 48), nn::Hardswish(),
                       nn::Linear(48, 48), nn::ReLU6(),        nn::Linear(48, 10)};
    init::apply(net, he());
    return of(digits(), net, sgd(0.05));
  });
  add(gallery, "raw pixels behind a batch norm", "bn-first-pixels-255-digits", [] {
    Problem problem = with_inputs(digits(), [](const Tensor& x) { return x * 255; });
    return of(problem,
              nn::Sequential{nn::BatchNorm1d(64), mlp(problem, {2, 48, make<nn::ReLU>, he()})},
              sgd(0.05));
  });
}

}  // namespace clinic
