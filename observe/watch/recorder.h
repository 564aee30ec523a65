#pragma once

#include <vector>

#include "gradus/autograd/hooks.h"
#include "gradus/observe/trace.h"

namespace gradus::observe {

/// x under a node of its own, by which the walk through the graph knows it. Where nothing leads to
/// x it becomes a leaf, so that what follows is recorded in any case, frozen parameters or not.
Tensor marked(const Tensor& x);

/// While it lives, each call of a layer of `net` is noted in `trace`. The caller notes input and
/// output, and calls find_origins() when the run has ended.
class Recorder {
 public:
  Recorder(nn::Module& net, Trace& trace);

 private:
  std::vector<ScopedHook> hooks_;
};

}  // namespace gradus::observe
