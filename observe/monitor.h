#pragma once

#include <memory>
#include <string>

#include "gradus/nn/any_module.h"
#include "gradus/observe/findings.h"
#include "gradus/observe/record.h"

namespace gradus::observe {

struct MonitorOptions {
  std::int64_t dense = 30;  ///< so many first steps are all observed,
  std::int64_t every = 10;  ///< then one in so many
  double budget = 0;        ///< greatest share of the run's time to spend; 0: no limit
  /// Entries kept of each layer and parameter; see History. With the histograms they take some
  /// 90 KB for a layer of two parameters, however long the run.
  std::size_t history = 256;
  std::size_t histograms = 32;  ///< of which with histograms
  /// Tensors of more elements are judged by about so many, spread evenly; 0: always by all. Rows
  /// (samples, units) are taken whole where they fit.
  std::int64_t elements = 2048;
  std::int64_t window = 10;  ///< observed steps over which a unit must stay 0 to count as dead
  bool predict = true;       ///< ask theory at the first step; see observe::predict
};

/// Watches a network while it is trained, by hooks: nothing in the model or in the training loop
/// changes but for one line.
///
///   observe::Monitor monitor(net);
///   ...
///   loss.backward();
///   opt.step();
///   monitor.step(loss);
///
/// At each observed step it takes, per call of a layer, statistics of the pre-activation, the
/// activation and dL/dz, and per parameter those of its value, its gradient and of the optimiser's
/// actual change. A layer is a module that owns parameters directly, or normalises; frozen, shared
/// and repeatedly called ones as well. It may come and go in mid-training. Runs under NoGrad, as in
/// an evaluation between two steps, are not watched. Copies of the network are the same network;
/// the monitor holds one.
class Monitor {
 public:
  template <std::derived_from<nn::Module> M>
  explicit Monitor(M& net, const MonitorOptions& options = {}, Where at = Where::here())
      : Monitor(nn::handle_of(net), options, at) {}
  explicit Monitor(std::shared_ptr<nn::Module> net, const MonitorOptions& options = {},
                   Where at = Where::here());
  ~Monitor();  ///< takes the hooks off
  Monitor(Monitor&&) noexcept;
  Monitor& operator=(Monitor&&) = delete;

  /// Ends a step: call it after the optimiser's.
  void step(const Tensor& loss, Where at = Where::here());
  void step(double loss);

  const RunRecord& record() const;
  /// A layer's first call, by its path. Throws Error, naming what there is, where there is none.
  const LayerRecord& layer(std::string_view path, int call = 0, Where at = Where::here()) const;
  const ParameterRecord& parameter(std::string_view name, Where at = Where::here()) const;

  /// What is wrong with the training so far, most causal first; nothing for a healthy one.
  Findings diagnose() const;
  /// All of it as one HTML page, in a file that needs nothing else; see write_report().
  void report(const std::string& file, Where at = Where::here()) const;

 private:
  class Watch;
  std::shared_ptr<Watch> watch_;
};

}  // namespace gradus::observe
