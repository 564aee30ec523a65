#include "gradus/observe/trace.h"

#include "gradus/autograd/ops.h"
#include "gradus/nn/activations.h"
#include "gradus/nn/batch_norm.h"
#include "gradus/nn/dropout.h"
#include "gradus/nn/embedding.h"
#include "gradus/nn/layer_norm.h"
#include "gradus/nn/linear.h"
#include "gradus/nn/residual.h"
#include "gradus/observe/lint.h"
#include "gradus/observe/predict.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/generator.h"
#include "gradus/tensor/random.h"
#include "tests/messages.h"

using namespace gradus;
using observe::OpKind;
using observe::Trace;
using Names = std::vector<std::string>;
using Indices = std::vector<std::size_t>;

namespace {

std::vector<std::string> paths(const Trace& trace) {
  std::vector<std::string> found;
  for (const auto& layer : trace.layers) found.push_back(layer.path);
  return found;
}

struct Functional : nn::Module {
  nn::Linear a = child("a", nn::Linear(3, 4));
  nn::Linear b = child("b", nn::Linear(4, 2));
  Tensor forward(const Tensor& x) override { return b(relu(a(x))); }
};

struct Swish : nn::Module {
  Tensor forward(const Tensor& x) override { return x * sigmoid(x); }
};

}  // namespace

TEST_CASE("a trace names layers in order and what lies between", "[trace]") {
  nn::Sequential net{nn::Linear(3, 4), nn::BatchNorm1d(4), nn::ReLU(),
                     nn::Dropout(0.5), nn::Linear(4, 2),   nn::Softmax()};
  const Trace trace = observe::trace(net, ones({5, 3}));
  REQUIRE(paths(trace) == Names{"0", "1", "4"});
  CHECK(trace.layers[1].type == "BatchNorm1d");
  CHECK(trace.layers[0].module->is_same(net[0]));
  CHECK(trace.layers[0].output.shape() == Shape({5, 4}));
  CHECK(trace.layers[0].own_ops == Names{"linear"});
  CHECK(trace.layers[0].origin().from_input);
  CHECK(trace.layers[0].origin().sources.empty());
  CHECK(trace.layers[1].origin().sources == Indices{0});
  CHECK(trace.layers[1].origin().ops.empty());
  CHECK(trace.layers[2].origin().sources == Indices{1});
  CHECK(trace.layers[2].origin().activations() == Names{"relu"});
  CHECK(trace.layers[2].origin().has(OpKind::Dropout));
  CHECK_FALSE(trace.layers[2].origin().from_input);
  CHECK(trace.end.sources == Indices{2});
  CHECK(trace.end.has(OpKind::Softmax));
  CHECK(trace.end.ops[0].layer == "5");
  CHECK(trace.consumers(0) == Indices{1});
  CHECK(trace.consumers(2) == Indices{3});
}

TEST_CASE("functions and modules are the same activation in a trace", "[trace]") {
  Functional by_function;
  nn::Sequential by_module{nn::Linear(3, 4), nn::ReLU(), nn::Linear(4, 2)};
  for (nn::Module* net : {static_cast<nn::Module*>(&by_function),  //
                          static_cast<nn::Module*>(&by_module)}) {
    const Trace trace = observe::trace(*net, ones({5, 3}));
    REQUIRE(trace.layers.size() == 2);
    CHECK(trace.layers[1].origin().activations() == Names{"relu"});
    CHECK(trace.layers[1].origin().ops[0].at.line > 0);
  }
}

TEST_CASE("a module of several pointwise ops is one activation", "[trace]") {
  nn::Sequential net{nn::Linear(3, 4), Swish(), nn::Linear(4, 2)};
  const Trace trace = observe::trace(net, ones({5, 3}));
  REQUIRE(trace.layers[1].origin().ops.size() == 1);
  CHECK(trace.layers[1].origin().activations() == Names{"Swish"});
}

TEST_CASE("a trace sees skip connections", "[trace]") {
  nn::Sequential net{nn::Linear(4, 4), nn::Residual{nn::Linear(4, 4), nn::Tanh(), nn::Linear(4, 4)},
                     nn::Residual{nn::Linear(4, 4)}, nn::Linear(4, 2)};
  const Trace trace = observe::trace(net, ones({5, 4}));
  REQUIRE(paths(trace) == Names{"0", "1.body.0", "1.body.2", "2.body", "3"});
  CHECK_FALSE(trace.layers[1].origin().skip);
  CHECK_FALSE(trace.layers[2].origin().skip);
  CHECK(trace.layers[3].origin().skip);
  CHECK(trace.layers[3].origin().sources == Indices{0, 2});
  CHECK(trace.layers[4].origin().sources == Indices{0, 2, 3});
  CHECK(trace.leads_to(0, 4));
  CHECK(trace.leads_to(1, 3));
  CHECK_FALSE(trace.leads_to(3, 2));

  nn::Residual at_input{nn::Linear(4, 4)};
  const Trace first = observe::trace(at_input, ones({5, 4}));
  CHECK(first.end.skip);
  CHECK(first.end.from_input);
}

TEST_CASE("two towers that are added, and a gate, are no skip connection", "[trace]") {
  struct Towers : nn::Module {
    nn::Linear a = child("a", nn::Linear(4, 4)), b = child("b", nn::Linear(4, 4));
    nn::Linear head = child("head", nn::Linear(4, 1));
    Tensor forward(const Tensor& x) override { return head(a(x) + b(x)); }
  } towers;
  const Trace trace = observe::trace(towers, ones({5, 4}));
  CHECK(trace.layers[2].origin().sources == Indices{0, 1});
  CHECK_FALSE(trace.layers[2].origin().skip);

  struct Gate : nn::Module {
    nn::Linear a = child("a", nn::Linear(4, 4)), b = child("b", nn::Linear(4, 4));
    nn::Linear head = child("head", nn::Linear(4, 1));
    Tensor forward(const Tensor& x) override {
      Tensor h = a(x);
      return head(h * sigmoid(b(h)));
    }
  } gate;
  const Trace gated = observe::trace(gate, ones({5, 4}));
  CHECK(gated.layers[2].origin().sources == Indices{0, 1});
  CHECK_FALSE(gated.layers[2].origin().skip);
}

TEST_CASE("a layer called several times is traced as often", "[trace]") {
  struct Recurrent : nn::Module {
    nn::Linear step = child("step", nn::Linear(4, 4));
    Tensor forward(const Tensor& x) override { return step(tanh(step(tanh(step(x))))); }
  } net;
  const Trace trace = observe::trace(net, ones({5, 4}));
  REQUIRE(paths(trace) == Names{"step", "step", "step"});
  CHECK(trace.layers[2].call == 2);
  CHECK(trace.layers[2].origin().sources == Indices{1});
  CHECK(trace.layers[2].origin().activations() == Names{"tanh"});
}

TEST_CASE("hand-written layers, nested layers, frozen and detached paths", "[trace]") {
  struct Scaled : nn::Module {  // owns a parameter and a layer
    nn::Linear inner = child("inner", nn::Linear(4, 4));
    Tensor scale = parameter("scale", ones({4}));
    Tensor forward(const Tensor& x) override { return inner(x) * scale; }
  };
  struct Net : nn::Module {
    nn::Linear first = child("first", nn::Linear(4, 4));
    Scaled scaled = child("scaled", Scaled());
    nn::Linear last = child("last", nn::Linear(4, 1));
    Tensor forward(const Tensor& x) override {
      Tensor y = last(elu(scaled(relu(first(x)))));
      return y + last(first(x).detach());
    }
  } net;
  net.first.requires_grad_(false);
  const Trace trace = observe::trace(net, ones({5, 4}));
  REQUIRE(paths(trace) == Names{"first", "scaled.inner", "scaled", "last", "first", "last"});
  CHECK(trace.layers[1].origin().sources == Indices{0});
  CHECK(trace.layers[1].origin().activations() == Names{"relu"});
  CHECK(trace.layers[2].holds_layers);
  CHECK(trace.layers[2].own_ops == Names{"mul"});
  CHECK(trace.layers[3].origin().sources == Indices{2});
  CHECK(trace.layers[3].origin().activations() == Names{"elu"});
  CHECK(trace.layers[5].origin().detached);
}

TEST_CASE("a network that takes indices is traced", "[trace]") {
  nn::Sequential net{nn::Embedding(7, 3), nn::Tanh(), nn::Linear(3, 2)};
  const Trace trace = observe::trace(net, arange(6));
  REQUIRE(trace.layers.size() == 2);
  CHECK(trace.layers[0].origin().from_input);
  CHECK(trace.layers[1].origin().sources == Indices{0});
}

TEST_CASE("tracing, predicting and linting leave the network as it was", "[trace]") {
  manual_seed(3);
  nn::Sequential net{nn::Linear(3, 4), nn::BatchNorm1d(4), nn::ReLU(), nn::Dropout(0.5),
                     nn::Linear(4, 2)};
  net[4].eval();
  net.get<nn::Linear>(4).weight.set_grad(ones({2, 4}));
  Tensor x = normal(0, 1, {6, 3});
  auto& norm = net.get<nn::BatchNorm1d>(1);
  const auto state = default_generator().get_state();
  const auto version = norm.running_mean.storage()->version();
  const auto* memory = norm.running_mean.data<float>();
  std::vector<Tensor> before;
  for (auto& [name, tensor] : net.state_dict()) before.push_back(tensor.clone());
  SECTION("trace") { observe::trace(net, x); }
  SECTION("predict") { observe::predict(net, x); }
  SECTION("lint") { observe::lint(net, {.batch = x}); }
  SECTION("a forward that throws") { CHECK_THROWS_AS(observe::trace(net, ones({6, 5})), Error); }
  std::size_t i = 0;
  for (auto& [name, tensor] : net.state_dict()) CHECK(equal(tensor, before[i++]));
  CHECK(default_generator().get_state() == state);
  CHECK(norm.running_mean.data<float>() == memory);
  CHECK(norm.running_mean.storage()->version() == version);
  CHECK(net[3].is_training());
  CHECK_FALSE(net[4].is_training());
  CHECK_FALSE(net.get<nn::Linear>(0).weight.grad().defined());
  CHECK(equal(net.get<nn::Linear>(4).weight.grad(), ones({2, 4})));
  CHECK_FALSE(x.requires_grad());
}

TEST_CASE("a trace records under NoGrad, too", "[trace]") {
  Functional net;
  NoGrad no_grad;
  CHECK(observe::trace(net, ones({5, 3})).layers[1].origin().activations() == Names{"relu"});
}

TEST_CASE("wrong calls of observe say what is wrong", "[trace][messages]") {
  messages::check_messages({
      {"trace",
       [] {
         nn::Linear net(3, 2);
         observe::trace(net, messages::undefined);
       },
       {"the input is an undefined tensor: pass one that the network takes"}},
      {"linear",
       [] {
         nn::Linear net(3, 2);
         observe::trace(net, ones({2, 4}));
       },
       {"weight (2, 3) takes 3 features in the last dimension, but the input is (2, 4)"}},
      {"predict",
       [] {
         nn::Sequential net{nn::ReLU()};
         observe::predict(net, ones({2, 4}));
       },
       {"Sequential has no layer with parameters that was called on this input"}},
      {"trace",
       [] {
         nn::Linear net(3, 2);
         observe::predict(net, messages::undefined);
       },
       {"the input is an undefined tensor: pass one that the network takes"}},
      {"linear",
       [] {
         nn::Linear net(3, 2);
         observe::lint(net, {.batch = ones({2, 4})});
       },
       {"weight (2, 3) takes 3 features in the last dimension, but the input is (2, 4)"}},
      {"lint",
       [] {
         nn::Linear net(3, 2);
         observe::lint(net, {.optimized = std::vector{messages::undefined}});
       },
       {"an undefined tensor among the optimised parameters"}},
  });
}
