#include "gradus/observe/untouched.h"

#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"

namespace gradus::observe {
namespace {

thread_local int living = 0;

}  // namespace

bool Untouched::is_active() { return living > 0; }

Untouched::Untouched(nn::Module& net) : random_(default_generator().get_state()) {
  for (auto& [name, module] : net.named_modules()) {
    modes_.emplace_back(&module, module.is_training());
  }
  for (auto& [name, tensor] : net.named_buffers()) {
    buffers_.push_back({tensor, tensor.storage(), tensor.layout()});
  }
  use_copies();
  ++living;
}

Untouched::~Untouched() {
  --living;
  for (const Buffer& buffer : buffers_) {
    buffer.tensor.impl().set_storage(buffer.storage);
    buffer.tensor.impl().layout = buffer.layout;
  }
  for (auto& [module, training] : modes_) module->train(training);
  default_generator().set_state(random_);
}

void Untouched::restore() {
  default_generator().set_state(random_);
  use_copies();
}

void Untouched::use_copies() {
  NoGrad no_grad;
  for (const Buffer& buffer : buffers_) {
    Tensor copy = clone(Tensor(buffer.storage, buffer.layout, buffer.tensor.dtype()));
    buffer.tensor.impl().set_storage(copy.storage());
    buffer.tensor.impl().layout = copy.layout();
  }
}

}  // namespace gradus::observe
