#include <set>

#include "gradus/optim/optimizer.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/ops.h"

namespace gradus::optim {
namespace {

std::string option_key(std::size_t group, const char* option) {
  return fmt::format("group.{}.{}", group, option);
}

std::string state_key(std::size_t slot, const char* what) {
  return fmt::format("state.{}.{}", slot, what);
}

double get(const Option& option) {
  return std::visit([](auto* field) { return static_cast<double>(*field); }, option.value);
}

void set(const Option& option, double value) {
  std::visit(
      [&](auto* field) { *field = static_cast<std::remove_pointer_t<decltype(field)>>(value); },
      option.value);
}

}  // namespace

StateDict Optimizer::state_dict() {
  StateDict state;
  for (std::size_t g = 0; g < num_groups_; ++g) {
    for (const Option& option : options_of(g)) {
      state[option_key(g, option.name)] = full({}, get(option), float64);
    }
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (slot.steps == 0) continue;
    state[state_key(i, "step")] = full({}, slot.steps, int64);
    for (std::size_t b = 0; b < buffer_names_.size(); ++b) {
      if (!slot.buffers[b].defined()) continue;
      state[state_key(i, buffer_names_[b])] = kernel::clone(slot.buffers[b]);
    }
  }
  return state;
}

/// A load_state_dict in progress: what was looked for, and what was wrong with it. The options are
/// set at once, since they say which buffers there must be, and put back unless all goes well.
class Optimizer::Loading {
 public:
  Loading(Optimizer& optimizer, const StateDict& state) : optimizer_(optimizer), state_(state) {}

  ~Loading() {
    for (const auto& [option, value] : before_) set(option, value);
  }

  void options(std::size_t group) {
    for (const Option& option : optimizer_.options_of(group)) {
      before_.emplace_back(option, get(option));
      const Tensor* value = find(option_key(group, option.name), /*required=*/true, {}, float64);
      if (value != nullptr) set(option, value->item<double>());
    }
  }

  Slot slot(std::size_t i) {
    const Slot& now = optimizer_.slots_[i];
    Slot slot{.param = now.param, .group = now.group};
    const Tensor* steps = find(state_key(i, "step"), /*required=*/false, {}, int64);
    if (steps == nullptr) return slot;  // not yet stepped; buffers without a count are unexpected
    slot.steps = steps->item<std::int64_t>();
    const BufferSet wanted = optimizer_.buffers_of(now.group);
    for (std::size_t b = 0; b < optimizer_.buffer_names_.size(); ++b) {
      const Tensor* buffer = find(state_key(i, optimizer_.buffer_names_[b]), wanted[b],
                                  now.param.shape(), now.param.dtype());
      if (buffer != nullptr) slot.buffers[b] = kernel::clone(*buffer);
    }
    return slot;
  }

  /// Throws unless everything was there and fit, and nothing was left over.
  void finish() {
    for (const auto& [key, value] : state_) {
      if (!known_.contains(key)) problems_ += fmt::format("\n  unexpected: {}", key);
    }
    check(problems_.empty(), "the state does not fit this optimiser:{}", problems_);
    for (std::size_t g = 0; g < optimizer_.num_groups_; ++g) optimizer_.validate_options(g);
    before_.clear();
  }

 private:
  /// The entry of that name; null where it is absent or unfit.
  const Tensor* find(const std::string& key, bool required, const Shape& shape, DType dtype) {
    known_.insert(key);
    auto entry = state_.find(key);
    if (entry == state_.end()) {
      if (required) problems_ += fmt::format("\n  missing: {}", key);
      return nullptr;
    }
    const Tensor& value = entry->second;
    if (value.defined() && value.shape() == shape && value.dtype() == dtype) return &value;
    problems_ += fmt::format("\n  misshapen: {} should be {} {}, it is ", key, dtype, shape);
    problems_ += value.defined() ? fmt::format("{} {}", value.dtype(), value.shape()) : "undefined";
    return nullptr;
  }

  Optimizer& optimizer_;
  const StateDict& state_;
  std::set<std::string> known_;
  std::string problems_;
  std::vector<std::pair<Option, double>> before_;
};

void Optimizer::load_state_dict(const StateDict& state, Where at) {
  ContextScope scope({.op = name_, .at = at});
  Loading loading(*this, state);
  for (std::size_t g = 0; g < num_groups_; ++g) loading.options(g);
  std::vector<Slot> slots;
  for (std::size_t i = 0; i < slots_.size(); ++i) slots.push_back(loading.slot(i));
  loading.finish();
  slots_ = std::move(slots);
}

}  // namespace gradus::optim
