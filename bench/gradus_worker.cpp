// The workloads in gradus, written as a user would.

#include <gradus/gradus.h>

#include <memory>

#include "worker.h"

using namespace gradus;
using bench::Step;

namespace {

nn::Sequential mlp(const std::vector<std::int64_t>& sizes) {
  nn::Sequential net;
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    if (i > 0) net.push_back(nn::ReLU());
    net.push_back(nn::Linear(sizes[i], sizes[i + 1]));
  }
  return net;
}

nn::Sequential deep30() {
  nn::Sequential net;
  for (int i = 0; i < 30; ++i) {
    net.push_back(nn::Linear(256, 256));
    net.push_back(nn::BatchNorm1d(256));
    net.push_back(nn::Tanh());
  }
  net.push_back(nn::Linear(256, 10));
  return net;
}

nn::Sequential plain(const bench::Growth& size) {
  nn::Sequential net;
  for (long i = 0; i < size.layers; ++i) {
    net.push_back(nn::Linear(size.width, size.width));
    net.push_back(nn::Tanh());
  }
  return net;
}

/// A step of training: zero_grad, forward, loss, backward, SGD with momentum.
Step training(nn::Sequential net, std::int64_t inputs, std::int64_t batch, double max_norm = 0,
              std::function<void(const Tensor& loss)> after = {}) {
  auto opt = std::make_shared<optim::SGD>(net.parameters(),
                                          optim::SGDOptions{.lr = 0.01, .momentum = 0.9});
  Tensor x = randn({batch, inputs});
  Tensor target = randint(0, 10, {batch});
  return [=, params = net.parameters()]() mutable {
    opt->zero_grad();
    Tensor loss = cross_entropy(net(x), target);
    loss.backward();
    if (max_norm > 0) optim::clip_grad_norm_(params, max_norm);
    opt->step();
    if (after) after(loss);
  };
}

Step observed(nn::Sequential net) {
  for (const Tensor& p : net.parameters()) {
    register_hook(p, [](const Tensor& g) {
      Statistics s = statistics(g);
      bench::keep(s.norm + s.std + s.zero_share());
    });
  }
  return training(net, 256, 128, 1.0);
}

/// With a monitor that observes one step in `every`, long after its first ones.
Step monitored(nn::Sequential net, std::int64_t every) {
  const observe::MonitorOptions options{.dense = 0, .every = every};
  auto monitor = std::make_shared<observe::Monitor>(net, options);
  return training(net, 256, 128, 1.0, [monitor](const Tensor& loss) { monitor->step(loss); });
}

Step inference(nn::Sequential net, std::int64_t inputs, std::int64_t batch) {
  net.eval();
  return [net, x = randn({batch, inputs})]() mutable {
    NoGrad guard;
    bench::keep(net(x));
  };
}

Step chain(long length) {
  Tensor x = tensor(1.0f).requires_grad_();
  Tensor w = tensor(1.0f);
  return [=] {
    x.set_grad({});
    Tensor y = x;
    for (long i = 0; i < length; ++i) y = y * w;
    y.backward();
  };
}

Step gelu_fma() {
  Tensor x = randn({4 << 20}).requires_grad_();
  Tensor a = tensor({1.5f});
  Tensor b = tensor({0.5f});
  return [=] {
    x.set_grad({});
    sum(gelu(x * a + b)).backward();
  };
}

template <class F>
Step pointwise(F f) {
  Tensor x = randn({2048, 2048});
  Tensor y = randn({2048, 2048});
  return [=] {
    NoGrad guard;
    bench::keep(f(x, y));
  };
}

Step product(const bench::Product& p) {
  std::string form = p.form;
  Tensor a = form == "tn" ? randn({p.k, p.m}).t() : randn({p.m, p.k});
  Tensor b = form == "nt" ? randn({p.n, p.k}).t() : randn({p.k, p.n});
  return [=] {
    NoGrad guard;
    bench::keep(matmul(a, b));
  };
}

std::vector<bench::Workload> workloads() {
  std::vector<bench::Workload> all = {
      {"tiny",
       [] {
         return training(mlp({64, 128, 128, 10}), 64, 32);
       }},
      {"tiny-infer",
       [] {
         return inference(mlp({64, 128, 128, 10}), 64, 32);
       }},
      {"mnist",
       [] {
         return training(mlp({784, 512, 512, 10}), 784, 128);
       }},
      {"deep30", [] { return training(deep30(), 256, 128, 1.0); }},
      {"deep30-observed", [] { return observed(deep30()); }},
      {"deep30-monitored", [] { return monitored(deep30(), observe::MonitorOptions().every); }},
      {"deep30-every-step", [] { return monitored(deep30(), 1); }},
      {"chain", [] { return chain(10'000); }},
      {"gelu-fma", [] { return gelu_fma(); }},
      {"tanh", [] { return pointwise([](auto& x, auto&) { return tanh(x); }); }},
      {"softmax", [] { return pointwise([](auto& x, auto&) { return softmax(x, 1); }); }},
      {"add", [] { return pointwise([](auto& x, auto& y) { return x + y; }); }},
      {"sum-dim0", [] { return pointwise([](auto& x, auto&) { return sum(x, 0); }); }},
      {"transposed-copy",
       [] { return pointwise([](auto& x, auto&) { return contiguous(x.t()); }); }},
  };
  for (const bench::Product& p : bench::products) {
    all.push_back({p.name(), [p] { return product(p); }});
  }
  for (const bench::Growth& g : bench::growths) {
    all.push_back({g.name, [g] { return training(plain(g), g.width, g.batch); }});
  }
  for (long n : bench::chain_lengths) {
    all.push_back({"chain-" + std::to_string(n), [n] { return chain(n); }});
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  bench::Library library;
  library.set_threads = [](int n) { set_num_threads(n); };
  library.system_allocations = [] { return static_cast<long>(memory_stats().system_allocations); };
  return bench::serve(argc, argv, workloads(), library);
}
