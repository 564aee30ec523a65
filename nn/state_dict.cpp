#include "gradus/nn/state_dict.h"

#include <fmt/format.h>

#include <algorithm>

#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"
#include "gradus/nn/module.h"
#include "gradus/nn/module_state.h"
#include "gradus/tensor/context.h"

namespace gradus::nn {

const Tensor* StateDict::find(std::string_view name) const {
  auto entry = std::ranges::find_if(entries_, [&](const auto& e) { return e.first == name; });
  return entry == entries_.end() ? nullptr : &entry->second;
}

void StateDict::set(std::string name, Tensor value) {
  auto entry = std::ranges::find_if(entries_, [&](const auto& e) { return e.first == name; });
  if (entry != entries_.end()) {
    entry->second = std::move(value);
  } else {
    entries_.emplace_back(std::move(name), std::move(value));
  }
}

const Tensor& StateDict::at(std::string_view name) const {
  const Tensor* found = find(name);
  if (found == nullptr) {
    ContextScope scope(entering("StateDict", {}));
    std::vector<std::string_view> names;
    for (const auto& [key, value] : entries_) names.push_back(key);
    fail(fmt::format("no '{}' in this state; it has {}", name,
                     names.empty() ? "no entries" : fmt::format("{}", fmt::join(names, ", "))));
  }
  return *found;
}

void StateDict::erase(std::string_view name) {
  std::erase_if(entries_, [&](const auto& entry) { return entry.first == name; });
}

StateDict StateDict::clone() const {
  StateDict copy;
  for (const auto& [name, value] : entries_) copy.entries_.emplace_back(name, value.clone());
  return copy;
}

std::vector<std::pair<std::string, Tensor>> Module::named_state() const {
  std::vector<std::pair<std::string, Tensor>> found;
  auto visit = [&](auto& self, const std::string& prefix, const State& state) -> void {
    for (const auto& [name, tensor] : state.parameters) found.emplace_back(prefix + name, tensor);
    for (const auto& [name, tensor] : state.buffers) found.emplace_back(prefix + name, tensor);
    for (const auto& [name, child] : state.children) {
      self(self, fmt::format("{}{}.", prefix, name), *child->state_);
    }
  };
  visit(visit, "", *state_);
  return found;
}

StateDict Module::state_dict() const {
  StateDict state;
  for (auto& [name, tensor] : named_state()) state.set(std::move(name), tensor.detach());
  return state;
}

LoadResult Module::load_state_dict(const StateDict& state, LoadOptions options) {
  LoadResult result;
  std::vector<std::string> problems;
  auto own = named_state();
  for (const auto& [name, tensor] : own) {
    if (!state.contains(name)) {
      result.missing.push_back(name);
    } else if (const Tensor& value = state.at(name); !value.defined()) {
      problems.push_back(fmt::format("undefined: {}", name));
    } else if (value.shape() != tensor.shape()) {
      problems.push_back(fmt::format("misshapen: {} is {} and the state has {}", name,
                                     tensor.shape(), value.shape()));
    }
  }
  for (const auto& [name, value] : state) {
    bool known = std::ranges::any_of(own, [&](const auto& entry) { return entry.first == name; });
    if (!known) result.unexpected.push_back(name);
  }
  if (options.strict && !result.missing.empty()) {
    problems.push_back(fmt::format("missing: {}", fmt::join(result.missing, ", ")));
  }
  if (options.strict && !result.unexpected.empty()) {
    problems.push_back(fmt::format("unexpected: {}", fmt::join(result.unexpected, ", ")));
  }
  ContextScope scope(entering("load_state_dict", {}));
  check(problems.empty(), "the state does not fit {}, nothing was loaded; {}", type_name(),
        fmt::join(problems, "; "));

  NoGrad guard;
  for (const auto& [name, tensor] : own) {
    if (state.contains(name)) copy_(tensor, state.at(name));
  }
  return result;
}

}  // namespace gradus::nn
