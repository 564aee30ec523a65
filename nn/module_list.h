#pragma once

#include "gradus/nn/any_module.h"

namespace gradus::nn {

/// Modules in a row, named "0", "1", ...; it has no forward of its own.
class ModuleList : public Module {
 public:
  ModuleList() = default;
  /// A list of one list is a copy of it, as with any container.
  template <std::derived_from<Module>... M>
  explicit ModuleList(M... modules) {
    (push_back(std::move(modules)), ...);
  }

  template <std::derived_from<Module> T>
  void push_back(T module) {
    add_child(std::to_string(size()), std::make_shared<T>(std::move(module)));
  }
  /// For a module whose type is chosen at run time.
  void push_back(const AnyModule& module) { add_child(std::to_string(size()), module.get()); }
  /// Adds the modules of another list, which stay its own as well.
  void append(const ModuleList& other);

  std::int64_t size() const { return static_cast<std::int64_t>(num_children()); }
  /// Negative indices count from the end. IndexError outside.
  Module& operator[](std::int64_t index) const;
  /// The same, as the type it has: `net.get<nn::Linear>(0).weight`. Error where it has another.
  template <std::derived_from<Module> T>
  T& get(std::int64_t index) const {
    Module& module = (*this)[index];
    T* typed = dynamic_cast<T*>(&module);
    if (typed == nullptr) wrong_type(index, module);
    return *typed;
  }

 private:
  [[noreturn]] void wrong_type(std::int64_t index, const Module& module) const;
};

}  // namespace gradus::nn
