#include "gradus/autograd/backward.h"
#include "gradus/autograd/graph_view.h"
#include "gradus/autograd/ops.h"
#include "gradus/nn/activations.h"
#include "gradus/nn/linear.h"
#include "gradus/nn/sequential.h"
#include "gradus/nn/shape.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/generator.h"
#include "tests/catch.h"
#include "tests/near.h"

using namespace gradus;

using Inputs = std::span<const Tensor>;
using Gradients = std::vector<Tensor>;

TEST_CASE("forward hooks run around forward in order of registration", "[module_hooks]") {
  nn::Identity net;
  std::vector<std::string> order;
  net.register_forward_hook([&](const nn::Module&, Inputs in, const Tensor& y) {
    CHECK(in.size() == 1);
    order.push_back(fmt::format("after 1: {}", y.item<double>()));
  });
  net.register_forward_hook([&](const nn::Module&, Inputs, const Tensor& y) { return y * 10.0; });
  net.register_forward_hook([&](const nn::Module& module, Inputs, const Tensor& y) {
    order.push_back(fmt::format("after 3: {} {}", y.item<double>(), module.type_name()));
    return Tensor();
  });
  net.register_forward_pre_hook([&](const nn::Module&, std::span<Tensor> in) {
    order.push_back(fmt::format("before: {}", in[0].item<double>()));
    in[0] = in[0] + 1.0;
  });
  CHECK(net(tensor(1.0)).item<double>() == 20);
  CHECK(order == std::vector<std::string>{"before: 1", "after 1: 2", "after 3: 20 Identity"});
}

TEST_CASE("a pre-hook's change stays inside of the call", "[module_hooks]") {
  nn::Identity net;
  net.register_forward_pre_hook(
      [](const nn::Module&, std::span<Tensor> in) { in[0] = tensor(7.0); });
  Tensor x = tensor(1.0);
  CHECK(net(x).item<double>() == 7);
  CHECK(x.item<double>() == 1);
}

TEST_CASE("module hooks end by their handle or with a scope", "[module_hooks]") {
  nn::Identity net;
  int calls = 0;
  auto count = [&](const nn::Module&, Inputs, const Tensor&) { ++calls; };
  HookHandle handle = net.register_forward_hook(count);
  {
    ScopedHook scoped(net.register_forward_hook(count));
    net(ones(1));
    CHECK(calls == 2);
  }
  net(ones(1));
  CHECK(calls == 3);
  handle.remove();
  handle.remove();
  net(ones(1));
  CHECK(calls == 3);
  HookHandle outliving;
  {
    nn::Identity brief;
    outliving = brief.register_forward_hook(count);
  }
  outliving.remove();

  // Of a hook that removes itself, the call under way is the last.
  HookHandle once;
  once = net.register_forward_hook([&](const nn::Module&, Inputs, const Tensor&) {
    ++calls;
    once.remove();
  });
  net(ones(1));
  net(ones(1));
  CHECK(calls == 4);
}

// torch.manual_seed(0); net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)), each with
// register_full_backward_hook; net(torch.tensor([[1., -1]])).sum().backward() in torch 1.13.1.
TEST_CASE("backward hooks see the gradients of inputs and outputs", "[module_hooks]") {
  manual_seed(0);
  nn::Sequential net{nn::Linear(2, 3), nn::Tanh(),
                     nn::Linear(3, 1)};  // Note [Order of construction]
  const std::vector<double> hidden{0.1527741253376007, -0.1744827926158905, -0.11348707973957062};
  const std::vector<double> first{0.1308557242155075, -0.1373402327299118, -0.08719465136528015};
  std::vector<std::string> order;
  bool input_needs_gradient = false;
  auto watch = [&](std::int64_t index, std::vector<double> in, std::vector<double> out) {
    net[index].register_backward_hook(
        [&order, &input_needs_gradient, index, in, out](
            const nn::Module& module, const Gradients& grad_inputs, const Gradients& grad_outputs) {
          order.push_back(module.path());
          REQUIRE(grad_inputs.size() == 1);
          REQUIRE(grad_outputs.size() == 1);
          check_near(grad_outputs[0], out);
          if (index > 0 || input_needs_gradient) {
            check_near(grad_inputs[0], in);
          } else {
            CHECK_FALSE(grad_inputs[0].defined());
          }
        });
  };
  watch(0, {0.10298367589712143, 0.10457321256399155}, first);
  watch(1, first, hidden);
  watch(2, hidden, {1});

  Tensor x = tensor({{1.0, -1.0}});
  net(x).sum().backward();
  CHECK(order == std::vector<std::string>{"2", "1", "0"});
  check_near(net.get<nn::Linear>(0).weight.grad(),
             {0.130855724, -0.130855724, -0.137340233, 0.137340233, -0.0871946514, 0.0871946514});

  order.clear();
  input_needs_gradient = true;
  x.requires_grad_();
  net(x).sum().backward();
  CHECK(order == std::vector<std::string>{"2", "1", "0"});
  check_near(x.grad(), {0.102983676, 0.104573213});
}

TEST_CASE("a backward hook puts nothing into the graph", "[module_hooks]") {
  nn::Linear net(2, 2);
  Tensor x = ones({1, 2}).requires_grad_();
  auto nodes = [&] {
    Tensor y = net(x);
    return std::pair(std::string(node_of(y)->name()),
                     node_of(y)->inputs()[0].node == edge_to(x).node);
  };
  auto before = nodes();
  HookHandle handle =
      net.register_backward_hook([](const nn::Module&, const Gradients&, const Gradients&) {});
  CHECK(nodes() == before);
  CHECK(before == std::pair(std::string("linear"), true));
}

TEST_CASE("a module of two inputs has hooks and a scope as well", "[module_hooks]") {
  nn::Bilinear net(2, 3, 1);
  std::size_t inputs = 0, gradients = 0;
  net.register_forward_hook(
      [&](const nn::Module&, Inputs in, const Tensor&) { inputs = in.size(); });
  net.register_backward_hook([&](const nn::Module&, const Gradients& in, const Gradients&) {
    gradients = in.size();
    CHECK(in[0].defined());
    CHECK_FALSE(in[1].defined());
  });
  Tensor x1 = ones({4, 2}).requires_grad_();
  net(x1, ones({4, 3})).sum().backward();
  CHECK(inputs == 2);
  CHECK(gradients == 2);
}

TEST_CASE("a removed backward hook does not fire for a forward of before", "[module_hooks]") {
  nn::Linear net(2, 1);
  int calls = 0;
  HookHandle handle = net.register_backward_hook(
      [&](const nn::Module&, const Gradients&, const Gradients&) { ++calls; });
  Tensor y = net(ones({1, 2}));
  handle.remove();
  y.backward();
  CHECK(calls == 0);
}
