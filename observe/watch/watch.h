#pragma once

#include <chrono>
#include <map>
#include <memory>

#include "gradus/autograd/hooks.h"
#include "gradus/observe/monitor.h"
#include "gradus/observe/watch/activation_shape.h"
#include "gradus/observe/watch/recorder.h"

namespace gradus::observe {

/// The hooks of a Monitor and what they gather. Held by shared_ptr: hooks on tensors of a recorded
/// graph may fire after the monitor has gone, and then do nothing.
class Monitor::Watch : public std::enable_shared_from_this<Monitor::Watch> {
 public:
  Watch(std::shared_ptr<nn::Module> net, const MonitorOptions& options);

  /// Once, when a shared_ptr owns it.
  void attach();
  /// Before RunStep::loss is known: the graph of the loss, where there is one.
  void look_at(const Tensor& loss);
  void end_step(double loss);

  const RunRecord& record() const { return record_; }

 private:
  using Clock = std::chrono::steady_clock;

  /// Adds the time of its scope to a sum of seconds.
  class Timed {
   public:
    explicit Timed(double& seconds) : seconds_(seconds) {}
    ~Timed() { seconds_ += std::chrono::duration<double>(Clock::now() - begin_).count(); }
    Timed(const Timed&) = delete;
    Timed& operator=(const Timed&) = delete;

   private:
    double& seconds_;
    Clock::time_point begin_ = Clock::now();
  };

  /// A call of a layer in the step that runs; shared with the hook on its output, so that a second
  /// pass in the same step does not mix with it.
  struct Seen {
    LayerStep step;
    LayerHistograms histograms;
    bool histogrammed = false;
  };

  /// Beside each LayerRecord.
  struct LayerState {
    ActivationShape shape;
    /// The activation is lost in a sum, so that z has to tell which units are dead.
    bool dead_by_z = false;
    std::vector<std::int32_t> last_alive;  ///< by unit: the last observed step, from 0
    std::shared_ptr<Seen> latest;          ///< the last call
    std::shared_ptr<Seen> learned;         ///< the last call that a gradient came back to
  };

  /// Beside each ParameterRecord.
  struct ParameterState {
    std::optional<ScopedHook> hook;
    const void* hooked = nullptr;  ///< the accumulator that has the hook
    Tensor before;                 ///< of the value before the optimiser's step, as some_runs()
    Sample gradient;
    std::uint32_t gradient_version = 0;
    bool seen = false;
  };

  bool watching() const;
  void before_network(std::span<Tensor> inputs);
  void predict_on(const Tensor& input);
  void after_network(const Tensor& output);
  void after_layer(nn::Module& module, const std::string& path, std::span<const Tensor> inputs,
                   const Tensor& output);
  std::size_t index_of(nn::Module& module, const std::string& path, int call);
  void judge_by_z(std::size_t layer, const Tensor& z);
  float dead_share(std::size_t layer) const;
  void take_activation(std::size_t consumer, const Tensor& input);
  void take_gradient(std::size_t layer, const std::shared_ptr<Seen>& seen, const Tensor& gradient);

  void hook_parameters();
  void after_gradient(std::size_t parameter, const Tensor& leaf);

  void fill_structure();
  Sample some_of(const Tensor& x) const;
  void push_layers();
  void push_parameters(RunStep& run);
  bool histogram_due() const;
  void choose_next(double loss);
  std::size_t bytes() const;

  std::shared_ptr<nn::Module> net_;
  MonitorOptions options_;
  RunRecord record_;
  std::vector<ScopedHook> hooks_;
  std::vector<LayerState> layers_;
  std::vector<ParameterState> parameters_;
  std::map<std::pair<const nn::Module*, int>, std::size_t> indices_;
  std::map<const nn::Module*, int> calls_;                       ///< in the pass that runs
  static constexpr auto kOutput = static_cast<std::size_t>(-1);  ///< the network's, as a consumer
  /// By consumer: the layers whose activation is its input.
  std::map<std::size_t, std::size_t> activation_of_;

  Trace trace_;
  std::unique_ptr<Recorder> recorder_;
  std::uint64_t output_sequence_ = 0;  ///< of the pass that trace_ is of; 0 when it has been used

  Clock::time_point attached_ = Clock::now();
  std::int64_t step_ = 0;
  std::int32_t observed_ = 0;  ///< observed steps so far
  bool observing_ = true;      ///< this step
};

}  // namespace gradus::observe
