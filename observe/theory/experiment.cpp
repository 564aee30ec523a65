#include "gradus/observe/theory/experiment.h"

#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"
#include "gradus/nn/dropout.h"
#include "gradus/observe/theory/response.h"
#include "gradus/tensor/creation.h"

namespace gradus::observe {

Experiment::Experiment(nn::Module& net, const Trace& trace, const std::vector<bool>& cut)
    : net_(net), trace_(trace), cut_(cut), untouched_(net) {
  for (auto& [name, module] : net.named_modules()) {
    if (dynamic_cast<nn::Dropout*>(&module) != nullptr ||
        dynamic_cast<nn::AlphaDropout*>(&module) != nullptr) {
      module.eval();
    }
  }
  for (auto& [name, layer] : layers_of(net)) {
    hooks_.emplace_back(
        layer.register_forward_hook([this](const nn::Module&, std::span<const Tensor> inputs,
                                           const Tensor& y) { return replace(inputs, y); }));
  }
}

void Experiment::run(const Chosen& chosen, const Place& place) {
  untouched_.restore();
  chosen_ = &chosen;
  place_ = &place;
  arrived_.clear();
  leaves_.assign(trace_.layers.size(), {});
  EnableGrad enable;
  input_leaf_ = trace_.input.is_floating() ? filled(input, trace_.input) : trace_.input;
  Tensor output = net_(input_leaf_);
  check(arrived_.size() == trace_.layers.size(),
        "the network called {} layers at first and {} when run again", trace_.layers.size(),
        arrived_.size());
  arrived_.push_back(output);
}

Tensor Experiment::replace(std::span<const Tensor> inputs, const Tensor& y) {
  const std::size_t i = arrived_.size();
  arrived_.push_back(inputs[0]);
  if (i >= cut_.size() || !cut_[i]) return y;
  return leaves_[i] = filled(i, y);
}

Tensor Experiment::filled(std::size_t source, const Tensor& like) const {
  if (!(*chosen_)(source)) return zeros(like.shape(), like.dtype()).requires_grad_();
  const std::vector<double>& nodes = Response::nodes();
  std::vector<double> values(static_cast<std::size_t>(like.numel()));
  for (std::size_t e = 0; e < values.size(); ++e) values[e] = nodes[(*place_)(source, e)];
  return tensor(values, like.shape()).to(like.dtype()).requires_grad_();
}

void collect_sources(const Trace& trace, const std::vector<bool>& cut, const Origin& origin,
                     std::set<std::size_t>& found, std::string& why) {
  if (origin.from_input) found.insert(Experiment::input);
  if (origin.detached)
    why = "nothing recorded leads to its input: it is detached, or whole numbers";
  for (std::size_t source : origin.sources) {
    if (cut[source]) {
      found.insert(source);
      continue;
    }
    for (const Origin& further : trace.layers[source].origins) {
      collect_sources(trace, cut, further, found, why);
    }
  }
}

}  // namespace gradus::observe
