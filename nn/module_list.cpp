#include "gradus/nn/module_list.h"

#include "gradus/tensor/context.h"

namespace gradus::nn {

void ModuleList::append(const ModuleList& other) {
  std::int64_t count = other.size();  // `other` may be this list
  for (std::int64_t i = 0; i < count; ++i) {
    add_child(std::to_string(size()), other.child_at(static_cast<std::size_t>(i)));
  }
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
