// Faults of networks over sequences, tokens and images cut into pieces.

#include <cmath>

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

using enum observe::Symptom;

/// The rows of a digit, one after the other.
Problem rows_of_digits() {
  Problem problem = with_inputs(digits(), [](const Tensor& x) { return x.reshape({-1, 8, 8}); });
  problem.inputs = 8;
  return problem;
}

/// h = step(h, x_t), with a Linear on the last h.
struct Cell : nn::Module {
  using Step = std::function<Tensor(const Tensor& h, const Tensor& driven, nn::Linear& recurrent)>;
  Cell(const Problem& problem, std::int64_t width, Step f)
      : input(child("input", nn::Linear(problem.inputs, width))),
        recurrent(child("recurrent", nn::Linear(width, width, {.bias = false}))),
        head(child("head", nn::Linear(width, problem.outputs))),
        step(std::move(f)) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = zeros({x.size(0), recurrent.weight.size(0)});
    for (std::int64_t t = 0; t < x.size(1); ++t) h = step(h, input(x.select(1, t)), recurrent);
    return head(h);
  }
  nn::Linear input, recurrent, head;
  Step step;
};

/// An LSTM that is told to forget.
struct Forgetful : nn::Module {
  Forgetful(const Problem& problem, std::int64_t n)
      : gates(child("gates", nn::Linear(problem.inputs + n, 4 * n))),
        head(child("head", nn::Linear(n, problem.outputs))),
        width(n) {
    init::constant_(gates.bias.detach().narrow(0, n, n), -5);
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

/// Reads both ways, and hands on what it read forwards, twice.
struct OneWay : nn::Module {
  explicit OneWay(const Problem& problem)
      : there(child("there", nn::Linear(problem.inputs + 16, 16))),
        back(child("back", nn::Linear(problem.inputs + 16, 16))),
        head(child("head", nn::Linear(32, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = zeros({x.size(0), 16}), g = h;
    for (std::int64_t t = 0; t < x.size(1); ++t) {
      h = tanh(there(cat({x.select(1, t), h}, 1)));
      g = tanh(back(cat({x.select(1, x.size(1) - 1 - t), g}, 1)));
    }
    return head(cat({h, h}, 1));
  }
  nn::Linear there, back, head;
};

/// Attention over the rows of a digit whose queries leave the graph.
struct StoppedQuery : nn::Module {
  explicit StoppedQuery(const Problem& problem)
      : embed(child("embed", nn::Linear(8, 24))),
        query(child("query", nn::Linear(24, 24))),
        key(child("key", nn::Linear(24, 24))),
        head(child("head", nn::Linear(8 * 24, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = embed(x);
    Tensor scores = matmul(query(h).detach(), key(h).transpose(1, 2)) / std::sqrt(24.0);
    return head((h + matmul(softmax(scores, -1), h)).flatten(1));
  }
  nn::Linear embed, query, key, head;
};

/// A block with its norms behind the sums (Vaswani et al. 2017), one head.
struct PostNorm : nn::Module {
  explicit PostNorm(std::int64_t n)
      : qkv(child("qkv", nn::Linear(n, 3 * n))),
        up(child("up", nn::Linear(n, 2 * n))),
        down(child("down", nn::Linear(2 * n, n))),
        first(child("first", nn::LayerNorm(Shape{n}))),
        second(child("second", nn::LayerNorm(Shape{n}))),
        width(n) {}
  Tensor forward(const Tensor& x) override {
    Tensor all = qkv(x);
    auto part = [&](std::int64_t i) { return all.narrow(2, i * width, width); };
    Tensor scores = matmul(part(0), part(1).transpose(1, 2)) / std::sqrt(double(width));
    Tensor h = first(x + matmul(softmax(scores, -1), part(2)));
    return second(h + down(relu(up(h))));
  }
  nn::Linear qkv, up, down;
  nn::LayerNorm first, second;
  std::int64_t width;
};

/// Words of which 0 is padding; the class is which half most words are from.
Problem sentences(double padding) {
  Tensor y = randint(0, 2, {300, 1});
  Tensor words = randint(0, 20, {300, 6}) + 1 + 20 * y;
  words = where(gradus::rand({300, 6}) < padding, zeros({300, 6}).to(int64), words);
  return {.data = {words, y.squeeze(1)}, .inputs = 41, .outputs = 2};
}

/// The mean of a sentence's words. Some sentences have none.
struct MeanOfWords : nn::Module {
  MeanOfWords()
      : table(child("table", nn::Embedding(41, 16))), head(child("head", nn::Linear(16, 2))) {}
  Tensor forward(const Tensor& words) override {
    Tensor real = (words > 0).to(float32).unsqueeze(2);
    return head(sum(table(words) * real, {1}) / sum(real, {1}));
  }
  nn::Embedding table;
  nn::Linear head;
};

/// Looks words up in a copy of its table.
struct CopiedTable : nn::Module {
  CopiedTable()
      : table(child("table", nn::Embedding(41, 16))),
        hidden(child("hidden", nn::Linear(16, 16))),
        head(child("head", nn::Linear(16, 2))) {}
  Tensor forward(const Tensor& words) override {
    return head(tanh(hidden(mean(embedding(table.weight.detach(), words), {1}))));
  }
  nn::Embedding table;
  nn::Linear hidden, head;
};

/// Convolutions along a line of 64 pixels, by hand: each place sees itself and its neighbours.
struct Line : nn::Module {
  Line(const Problem& problem, int depth, std::int64_t channels, Tensor (*f)(const Tensor&, Where))
      : head(child("head", nn::Linear(channels * 16, problem.outputs))), function(f) {
    for (int i = 0; i < depth; ++i) {
      filters.push_back(
          child("filter" + std::to_string(i), nn::Linear(3 * (i == 0 ? 1 : channels), channels)));
    }
  }
  Tensor forward(const Tensor& x) override {
    Tensor h = x.unsqueeze(2);
    for (nn::Linear& filter : filters) {
      Tensor wide = pad(h, {0, 0, 1, 1});
      const std::int64_t n = h.size(1);
      h = function(filter(cat({wide.narrow(1, 0, n), h, wide.narrow(1, 2, n)}, 2)), Where::here());
    }
    return head(mean(h.reshape({h.size(0), 16, 4, h.size(2)}), {2}).flatten(1));
  }
  std::vector<nn::Linear> filters;
  nn::Linear head;
  Tensor (*function)(const Tensor&, Where);
};

void add_recurrent(Gallery& gallery) {
  add_to_report(
      gallery, {.name = "a state that leaks away", .causes = {Vanishing, Initialization}},
      "leaky-state-25", [] {
        Problem problem = memory(25);
        return classifier(
            problem,
            Cell(problem, 24, [](const Tensor& h, const Tensor& driven, nn::Linear& recurrent) {
              return 0.3 * h + 0.1 * tanh(driven + recurrent(h));
            }));
      });
  add_to_report(
      gallery,
      {.name = "forget gates that start shut", .causes = {Vanishing, Saturation, Initialization}},
      "forgetful-lstm-20", [] {
        Problem problem = memory(20);
        return classifier(problem, Forgetful(problem, 24), adam(3e-3));
      });
  add_to_tune(
      gallery, {.name = "a state detached at each step", .causes = {ZeroGradient, Vanishing}},
      "detached-state-15", [] {
        Problem problem = memory(15);
        return classifier(
            problem,
            Cell(problem, 24, [](const Tensor& h, const Tensor& driven, nn::Linear& recurrent) {
              return tanh(driven + recurrent(h.detach()));
            }));
      });
  add_to_report(gallery, {.name = "a state that only grows", .causes = {Exploding, Initialization}},
                "growing-state-40", [] {
                  Problem problem = memory(40);
                  return classifier(
                      problem,
                      Cell(problem, 32,
                           [](const Tensor& h, const Tensor& driven, nn::Linear& recurrent) {
                             return h + relu(driven + recurrent(h));
                           }),
                      sgd(0.05));
                });
  add_to_report(gallery, {.name = "a recurrent net of equal weights", .causes = {Symmetry}},
                "constant-rnn-digits", [] {
                  Problem problem = rows_of_digits();
                  Recurrent net(problem, 32, 1, tanh);
                  init::apply(net, constant(0.04));
                  return classifier(problem, net);
                });
  add_to_report(gallery, {.name = "a sequence in the hundreds", .causes = {InputScale}},
                "rows-500-rnn-digits", [] {
                  Problem problem = rows_of_digits();
                  problem.data.inputs = problem.data.inputs * 500;
                  return classifier(problem, Recurrent(problem, 32, 1, tanh));
                });
  add_to_report(gallery, {.name = "recurrent, too fast", .causes = {UpdateTooLarge, Exploding}},
                "sgd-10-rnn-digits", [] {
                  Problem problem = rows_of_digits();
                  return classifier(problem, Recurrent(problem, 32, 1, tanh), sgd(10, 0));
                });
  add_to_report(gallery, {.name = "one direction lost", .causes = {ZeroGradient}, .layer = "back"},
                "one-way-digits", [] {
                  Problem problem = rows_of_digits();
                  return classifier(problem, OneWay(problem));
                });
}

void add_tokens(Gallery& gallery) {
  add_to_report(gallery,
                {.name = "queries without a gradient", .causes = {ZeroGradient}, .layer = "query"},
                "stopped-query-digits", [] {
                  Problem problem = rows_of_digits();
                  return classifier(problem, StoppedQuery(problem));
                });
  add_to_report(
      gallery, {.name = "a transformer, too fast", .causes = {UpdateTooLarge}},
      "adam-0.1-post-norm-digits", [] {
        Problem problem = rows_of_digits();
        return classifier(
            problem,
            nn::Sequential{nn::Linear(8, 24), PostNorm(24), PostNorm(24),
                           Apply([](const Tensor& x) { return mean(x, {1}); }), nn::Linear(24, 10)},
            adam(0.1));
      });
  add_to_report(gallery, {.name = "the mean of no words", .causes = {NonFinite}, .word = "div"},
                "mean-of-none-words", [] { return classifier(sentences(0.7), MeanOfWords()); });
  add_to_report(gallery,
                {.name = "a table looked up in a copy", .causes = {ZeroGradient}, .layer = "table"},
                "copied-table-words", [] { return classifier(sentences(0.2), CopiedTable()); });
  add_to_tune(gallery, {.name = "a mask the wrong way round", .causes = {ZeroGradient}},
              "inverted-mask-digits", [] {
                Program p = classifier(digits(), mlp(digits(), {2, 48, make<nn::ReLU>, he()}));
                p.loss = [](const Tensor& output, const Tensor& target) {
                  Tensor each = cross_entropy(output, target, {.reduction = Reduction::None});
                  return sum(each * (target < 0).to(float32)) / 32;
                };
                return p;
              });
}

void add_convolutions(Gallery& gallery) {
  add_to_report(gallery,
                {.name = "convolutions, small weights", .causes = {Initialization, Vanishing}},
                "line-8x12-tanh-digits", [] {
                  Line net(digits(), 8, 12, tanh);
                  init::apply(net, normal(0.05));
                  return classifier(digits(), net, sgd(0.05));
                });
  add_to_report(gallery, {.name = "filters that are all one", .causes = {Symmetry}},
                "constant-filters-digits", [] {
                  Line net(digits(), 2, 16, relu);
                  init::constant_(net.filters[0].weight, 0.3);
                  init::constant_(net.filters[1].weight, 0.1);
                  for (nn::Linear& filter : net.filters) init::zeros_(filter.bias);
                  return classifier(digits(), net);
                });
  add_to_tune(gallery, {.name = "dead filters", .causes = {DeadUnits}, .layer = "filter1"},
              "dead-filters-digits", [] {
                Line net(digits(), 3, 16, relu);
                init::constant_(net.filters[1].bias, -4);
                return classifier(digits(), net);
              });
}

}  // namespace

void add_sequence_faults(Gallery& gallery) {
  add_recurrent(gallery);
  add_tokens(gallery);
  add_convolutions(gallery);
}

}  // namespace clinic
