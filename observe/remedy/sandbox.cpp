#include "gradus/observe/remedy/sandbox.h"

#include <cstring>
#include <unordered_map>
#include <utility>

namespace gradus::observe {

Sandbox::Sandbox(nn::Module& net) : untouched_(net), structure_(net) {
  for (const Tensor& p : net.parameters()) {
    parameters_.push_back({p, p.storage(), Ref<GradState>()});
  }
  try {
    for (Parameter& p : parameters_) {
      p.accumulator = std::exchange(p.tensor.impl().grad_state, nullptr);
      if (p.accumulator) p.tensor.requires_grad_();
    }
    use_copies();
  } catch (...) {
    put_back();
    throw;
  }
}

void Sandbox::restore() {
  structure_.restore();
  untouched_.restore();
  for (const Parameter& p : parameters_) p.tensor.set_grad({});
  use_copies();
}

void Sandbox::use_copies() {
  std::unordered_map<const Storage*, Ref<Storage>> copies;  // parameters may share memory
  for (const Parameter& p : parameters_) {
    Ref<Storage>& copy = copies[p.storage.get()];
    if (!copy) {
      copy = Storage::allocate(p.storage->bytes());
      std::memcpy(copy->data(), p.storage->data(), p.storage->bytes());
    }
    p.tensor.impl().set_storage(copy);
  }
}

void Sandbox::put_back() {
  for (Parameter& p : parameters_) {
    TensorImpl& impl = p.tensor.impl();
    impl.set_storage(p.storage);
    if (!p.accumulator) continue;
    if (impl.grad_state) impl.grad_state->on_owner_gone();
    impl.grad_state = std::move(p.accumulator);
  }
  structure_.restore();
}

}  // namespace gradus::observe
