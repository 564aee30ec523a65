#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <functional>
#include <optional>
#include <tuple>
#include <vector>

#include "gradus/autograd/anomaly.h"
#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/node.h"
#include "gradus/autograd/saved.h"

/// How an op is written: the forward result and one gradient rule an input, in one expression.
///
///   Tensor mul(const Tensor& a, const Tensor& b, Where at) {
///     return Op("mul", at).record(kernel::mul(a, b),
///                                 wrt(a, [b = saved(b)](const Tensor& g) { return g * b; }),
///                                 wrt(b, [a = saved(a)](const Tensor& g) { return g * a; }));
///   }
///
/// A rule is built from differentiable functions, which makes it differentiable too. It returns the
/// gradient in the broadcast shape; the engine sums it to the input's. A rule may take the output
/// as a second argument; it must not capture it, for the node would then own itself. A rule that
/// takes g by value owns it, unless others share it, and may reuse its memory (see times()).
namespace gradus {

namespace detail {

// Calls a rule with (g) or, where it takes it, (g, output).
template <class F>
concept TakesOutput = std::invocable<F&, const Tensor&, const Tensor&>;

/// The memory of a node's output, without the tensor: the node cannot own what owns the node.
class SavedOutput {
 public:
  void save(const Tensor& y) { raw_.emplace(y.alias(y.layout())); }
  Tensor attach_to(Node& node) const;

 private:
  std::optional<Saved> raw_;
};
struct NoOutput {
  void save(const Tensor&) {}
};

void attach(const Tensor& output, Ref<Node> node, std::uint32_t output_nr);

// The engine's side of a running node, out of line so that ops need not include it.
bool needs_edge(Pass& pass, const Edge& edge);
void deliver_edge(Pass& pass, const Node& from, std::size_t i, Tensor gradient);

}  // namespace detail

/// One input and its rule, if it needs one.
template <class F>
struct Wrt {
  const Tensor& input;
  std::optional<F> rule;
};

/// The gradient rule of `input`: `rule(g)` or `rule(g, output)`. Dropped at once, with all that it
/// captured, where recording is off or the input needs no gradient.
template <class F>
Wrt<F> wrt(const Tensor& input, F rule) {
  std::optional<F> kept(std::move(rule));
  if (!grad_enabled() || !input.requires_grad()) kept.reset();
  return {input, std::move(kept)};
}

/// Which inputs of a joint rule want a gradient.
class Needs {
 public:
  Needs(const Node& node, Pass& pass) : node_(node), pass_(pass) {}
  bool operator[](std::size_t input) const {
    return detail::needs_edge(pass_, node_.inputs()[input]);
  }

 private:
  const Node& node_;
  Pass& pass_;
};

/// An input as joint({x, weight}, rule) names it: not a copy, and as Wrt::input good for the
/// expression that it stands in.
using InputRef = std::reference_wrapper<const Tensor>;

/// Several inputs and their one rule.
template <class Inputs, class F>
struct Joint {
  Inputs inputs;
  F rule;
};

/// One rule for all inputs, which returns a gradient for each, undefined where there is none:
/// `rule(g, needs)`, `rule(g, output, needs)` or, for several outputs, `rule(gs, needs)` with gs a
/// std::span<const Tensor>, undefined where no gradient arrived.
template <std::size_t N, class F>
Joint<std::span<const InputRef, N>, F> joint(const InputRef (&inputs)[N], F rule) {
  return {inputs, std::move(rule)};
}
template <std::same_as<std::vector<Tensor>> Inputs, class F>
Joint<Inputs, F> joint(Inputs inputs, F rule) {
  return {std::move(inputs), std::move(rule)};
}

namespace detail {

template <class... F>
class RuleNode final : public Node {
  static constexpr std::size_t count = sizeof...(F);
  static constexpr bool takes_output = (TakesOutput<F> || ...);

 public:
  RuleNode(const char* name, const Tensor& output, Wrt<F>&&... rules)
      : Node(name),
        edges_{edge_to(rules.input)...},
        rules_(std::move(rules.rule)...),
        info_{output.dtype(), output.shape()} {
    inputs_ = edges_;
    outputs_ = {&info_, 1};
    if constexpr (takes_output) output_.save(output);
  }

  void run(std::span<Tensor> gradients, Pass& pass) override {
    if constexpr (takes_output) {
      Tensor y = output_.attach_to(*this);
      run_all(gradients[0], y, pass, std::index_sequence_for<F...>());
    } else {
      run_all(gradients[0], gradients[0], pass, std::index_sequence_for<F...>());
    }
  }

 protected:
  void drop_rules() override {
    std::apply([](auto&... rule) { (rule.reset(), ...); }, rules_);
    output_ = {};
  }

 private:
  template <std::size_t... I>
  void run_all(Tensor& g, const Tensor& y, Pass& pass, std::index_sequence<I...>) {
    const std::array<bool, count> runs{(std::get<I>(rules_) && needs_edge(pass, edges_[I]))...};
    std::size_t last = count - 1;
    while (last > 0 && !runs[last]) --last;
    ((runs[I] ? run_one<I>(g, y, I == last, pass) : void()), ...);
  }

  /// The last rule to run gets g itself, for it to reuse.
  template <std::size_t I>
  void run_one(Tensor& g, const Tensor& y, bool last, Pass& pass) {
    auto& rule = *std::get<I>(rules_);
    if constexpr (TakesOutput<std::remove_reference_t<decltype(rule)>>) {
      deliver_edge(pass, *this, I, last ? rule(std::move(g), y) : rule(g, y));
    } else {
      deliver_edge(pass, *this, I, last ? rule(std::move(g)) : rule(g));
    }
  }

  std::array<Edge, count> edges_;
  std::tuple<std::optional<F>...> rules_;
  [[no_unique_address]] std::conditional_t<takes_output, SavedOutput, NoOutput> output_;
  OutputInfo info_;  // last: most shapes leave its end alone
};

template <std::size_t Outputs, class Inputs, class F>
class JointNode final : public Node {
  static constexpr bool takes_output =
      std::invocable<F&, const Tensor&, const Tensor&, const Needs&>;
  static constexpr bool takes_many = std::invocable<F&, std::span<const Tensor>, const Needs&> &&
                                     !std::invocable<F&, const Tensor&, const Needs&>;

 public:
  JointNode(const char* name, std::span<const Tensor> outputs, Joint<Inputs, F>&& j)
      : Node(name), rule_(std::move(j.rule)) {
    if constexpr (requires { edges_.resize(1); }) edges_.resize(j.inputs.size());
    std::ranges::transform(j.inputs, edges_.begin(), edge_to);
    for (std::size_t i = 0; i < Outputs; ++i) info_[i] = {outputs[i].dtype(), outputs[i].shape()};
    inputs_ = edges_;
    outputs_ = info_;
    if constexpr (takes_output) output_.save(outputs[0]);
  }

  void run(std::span<Tensor> gradients, Pass& pass) override {
    Needs needs(*this, pass);
    auto results = [&] {
      if constexpr (takes_many) {
        return (*rule_)(gradients, needs);
      } else if constexpr (takes_output) {
        return (*rule_)(gradients[0], output_.attach_to(*this), needs);
      } else {
        return (*rule_)(gradients[0], needs);
      }
    }();
    check(results.size() == edges_.size(), "its gradient rule returned {} gradients for {} inputs",
          results.size(), edges_.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (edges_[i].node && results[i].defined()) {
        deliver_edge(pass, *this, i, std::move(results[i]));
      }
    }
  }

 protected:
  void drop_rules() override {
    rule_.reset();
    output_ = {};
  }

 private:
  template <class T>
  struct EdgesFor {
    using type = std::vector<Edge>;
  };
  template <std::size_t N>
  struct EdgesFor<std::span<const InputRef, N>> {
    using type = std::array<Edge, N>;
  };

  typename EdgesFor<Inputs>::type edges_;
  std::array<OutputInfo, Outputs> info_;
  std::optional<F> rule_;
  [[no_unique_address]] std::conditional_t<takes_output, SavedOutput, NoOutput> output_;
};

}  // namespace detail

/// An op being executed. Construct it before the kernel runs (`Op("mul", at).record(...)` does): it
/// names the op and the user's line for errors and nodes until the end of the full expression.
class Op {
 public:
  Op(const char* name, Where at) : scope_(next_context(name, at)), name_(name) {}

  /// Declares a number that the op computes with. One that is not finite explains a result that is
  /// not: anomaly mode accepts it.
  Op& given(Scalar value);

  /// `output` as the result of this op; recorded where recording is on and an input needs a
  /// gradient. `output` must be a new tensor (views: `x.alias(layout)`).
  template <class... F>
  Tensor record(Tensor output, Wrt<F>... rules) const {
    if (checks_results()) [[unlikely]] {
      check_output(output, std::array<const Tensor*, sizeof...(F)>{&rules.input...},
                   !given_finite_);
    }
    if constexpr (sizeof...(F) > 0) {
      if (output.is_floating() && (rules.rule.has_value() || ...)) {
        detail::attach(output, make_ref<detail::RuleNode<F...>>(name_, output, std::move(rules)...),
                       0);
      }
    }
    return output;
  }

  template <class Inputs, class F>
  Tensor record(Tensor output, Joint<Inputs, F> j) const {
    return std::move(record_all(std::array<Tensor, 1>{std::move(output)}, std::move(j))[0]);
  }

  /// Several outputs under one rule.
  template <std::size_t N, class Inputs, class F>
  std::array<Tensor, N> record_all(std::array<Tensor, N> outputs, Joint<Inputs, F> j) const {
    if (checks_results()) [[unlikely]] {
      std::vector<const Tensor*> inputs;
      for (const Tensor& input : j.inputs) inputs.push_back(&input);
      for (const Tensor& output : outputs) check_output(output, inputs, !given_finite_);
    }
    bool wanted = false;
    for (const Tensor& input : j.inputs) wanted = wanted || input.requires_grad();
    if (grad_enabled() && wanted) {
      auto node = make_ref<detail::JointNode<N, Inputs, F>>(name_, outputs, std::move(j));
      for (std::uint32_t i = 0; i < N; ++i) {
        if (outputs[i].is_floating()) detail::attach(outputs[i], node, i);
      }
    }
    return outputs;
  }

  /// Throws Error where x must not be written to: it, or one of `others`, takes part in a recorded
  /// computation, or elements of x share memory.
  void before_write(const Tensor& x, std::initializer_list<const Tensor*> others = {}) const;
  /// Counts the write. Returns x.
  const Tensor& written(const Tensor& x) const;

 private:
  static Context next_context(const char* name, Where at) {
    Context next = context;
    next.op = name;
    if (next.backward_of == nullptr) next.at = at;  // rules run in the name of the user's line
    return next;
  }

  ContextScope scope_;
  const char* name_;
  bool given_finite_ = true;
};

}  // namespace gradus
