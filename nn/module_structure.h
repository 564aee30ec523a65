#pragma once

#include "gradus/nn/module.h"

namespace gradus::nn {

/// Who holds whom in a network, as it was when this was made. Parameters and buffers are not part
/// of it: they are the same in whatever order the modules stand.
class Module::Structure {
 public:
  explicit Structure(Module& net);
  /// Every module of then has the children of then again, the very same and under their names.
  /// Modules that have come in are let go.
  void restore() const;

 private:
  struct Entry {
    std::shared_ptr<State> state;
    NamedChildren children;
    std::vector<State*> parents;
    const char* path;
  };
  std::vector<Entry> entries_;
};

}  // namespace gradus::nn
