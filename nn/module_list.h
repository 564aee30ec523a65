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

  // --- Changing it in place, for all who hold it. The names of the modules behind, and with them
  // the paths and those of their parameters, are counted anew. IndexError outside.
  /// Puts a module in front of the one at `index`, or at the end where index is size().
  void insert(std::int64_t index, const AnyModule& module, Where at = Where::here());
  /// Puts a module in the place of another, and returns that one.
  AnyModule replace(std::int64_t index, const AnyModule& module, Where at = Where::here());
  /// Takes a module out, and returns it.
  AnyModule erase(std::int64_t index, Where at = Where::here());

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
  std::vector<std::shared_ptr<Module>> modules() const;
  void set_modules(const std::vector<std::shared_ptr<Module>>& modules);
  std::size_t position(std::int64_t index) const;
  [[noreturn]] void wrong_type(std::int64_t index, const Module& module) const;
};

}  // namespace gradus::nn
