#include <map>
#include <set>

#include "gradus/observe/doctor/advice.h"
#include "gradus/observe/doctor/rules.h"

// Gradients that are exactly 0, or do not arrive at all.
namespace gradus::observe::doctor {
namespace {

enum class Reach {
  Some,    ///< a gradient that is not all zeros
  Zero,    ///< exactly 0 in every recent step
  Nothing  ///< none in any recent step
};

constexpr std::size_t kEnough = 3;  ///< observed steps: a single one may be a warm-up's

Reach reach_of(const LayerRecord& layer) {
  const auto recent = layer.steps.last(3 * kWindow);
  if (recent.size() < kEnough) return Reach::Some;
  auto none = [](const LayerStep& step) { return !step.grad; };
  auto zero = [](const LayerStep& step) { return !step.grad || step.grad.all_zero(); };
  if (std::ranges::all_of(recent, none)) return Reach::Nothing;
  return std::ranges::all_of(recent, zero) ? Reach::Zero : Reach::Some;
}

/// Layers with something to learn that learn nothing, in none of their calls; by index.
std::vector<std::size_t> blocked_layers(const Case& c) {
  std::set<const nn::Module*> reached;
  for (const LayerRecord& layer : c.run.layers) {
    if (reach_of(layer) == Reach::Some) reached.insert(layer.module);
  }
  std::vector<std::size_t> blocked;
  for (std::size_t i = 0; i < c.run.layers.size(); ++i) {
    const LayerRecord& layer = c.run.layers[i];
    if (layer.call == 0 && !reached.count(layer.module) && c.trainable(layer)) {
      blocked.push_back(i);
    }
  }
  return blocked;
}

/// The layer, next after the blocked ones, whose input nothing recorded leads to.
const LayerCall* detached_after(const Trace& trace, std::size_t blocked) {
  for (std::size_t i = blocked + 1; i < trace.layers.size(); ++i) {
    if (std::ranges::any_of(trace.layers[i].origins, &observe::Origin::detached)) {
      return &trace.layers[i];
    }
  }
  return nullptr;
}

/// What replaces an op without a slope in training.
std::string with_slope(const std::string& op) {
  if (op == "sign") return "tanh(x)  // in place of sign(x)";
  return fmt::format("x + ({}(x) - x).detach()  // straight through: the slope of x",
                     op == "round" || op == "floor" ? op : "f");
}

/// Whether some of what the layer makes most probably exceeds 0: it is so of 2 in 100 numbers of a
/// normal distribution, if its mean is two deviations below.
bool exceeds_0(const LayerRecord& layer) {
  const Sample& z = layer.last().z;
  return z.mean > -2 * std::sqrt(std::max(0.0, double(z.rms) * z.rms - double(z.mean) * z.mean));
}

/// The op through which every slope is 0, among ops in order of execution after `layer`: one that
/// has no slope anywhere, a module of the user's own, or one that is flat in parts.
std::string zero_op(const std::vector<std::string>& ops, const LayerRecord& layer) {
  static const std::set<std::string> flat = {"sign", "round", "floor"};
  static const std::set<std::string> flat_in_part = {"clamp", "hardtanh", "hardsigmoid",
                                                     "relu",  "relu6",    "masked_fill"};
  static const std::set<std::string> never_flat = {"add", "sub", "neg", "sum", "mean"};
  auto first = [&](auto wanted) {
    const auto found = std::ranges::find_if(ops, wanted);
    return found != ops.end() ? *found : "";
  };
  auto is_flat = [&](const std::string& op) { return flat.count(op) > 0; };
  auto is_own_module = [](const std::string& op) { return op[0] >= 'A' && op[0] <= 'Z'; };
  auto is_flat_in_part = [&](const std::string& op) {
    const bool open = op == "relu" && op == layer.activation && exceeds_0(layer);
    return flat_in_part.count(op) > 0 && !open;
  };
  for (std::string op : {first(is_flat), first(is_own_module), first(is_flat_in_part)}) {
    if (!op.empty()) return op;
  }
  const auto last = std::find_if(ops.rbegin(), ops.rend(),
                                 [&](const std::string& op) { return never_flat.count(op) == 0; });
  return last != ops.rend() ? *last : "";
}

Finding blocked_finding(const Case& c, const std::vector<std::size_t>& blocked) {
  const LayerRecord& top = c.run.layers[blocked.back()];
  Finding f = at_layer(Symptom::ZeroGradient, Severity::Error, top);
  f.since_step = top.steps.front().step;
  f.statistic = fmt::format("RMS dL/dz of '{}'", top.path);
  return f;
}

/// Nothing arrives: the graph is cut.
void report_cut(const Case& c, const std::vector<std::size_t>& blocked, Found& found) {
  Finding f = blocked_finding(c, blocked);
  const LayerRecord& top = c.run.layers[blocked.back()];
  const std::string names = listed(c, blocked);
  const bool one = blocked.size() == 1;
  const LayerCall* cut =
      c.run.structure ? detached_after(*c.run.structure, blocked.back()) : nullptr;
  if (cut != nullptr) {
    f.layer = cut->path;
    f.at = c.run.layers[static_cast<std::size_t>(cut - c.run.structure->layers.data())].at;
    f.cause = fmt::format("{} {} no gradient, because what '{}' takes is detached from the graph",
                          names, one ? "gets" : "get", cut->path);
    f.remedies = {{Cure::Manual, "hand on what the layer before made as it is",
                   fmt::format("{}(h);  // not h.detach(), not under NoGrad",
                               code_for(cut->path, cut->type))}};
  } else {
    f.cause = fmt::format("{} {} no gradient, because the loss does not depend on what {}", names,
                          one ? "gets" : "get", one ? "it makes" : "they make");
    f.severity = Severity::Warning;
    f.remedies = {{Cure::Manual, "make the loss of what the layer makes, in one graph",
                   "loss = loss_function(net(x), target);  // no detach() and no item() between"}};
  }
  f.remedies.push_back({Cure::Manual, "if it is not to learn, freeze it",
                        code_for(top.path, top.type) + ".requires_grad_(false);"});
  found.push_back(std::move(f));
}

/// An op makes all of the gradient 0.
void report_zero(const Case& c, const std::vector<std::size_t>& blocked, Found& found) {
  // A loss that is constant says why by itself.
  const bool mismatch = std::ranges::count(found, Symptom::LossMismatch, &Finding::symptom) > 0;
  if (!c.run.structure || mismatch) return;
  const Trace& trace = *c.run.structure;
  const std::size_t top = blocked.back();
  const LayerRecord& layer = c.run.layers[top];
  const auto consumers = trace.consumers(top);
  if (consumers.empty()) return;
  const bool end = consumers.back() == trace.layers.size();
  std::vector<std::string> ops;
  for (const TracedOp& op : (end ? trace.end : trace.layers[consumers.back()].origin()).ops) {
    if (op.kind != OpKind::Shape) ops.push_back(op.name);
  }
  if (end) {
    // Nothing left to learn is no fault.
    if (c.course.learned() || c.course.recent == 0) return;
    ops.insert(ops.end(), c.run.loss_ops.begin(), c.run.loss_ops.end());
  } else {
    const LayerRecord& above = c.run.layers[consumers.back()];
    const bool weightless = std::ranges::any_of(above.parameters, [&](std::size_t i) {
      const ParameterRecord& p = c.run.parameters[i];
      return p.shape.size() > 1 && !p.steps.empty() && p.steps.back().value.all_zero();
    });
    // Weights of 0, dead units, saturation and underflow have rules of their own.
    if (weightless || above.last().grad.rms < 1e-30) return;
  }
  if (layer.dead_share() == 1 || layer.saturated_share() > 0.99) return;
  const std::string op = zero_op(ops, layer);
  if (op.empty()) return;
  Finding f = blocked_finding(c, blocked);
  f.threshold = 0;
  if (op == "relu") {
    f.symptom = Symptom::DeadUnits;
    f.cause = fmt::format(
        "what relu takes is below 0 on every sample, where its slope is 0: {} {} nothing",
        listed(c, blocked), blocked.size() == 1 ? "learns" : "learn");
    f.remedies = {leaky_activation(op),
                  {Cure::MatchedInit, "begin with biases of 0",
                   fmt::format("nn::init::zeros_({}.bias);", code_for(layer.path, layer.type))}};
    found.push_back(std::move(f));
    return;
  }
  f.cause = fmt::format(
      "the gradient is exactly 0 behind {}, whose slope is 0 wherever this run "
      "has been: {} {} nothing",
      op, listed(c, blocked), blocked.size() == 1 ? "learns" : "learn");
  f.remedies = {{Cure::Manual, fmt::format("replace {} in training by something with a slope", op),
                 with_slope(op)}};
  found.push_back(std::move(f));
}

/// A layer that is called again and again, as in a recurrent network, and learns from its last call
/// alone. Where a cut is meant, to bound the memory, it is made once in many calls.
void report_last_call_only(const Case& c, Found& found) {
  if (c.young() || c.course.learned() || c.nonfinite_at) return;
  const LayerRecord* last = nullptr;
  std::map<const nn::Module*, std::pair<int, int>> calls;  // and those that a gradient came back to
  for (const LayerRecord& layer : c.run.layers) {
    auto& [all, reached] = calls[layer.module];
    ++all;
    if (reach_of(layer) == Reach::Nothing) continue;
    ++reached;
    if (last == nullptr && reached == 1 && layer.call >= 2) last = &layer;
  }
  if (last == nullptr || calls[last->module] != std::pair(last->call + 1, 1)) return;
  Finding f = at_layer(Symptom::ZeroGradient, Severity::Warning, *last);
  f.since_step = last->steps.front().step;
  f.statistic = fmt::format("calls of '{}' that a gradient comes back to", last->path);
  f.measured = 1;
  f.expected = last->call + 1;
  f.cause = fmt::format(
      "'{}' is called {} times in a step and learns from the last call alone: what it makes in the "
      "others is detached from the graph",
      last->path, last->call + 1);
  f.remedies = {{Cure::Manual, "hand the state on as it is, within a sequence",
                 "h = tanh(input(x) + recurrent(h));  // not h.detach()"}};
  found.push_back(std::move(f));
}

}  // namespace

void check_reach(const Case& c, Found& found) {
  report_last_call_only(c, found);
  const std::vector<std::size_t> blocked = blocked_layers(c);
  if (blocked.empty() || c.nonfinite_at) return;
  if (reach_of(c.run.layers[blocked.back()]) == Reach::Nothing) {
    report_cut(c, blocked, found);
  } else {
    report_zero(c, blocked, found);
  }
}

}  // namespace gradus::observe::doctor
