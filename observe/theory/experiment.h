#pragma once

#include <functional>
#include <set>

#include "gradus/observe/trace.h"
#include "gradus/observe/untouched.h"

namespace gradus::observe {

/// Runs a network with chosen values in place of the outputs of some of its layers, and of its
/// input. Dropout is off meanwhile. At the end of the scope the network is as it was.
class Experiment {
 public:
  /// Stands for the network's input among the sources.
  static constexpr auto input = static_cast<std::size_t>(-1);

  /// Which of Response::nodes() stands at element e of a source.
  using Place = std::function<std::size_t(std::size_t source, std::size_t e)>;
  /// Whether a source gets nodes; the others get zeros.
  using Chosen = std::function<bool(std::size_t source)>;

  /// `cut`: the layers whose outputs are replaced. All three must outlive the experiment.
  Experiment(nn::Module& net, const Trace& trace, const std::vector<bool>& cut);

  /// Throws Error where the network now calls other layers than it did in the trace.
  void run(const Chosen& chosen, const Place& place);

  /// What each layer took in the last run, and the output.
  const std::vector<Tensor>& arrived() const { return arrived_; }
  /// The leaf that stood for a source.
  const Tensor& leaf(std::size_t source) const {
    return source == input ? input_leaf_ : leaves_[source];
  }

 private:
  Tensor replace(std::span<const Tensor> inputs, const Tensor& y);
  Tensor filled(std::size_t source, const Tensor& like) const;

  nn::Module& net_;
  const Trace& trace_;
  const std::vector<bool>& cut_;
  Untouched untouched_;
  std::vector<ScopedHook> hooks_;
  const Chosen* chosen_ = nullptr;
  const Place* place_ = nullptr;
  std::vector<Tensor> arrived_;
  std::vector<Tensor> leaves_;
  Tensor input_leaf_;
};

/// The cut layers behind an origin, through layers that are not cut; `why` says what is missing.
void collect_sources(const Trace& trace, const std::vector<bool>& cut, const Origin& origin,
                     std::set<std::size_t>& found, std::string& why);

}  // namespace gradus::observe
