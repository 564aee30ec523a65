#include "gradus/autograd/backward.h"
#include "gradus/autograd/ops.h"
#include "gradus/nn/activations.h"
#include "gradus/nn/linear.h"
#include "gradus/nn/module_list.h"
#include "gradus/nn/module_structure.h"
#include "gradus/nn/residual.h"
#include "gradus/nn/sequential.h"
#include "gradus/nn/shape.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"
#include "tests/near.h"

using namespace gradus;

namespace {

// y = f(x), for bodies whose result is plain to see.
class Times : public nn::Module {
 public:
  explicit Times(double factor) : factor_(factor) {}
  Tensor forward(const Tensor& x) override { return x * factor_; }

 private:
  double factor_;
};

}  // namespace

TEST_CASE("Sequential runs its modules in order", "[sequential]") {
  nn::Linear first(4, 3), second(3, 2);
  nn::Sequential net(first, nn::ReLU(), second);
  Tensor x = randn({5, 4});
  CHECK(equal(net(x), second(relu(first(x)))));
  CHECK(net.size() == 3);
  CHECK(nn::Sequential()(x).is_same(x));

  nn::Sequential grown;
  grown.push_back(first);
  grown.push_back(nn::ReLU());
  grown.append(nn::Sequential(second));
  CHECK(equal(grown(x), net(x)));
  grown.append(grown);
  CHECK(grown.size() == 6);
  CHECK(grown.children().size() == 3);  // shared ones once
}

TEST_CASE("modules are found by index and by type", "[sequential]") {
  nn::Sequential net(nn::Linear(4, 3), nn::ReLU());
  CHECK(net[0].type_name() == "Linear");
  CHECK(net[-1].type_name() == "ReLU");
  CHECK(net.get<nn::Linear>(0).weight.shape() == Shape{3, 4});
  REQUIRE_THROWS_AS(net[2], IndexError);
  REQUIRE_THROWS_WITH(net[-3], Contains("module -3 of a Sequential of 2"));
  REQUIRE_THROWS_WITH(net.get<nn::Linear>(1), Contains("module 1") && Contains("ReLU"));
}

TEST_CASE("ModuleList holds modules and runs none", "[sequential]") {
  nn::ModuleList list{nn::Linear(2, 2), nn::Linear(2, 1)};
  CHECK(list.named_parameters()[2].first == "1.weight");
  REQUIRE_THROWS_WITH(list(ones({1, 2})), Contains("ModuleList has no forward of one input"));
}

TEST_CASE("an error deep inside names the path", "[sequential]") {
  nn::Sequential net{nn::Linear(4, 3), nn::Sequential(nn::ReLU(), nn::Linear(2, 2))};
  REQUIRE_THROWS_WITH(net(ones({1, 4})), Contains("in '1.1'") && Contains("containers_test.cpp"));
}

TEST_CASE("Residual adds its input", "[residual]") {
  Tensor x = tensor({-1.0, 2.0});
  CHECK(equal(nn::Residual(Times(3))(x), tensor({-4.0, 8.0})));
  CHECK(equal(nn::Residual(Times(3), Times(-1))(x), tensor({2.0, -4.0})));
  CHECK(equal(nn::Residual({.activation = nn::ReLU()}, Times(3))(x), tensor({0.0, 8.0})));
  CHECK(equal(nn::Residual({.activation = nn::ReLU(), .pre_activation = true}, Times(3))(x),
              tensor({-1.0, 8.0})));
  CHECK(equal(nn::Residual({.projection = Times(10)}, Times(3))(x), tensor({-13.0, 26.0})));
  // With pre-activation the projection sees the activated input (He et al. 2016b).
  CHECK(equal(
      nn::Residual({.projection = Times(10), .activation = nn::ReLU(), .pre_activation = true},
                   Times(3))(x),
      tensor({0.0, 26.0})));
}

TEST_CASE("Residual lets gradients pass", "[residual]") {
  nn::Residual net(Times(0));
  Tensor x = tensor({1.0, 2.0}).requires_grad_();
  net(x).sum().backward();
  CHECK(equal(x.grad(), ones(2)));
}

TEST_CASE("Residual names its parts and suggests a projection", "[residual]") {
  nn::Residual net{{.projection = nn::Linear(4, 2), .activation = nn::Tanh()},
                   nn::Linear(4, 3),
                   nn::Linear(3, 2)};
  std::vector<std::string> names;
  for (auto& [name, module] : net.named_modules()) names.push_back(name);
  CHECK(names ==
        std::vector<std::string>{"", "body", "body.0", "body.1", "projection", "activation"});
  CHECK(net(ones({1, 4})).shape() == Shape{1, 2});

  nn::Sequential wrong(nn::Residual(nn::Linear(4, 2)));
  REQUIRE_THROWS_WITH(wrong(ones({1, 4})),
                      Contains("[Residual]") && Contains("(1, 4) into (1, 2)") &&
                          Contains("give it a projection") && Contains("in '0'"));
  nn::Residual misfit{{.projection = nn::Linear(4, 3)}, nn::Linear(4, 2)};
  REQUIRE_THROWS_WITH(misfit(ones({1, 4})), Contains("make the projection's output fit"));
  REQUIRE_THROWS_WITH(nn::Residual({.pre_activation = true}, nn::Identity()),
                      Contains("needs an activation"));
}

namespace {

std::vector<std::string> types(const nn::ModuleList& list) {
  std::vector<std::string> found;
  for (std::int64_t i = 0; i < list.size(); ++i) found.push_back(list[i].type_name());
  return found;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("modules are put in, replaced and taken out", "[sequential]") {
  nn::Linear first(4, 3), second(3, 2);
  nn::Sequential net(first, nn::ReLU(), second);
  nn::Sequential same = net;  // a handle: it sees what is done through the other
  net.insert(1, nn::Tanh());
  CHECK(types(same) == Names{"Linear", "Tanh", "ReLU", "Linear"});
  CHECK(std::string(second.path()) == "3");
  CHECK(net.named_parameters()[2].first == "3.weight");

  const nn::AnyModule before = net.replace(-2, nn::Sigmoid());
  CHECK((*before).type_name() == "ReLU");
  CHECK(std::string((*before).path()).empty());
  CHECK(types(net) == Names{"Linear", "Tanh", "Sigmoid", "Linear"});
  Tensor x = randn({5, 4});
  CHECK(equal(net(x), second(sigmoid(tanh(first(x))))));

  CHECK((*net.erase(1)).type_name() == "Tanh");
  CHECK((*net.erase(-1)).is_same(second));
  net.insert(net.size(), nn::ReLU());
  net.insert(-1, nn::SELU());
  CHECK(types(net) == Names{"Linear", "Sigmoid", "SELU", "ReLU"});
}

TEST_CASE("paths follow modules that move", "[sequential]") {
  nn::Linear inner(2, 2);
  nn::Sequential body{inner};
  nn::Sequential net{nn::ReLU(), body};
  nn::Sequential other{inner};  // the second to hold it: its path stays that of the first
  net.insert(0, nn::Tanh());
  CHECK(std::string(inner.path()) == "2.0");
  body.insert(0, nn::ReLU());
  CHECK(std::string(inner.path()) == "2.1");
  body.erase(1);
  CHECK(std::string(inner.path()) == "0");
}

TEST_CASE("a list that is changed wrongly says so and stays as it is", "[sequential]") {
  nn::Sequential net{nn::Linear(4, 3), nn::ReLU()};
  REQUIRE_THROWS_AS(net.insert(3, nn::ReLU()), IndexError);
  REQUIRE_THROWS_WITH(net.insert(-3, nn::ReLU()),
                      StartsWith("[insert] at -3 of a Sequential of 2"));
  REQUIRE_THROWS_WITH(
      net.replace(2, nn::ReLU()),
      StartsWith("[replace] module 2 of a Sequential of 2") && Contains("containers_test.cpp"));
  REQUIRE_THROWS_AS(net.erase(-3), IndexError);
  REQUIRE_THROWS_WITH(net.insert(0, net), Contains("its own descendant"));
  REQUIRE_THROWS_WITH(net.replace(0, nn::AnyModule()),
                      Contains("child '0'") && Contains("no module"));
  CHECK(types(net) == Names{"Linear", "ReLU"});
  CHECK(std::string(net[1].path()) == "1");
}

TEST_CASE("a structure is put back as it was", "[sequential]") {
  nn::ReLU shared;
  nn::Sequential inner{shared, nn::Linear(2, 2)};
  nn::Sequential net{nn::Linear(2, 2), inner, shared};
  const Tensor x = randn({3, 2});
  const Tensor y = net(x);
  const std::string before = fmt::format("{}", net);
  const std::string path = shared.path();
  {
    const nn::Module::Structure structure(net);
    nn::Sequential body;
    body.push_back(inner.erase(0));
    inner.insert(0, nn::Residual(body));
    net.erase(0);
    net.replace(-1, nn::Tanh());
    CHECK(fmt::format("{}", net) != before);
    structure.restore();
  }
  CHECK(fmt::format("{}", net) == before);
  CHECK(shared.path() == path);
  CHECK(std::string(inner[1].path()) == "1.1");
  CHECK(equal(net(x), y));
}
