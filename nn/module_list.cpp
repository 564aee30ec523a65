#include "gradus/nn/module_list.h"

#include <utility>

#include "gradus/tensor/context.h"

namespace gradus::nn {

void ModuleList::append(const ModuleList& other) {
  std::int64_t count = other.size();  // `other` may be this list
  for (std::int64_t i = 0; i < count; ++i) {
    add_child(std::to_string(size()), other.child_at(static_cast<std::size_t>(i)));
  }
}

std::vector<std::shared_ptr<Module>> ModuleList::modules() const {
  std::vector<std::shared_ptr<Module>> list;
  for (std::size_t i = 0; i < num_children(); ++i) list.push_back(child_at(i));
  return list;
}

void ModuleList::set_modules(const std::vector<std::shared_ptr<Module>>& modules) {
  NamedChildren children;
  for (const auto& module : modules) children.emplace_back(std::to_string(children.size()), module);
  set_children(std::move(children));
}

void ModuleList::insert(std::int64_t index, const AnyModule& module, Where at) {
  ContextScope scope(entering("insert", at));
  const std::int64_t from_front = index < 0 ? index + size() : index;
  check<IndexError>(from_front >= 0 && from_front <= size(), "at {} of a {} of {}", index,
                    type_name(), size());
  std::vector<std::shared_ptr<Module>> list = modules();
  list.insert(list.begin() + from_front, module.get());
  set_modules(list);
}

AnyModule ModuleList::replace(std::int64_t index, const AnyModule& module, Where at) {
  ContextScope scope(entering("replace", at));
  std::vector<std::shared_ptr<Module>> list = modules();
  std::shared_ptr<Module>& place = list[position(index)];
  AnyModule before(std::exchange(place, module.get()));
  set_modules(list);
  return before;
}

AnyModule ModuleList::erase(std::int64_t index, Where at) {
  ContextScope scope(entering("erase", at));
  std::vector<std::shared_ptr<Module>> list = modules();
  const auto place = list.begin() + static_cast<std::ptrdiff_t>(position(index));
  AnyModule before(*place);
  list.erase(place);
  set_modules(list);
  return before;
}

std::size_t ModuleList::position(std::int64_t index) const {
  check<IndexError>(index >= -size() && index < size(), "module {} of a {} of {}", index,
                    type_name(), size());
  return static_cast<std::size_t>(index < 0 ? index + size() : index);
}

Module& ModuleList::operator[](std::int64_t index) const {
  if (index < -size() || index >= size()) [[unlikely]] {
    ContextScope scope(entering("ModuleList", {}));
    fail<IndexError>(fmt::format("module {} of a {} of {}", index, type_name(), size()));
  }
  return *child_at(static_cast<std::size_t>(index < 0 ? index + size() : index));
}

void ModuleList::wrong_type(std::int64_t index, const Module& module) const {
  ContextScope scope(entering("ModuleList", {}));
  fail(fmt::format("module {} of this {} is a {}, not what get<>() asks for", index, type_name(),
                   module.type_name()));
}

}  // namespace gradus::nn
