#include "gradus/nn/module.h"

#include "gradus/autograd/graph_view.h"
#include "gradus/autograd/ops.h"
#include "gradus/nn/activations.h"
#include "gradus/nn/batch_norm.h"
#include "gradus/nn/linear.h"
#include "gradus/nn/sequential.h"
#include "gradus/nn/shape.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"

using namespace gradus;

namespace {

struct Classifier : nn::Module {
  nn::Linear hidden = child("hidden", nn::Linear(4, 3));
  nn::Linear head = child("head", nn::Linear(3, 2));
  Tensor forward(const Tensor& x) override { return head(relu(hidden(x))); }
};

// Parameters of its own, a buffer, a shared child and a shared parameter.
struct Odd : nn::Module {
  Tensor scale = parameter("scale", ones(2));
  Tensor steps = buffer("steps", zeros({}, int64));
  Classifier first = child("first", Classifier());
  Classifier again = child("again", first);
  Tensor tied = parameter("tied", first.head.weight);
};

template <class Named>
std::vector<std::string> names(const Named& entries) {
  std::vector<std::string> found;
  for (const auto& [name, value] : entries) found.push_back(name);
  return found;
}
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a module lists what it holds in order, shared things once", "[module]") {
  Classifier net;
  CHECK(names(net.named_parameters()) ==
        Names{"hidden.weight", "hidden.bias", "head.weight", "head.bias"});
  CHECK(names(net.named_modules()) == Names{"", "hidden", "head"});
  CHECK(names(net.children()) == Names{"hidden", "head"});
  CHECK(net.num_parameters() == 4 * 3 + 3 + 3 * 2 + 2);
  for (const Tensor& p : net.parameters()) CHECK(p.requires_grad());

  Odd odd;
  CHECK(names(odd.named_parameters()) ==
        Names{"scale", "tied", "first.hidden.weight", "first.hidden.bias", "first.head.bias"});
  CHECK(names(odd.named_parameters(false)) == Names{"scale", "tied"});
  CHECK(names(odd.named_buffers()) == Names{"steps"});
  CHECK(names(odd.named_modules()) == Names{"", "first", "first.hidden", "first.head"});
  CHECK(names(odd.children()) == Names{"first"});
}

TEST_CASE("copies of a module are the same module", "[module]") {
  Classifier net;
  Classifier copy = net;
  CHECK(copy.is_same(net));
  copy.eval();
  CHECK_FALSE(net.hidden.is_training());
  nn::Sequential sequence(net);
  sequence.train();
  CHECK(copy.head.is_training());
  fill_(copy.state_dict().at("head.bias"), 5);
  CHECK(sequence.get<Classifier>(0).head.bias.at(1) == 5);
  Classifier moved = std::move(copy);
  CHECK(copy.num_parameters() == moved.num_parameters());
  CHECK_FALSE(Classifier().is_same(net));
}

TEST_CASE("paths are those of the outermost network", "[module]") {
  nn::Linear leaf(2, 2);
  CHECK(std::string(leaf.path()) == "");
  {
    nn::Sequential inner(nn::Identity(), leaf);
    CHECK(std::string(leaf.path()) == "1");
    {
      nn::Sequential outer(inner, leaf);
      CHECK(std::string(leaf.path()) == "0.1");
      CHECK(std::string(inner.path()) == "0");
      for (auto& [name, module] : outer.named_modules()) CHECK(module.path() == name);
    }
    CHECK(std::string(leaf.path()) == "1");
  }
  CHECK(std::string(leaf.path()) == "");
}

TEST_CASE("recorded ops carry the path of their layer and the caller's line", "[module]") {
  Classifier net;
  int line = __LINE__ + 1;
  Tensor y = net(ones({1, 4}));
  CHECK(std::string(node_of(y)->layer()) == "head");
  CHECK(node_of(y)->at().line < line);  // the call in forward, in this file
  CHECK(std::string(node_of(y)->at().file_name()) == "module_test.cpp");

  nn::Sequential chain{nn::Linear(4, 3), nn::Sequential(nn::Linear(3, 3), nn::Tanh())};
  line = __LINE__ + 1;
  Tensor z = chain(ones({1, 4}));
  CHECK(std::string(node_of(z)->layer()) == "1.1");
  CHECK(node_of(z)->at().line == line);
  CHECK(std::string(node_of(z * 2.0)->layer()) == "");
}

TEST_CASE("errors name the layer", "[module]") {
  Classifier net;
  REQUIRE_THROWS_WITH(net(ones({2, 5})), Contains("[linear]") && Contains("(2, 5)") &&
                                             Contains("(3, 4)") && Contains("in 'hidden'") &&
                                             Contains("module_test.cpp:"));
  struct Pair : nn::Module {};
  REQUIRE_THROWS_WITH(Pair()(ones(2)), Contains("Pair has no forward of one input"));
}

TEST_CASE("registration refuses bad names, tensors and circles", "[module]") {
  struct Open : nn::Module {
    using Module::buffer;
    using Module::child;
    using Module::parameter;
  };
  Open net;
  net.parameter("w", ones(2));
  REQUIRE_THROWS_WITH(net.parameter("w", ones(2)), Contains("Open already has a member 'w'"));
  REQUIRE_THROWS_WITH(net.child("w", nn::Identity()), Contains("already has a member 'w'"));
  REQUIRE_THROWS_WITH(net.child("a.b", nn::Identity()), Contains("'a.b'") && Contains("no dots"));
  REQUIRE_THROWS_WITH(net.buffer("", ones(2)), Contains("not empty"));
  REQUIRE_THROWS_WITH(net.parameter("n", ones(2, int64)),
                      Contains("'n'") && Contains("must be floating") && Contains("int64"));
  REQUIRE_THROWS_WITH(net.parameter("u", Tensor()), Contains("'u' of Open is undefined"));
  REQUIRE_THROWS_WITH(net.buffer("u", Tensor()), Contains("'u' of Open is undefined"));
  REQUIRE_THROWS_WITH(net.child("self", net), Contains("its own descendant"));
  Open inner = net.child("inner", Open());
  REQUIRE_THROWS_WITH(inner.child("outer", net), Contains("its own descendant"));
  CHECK(net.named_parameters().size() == 1);
}

TEST_CASE("to converts in place for all who hold the parameters", "[module]") {
  nn::Sequential net(nn::Linear(2, 2), nn::BatchNorm1d(2));
  Tensor weight = net.get<nn::Linear>(0).weight;
  Tensor x = randn({3, 2});
  net(x).sum().backward();
  Tensor before = weight.clone().detach();
  Tensor gradient = weight.grad();
  net.to(float64);
  CHECK(weight.dtype() == float64);
  CHECK(weight.requires_grad());
  CHECK(allclose(weight.detach(), before.to(float64)));
  CHECK(weight.grad().dtype() == float64);
  CHECK(allclose(weight.grad(), gradient.to(float64)));
  auto& norm = net.get<nn::BatchNorm1d>(1);
  CHECK(norm.running_var.dtype() == float64);
  CHECK(norm.num_batches_tracked.dtype() == int64);
  net.zero_grad();
  square(net(x.to(float64))).sum().backward();
  CHECK(weight.grad().dtype() == float64);
  REQUIRE_THROWS_WITH(net.to(int64), Contains("floating, not int64"));
}

TEST_CASE("modes and gradients are set for all descendants", "[module]") {
  Classifier net;
  CHECK(net.is_training());
  net.eval();
  for (auto& [name, module] : net.named_modules()) CHECK_FALSE(module.is_training());
  net.hidden.train();
  CHECK(net.hidden.is_training());
  CHECK_FALSE(net.is_training());

  net(ones({1, 4})).sum().backward();
  CHECK(net.head.weight.grad().defined());
  net.zero_grad();
  for (const Tensor& p : net.parameters()) CHECK_FALSE(p.grad().defined());
  net.hidden.requires_grad_(false);
  CHECK(net.num_parameters(true) == 8);
  CHECK(net.num_parameters() == 23);

  Names order;
  net.apply([&](const std::string& name, nn::Module& module) {
    order.push_back(name + ":" + module.type_name());
  });
  CHECK(order == Names{"hidden:Linear", "head:Linear", ":Classifier"});
}

// print(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 2, bias=False),
//                     nn.BatchNorm1d(2)))) in torch 1.13.1, with C++'s true and false.
TEST_CASE("a module prints as a tree", "[module]") {
  nn::Sequential net{nn::Linear(4, 3), nn::ReLU(),
                     nn::Sequential(nn::Linear(3, 2, {.bias = false}), nn::BatchNorm1d(2))};
  CHECK(fmt::format("{}", net) ==
        "Sequential(\n"
        "  (0): Linear(in_features=4, out_features=3, bias=true)\n"
        "  (1): ReLU()\n"
        "  (2): Sequential(\n"
        "    (0): Linear(in_features=3, out_features=2, bias=false)\n"
        "    (1): BatchNorm1d(2, eps=1e-05, momentum=0.1, affine=true, "
        "track_running_stats=true)\n"
        "  )\n"
        ")");
  CHECK(fmt::format("{}", nn::Sequential()) == "Sequential()");
  CHECK(fmt::format("{}", Classifier()).starts_with("Classifier(\n  (hidden): Linear("));
}

namespace {

template <class F>
struct Wrapped : nn::Module {
  explicit Wrapped(F f) : function(f) {}
  F function;
};

}  // namespace

TEST_CASE("a type's name leaves out where a lambda stands", "[module]") {
  CHECK(Wrapped([](const Tensor& x) { return x; }).type_name() == "Wrapped");
  CHECK(Wrapped<int>(3).type_name() == "Wrapped<int>");
}
