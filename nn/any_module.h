#pragma once

#include "gradus/nn/module.h"

namespace gradus::nn {

/// A module of any type, or none; modules convert to it.
class AnyModule {
 public:
  AnyModule() = default;
  template <std::derived_from<Module> T>
  AnyModule(T module) : module_(std::make_shared<T>(std::move(module))) {}  // NOLINT: converts
  explicit AnyModule(std::shared_ptr<Module> module) : module_(std::move(module)) {}

  const std::shared_ptr<Module>& get() const { return module_; }
  Module& operator*() const { return *module_; }
  explicit operator bool() const { return module_ != nullptr; }

 private:
  std::shared_ptr<Module> module_;
};

/// A handle that keeps alive what `module` names. A module known only by its base class cannot be
/// copied: it is referred to, and must outlive the handle.
template <std::derived_from<Module> M>
std::shared_ptr<Module> handle_of(M& module) {
  if constexpr (std::copy_constructible<M>) {
    return std::make_shared<M>(module);
  } else {
    return {std::shared_ptr<Module>(), &module};
  }
}

}  // namespace gradus::nn
