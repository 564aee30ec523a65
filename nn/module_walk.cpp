#include <algorithm>
#include <unordered_set>

#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"
#include "gradus/nn/module.h"
#include "gradus/nn/module_state.h"
#include "gradus/tensor/context.h"

// What a module does with everything below it: listing, modes, conversion.
namespace gradus::nn {
namespace {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

std::string join(const std::string& path, const std::string& name) {
  return path.empty() ? name : fmt::format("{}.{}", path, name);
}

void convert(const Tensor& x, DType dtype) {
  if (!x.is_floating() || x.dtype() == dtype) return;
  NoGrad guard;
  Tensor gradient = x.requires_grad() ? x.grad() : Tensor();
  bool trainable = x.requires_grad();
  Tensor converted = x.detach().to(dtype);
  x.requires_grad_(false);  // the old accumulator was made for the old dtype
  x.impl().set_storage(converted.storage());
  x.impl().layout = converted.layout();
  x.impl().dtype = dtype;
  x.requires_grad_(trainable);
  if (gradient.defined()) x.set_grad(gradient.to(dtype));
}

}  // namespace

std::vector<NamedModule> Module::named_modules() {
  std::vector<NamedModule> found;
  std::unordered_set<const State*> seen;
  auto visit = [&](auto& self, const std::string& name, Module& module) -> void {
    if (!seen.insert(module.state_.get()).second) return;
    found.push_back({name, module});
    for (auto& [child_name, child] : module.state_->children) {
      self(self, join(name, child_name), *child);
    }
  };
  visit(visit, "", *this);
  return found;
}

std::vector<NamedModule> Module::children() const {
  std::vector<NamedModule> found;
  for (auto& [name, child] : state_->children) {
    bool listed = std::ranges::any_of(
        found, [&](const NamedModule& other) { return other.module.is_same(*child); });
    if (!listed) found.push_back({name, *child});
  }
  return found;
}

std::vector<std::pair<std::string, Tensor>> Module::named_tensors(Tensors which,
                                                                  bool recurse) const {
  NamedTensors found;
  std::unordered_set<const TensorImpl*> seen;
  std::unordered_set<const State*> visited;
  auto visit = [&](auto& self, const std::string& path, const State& state) -> void {
    if (!visited.insert(&state).second) return;
    for (auto& [name, tensor] : which == Tensors::Parameters ? state.parameters : state.buffers) {
      if (seen.insert(&tensor.impl()).second) found.emplace_back(join(path, name), tensor);
    }
    if (!recurse) return;
    for (auto& [name, child] : state.children) self(self, join(path, name), *child->state_);
  };
  visit(visit, "", *state_);
  return found;
}

std::vector<std::pair<std::string, Tensor>> Module::named_parameters(bool recurse) const {
  return named_tensors(Tensors::Parameters, recurse);
}

std::vector<std::pair<std::string, Tensor>> Module::named_buffers(bool recurse) const {
  return named_tensors(Tensors::Buffers, recurse);
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> found;
  for (auto& [name, tensor] : named_parameters()) found.push_back(tensor);
  return found;
}

std::int64_t Module::num_parameters(bool trainable_only) const {
  std::int64_t count = 0;
  for (const Tensor& p : parameters())
    count += trainable_only && !p.requires_grad() ? 0 : p.numel();
  return count;
}

void Module::train(bool training) {
  for (auto& [name, module] : named_modules()) module.state_->training = training;
}

bool Module::is_training() const { return state_->training; }

void Module::to(DType dtype) {
  ContextScope scope(entering("to", {}));
  check(gradus::is_floating(dtype), "a module's parameters are floating, not {}", dtype);
  for (auto& [name, tensor] : named_parameters()) convert(tensor, dtype);
  for (auto& [name, tensor] : named_buffers()) convert(tensor, dtype);
}

void Module::requires_grad_(bool requires_grad) {
  for (const Tensor& p : parameters()) p.requires_grad_(requires_grad);
}

void Module::zero_grad() {
  for (const Tensor& p : parameters()) {
    if (p.requires_grad()) p.set_grad({});
  }
}

void Module::apply(const std::function<void(const std::string& name, Module&)>& fn) {
  {
    ContextScope scope(entering("apply", {}));
    check(static_cast<bool>(fn), "the function is empty: pass something to call");
  }
  std::unordered_set<const State*> seen;
  auto visit = [&](auto& self, const std::string& path, Module& module) -> void {
    if (!seen.insert(module.state_.get()).second) return;
    for (auto& [name, child] : module.state_->children) self(self, join(path, name), *child);
    fn(path, module);
  };
  visit(visit, "", *this);
}

}  // namespace gradus::nn
