// The workloads in libtorch, call for call those of gradus_worker.cpp.

#include <torch/torch.h>

#include "worker.h"

using bench::Step;
using torch::Tensor;

namespace {

torch::nn::Sequential mlp(const std::vector<std::int64_t>& sizes) {
  torch::nn::Sequential net;
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    if (i > 0) net->push_back(torch::nn::ReLU());
    net->push_back(torch::nn::Linear(sizes[i], sizes[i + 1]));
  }
  return net;
}

torch::nn::Sequential deep30() {
  torch::nn::Sequential net;
  for (int i = 0; i < 30; ++i) {
    net->push_back(torch::nn::Linear(256, 256));
    net->push_back(torch::nn::BatchNorm1d(256));
    net->push_back(torch::nn::Tanh());
  }
  net->push_back(torch::nn::Linear(256, 10));
  return net;
}

Step training(torch::nn::Sequential net, std::int64_t inputs, std::int64_t batch,
              double max_norm = 0) {
  auto opt = std::make_shared<torch::optim::SGD>(net->parameters(),
                                                 torch::optim::SGDOptions(0.01).momentum(0.9));
  Tensor x = torch::randn({batch, inputs});
  Tensor target = torch::randint(0, 10, {batch});
  return [=, params = net->parameters()]() mutable {
    for (Tensor& p : params) p.mutable_grad() = Tensor();  // its zero_grad() would fill zeros
    Tensor loss = torch::nn::functional::cross_entropy(net->forward(x), target);
    loss.backward();
    if (max_norm > 0) torch::nn::utils::clip_grad_norm_(params, max_norm);
    opt->step();
  };
}

Step observed(torch::nn::Sequential net) {
  for (Tensor& p : net->parameters()) {
    p.register_hook([](const Tensor& g) {
      auto norm = g.norm().item<float>();
      auto std = g.std().item<float>();
      auto zeros = g.eq(0).sum().item<std::int64_t>();
      bench::keep(norm + std + static_cast<float>(zeros));
    });
  }
  return training(net, 256, 128, 1.0);
}

Step inference(torch::nn::Sequential net, std::int64_t inputs, std::int64_t batch) {
  net->eval();
  return [net, x = torch::randn({batch, inputs})]() mutable {
    torch::NoGradGuard guard;
    bench::keep(net->forward(x));
  };
}

Step chain(long length) {
  Tensor x = torch::tensor(1.0f).requires_grad_();
  Tensor w = torch::tensor(1.0f);
  return [=]() mutable {
    x.mutable_grad() = Tensor();
    Tensor y = x;
    for (long i = 0; i < length; ++i) y = y * w;
    y.backward();
  };
}

Step gelu_fma() {
  Tensor x = torch::randn({4 << 20}).requires_grad_();
  Tensor a = torch::tensor({1.5f});
  Tensor b = torch::tensor({0.5f});
  return [=]() mutable {
    x.mutable_grad() = Tensor();
    torch::gelu(x * a + b).sum().backward();
  };
}

template <class F>
Step pointwise(F f) {
  Tensor x = torch::randn({2048, 2048});
  Tensor y = torch::randn({2048, 2048});
  return [=] {
    torch::NoGradGuard guard;
    bench::keep(f(x, y));
  };
}

Step product(const bench::Product& p) {
  std::string form = p.form;
  Tensor a = form == "tn" ? torch::randn({p.k, p.m}).t() : torch::randn({p.m, p.k});
  Tensor b = form == "nt" ? torch::randn({p.n, p.k}).t() : torch::randn({p.k, p.n});
  return [=] {
    torch::NoGradGuard guard;
    bench::keep(torch::matmul(a, b));
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
      {"chain", [] { return chain(10'000); }},
      {"gelu-fma", [] { return gelu_fma(); }},
      {"tanh", [] { return pointwise([](auto& x, auto&) { return x.tanh(); }); }},
      {"softmax", [] { return pointwise([](auto& x, auto&) { return x.softmax(1); }); }},
      {"add", [] { return pointwise([](auto& x, auto& y) { return x + y; }); }},
      {"sum-dim0", [] { return pointwise([](auto& x, auto&) { return x.sum(0); }); }},
      {"transposed-copy",
       [] { return pointwise([](auto& x, auto&) { return x.t().contiguous(); }); }},
  };
  for (const bench::Product& p : bench::products) {
    all.push_back({p.name(), [p] { return product(p); }});
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  bench::Library library;
  library.set_threads = [](int n) { torch::set_num_threads(n); };
  return bench::serve(argc, argv, workloads(), library);
}
