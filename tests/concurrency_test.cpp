// What threads may do at once without locks of their own; run under the thread sanitizer by CI.
#include <functional>
#include <thread>
#include <vector>

#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/operators.h"
#include "gradus/autograd/ops.h"
#include "gradus/data/data_loader.h"
#include "gradus/data/digits.h"
#include "gradus/nn/activations.h"
#include "gradus/nn/batch_norm.h"
#include "gradus/nn/dropout.h"
#include "gradus/nn/linear.h"
#include "gradus/nn/sequential.h"
#include "gradus/optim/adam.h"
#include "gradus/tensor/allocator.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/parallel.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"

using namespace gradus;

namespace {

/// Calls f(0), ..., f(n - 1), each on a thread of its own. Catch2's checks belong into one thread.
void in_threads(int n, const std::function<void(int)>& f) {
  std::vector<std::thread> threads;
  for (int i = 0; i < n; ++i) threads.emplace_back([&f, i] { f(i); });
  for (std::thread& thread : threads) thread.join();
}

data::Dataset some_digits() {
  data::Dataset all = data::digits().train;
  return {all.inputs.narrow(0, 0, 320), all.targets.narrow(0, 0, 320)};
}

/// The loss of each step of a small network, all of its random numbers drawn from `generator`.
std::vector<double> losses(const data::Dataset& set, int epochs, Generator* generator) {
  nn::Sequential net{nn::Linear(64, 24, {.generator = generator}), nn::BatchNorm1d(24), nn::ReLU(),
                     nn::Dropout(0.1, generator), nn::Linear(24, 10, {.generator = generator})};
  optim::Adam adam(net.parameters(), {.lr = 0.01});
  data::DataLoader loader(
      set, {.batch_size = 32, .shuffle = true, .generator = generator, .prefetch = 1});
  std::vector<double> values;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    for (const auto& [x, y] : loader) {
      adam.zero_grad();
      Tensor loss = cross_entropy(net(x), y);
      loss.backward();
      adam.step();
      values.push_back(loss.item<double>());
    }
  }
  return values;
}

}  // namespace

TEST_CASE("networks trained at once learn what they learn alone", "[concurrency]") {
  data::Dataset set = some_digits();
  std::vector<std::vector<double>> alone, together(4);
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    Generator generator(seed);
    alone.push_back(losses(set, 2, &generator));
  }
  in_threads(4, [&](int i) {
    Generator generator(static_cast<std::uint64_t>(i));
    together[static_cast<std::size_t>(i)] = losses(set, 2, &generator);
  });
  CHECK(together == alone);
}

TEST_CASE("networks trained at once may share the default generator", "[concurrency]") {
  manual_seed(4);
  data::Dataset set = some_digits();
  std::vector<std::vector<double>> values(4);
  in_threads(4, [&](int i) { values[static_cast<std::size_t>(i)] = losses(set, 3, nullptr); });
  for (const std::vector<double>& steps : values) {
    REQUIRE(steps.size() == 30);
    CHECK(steps.back() < 0.6 * steps.front());
  }
}

TEST_CASE("threads may ask one network at once", "[concurrency]") {
  manual_seed(5);
  data::Dataset set = some_digits();
  nn::Sequential net{nn::Linear(64, 24), nn::BatchNorm1d(24), nn::ReLU(), nn::Linear(24, 10)};
  net.eval();
  std::vector<double> expected = net(set.inputs).to_vector<double>();
  std::vector<int> equal(4);
  in_threads(4, [&](int i) {
    NoGrad no_grad;
    for (int round = 0; round < 20; ++round) {
      equal[static_cast<std::size_t>(i)] += net(set.inputs).to_vector<double>() == expected;
    }
  });
  CHECK(equal == std::vector<int>(4, 20));
}

TEST_CASE("threads may add to the gradients of one network at once", "[concurrency]") {
  manual_seed(6);
  nn::Sequential net{nn::Linear(8, 6), nn::ReLU(), nn::Linear(6, 1)};
  Tensor x = randint(-4, 5, {16, 8}).to(float32);
  for (const Tensor& p : net.parameters()) {
    NoGrad no_grad;
    p.copy_(randint(-2, 3, p.shape()).to(float32));  // whole numbers: no order of sums matters
  }
  auto pass = [&] { net(x).sum().backward(); };
  pass();
  std::vector<std::vector<double>> expected;
  for (const Tensor& p : net.parameters())
    expected.push_back((p.grad() * 40.0).to_vector<double>());
  net.zero_grad();
  in_threads(4, [&](int) {
    for (int round = 0; round < 10; ++round) pass();
  });
  std::vector<std::vector<double>> sums;
  for (const Tensor& p : net.parameters()) sums.push_back(p.grad().to_vector<double>());
  CHECK(sums == expected);
}

TEST_CASE("a graph may be run and die in another thread than made it", "[concurrency]") {
  std::uint64_t before = memory_stats().bytes_in_use;
  {
    Tensor w = ones({16}).requires_grad_();
    std::vector<Tensor> run_there(4), die_there(4);
    in_threads(4, [&](int i) {
      Tensor h = w;
      for (int k = 0; k < 200; ++k) h = h * 1.0;
      run_there[static_cast<std::size_t>(i)] = h.sum();
      die_there[static_cast<std::size_t>(i)] = exp(h);
    });
    in_threads(4, [&](int i) {
      std::size_t next = static_cast<std::size_t>((i + 1) % 4);
      run_there[next].backward();
      run_there[next] = {};
      die_there[next] = {};
    });
    CHECK(w.grad().to_vector<double>() == std::vector<double>(16, 4.0));
  }
  CHECK(memory_stats().bytes_in_use == before);
}

TEST_CASE("graphs that share a part may die in two threads at once", "[concurrency]") {
  Tensor w = ones({4}).requires_grad_();
  std::uint64_t before = memory_stats().bytes_in_use;
  for (int round = 0; round < 50; ++round) {
    Tensor shared = w;
    for (int k = 0; k < 20; ++k) shared = tanh(shared);
    std::vector<Tensor> ends(4, shared);
    for (Tensor& end : ends) end = exp(end);
    shared = {};
    in_threads(4, [&](int i) { ends[static_cast<std::size_t>(i)] = {}; });
  }
  CHECK(memory_stats().bytes_in_use == before);
}

TEST_CASE("large kernels called at once share the worker threads", "[concurrency]") {
  Tensor a = randn({256, 192}), b = randn({192, 256}), c = randn({200, 400});
  auto work = [&] {
    std::vector<double> values = matmul(a, b).to_vector<double>();
    for (const Tensor& x : {exp(c), softmax(c, 1), c.t().sum({0}), cat({c, c}, 0)}) {
      values.push_back(x.sum().item<double>());
    }
    return values;
  };
  int threads_before = num_threads();
  set_num_threads(4);
  std::vector<double> expected = work();
  std::vector<int> equal(4);
  in_threads(4, [&](int i) {
    for (int round = 0; round < 3; ++round)
      equal[static_cast<std::size_t>(i)] += work() == expected;
  });
  set_num_threads(threads_before);
  CHECK(equal == std::vector<int>(4, 3));
}
