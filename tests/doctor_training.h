#pragma once

#include <functional>
#include <memory>

#include "gradus/gradus.h"
#include "gradus/observe/doctor.h"
#include "gradus/observe/monitor.h"
#include "tests/catch.h"
#include "tests/chain.h"

/// Small trainings for the doctor to look at.
namespace doctor_tests {

using namespace gradus;
using nn::init::Nonlinearity;
using observe::Cure;
using observe::Finding;
using observe::Findings;
using observe::Severity;
using observe::Symptom;
using tests::chain;

struct Batch {
  Tensor x, y;
};

/// Standardised circles, inner radius .5.
inline Batch circles(int seed = 0) {
  Generator generator(static_cast<std::uint64_t>(seed));
  auto data = data::circles(256, {.inner_radius = 0.5}, &generator);
  return {data.inputs, data.targets};
}
inline Batch digits() {
  auto data = data::digits();
  return {data.train.inputs, data.train.targets};
}
/// y = sin(x), (n, 1).
inline Batch sine(int seed = 0) {
  Generator generator(static_cast<std::uint64_t>(seed));
  Tensor x = rand({256, 1}, float32, &generator) * 6 - 3;
  return {x, sin(x)};
}

using Loss = std::function<Tensor(const Tensor&, const Tensor&)>;
inline Tensor entropy(const Tensor& output, const Tensor& target) {
  return cross_entropy(output, target);
}
inline Tensor squares(const Tensor& output, const Tensor& target) {
  return mse_loss(output, target);
}

struct Options {
  double lr = 0.1;
  double momentum = 0.9;
  bool adam = false;
  int steps = 150;
  Loss loss = entropy;
  double clip = 0;                 ///< greatest norm; 0: none
  std::vector<Tensor> owned = {};  ///< what the optimiser gets; none: all that is trainable
  std::int64_t batch = 32;
};

inline observe::Findings train(nn::Module& net, const Batch& data, const Options& options = {}) {
  std::vector<Tensor> trained;
  for (const Tensor& p : net.parameters()) {
    if (p.requires_grad()) trained.push_back(p);
  }
  const std::vector<Tensor>& owned = options.owned.empty() ? trained : options.owned;
  std::unique_ptr<optim::Optimizer> optimizer;
  if (options.adam) {
    optimizer = std::make_unique<optim::Adam>(owned, optim::AdamOptions{.lr = options.lr});
  } else {
    optimizer = std::make_unique<optim::SGD>(
        owned, optim::SGDOptions{.lr = options.lr, .momentum = options.momentum});
  }
  Generator generator(7);
  observe::Monitor monitor(net);
  for (int step = 0; step < options.steps; ++step) {
    Tensor chosen = randint(0, data.x.size(0), {options.batch}, int64, &generator);
    net.zero_grad();
    Tensor loss =
        options.loss(net(index_select(data.x, 0, chosen)), index_select(data.y, 0, chosen));
    loss.backward();
    if (options.clip > 0) {
      optim::clip_grad_norm_(trained, options.clip, 2, optim::NonFinite::Scale);
    }
    optimizer->step();
    monitor.step(loss);
  }
  return monitor.diagnose();
}

inline nn::Sequential matched(nn::Sequential net, Nonlinearity nonlinearity) {
  nn::init::apply(net, nn::init::recommended_for(nonlinearity));
  return net;
}
inline nn::Sequential initialized(nn::Sequential net, const nn::init::Initializer& initializer) {
  nn::init::apply(net, initializer);
  return net;
}

/// The first finding, which must be of this symptom.
inline Finding first(Symptom symptom, nn::Module& net, const Batch& data,
                     const Options& options = {}) {
  const Findings findings = train(net, data, options);
  INFO(to_string(findings));
  REQUIRE_FALSE(findings.empty());
  CHECK(std::string(to_string(findings.list[0].symptom)) == to_string(symptom));
  return findings.list[0];
}

}  // namespace doctor_tests
