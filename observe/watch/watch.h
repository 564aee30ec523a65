#pragma once

#include <chrono>
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
    std::unique_ptr<LayerHistograms> histograms;  ///< null where none is due
  };

  /// A layer of the network, whichever call.
  struct Site {
    nn::Module* module;
    std::string path;
    std::vector<std::size_t> records;  ///< by call: its index in RunRecord::layers
    std::size_t calls = 0;             ///< in the pass that runs
  };
  static constexpr auto kNone = static_cast<std::size_t>(-1);

  /// Beside each LayerRecord.
  struct LayerState {
    std::size_t source = kNone;  ///< the layer whose activation is this one's input
    ActivationShape shape;
    /// The activation is lost in a sum, so that z has to tell which units are dead.
    bool dead_by_z = false;
    std::vector<std::int32_t> last_alive;      ///< by unit: the last observed step, from 0
    std::vector<std::shared_ptr<Seen>> calls;  ///< in graphs that live, or to be used again
    std::shared_ptr<Seen> latest;              ///< the last call
    std::shared_ptr<Seen> learned;             ///< the last call that a gradient came back to
  };

  /// Beside each ParameterRecord.
  struct ParameterState {
    std::optional<ScopedHook> hook;
    const void* hooked = nullptr;     ///< the accumulator that has the hook
    Tensor now;                       ///< a copy of some of the value, as some_runs(),
    Sample value;                     ///< and what it says, of
    const Storage* memory = nullptr;  ///< this memory
    std::uint32_t version = 0;        ///< in this version
    Sample gradient;
    std::uint32_t gradient_version = 0;
    bool seen = false;
  };

  void hook_end();
  bool watching() const;
  void before_network(std::span<Tensor> inputs);
  void predict_on(const Tensor& input);
  void after_network(const Tensor& output);
  void after_layer(Site& site, std::span<const Tensor> inputs, const Tensor& output);
  static std::shared_ptr<Seen> new_call(LayerState& state);
  std::size_t index_of_call(Site& site);
  void begin_pass();
  void judge_by_z(std::size_t layer, const Tensor& z);
  float dead_share(std::size_t layer) const;
  void take_activation(std::size_t layer, const Tensor& activation);
  void take_gradient(std::size_t layer, const std::shared_ptr<Seen>& seen, const Tensor& gradient);

  void hook_parameters();
  void after_gradient(std::size_t parameter, const Tensor& leaf);

  void fill_structure();
  void look_at_value(const Tensor& parameter, ParameterState& state) const;
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
  std::optional<ScopedHook> end_hook_;  ///< calls after_network()
  std::vector<LayerState> layers_;
  std::vector<ParameterState> parameters_;
  std::vector<Site> sites_;
  std::size_t output_source_ = kNone;  ///< the layer whose activation is the network's output

  Trace trace_;
  std::unique_ptr<Recorder> recorder_;
  std::uint64_t output_sequence_ = 0;  ///< of the pass that trace_ is of; 0 when it has been used

  Clock::time_point attached_ = Clock::now();
  std::int64_t step_ = 0;
  std::int32_t observed_ = 0;        ///< observed steps so far
  std::int32_t next_histogram_ = 0;  ///< observed step
  bool observing_ = true;            ///< this step
};

}  // namespace gradus::observe
