#include "gradus/nn/module.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <unordered_set>

#include "gradus/autograd/grad_mode.h"
#include "gradus/nn/module_state.h"
#include "gradus/tensor/context.h"

namespace gradus::nn {
namespace {

// A copy of `path` that is never freed: graph nodes, and messages made from them, point to it.
const char* intern(const std::string& path) {
  static std::mutex mutex;
  static auto* const paths = new std::unordered_set<std::string>;
  std::lock_guard lock(mutex);
  return paths->insert(path).first->c_str();
}

Context inside(const char* layer, Where at) {
  Context next = context;
  next.op = nullptr;
  next.at = at;
  next.layer = layer;
  return next;
}

template <class Hook>
void require_callable(const char* name, const Hook& hook) {
  ContextScope scope(entering(name, {}));
  check(static_cast<bool>(hook), "the hook is empty: pass something to call");
}

}  // namespace

Module::State::~State() {
  for (auto& [name, child] : children) {
    State& state = *child->state_;
    std::erase(state.parents, this);
    state.update_path();
  }
}

bool Module::State::contains(const State* other) const {
  return this == other || std::ranges::any_of(children, [&](const auto& entry) {
           return entry.second->state_->contains(other);
         });
}

void Module::State::update_path() {
  std::string next;
  if (!parents.empty()) {
    const State& parent = *parents.front();
    auto self = std::ranges::find_if(
        parent.children, [&](const auto& entry) { return entry.second->state_.get() == this; });
    next = *parent.path == '\0' ? self->first : fmt::format("{}.{}", parent.path, self->first);
  }
  if (next == path) return;
  path = intern(next);
  for (auto& [name, child] : children) {
    if (child->state_->parents.front() == this) child->state_->update_path();
  }
}

Module::Module() : state_(std::make_shared<State>()) {}

Tensor Module::forward(const Tensor&) {
  ContextScope scope(entering("forward", context.at));
  fail(
      fmt::format("{} has no forward of one input: override forward(const Tensor&), or call the "
                  "module as it declares",
                  type_name()));
}

Tensor Module::operator()(const Tensor& x, Where at) {
  return call({&x, 1}, at, [this](std::span<const Tensor> inputs) { return forward(inputs[0]); });
}

Tensor Module::call(std::span<const Tensor> inputs, Where at, const Run& run) {
  ContextScope scope(inside(state_->path, at));
  return state_->has_hooks() ? call_hooked(inputs, run) : run(inputs);
}

Tensor Module::call_hooked(std::span<const Tensor> given, const Run& run) {
  std::shared_ptr<State> state = state_;  // a hook may drop the last handle
  std::vector<Tensor> inputs(given.begin(), given.end());
  state->pre_hooks.for_each([&](const ForwardPreHook& hook) { hook(*this, inputs); });

  bool observed = grad_enabled() && !state->backward_hooks.empty();
  std::optional<GradientObserver> observer;
  if (observed) observer.emplace(inputs);
  Tensor output = run(inputs);
  state->forward_hooks.for_each([&](const ForwardHook& hook) {
    Tensor replacement = hook(*this, inputs, output);
    if (replacement.defined()) output = replacement;
  });
  if (observed && output.requires_grad()) {
    observer->attach({&output, 1}, [self = Module(*this)](const std::vector<Tensor>& grad_inputs,
                                                          const std::vector<Tensor>& grad_outputs) {
      self.state_->backward_hooks.for_each(
          [&](const BackwardHook& hook) { hook(self, grad_inputs, grad_outputs); });
    });
  }
  return output;
}

Where Module::caller() { return context.at; }

HookHandle Module::register_forward_pre_hook(ForwardPreHook hook) {
  require_callable("register_forward_pre_hook", hook);
  return state_->pre_hooks.add(std::move(hook));
}

HookHandle Module::add_forward_hook(ForwardHook hook) {
  require_callable("register_forward_hook", hook);
  return state_->forward_hooks.add(std::move(hook));
}

HookHandle Module::register_backward_hook(BackwardHook hook) {
  require_callable("register_backward_hook", hook);
  return state_->backward_hooks.add(std::move(hook));
}

void Module::require_new_name(const std::string& name) const {
  check(!name.empty() && name.find('.') == std::string::npos,
        "'{}' cannot name a member of {}: a name is not empty and has no dots", name, type_name());
  auto taken = [&](const auto& entries) {
    return std::ranges::any_of(entries, [&](const auto& entry) { return entry.first == name; });
  };
  check(!taken(state_->parameters) && !taken(state_->buffers) && !taken(state_->children),
        "{} already has a member '{}'", type_name(), name);
}

void Module::require_child(const std::string& name, const Module* module) const {
  check(module != nullptr, "child '{}' of {} is no module", name, type_name());
  check(!module->state_->contains(state_.get()), "'{}' would make {} its own descendant", name,
        type_name());
}

void Module::add_child(std::string name, std::shared_ptr<Module> module) {
  ContextScope scope(entering("child", {}));
  require_new_name(name);
  require_child(name, module.get());
  State& state = *module->state_;
  state_->children.emplace_back(std::move(name), std::move(module));
  state.parents.push_back(state_.get());
  state.update_path();
}

void Module::set_children(NamedChildren children) {
  ContextScope scope(entering("child", {}));
  for (auto& [name, child] : children) require_child(name, child.get());
  const NamedChildren before = std::exchange(state_->children, std::move(children));
  // Whoever stays keeps its place among its parents, so that a shared module keeps its path.
  std::unordered_set<const State*> present;
  for (auto& [name, child] : state_->children) {
    std::vector<State*>& parents = child->state_->parents;
    if (present.insert(child->state_.get()).second &&
        std::ranges::count(parents, state_.get()) == 0) {
      parents.push_back(state_.get());
    }
    child->state_->update_path();
  }
  for (auto& [name, child] : before) {
    if (present.count(child->state_.get()) > 0) continue;
    std::erase(child->state_->parents, state_.get());
    child->state_->update_path();
  }
}

Tensor Module::parameter(std::string name, Tensor value) {
  ContextScope scope(entering("parameter", {}));
  require_new_name(name);
  check(value.defined(), "parameter '{}' of {} is undefined", name, type_name());
  check(value.is_floating(), "parameter '{}' of {} must be floating to be trained, got {}", name,
        type_name(), value.dtype());
  value.requires_grad_(true, context.at);  // of the layer's constructor
  state_->parameters.emplace_back(std::move(name), value);
  return value;
}

Tensor Module::buffer(std::string name, Tensor value) {
  ContextScope scope(entering("buffer", {}));
  require_new_name(name);
  check(value.defined(), "buffer '{}' of {} is undefined", name, type_name());
  state_->buffers.emplace_back(std::move(name), value);
  return value;
}

const char* Module::path() const { return state_->path; }

std::shared_ptr<Module> Module::child_at(std::size_t index) const {
  return state_->children[index].second;
}

std::size_t Module::num_children() const { return state_->children.size(); }

}  // namespace gradus::nn
