#pragma once

#include "gradus/autograd/grad_mode.h"
#include "gradus/nn/module.h"

namespace gradus::nn {

/// Puts a module and its descendants in evaluation mode and recording off; at the end of the scope
/// each module is in the mode it was in before.
class EvalScope {
 public:
  explicit EvalScope(Module& module) {
    for (auto& [name, m] : module.named_modules()) before_.push_back({m, m.is_training()});
    module.eval();
  }
  ~EvalScope() {
    for (auto& [module, training] : before_) module.train(training);  // parents first
  }
  EvalScope(const EvalScope&) = delete;
  EvalScope& operator=(const EvalScope&) = delete;

 private:
  struct Mode {
    Module& module;
    bool training;
  };
  NoGrad no_grad_;
  std::vector<Mode> before_;
};

}  // namespace gradus::nn
