#include "gradus/observe/lint.h"

#include <algorithm>

#include "gradus/autograd/ops.h"
#include "gradus/data/synthetic.h"
#include "gradus/nn/activations.h"
#include "gradus/nn/batch_norm.h"
#include "gradus/nn/dropout.h"
#include "gradus/nn/embedding.h"
#include "gradus/nn/init_module.h"
#include "gradus/nn/layer_norm.h"
#include "gradus/nn/linear.h"
#include "gradus/nn/losses.h"
#include "gradus/nn/residual.h"
#include "gradus/observe/doctor/init_fit.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"
#include "tests/chain.h"

using namespace gradus;
using observe::lint;
using observe::LintOptions;
using observe::LintReport;
using observe::Severity;
namespace init = gradus::nn::init;

namespace {

/// "rule layer" of each remark.
std::vector<std::string> found(const LintReport& report) {
  std::vector<std::string> rules;
  for (const auto& remark : report.remarks) {
    rules.push_back(remark.layer.empty() ? remark.rule : remark.rule + " " + remark.layer);
    CHECK_FALSE(remark.message.empty());
    CHECK_FALSE(remark.fix.empty());
  }
  return rules;
}
using Found = std::vector<std::string>;

nn::Sequential chain(std::int64_t depth, std::int64_t width, const nn::AnyModule& activation,
                     std::int64_t in = 2, std::int64_t out = 2) {
  return tests::chain(in, depth, width, out, activation);
}

}  // namespace

TEST_CASE("healthy networks get no remark", "[lint]") {
  const auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 2)));
  manual_seed(seed);
  const Tensor x = data::circles(64).inputs;
  auto silent = [&](nn::Module& net, const nn::AnyModule& loss = nn::CrossEntropyLoss()) {
    const LintReport report = lint(net, {.batch = x, .loss = loss, .optimized = net.parameters()});
    INFO(fmt::format("{}", report));
    CHECK(report.remarks.empty());
    CHECK(lint(net).remarks.empty());
  };
  for (std::int64_t depth : {1, 2, 4}) {  // as constructed
    for (const nn::AnyModule& activation :
         std::vector<nn::AnyModule>{nn::ReLU(), nn::Tanh(), nn::GELU(), nn::SELU(), nn::PReLU(),
                                    nn::LeakyReLU(), nn::Softplus(), nn::LeCunTanh()}) {
      nn::Sequential net = chain(depth, 32, activation);
      silent(net);
    }
  }
  nn::Sequential sigmoid = chain(2, 16, nn::Sigmoid());
  silent(sigmoid);
  nn::Sequential deep = chain(30, 50, nn::ReLU());
  init::apply(deep, init::recommended_for(init::Nonlinearity::ReLU));
  silent(deep);
  nn::Sequential pytorch_gain = chain(30, 50, nn::Tanh());
  init::apply(pytorch_gain, [](const Tensor& w) { init::glorot_normal_(w, {.gain = 5.0 / 3}); });
  silent(pytorch_gain);
  nn::Sequential selu = chain(30, 50, nn::SELU());
  init::apply(selu, init::recommended_for(init::Nonlinearity::SELU));
  silent(selu);
  nn::Sequential orthogonal = chain(10, 32, nn::Tanh());
  init::apply(orthogonal, [](const Tensor& w) { init::orthogonal_(w); });
  silent(orthogonal);

  nn::Sequential normalized{nn::Linear(2, 32)};  // deep, but each layer is normalised
  nn::Sequential residual{nn::Linear(2, 32)};
  for (int i = 0; i < 12; ++i) {
    normalized.push_back(nn::BatchNorm1d(32));
    normalized.push_back(nn::ReLU());
    normalized.push_back(nn::Dropout(0.1));
    normalized.push_back(nn::Linear(32, 32));
    nn::Linear last(32, 32);
    init::zeros_(last.weight);  // Fixup, SkipInit
    residual.push_back(nn::Residual{nn::Linear(32, 32), nn::ReLU(), last});
  }
  normalized.push_back(nn::Linear(32, 2));
  residual.push_back(nn::Linear(32, 2));
  silent(normalized);
  silent(residual);

  nn::Sequential prior = chain(2, 32, nn::ReLU(), 2, 1);  // a prior for rare positives
  init::constant_(prior.get<nn::Linear>(4).bias, -4.6);
  silent(prior, nn::BCEWithLogitsLoss());
  nn::Sequential zero_head = chain(2, 32, nn::ReLU());
  init::zeros_(zero_head.get<nn::Linear>(4).weight);
  silent(zero_head);
  nn::Sequential probabilities = chain(2, 32, nn::ReLU(), 2, 1);
  probabilities.push_back(nn::Sigmoid());
  silent(probabilities, nn::BCELoss());
  nn::Sequential log_probabilities = chain(2, 32, nn::ReLU());
  log_probabilities.push_back(nn::LogSoftmax());
  silent(log_probabilities, nn::NLLLoss());
  nn::Sequential positive = chain(2, 32, nn::Tanh(), 2, 1);  // a regression of positive numbers
  positive.push_back(nn::ReLU());
  silent(positive, nn::MSELoss());
}

TEST_CASE("healthy networks of other inputs get no remark", "[lint]") {
  manual_seed(1);
  nn::Sequential words{nn::Embedding(100, 16, {.padding_idx = 0}), nn::LayerNorm(16),
                       nn::Linear(16, 32), nn::GELU(), nn::Linear(32, 100)};
  CHECK(found(lint(words)).empty());
  CHECK(found(lint(words, {.batch = arange(60), .loss = nn::CrossEntropyLoss()})).empty());
  nn::Sequential raw{nn::BatchNorm1d(8), nn::Linear(8, 4), nn::ReLU(), nn::Linear(4, 2)};
  CHECK(found(lint(raw, {.batch = normal(50, 30, {20, 8})})).empty());
  struct Attention : nn::Module {  // takes something that no rule can make up
    nn::Linear q = child("q", nn::Linear(8, 8)), k = child("k", nn::Linear(8, 8));
    Tensor forward(const Tensor& x) override {
      check(x.dim() == 3, "needs (N, L, 8)");
      return matmul(softmax(matmul(q(x), k(x).transpose(1, 2)), -1), x);
    }
  } attention;
  CHECK(found(lint(attention)).empty());
  CHECK(found(lint(attention, {.batch = normal(0, 1, {2, 5, 8})})).empty());
}

TEST_CASE("initialisers against activations at depth", "[lint]") {
  manual_seed(2);
  nn::Sequential relu = chain(20, 50, nn::ReLU());
  const LintReport report = lint(relu);
  REQUIRE(report.remarks.size() == 1);
  CHECK(report.remarks[0].rule == "initialisation");
  CHECK_THAT(report.remarks[0].message, Contains("he_normal_ for relu gives 2"));
  CHECK_THAT(report.remarks[0].fix,
             Contains("nn::init::recommended_for(nn::init::Nonlinearity::ReLU)"));
  init::apply(relu, init::recommended_for(init::Nonlinearity::ReLU));  // the fix
  CHECK(found(lint(relu)).empty());

  nn::Sequential exploding = chain(20, 50, nn::ReLU());
  init::apply(exploding, [](const Tensor& w) { init::normal_(w, 0, 0.5); });
  CHECK_THAT(lint(exploding).remarks.at(0).message, Contains(": gradients grow "));

  nn::Sequential sigmoid = chain(8, 50, nn::Sigmoid());
  CHECK_THAT(lint(sigmoid).remarks.at(0).message, Contains("which no initialisation prevents"));

  nn::Sequential saturated = chain(2, 100, nn::Sigmoid(), 100);
  init::apply(saturated, [](const Tensor& w) { init::normal_(w); });
  CHECK(found(lint(saturated)) == Found{"initialisation 0"});
  CHECK_THAT(lint(saturated).remarks[0].message, Contains("saturates most sigmoid units at once"));
}

TEST_CASE("equal units, zero layers, biases far off", "[lint]") {
  manual_seed(3);
  nn::Sequential net = chain(3, 10, nn::Tanh());
  SECTION("all units of a layer") {
    init::constant_(net.get<nn::Linear>(2).weight, 0.1);
    init::zeros_(net.get<nn::Linear>(2).bias);
    CHECK(found(lint(net)) == Found{"equal-units 2"});
    CHECK(lint(net).has_errors());
    CHECK(lint(net).remarks[0].fix == "nn::init::glorot_normal_(net.get<nn::Linear>(2).weight);");
  }
  SECTION("two of them") {
    NoGrad no_grad;
    const auto& linear = net.get<nn::Linear>(2);
    linear.weight[7].copy_(linear.weight[3]);
    linear.bias[7].copy_(linear.bias[3]);
    const LintReport report = lint(net);
    CHECK(found(report) == Found{"equal-units 2"});
    CHECK_THAT(report.remarks[0].message, StartsWith("2 of 10 units"));
    CHECK_FALSE(report.has_errors());
  }
  SECTION("equal weights under different biases are different units") {
    init::constant_(net.get<nn::Linear>(2).weight, 0.1);
    CHECK(found(lint(net)).empty());
  }
  SECTION("zeros") {
    init::zeros_(net.get<nn::Linear>(4).weight);
    CHECK(found(lint(net)) == Found{"zero-layer 4"});
  }
  SECTION("biases") {
    init::constant_(net.get<nn::Linear>(0).bias, 60);
    CHECK(found(lint(net)) == Found{"bias-far-off 0"});
  }
  SECTION("not finite") {
    NoGrad no_grad;
    net.get<nn::Linear>(2).weight.at<float>(1, 1) = std::numeric_limits<float>::infinity();
    CHECK(found(lint(net)) == Found{"weights-not-finite 2"});
  }
}

TEST_CASE("a hand-written layer's units are its columns", "[lint]") {
  struct Dense : nn::Module {
    Tensor w = parameter("w", normal(0, 0.5, {4, 4}));
    Tensor forward(const Tensor& x) override { return matmul(x, w); }
  };
  manual_seed(4);
  nn::Sequential net{nn::Linear(3, 4), nn::Tanh(), Dense(), nn::Tanh(), nn::Linear(4, 2)};
  Dense& dense = net.get<Dense>(2);
  CHECK(found(lint(net)).empty());
  NoGrad no_grad;
  dense.w.select(0, 1).copy_(dense.w.select(0, 2));  // rows are inputs
  CHECK(found(lint(net)).empty());
  dense.w.select(1, 1).copy_(dense.w.select(1, 2));
  CHECK(found(lint(net)) == Found{"equal-units 2"});
}

TEST_CASE("softmax, losses and outputs that do not fit", "[lint]") {
  manual_seed(5);
  auto end_in = [](const nn::AnyModule& last, std::int64_t out, const nn::AnyModule& loss) {
    nn::Sequential net = chain(1, 8, nn::Tanh(), 2, out);
    net.push_back(last);
    return found(lint(net, {.loss = loss}));
  };
  CHECK(end_in(nn::Softmax(), 1, {}) == Found{"softmax-of-one 3"});
  CHECK(end_in(nn::Softmax(), 2, nn::CrossEntropyLoss()) == Found{"loss-takes-logits 3"});
  CHECK(end_in(nn::Sigmoid(), 2, nn::CrossEntropyLoss()) == Found{"loss-takes-logits 3"});
  CHECK(end_in(nn::Sigmoid(), 1, nn::BCEWithLogitsLoss()) == Found{"loss-takes-logits 3"});
  CHECK(end_in(nn::Softmax(), 2, nn::NLLLoss()) == Found{"loss-takes-log-probabilities 3"});
  CHECK(end_in(nn::ReLU(), 2, nn::CrossEntropyLoss()) == Found{"relu-on-output 3"});
  CHECK(end_in(nn::Softmax(), 2, nn::MSELoss()).empty());
  CHECK(end_in(nn::Softmax(), 2, {}).empty());
  CHECK(end_in(nn::LogSoftmax(), 2, nn::CrossEntropyLoss()).empty());  // changes nothing

  struct Functional : nn::Module {
    nn::Linear a = child("a", nn::Linear(2, 2));
    Tensor forward(const Tensor& x) override { return softmax(a(x), -1); }
  } functional;
  CHECK(found(lint(functional, {.loss = nn::CrossEntropyLoss()})) == Found{"loss-takes-logits"});
}

TEST_CASE("dropout before batch norm, inputs, parameters without an optimiser", "[lint]") {
  manual_seed(6);
  nn::Sequential net{nn::Linear(2, 8), nn::Dropout(0.3), nn::BatchNorm1d(8), nn::ReLU(),
                     nn::Linear(8, 2)};
  net.eval();
  CHECK(found(lint(net)) == Found{"dropout-before-batch-norm 2"});
  CHECK_FALSE(net.is_training());

  nn::Sequential plain = chain(2, 8, nn::ReLU());
  const Tensor x = data::circles(40).inputs;
  CHECK(found(lint(plain, {.batch = x * 200.0})) == Found{"input-scale"});
  CHECK(found(lint(plain, {.batch = x * 1e-4})) == Found{"input-scale"});
  Tensor broken = x.clone();
  broken.at<float>(3, 1) = std::numeric_limits<float>::quiet_NaN();
  CHECK(found(lint(plain, {.batch = broken})) == Found{"input-not-finite"});

  std::vector<Tensor> some = plain.parameters();
  some.pop_back();
  const LintReport report = lint(plain, {.optimized = some});
  CHECK(found(report) == Found{"no-optimizer 4.bias"});
  plain.get<nn::Linear>(4).bias.requires_grad_(false);  // frozen on purpose
  CHECK(found(lint(plain, {.optimized = some})).empty());
}

TEST_CASE("code reaches a layer as a program would", "[lint]") {
  using observe::code_for;
  CHECK(code_for("", "Net") == "net");
  CHECK(code_for("head", "Linear") == "net.head");
  CHECK(code_for("blocks.out2", "Linear") == "net.blocks.out2");
  CHECK(code_for("3", "Linear") == "net.get<nn::Linear>(3)");
  CHECK(code_for("3", "MyBlock") == "layer");  // its namespace is not known
  CHECK(code_for("blocks.3.linear", "Linear") == "layer");
}

TEST_CASE("remarks read as diagnostics", "[lint]") {
  manual_seed(7);
  nn::Sequential net = chain(1, 8, nn::Tanh(), 2, 1);
  net.push_back(nn::Softmax());
  CHECK(fmt::format("{}", lint(net)) ==
        "error: '3': softmax over a single unit is constant, whatever the unit says\n"
        "  [softmax-of-one]\n"
        "    nn::Sigmoid()  // in place of softmax, or two units in front of it");
  nn::Sequential healthy = chain(1, 8, nn::Tanh());
  CHECK(fmt::format("{}", lint(healthy)) == "no remarks");
}
