#include "gradus/observe/finite_guard.h"

#include <algorithm>
#include <set>

#include "gradus/autograd/anomaly.h"
#include "gradus/autograd/engine.h"
#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/finite.h"

namespace gradus::observe {
namespace {

/// What an op takes or makes: memory or, in a backward pass, the gradient for an output of a node,
/// to which several ops may add.
struct Value {
  const void* object;
  std::int64_t output;  ///< of the node; -1 for memory
  bool is_memory() const { return output < 0; }
  auto operator<=>(const Value&) const = default;
};

Value memory_of(const Tensor& x) { return {x.storage().get(), -1}; }

/// An op that made something not finite. Between two checks they make up a graph of their own, in
/// order of execution, from which the first cause is read.
struct Event {
  Context context;
  bool backward = false;
  std::vector<Value> taken = {};  ///< those not finite
  std::vector<Value> made = {};
  std::optional<Breach> breach = {};  ///< absent where it passes on what others made
  // Where there is a breach; tensors without their graphs.
  std::string rule_op = {};
  std::vector<std::pair<std::string, Tensor>> operands = {};
  Tensor result = {};
};

// A program that never checks must not fill the memory.
constexpr std::size_t most_events = 1 << 16;
constexpr std::size_t most_with_operands = 64;

bool holds_nan(std::span<const Tensor* const> tensors) {
  return std::ranges::any_of(tensors, [](const Tensor* x) { return kernel::has_nan(*x); });
}

std::string quoted(const std::string& parameter) { return "'" + parameter + "'"; }
bool is_parameter(const std::string& name) { return name.front() == '\''; }

bool is_certain(Breach breach) {
  return breach == Breach::MadeNonFinite || breach == Breach::MadeNaN || breach == Breach::TookNaN;
}

}  // namespace

class FiniteGuard::Watch final : public NonFiniteObserver {
 public:
  explicit Watch(nn::Module& net) : parameters_(net.named_parameters()) {}

  void on_output(const Tensor& output, std::span<const Tensor* const> inputs,
                 bool declared) override;
  void on_gradient(Node& node, std::span<const Tensor> gradients, const Edge& to,
                   const Tensor& gradient) override;

  std::optional<FirstCause> check(const Tensor& loss);
  const std::optional<FirstCause>& first() const { return first_; }

 private:
  std::optional<Breach> breach_of(const Event& event, std::span<const Tensor* const> inputs,
                                  const Tensor& result, bool declared) const;
  void add(Event event, std::span<const Tensor* const> inputs, const Tensor& result);
  void keep(Event& event, std::span<const Tensor* const> inputs, const Tensor& result) const;
  void replay(Node& node, std::span<const Tensor> gradients, Event& event);
  std::string name_of(const Tensor& operand, std::size_t position) const;
  std::vector<Value> broken_gradients() const;
  FirstCause trace_back(const std::vector<Value>& broken, bool backward) const;
  void clear();

  std::vector<std::pair<std::string, Tensor>> parameters_;
  std::vector<Event> events_;
  std::set<Value> made_;  ///< by all of them
  std::size_t with_operands_ = 0;
  Event* replayed_ = nullptr;
  std::span<const Tensor> replayed_gradients_;
  std::int64_t step_ = 0;
  std::optional<FirstCause> first_;
};

void FiniteGuard::Watch::on_output(const Tensor& output, std::span<const Tensor* const> inputs,
                                   bool declared) {
  Event event{.context = context, .made = {memory_of(output)}};
  for (const Tensor* x : inputs) {
    if (!kernel::all_finite(*x)) event.taken.push_back(memory_of(*x));
  }
  if (replayed_ != nullptr) {  // an op of a gradient rule
    if (!event.taken.empty() || declared || !replayed_->rule_op.empty()) return;
    replayed_->rule_op = context.op;
    keep(*replayed_, inputs, output);
    return;
  }
  event.breach = breach_of(event, inputs, output, declared);
  add(std::move(event), inputs, output);
}

void FiniteGuard::Watch::on_gradient(Node& node, std::span<const Tensor> gradients, const Edge& to,
                                     const Tensor& gradient) {
  const Value target{to.node.get(), to.output};
  Event event{
      .context = node.backward_context(), .backward = true, .made = {target, memory_of(gradient)}};
  std::vector<const Tensor*> inputs;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    inputs.push_back(&gradients[i]);
    if (kernel::all_finite(gradients[i])) continue;
    event.taken.push_back({&node, static_cast<std::int64_t>(i)});
    event.taken.push_back(memory_of(gradients[i]));
  }
  if (made_.contains(target)) {
    event.taken.push_back(target);  // to which it adds: that may be all that is wrong
  } else {
    event.breach = breach_of(event, inputs, gradient, false);
  }
  if (event.breach == Breach::MadeNonFinite) replay(node, gradients, event);
  add(std::move(event), inputs, gradient);
}

std::optional<Breach> FiniteGuard::Watch::breach_of(const Event& event,
                                                    std::span<const Tensor* const> inputs,
                                                    const Tensor& result, bool declared) const {
  const bool nan = kernel::has_nan(result);
  if (event.taken.empty() && !declared) return Breach::MadeNonFinite;
  if (event.taken.empty()) return nan ? Breach::TookNaN : Breach::TookInfinity;
  const bool took_nan = holds_nan(inputs);
  if (nan && !took_nan) return Breach::MadeNaN;
  if (std::ranges::any_of(event.taken, [&](const Value& v) { return made_.contains(v); })) {
    return {};
  }
  return took_nan ? Breach::TookNaN : Breach::TookInfinity;
}

void FiniteGuard::Watch::add(Event event, std::span<const Tensor* const> inputs,
                             const Tensor& result) {
  if (events_.size() >= most_events) clear();
  if (event.breach && is_certain(*event.breach) && with_operands_ < most_with_operands) {
    ++with_operands_;
    if (event.operands.empty()) keep(event, inputs, result);
  }
  made_.insert(event.made.begin(), event.made.end());
  events_.push_back(std::move(event));
}

/// Parameters are copied: an optimiser may write to them before the check.
void FiniteGuard::Watch::keep(Event& event, std::span<const Tensor* const> inputs,
                              const Tensor& result) const {
  NoGrad no_grad;
  UncheckedResults unchecked;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& x = *inputs[i];
    if (!x.defined()) continue;
    std::string name = name_of(x, i);
    Tensor kept = is_parameter(name) ? clone(x) : x.alias(x.layout());
    event.operands.emplace_back(std::move(name), std::move(kept));
  }
  event.result = result.alias(result.layout());
}

/// Runs the rule of a node once more, with an eye on the ops that it is made of. What it delivers
/// goes to a pass that never runs.
void FiniteGuard::Watch::replay(Node& node, std::span<const Tensor> gradients, Event& event) {
  if (node.is_opaque()) return;
  struct Replaying {
    Watch& watch;
    ~Replaying() {
      watch.replayed_ = nullptr;
      watch.replayed_gradients_ = {};
    }
  } replaying{*this};
  replayed_ = &event;
  replayed_gradients_ = gradients;
  Pass nowhere({.retain_graph = true});
  std::vector<Tensor> given(gradients.begin(), gradients.end());  // rules may move from them
  node.run(given, nowhere);
}

std::string FiniteGuard::Watch::name_of(const Tensor& operand, std::size_t position) const {
  auto same = [&](const Tensor& x) { return x.defined() && x.storage() == operand.storage(); };
  if (std::ranges::any_of(replayed_gradients_, same)) return "gradient";
  for (auto& [name, parameter] : parameters_) {
    if (same(parameter)) return quoted(name);
  }
  return fmt::format("input {}", position + 1);
}

std::optional<FirstCause> FiniteGuard::Watch::check(const Tensor& loss) {
  std::optional<FirstCause> cause;
  if (!kernel::all_finite(loss)) {
    cause = trace_back({memory_of(loss)}, false);
  } else if (auto broken = broken_gradients(); !broken.empty()) {
    cause = trace_back(broken, true);
  }
  if (cause) {
    cause->step = step_;
    cause->message = describe(*cause);
    if (!first_) first_ = cause;
  }
  clear();
  ++step_;
  return cause;
}

/// Of the parameters. They need no pass over them where no gradient of this step was broken.
std::vector<Value> FiniteGuard::Watch::broken_gradients() const {
  std::vector<Value> broken;
  if (std::ranges::none_of(events_, &Event::backward)) return broken;
  for (auto& [name, parameter] : parameters_) {
    if (!parameter.requires_grad() || kernel::all_finite(parameter.grad())) continue;
    broken.push_back({node_of(parameter), 0});
  }
  return broken;
}

FirstCause FiniteGuard::Watch::trace_back(const std::vector<Value>& broken, bool backward) const {
  std::set<Value> wanted(broken.begin(), broken.end());
  const Event* certain = nullptr;
  const Event* possible = nullptr;
  for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
    // Memory was made by the last that wrote it; to a gradient all may have added.
    const auto hits = std::ranges::count_if(event->made, [&](const Value& v) {
      return v.is_memory() ? wanted.erase(v) > 0 : wanted.contains(v);
    });
    if (hits == 0) continue;
    wanted.insert(event->taken.begin(), event->taken.end());
    if (event->breach) (is_certain(*event->breach) ? certain : possible) = &*event;
  }
  FirstCause cause;
  cause.backward = backward;
  const Event* event = certain != nullptr ? certain : possible;
  if (event == nullptr) return cause;
  cause.breach = *event->breach;
  cause.op = event->context.op;
  cause.rule_op = event->rule_op;
  cause.layer = event->context.layer;
  cause.at = event->context.at;
  cause.backward = event->backward;
  for (auto& [name, tensor] : event->operands) cause.operands.push_back(range_of(name, tensor));
  if (event->result.defined()) cause.result = range_of("result", event->result);
  return cause;
}

void FiniteGuard::Watch::clear() {
  events_.clear();
  made_.clear();
  with_operands_ = 0;
}

FiniteGuard::FiniteGuard(nn::Module& net) : watch_(std::make_unique<Watch>(net)) {}
FiniteGuard::~FiniteGuard() = default;
FiniteGuard::FiniteGuard(FiniteGuard&&) noexcept = default;

std::optional<FirstCause> FiniteGuard::check(const Tensor& loss, Where at) {
  {
    ContextScope scope(entering("FiniteGuard", at));
    gradus::check(loss.defined() && loss.is_floating(),
                  "needs the loss, a floating-point tensor, to look at");
  }
  return watch_->check(loss);
}

const std::optional<FirstCause>& FiniteGuard::first() const { return watch_->first(); }

}  // namespace gradus::observe
