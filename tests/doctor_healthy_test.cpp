// A healthy training gets no finding, at whatever step one asks.
#include "tests/doctor_training.h"

using namespace doctor_tests;

namespace {

void healthy(const char* name, nn::Module& net, const Batch& data, Options options = {}) {
  const observe::Findings findings = train(net, data, options);
  INFO(name << "\n" << to_string(findings));
  CHECK(findings.empty());
}

}  // namespace

TEST_CASE("the doctor is silent on healthy classifiers", "[doctor][large]") {
  const int seed = GENERATE(0, 1);
  const int steps = GENERATE(4, 40, 150);
  manual_seed(static_cast<std::uint64_t>(seed));
  const Options adam{.lr = 3e-3, .adam = true, .steps = steps};
  const Options sgd{.lr = 0.05, .steps = steps};

  nn::Sequential relu = matched(chain(2, 3, 32, 2, nn::ReLU()), Nonlinearity::ReLU);
  healthy("relu", relu, circles(seed), adam);
  nn::Sequential narrow = matched(chain(2, 2, 8, 2, nn::ReLU()), Nonlinearity::ReLU);
  healthy("narrow", narrow, circles(seed), adam);
  nn::Sequential as_built = chain(64, 2, 32, 10, nn::ReLU());
  healthy("as constructed", as_built, digits(), sgd);
  nn::Sequential tanh = matched(chain(64, 4, 32, 10, nn::Tanh()), Nonlinearity::Tanh);
  healthy("tanh", tanh, digits(), sgd);
  nn::Sequential selu = matched(chain(64, 8, 32, 10, nn::SELU()), Nonlinearity::SELU);
  healthy("selu", selu, digits(), Options{.lr = 0.01, .steps = steps});
  nn::Sequential gelu = matched(chain(64, 3, 32, 10, nn::GELU()), Nonlinearity::GELU);
  healthy("gelu", gelu, digits(), adam);
  nn::Sequential sigmoid = chain(64, 1, 32, 10, nn::Sigmoid());
  healthy("one layer of sigmoids", sigmoid, digits(), adam);
  nn::Sequential clipped = matched(chain(64, 2, 32, 10, nn::ReLU()), Nonlinearity::ReLU);
  healthy("clipped", clipped, digits(), Options{.lr = 0.05, .steps = steps, .clip = 1});
}

TEST_CASE("the doctor is silent on healthy deep networks", "[doctor][large]") {
  const int steps = GENERATE(4, 120);
  manual_seed(3);
  const Options adam{.lr = 1e-3, .adam = true, .steps = steps};

  nn::Sequential plain = matched(chain(2, 30, 50, 2, nn::ReLU()), Nonlinearity::ReLU);
  healthy("30 rectifiers", plain, circles(), adam);
  nn::Sequential normalized;
  for (int i = 0; i < 12; ++i) {
    normalized.push_back(nn::Linear(i == 0 ? 64 : 32, 32));
    normalized.push_back(nn::BatchNorm1d(32));
    normalized.push_back(nn::ReLU());
    normalized.push_back(nn::Dropout(0.1));
  }
  normalized.push_back(nn::Linear(32, 10));
  healthy("batch norm", normalized, digits(), adam);
  nn::Sequential residual{nn::Linear(64, 32)};
  for (int i = 0; i < 12; ++i) residual.push_back(nn::Residual{nn::Linear(32, 32), nn::Tanh()});
  residual.push_back(nn::Linear(32, 10));
  healthy("residual", residual, digits(), adam);
}

TEST_CASE("the doctor is silent on other healthy trainings", "[doctor][large]") {
  const int steps = GENERATE(4, 150);
  manual_seed(4);
  const Options adam{.lr = 1e-2, .adam = true, .steps = steps};
  nn::Sequential regression = matched(chain(1, 2, 32, 1, nn::Tanh()), Nonlinearity::Tanh);
  healthy("regression", regression, sine(),
          {.lr = 1e-2, .adam = true, .steps = steps, .loss = squares});

  nn::Sequential frozen = matched(chain(64, 2, 32, 10, nn::ReLU()), Nonlinearity::ReLU);
  frozen.get<nn::Linear>(0).requires_grad_(false);
  healthy("frozen backbone", frozen, digits(), adam);

  struct Words : nn::Module {
    nn::Embedding table = child("table", nn::Embedding(20, 16));
    nn::Linear hidden = child("hidden", nn::Linear(16, 32));
    nn::Linear out = child("out", nn::Linear(32, 2));
    Tensor forward(const Tensor& x) override { return out(relu(hidden(mean(table(x), {1})))); }
  };
  Words words;
  Tensor x = randint(0, 20, {256, 5});
  healthy("embedding", words, {x, (sum(x, {1}) > 47).to(int64)}, adam);

  // Nothing can be learned from labels at random: the loss is flat, and nothing is wrong.
  nn::Sequential hopeless = matched(chain(2, 3, 32, 2, nn::Tanh()), Nonlinearity::Tanh);
  healthy("random labels", hopeless, {circles().x, randint(0, 2, {256})},
          {.lr = 3e-3, .adam = true, .steps = steps});

  nn::Sequential zero_head = matched(chain(64, 2, 32, 10, nn::ReLU()), Nonlinearity::ReLU);
  nn::init::zeros_(zero_head.get<nn::Linear>(4).weight);
  healthy("zeros at the end", zero_head, digits(), {.lr = 3e-3, .adam = true, .steps = steps});
}
