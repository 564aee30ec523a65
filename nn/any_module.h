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

}  // namespace gradus::nn
