#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "gradus/observe/history.h"
#include "gradus/observe/predict.h"
#include "gradus/observe/trace.h"

/// What a Monitor has gathered, as plain data: the doctor, the report and the exports read it.
namespace gradus::observe {

/// Of one tensor at one step; as Statistics, but small, and of a large tensor from as many elements
/// as MonitorOptions say. Moments are of the finite ones.
struct Sample {
  float rms = 0;
  float mean = 0;
  float abs_max = 0;
  float zero_share = 0;         ///< of elements that are exactly 0
  std::uint32_t nonfinite = 0;  ///< NaN and infinities, of those looked at
  std::uint32_t looked_at = 0;  ///< elements
  std::uint32_t count = 0;      ///< elements of the tensor; 0: nothing was seen

  explicit operator bool() const { return count > 0; }
  bool all_zero() const { return count > 0 && zero_share == 1; }
};

/// Shares of elements by magnitude: bin b holds 2^(b - 36) <= |x| < 2^(b - 35), the first and the
/// last whatever lies beyond, and infinities; zeros and NaN are in none. Taken from at most 512
/// elements spread over the tensor.
struct LogHistogram {
  static constexpr int bins = 48;
  static constexpr int exponent_of_first = -36;
  std::array<std::uint16_t, bins> counts = {};
  std::uint32_t total = 0;  ///< elements looked at, zeros among them
};

/// One call of a layer at one observed step.
struct LayerStep {
  std::int64_t step = 0;
  Sample z;           ///< its output, the pre-activation
  Sample activation;  ///< what becomes of z before the next layer; absent where that is not known
  Sample grad;        ///< dL/dz; absent where no gradient arrived
  float saturated_low = 0;   ///< share of z where the activation is flat to the left:
  float saturated_high = 0;  ///< phi' < .05 max phi'; to the right
  /// Share of units (last dimension) whose activation was 0 on every sample seen since the window
  /// began; NaN where the activation is not known.
  float dead_units = std::numeric_limits<float>::quiet_NaN();
  /// Of an output layer: variance of what it says over samples, averaged over units. NaN for other
  /// layers, and for fewer than 8 samples.
  float variance_over_samples = std::numeric_limits<float>::quiet_NaN();
  /// Of dL/dz over the mini-batch: square of its mean over samples, over the variance of that mean,
  /// averaged over units. 1 is what noise alone gives. NaN for fewer than 2 samples.
  float signal_to_noise = std::numeric_limits<float>::quiet_NaN();
};

struct LayerHistograms {
  std::int64_t step = 0;
  LogHistogram z, activation, grad;
};

/// One call of a layer in the network's forward, through the run.
struct LayerRecord {
  std::string path;  ///< from the monitored network: "blocks.3.linear"
  std::string type;  ///< "Linear"
  int call = 0;      ///< 0 for the module's first call
  Where at;          ///< the user's line that called it
  nn::Module* module = nullptr;
  std::int64_t units = 0;      ///< size of the output's last dimension
  std::string activation;      ///< "relu": what follows it; "" for none, or where that is not known
  bool saturates = false;      ///< the activation is flat at both ends
  bool rectifies = false;      ///< the activation is exactly 0, with slope 0, on one side
  bool normalizes = false;     ///< batch norm, layer norm, RMS norm
  bool is_activation = false;  ///< an activation with parameters, as PReLU
  bool is_output = false;      ///< no layer takes what it makes
  bool skip_joins = false;     ///< what it makes is added to what went around it
  std::vector<std::size_t> parameters;  ///< indices into RunRecord::parameters
  History<LayerStep> steps;
  History<LayerHistograms> histograms;

  const LayerStep& last() const { return steps.back(); }
  double z_rms() const { return steps.empty() ? 0 : steps.back().z.rms; }
  double grad_rms() const { return steps.empty() ? 0 : steps.back().grad.rms; }
  double activation_rms() const { return steps.empty() ? 0 : steps.back().activation.rms; }
  double dead_share() const;       ///< of units, in the last step; 0 where not known
  double saturated_share() const;  ///< of elements, in the last step
};

/// A parameter at one observed step.
struct ParameterStep {
  std::int64_t step = 0;
  Sample value;     ///< before the optimiser's step
  Sample gradient;  ///< as backward() left it, before any clipping; absent where none arrived
  Sample change;    ///< what the optimiser really added; absent where no gradient arrived
  /// RMS(change) / RMS(value); 0 where there is no change, infinity where the value was 0.
  double update_ratio() const;
};

struct ParameterRecord {
  std::string name;  ///< "blocks.3.linear.weight"
  Shape shape;
  Tensor tensor;                  ///< the parameter itself
  bool in_normalization = false;  ///< scale or shift of a normalisation
  History<ParameterStep> steps;
};

/// Every step has one, observed or not.
struct RunStep {
  std::int64_t step = 0;
  double loss = 0;
  bool observed = false;
  double grad_norm = 0;     ///< of all parameters' gradients as one vector, before any clipping;
                            ///< estimated where gradients are large, as Sample says
  double clipped_norm = 0;  ///< as the optimiser saw them; equal where nothing clipped
  double update_norm = 0;   ///< of the optimiser's change
  bool clipped() const { return observed && clipped_norm < grad_norm * (1 - 1e-6); }
};

/// What watching has cost.
struct Cost {
  double observing_seconds = 0;  ///< inside the monitor's hooks and step()
  double setup_seconds = 0;      ///< once, in the first step: theory and the network's structure
  double total_seconds = 0;      ///< from attaching to the last step
  std::int64_t observed_steps = 0;
  std::size_t bytes = 0;  ///< held by the record
  /// observing_seconds, of the time that the steps would have taken without the monitor.
  double share() const;
};

struct RunRecord {
  std::string network;              ///< its type: "Sequential"
  std::vector<LayerRecord> layers;  ///< in the order in which their calls returned
  std::vector<ParameterRecord> parameters;
  History<RunStep> steps{4096};
  /// What lies between the layers, from the first observed step; its tensors are dropped. Entries
  /// are those of `layers`. Absent where the network itself was not called, only parts of it.
  std::optional<Trace> structure;
  std::vector<std::string> loss_ops;   ///< recorded between the network's output and the loss
  Sample input;                        ///< the network's input at the first observed step
  std::optional<Prediction> expected;  ///< by theory, with the weights of the first observed step
  Cost cost;

  /// Indices of the hidden linear layers' calls, first to last: the ones whose dL/dz tells of
  /// depth.
  std::vector<std::size_t> hidden_layers() const;
  /// First over last RMS dL/dz of the hidden layers, in the last observed step; absent where there
  /// are fewer than two or no gradient arrived.
  std::optional<double> gradient_ratio() const;
};

}  // namespace gradus::observe
