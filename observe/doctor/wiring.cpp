#include <set>

#include "gradus/nn/dropout.h"
#include "gradus/observe/doctor/advice.h"
#include "gradus/observe/doctor/rules.h"

// What the network leaves out: parameters it does not use or does not know, frozen layers, dropout
// of nearly everything.
namespace gradus::observe::doctor {
namespace {

/// Parameters that no gradient ever came to, of modules that no recorded op ran in.
void report_unused(const Case& c, Found& found) {
  if (c.young()) return;
  std::set<std::size_t> used;
  for (const LayerRecord& layer : c.run.layers) {
    used.insert(layer.parameters.begin(), layer.parameters.end());
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < c.run.parameters.size(); ++i) {
    const ParameterRecord& p = c.run.parameters[i];
    const bool silent =
        std::ranges::none_of(p.steps, [](const ParameterStep& s) { return bool(s.gradient); });
    if (!used.count(i) && silent && p.tensor.requires_grad()) names.push_back(p.name);
  }
  if (names.empty()) return;
  const char* them = names.size() == 1 ? "it" : "them";
  found.push_back(
      {.symptom = Symptom::ZeroGradient,
       .severity = Severity::Warning,
       .layer = names[0],
       .statistic = "gradients that came to it",
       .cause = fmt::format("the loss is made without {0}: forward() leaves {1} out, or uses {1} "
                            "under NoGrad",
                            listed(names), them),
       .remedies = {{Cure::Manual, fmt::format("use {0} in forward(), or drop {0}", them), ""}}});
}

/// A layer with nothing to train between layers that are trained, in a chain. What is frozen on
/// purpose is mostly a beginning, an end, nearly everything, or has a trained path beside it.
void report_frozen(const Case& c, Found& found) {
  if (!c.run.structure || c.young()) return;
  const Trace& trace = *c.run.structure;
  std::vector<std::size_t> frozen, trained;
  for (std::size_t i = 0; i < std::min(c.run.layers.size(), trace.layers.size()); ++i) {
    const LayerRecord& layer = c.run.layers[i];
    if (layer.normalizes || layer.parameters.empty() || layer.call > 0) continue;
    (c.trainable(layer) ? trained : frozen).push_back(i);
  }
  std::erase_if(frozen, [&](std::size_t i) {
    auto before = [&](std::size_t other) { return trace.leads_to(other, i); };
    auto behind = [&](std::size_t other) { return trace.leads_to(i, other); };
    auto joined = [&](std::size_t other) {
      const bool end = other == trace.layers.size();
      return (end ? trace.end : trace.layers[other].origin()).sources.size() > 1;
    };
    return std::ranges::any_of(trace.consumers(i), joined) ||
           std::ranges::none_of(trained, before) || std::ranges::none_of(trained, behind);
  });
  if (frozen.empty() || 2 * frozen.size() > trained.size()) return;
  const LayerRecord& layer = c.run.layers[frozen[0]];
  Finding f = at_layer(Symptom::ZeroGradient, Severity::Warning, layer);
  f.cause = fmt::format("{} {} frozen, amid layers that learn", listed(c, frozen),
                        frozen.size() == 1 ? "is" : "are");
  f.remedies = {{Cure::Manual, "let it learn, before the optimiser is made",
                 code_for(layer.path, layer.type) + ".requires_grad_();"}};
  found.push_back(std::move(f));
}

/// Tensors that the network computes with and that get gradients, but which the network does not
/// know for its parameters, and so no optimiser that is given those. What another optimiser owns
/// has changed since.
void report_strays(const Case& c, Found& found) {
  if (!c.run.structure || c.observed < 3) return;
  std::vector<const Stray*> unowned;
  for (const Stray& stray : c.run.structure->strays) {
    const Tensor& x = stray.tensor;
    const bool changed = x.storage()->version() != stray.version;
    if (!changed && x.grad().defined()) unowned.push_back(&stray);
  }
  if (unowned.empty()) return;
  const Stray& first = *unowned[0];
  Finding f{.symptom = Symptom::UpdateTooSmall, .severity = Severity::Warning};
  f.at = first.at;
  f.statistic = "tensors with gradients that are no parameters of the network, and never change";
  f.measured = static_cast<double>(unowned.size());
  f.threshold = 0;
  f.cause = fmt::format(
      "the tensor of shape {} that {} takes here gets gradients, but {} does not know it for a "
      "parameter, so that no optimiser changes it",
      first.tensor.shape(), first.op, c.run.network);
  f.remedies = {{Cure::Manual, "register it with the module that holds it",
                 "child(\"hidden\", nn::Linear(..)), or parameter(\"scale\", ones({n}))"},
                {Cure::Manual, "if it is not to learn, freeze it", "requires_grad_(false)"}};
  found.push_back(std::move(f));
}

/// Dropout that leaves a sample with probability p^n none of a layer's n units.
void report_dropout(const Case& c, Found& found) {
  if (!c.run.structure || c.course.learned() || c.young()) return;
  const Trace& trace = *c.run.structure;
  for (std::size_t i = 0; i <= trace.layers.size(); ++i) {
    const Origin& origin = i < trace.layers.size() ? trace.layers[i].origin() : trace.end;
    for (const TracedOp& op : origin.ops) {
      const auto* dropout = dynamic_cast<const nn::Dropout*>(op.module);
      if (dropout == nullptr || op.shape.empty()) continue;
      const double nothing = std::pow(dropout->p(), static_cast<double>(op.shape.back()));
      if (nothing < 0.1) continue;
      Finding f{.symptom = Symptom::ZeroGradient, .severity = Severity::Error, .layer = op.layer};
      f.at = op.at;
      f.statistic = "share of samples of which dropout leaves nothing";
      f.measured = nothing;
      f.threshold = 0.1;
      f.cause = fmt::format(
          "dropout of {:.4g} leaves {:.2g} of {} units in the mean, and of {:.0f} % of the samples "
          "none: for those nothing is handed on, and no gradient comes back",
          dropout->p(), (1 - dropout->p()) * static_cast<double>(op.shape.back()), op.shape.back(),
          100 * nothing);
      f.remedies = {{Cure::Manual, "drop less: p is the share that is dropped, not kept",
                     "nn::Dropout(0.5)"}};
      found.push_back(std::move(f));
      return;
    }
  }
}

}  // namespace

void check_wiring(const Case& c, Found& found) {
  report_strays(c, found);
  report_dropout(c, found);
  report_unused(c, found);
  report_frozen(c, found);
}

}  // namespace gradus::observe::doctor
