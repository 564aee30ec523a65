#include "gradus/optim/optimizer.h"

#include <algorithm>
#include <unordered_set>

#include "gradus/tensor/allocator.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/ops.h"
#include "gradus/tensor/parallel.h"

namespace gradus::optim {
namespace {

constexpr std::int64_t grain = 1 << 16;  // elements; some 50 us of reading and writing

}  // namespace

Optimizer::Optimizer(const char* name, const char* step_name, std::vector<const char*> buffer_names)
    : name_(name), step_name_(step_name), buffer_names_(std::move(buffer_names)) {}

void Optimizer::add_params(const std::vector<Tensor>& params) {
  check(!params.empty(), "the list of parameters is empty");
  std::unordered_set<const TensorImpl*> known;
  for (const Slot& slot : slots_) known.insert(&slot.param.impl());
  for (std::size_t i = 0; i < params.size(); ++i) {
    const Tensor& p = params[i];
    check(p.defined(), "parameter {} is undefined", i);
    check(p.is_floating(),
          "parameter {} of shape {} is {}; only floating-point tensors are trained", i, p.shape(),
          p.dtype());
    check(p.is_leaf(),
          "parameter {} of shape {} is the result of a recorded op; train the leaf it was computed "
          "from, or detach() it",
          i, p.shape());
    check(known.insert(&p.impl()).second,
          "parameter {} of shape {} is listed twice; each belongs to one group, once", i,
          p.shape());
  }
  for (const Tensor& p : params) slots_.push_back({.param = p, .group = num_groups_});
  ++num_groups_;
}

void Optimizer::prepare(Slot& slot) {
  ++slot.steps;
  slot.fresh = false;
  const BufferSet wanted = buffers_of(slot.group);
  for (std::size_t b = 0; b < buffer_names_.size(); ++b) {
    Tensor& buffer = slot.buffers[b];
    if (wanted[b] && !buffer.defined()) {
      buffer = zeros(slot.param.shape(), slot.param.dtype());
      if (b == 0) slot.fresh = true;
    }
    check(!buffer.defined() || buffer.dtype() == slot.param.dtype(),
          "a parameter of shape {} is {} now, but its {} is {}; make a new optimiser after to()",
          slot.param.shape(), slot.param.dtype(), buffer_names_[b],
          buffer.defined() ? buffer.dtype() : slot.param.dtype());
  }
}

void Optimizer::step(Where at) {
  ContextScope scope({.op = step_name_, .at = at});
  for (std::size_t g = 0; g < num_groups_; ++g) validate_options(g);

  // All parameters as one range of elements, shared among the threads at once.
  struct Item {
    const Slot* slot;
    Tensor param, grad;  // contiguous
    std::int64_t begin, end;
  };
  std::vector<Item, CachingAllocator<Item>> items;
  std::int64_t total = 0;
  for (Slot& slot : slots_) {
    Tensor grad = slot.param.grad();
    if (!grad.defined()) continue;
    check(grad.shape() == slot.param.shape() && grad.dtype() == slot.param.dtype(),
          "a {} parameter of shape {} has a {} gradient of shape {}", slot.param.dtype(),
          slot.param.shape(), grad.dtype(), grad.shape());
    prepare(slot);
    const std::int64_t begin = total;
    total += grad.numel();
    items.push_back(
        {&slot, kernel::contiguous(slot.param), kernel::contiguous(grad), begin, total});
  }
  parallel_for(0, total, grain, [&](std::int64_t begin, std::int64_t end) {
    auto item = std::partition_point(items.begin(), items.end(),
                                     [&](const Item& i) { return i.end <= begin; });
    for (; begin < end; ++item) {
      const std::int64_t n = std::min(end, item->end) - begin;
      update(*item->slot, item->param, item->grad, begin - item->begin, n);
      begin += n;
    }
  });
  for (const Item& item : items) {
    const Tensor& param = item.slot->param;
    if (!param.is_contiguous()) kernel::copy_into(param, item.param);
    param.storage()->mark_written();
  }
}

void Optimizer::zero_grad() {
  for (const Slot& slot : slots_) slot.param.set_grad({});
}

double& Optimizer::option(std::size_t group, std::string_view name) {
  ContextScope scope(entering(name_, {}));
  check(group < num_groups_, "there is no group {}; the optimiser has {}", group, num_groups_);
  for (const Option& option : options_of(group)) {
    if (option.name == name && std::holds_alternative<double*>(option.value)) {
      return *std::get<double*>(option.value);
    }
  }
  fail(fmt::format("no option '{}' that is a number", name));
}

double Optimizer::initial_lr(std::size_t group) {
  while (initial_lrs_.size() <= group) initial_lrs_.push_back(option(initial_lrs_.size(), "lr"));
  return initial_lrs_[group];
}

bool Optimizer::has_option(std::string_view name) {
  std::vector<Option> options = options_of(0);
  return std::any_of(options.begin(), options.end(),
                     [&](const Option& option) { return option.name == name; });
}

}  // namespace gradus::optim
