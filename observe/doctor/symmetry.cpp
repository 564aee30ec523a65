#include "gradus/observe/doctor/advice.h"
#include "gradus/observe/doctor/equal_units.h"
#include "gradus/observe/doctor/rules.h"
#include "gradus/tensor/statistics.h"

// Units and layers that are copies of each other, and stay so.
namespace gradus::observe::doctor {
namespace {

/// As (units, inputs).
Tensor rows_of(const Case& c, const Hidden& hidden, const Tensor& weight) {
  bool columns = weight.size(0) != hidden.layer->units;
  // A layer that the first step left out is not in the structure.
  const bool known = c.run.structure && hidden.index < c.run.structure->layers.size();
  if (!columns && weight.size(1) == hidden.layer->units && known) {
    const auto& ops = c.run.structure->layers[hidden.index].own_ops;
    columns = std::ranges::count(ops, "matmul") > 0 && std::ranges::count(ops, "t") == 0 &&
              std::ranges::count(ops, "transpose") == 0;
  }
  return (columns ? weight.detach().t() : weight.detach());
}

/// Units whose gradients differ will part.
bool gradients_part(const Case& c, const Hidden& hidden, std::int64_t group) {
  const Tensor& weight = hidden.weight->tensor;
  const Tensor gradient = weight.requires_grad() ? weight.grad() : Tensor();
  if (!gradient.defined() || statistics(gradient.detach()).rms == 0) return false;
  return equal_units(rows_of(c, hidden, gradient), {}) < group;
}

Remedy random_init(const Hidden& hidden) {
  const std::string initializer = hidden.fit ? hidden.fit->initializer : "glorot_normal_";
  return {Cure::MatchedInit, "initialise the weights at random",
          fmt::format("nn::init::{}({}.weight);", initializer,
                      code_for(hidden.layer->path, hidden.layer->type))};
}

/// Whether two layers have had the same weights and gradients to the last bit.
bool are_copies(const Hidden& a, const Hidden& b) {
  if (a.weight == b.weight || a.weight->shape != b.weight->shape) return false;
  const ParameterStep &p = a.weight->steps.back(), &q = b.weight->steps.back();
  auto same = [](const Sample& x, const Sample& y) {
    return x.rms > 0 && x.rms == y.rms && x.mean == y.mean && x.abs_max == y.abs_max;
  };
  return p.step == q.step && same(p.value, q.value) && same(p.gradient, q.gradient) &&
         a.weight->tensor.to_vector<double>() == b.weight->tensor.to_vector<double>();
}

}  // namespace

void check_copies(const Case& c, Found& found) {
  for (std::size_t i = 0; i < c.hidden.size(); ++i) {
    for (std::size_t j = i + 1; j < c.hidden.size(); ++j) {
      const Hidden &a = c.hidden[i], &b = c.hidden[j];
      if (!are_copies(a, b)) continue;
      Finding f = at_layer(Symptom::Symmetry, Severity::Error, *b.layer);
      f.since_step = b.weight->steps.front().step;
      f.cause = fmt::format(
          "'{}' began as a copy of '{}' and gets equal gradients, so the two never part: what "
          "they learn, one of them would learn alone",
          b.layer->path, a.layer->path);
      f.remedies = {random_init(b)};
      found.push_back(std::move(f));
      return;
    }
  }
}

void check_symmetry(const Case& c, Found& found) {
  for (const Hidden& hidden : c.hidden) {
    const Tensor weight = rows_of(c, hidden, hidden.weight->tensor);
    const std::int64_t units = weight.size(0);
    const Statistics values = statistics(weight);
    if (units < 2 || values.nonfinite > 0) continue;
    const bool zero = values.rms == 0;
    if (zero && hidden.weight->steps.front().value.rms > 0) continue;  // decayed since
    const Tensor bias = hidden.bias != nullptr ? hidden.bias->tensor.detach() : Tensor();
    const std::int64_t group = zero ? units : equal_units(weight, bias);
    if (group < 2 || (zero && hidden.layer->skip_joins)) continue;
    if (gradients_part(c, hidden, group)) continue;
    const bool whole = group == units;
    Finding f =
        at_layer(Symptom::Symmetry, whole ? Severity::Error : Severity::Warning, *hidden.layer);
    f.since_step = hidden.weight->steps.front().step;
    f.statistic = fmt::format("units that are the same, of {}", units);
    f.measured = static_cast<double>(group);
    f.threshold = 1;
    f.cause = zero ? "all weights of the layer are 0, so its units are the same and the gradient "
                     "passes none of them"
                   : fmt::format(
                         "{} units began with equal weights, and so get equal gradients at every "
                         "step and never part",
                         whole ? "all" : fmt::format("{} of {}", group, units));
    f.remedies = {random_init(hidden)};
    found.push_back(std::move(f));
    return;
  }
}

}  // namespace gradus::observe::doctor
