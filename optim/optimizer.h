#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gradus/tensor/context.h"
#include "gradus/tensor/tensor.h"

/// Optimisers, clipping and schedules, on lists of parameters.
namespace gradus::optim {

/// What an optimiser carries from step to step, as tensors: "state.<i>.<buffer>" and
/// "state.<i>.step" of the i-th parameter, "group.<i>.<option>" of the i-th group.
using StateDict = std::map<std::string, Tensor>;

/// Parameters that share options.
template <class Options>
struct ParamGroup {
  std::vector<Tensor> params;
  Options options = {};
};

/// A field of an options struct, by name.
struct Option {
  const char* name;
  std::variant<double*, bool*> value;
};

/// Base of all optimisers: who the parameters are, what is remembered of each, and the one pass
/// over them that a step is. A derived class says how a run of elements is updated.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Updates each parameter that has a gradient, in place; gradients stay as they are. Counts as a
  /// write: a graph recorded before that needs the old values says so in its backward pass.
  void step(Where at = Where::here());
  /// Drops the gradients of all parameters.
  void zero_grad();

  std::size_t num_groups() const { return num_groups_; }
  /// A number among the options of a group, to be read or set, as schedules do: option(0, "lr").
  /// Throws Error where there is none of that name.
  double& option(std::size_t group, std::string_view name);
  bool has_option(std::string_view name);
  /// The learning rate that a group had when it was first asked for, before any schedule changed
  /// it.
  double initial_lr(std::size_t group);

  /// Copies of everything that later steps depend on, but for the parameters themselves.
  StateDict state_dict();
  /// Throws Error, with all missing, unexpected and misshapen keys, and then changes nothing.
  void load_state_dict(const StateDict& state, Where at = Where::here());

 protected:
  static constexpr std::size_t max_buffers = 3;
  using BufferSet = std::array<bool, max_buffers>;

  /// A parameter and what is remembered of it.
  struct Slot {
    Tensor param;
    std::size_t group = 0;
    std::int64_t steps = 0;                        ///< with this one, while it runs
    bool fresh = false;                            ///< this step made buffer 0
    std::array<Tensor, max_buffers> buffers = {};  ///< contiguous, zero at first
  };

  /// `name` and `step_name` must be literals: tensors remember who wrote to them by pointer.
  Optimizer(const char* name, const char* step_name, std::vector<const char*> buffer_names);

  /// Takes parameters into a new group. Throws Error on an empty list, or a parameter that is
  /// undefined, of a whole-number dtype, not a leaf, or already there.
  void add_params(const std::vector<Tensor>& params);
  const char* name() const { return name_; }

  virtual std::vector<Option> options_of(std::size_t group) = 0;
  /// Throws Error on options outside their ranges.
  virtual void validate_options(std::size_t group) const = 0;
  /// Which buffers the options of a group call for.
  virtual BufferSet buffers_of(std::size_t group) const = 0;
  /// Updates n elements from `begin` of a contiguous parameter, by a contiguous gradient. Called
  /// from several threads.
  virtual void update(const Slot& slot, const Tensor& param, const Tensor& grad, std::int64_t begin,
                      std::int64_t n) const = 0;

 private:
  class Loading;
  void prepare(Slot& slot);

  const char* name_;
  const char* step_name_;
  std::vector<const char*> buffer_names_;
  std::size_t num_groups_ = 0;
  std::vector<Slot> slots_;
  std::vector<double> initial_lrs_;
};

/// The part of an optimiser that knows the type of its options. Next to an options struct stand
/// validate(const Options&), and describe(Options&), which lists its fields.
template <class Options>
class OptimizerOf : public Optimizer {
 public:
  using Group = ParamGroup<Options>;

  /// May be changed between steps.
  Options& options(std::size_t group = 0) {
    ContextScope scope(entering(name(), {}));
    check(group < options_.size(), "there is no group {}; the optimiser has {}", group,
          options_.size());
    return options_[group];
  }

  void add_param_group(const Group& group, Where at = Where::here()) {
    ContextScope scope({.op = name(), .at = at});
    validate(group.options);
    add_params(group.params);
    options_.push_back(group.options);
  }

 protected:
  OptimizerOf(const char* name, const char* step_name, std::vector<const char*> buffer_names,
              const std::vector<Group>& groups, Where at)
      : Optimizer(name, step_name, std::move(buffer_names)) {
    ContextScope scope({.op = name, .at = at});
    check(!groups.empty(), "an optimiser needs at least one group of parameters");
    for (const Group& group : groups) add_param_group(group, at);
  }

  const Options& options(const Slot& slot) const { return options_[slot.group]; }
  std::vector<Option> options_of(std::size_t group) final { return describe(options_[group]); }
  void validate_options(std::size_t group) const final { validate(options_[group]); }
  BufferSet buffers_of(std::size_t group) const final { return buffers_for(options_[group]); }
  virtual BufferSet buffers_for(const Options& options) const = 0;

 private:
  std::vector<Options> options_;
};

}  // namespace gradus::optim
