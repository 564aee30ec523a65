#include "gradus/nn/module_structure.h"

#include "gradus/nn/module_state.h"

namespace gradus::nn {

Module::Structure::Structure(Module& net) {
  for (auto& [name, module] : net.named_modules()) {
    const std::shared_ptr<State>& state = module.state_;
    entries_.push_back({state, state->children, state->parents, state->path});
  }
}

void Module::Structure::restore() const {
  std::vector<NamedChildren> dropped;  // die last, when nothing points to them any more
  for (const Entry& entry : entries_) {
    for (auto& [name, child] : entry.state->children) {
      std::erase(child->state_->parents, entry.state.get());
    }
    dropped.push_back(std::exchange(entry.state->children, entry.children));
  }
  for (const Entry& entry : entries_) {
    entry.state->parents = entry.parents;
    entry.state->path = entry.path;
  }
}

}  // namespace gradus::nn
