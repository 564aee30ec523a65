#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "gradus/autograd/hooks.h"
#include "gradus/nn/state_dict.h"
#include "gradus/tensor/tensor.h"

/// Building blocks of networks: a layer is its parameters plus a short forward.
namespace gradus::nn {

class Module;

/// Before forward: sees the inputs and may replace them by assigning to the span's elements.
using ForwardPreHook = std::function<void(const Module&, std::span<Tensor> inputs)>;
/// After forward: a defined result replaces the output.
using ForwardHook =
    std::function<Tensor(const Module&, std::span<const Tensor> inputs, const Tensor& output)>;
/// During backward: sees the gradients of the inputs and of the output; undefined where none
/// flowed.
using BackwardHook = std::function<void(const Module&, const std::vector<Tensor>& grad_inputs,
                                        const std::vector<Tensor>& grad_outputs)>;

struct NamedModule {
  std::string name;  ///< path from the module asked, "" for itself
  Module& module;
};

/// Base of layers and networks. Derive, register what it holds in member initialisers, and write
/// forward:
///
///   struct Classifier : nn::Module {
///     nn::Linear hidden = child("hidden", nn::Linear(64, 128));
///     nn::Linear head = child("head", nn::Linear(128, 10));
///     Tensor forward(const Tensor& x) override { return head(relu(hidden(x))); }
///   };
///
/// A module is a light handle: a copy, be it in a Sequential or in a parent, names the same
/// parameters, children, hooks and training mode. Note [Modules are handles]: other data members
/// are copied by value, so they may hold constants (sizes, options) and handles, but whatever
/// changes after construction belongs in a parameter or a buffer. For the same reason a member
/// tensor or child is changed through itself (`copy_`, load_state_dict), not by assigning another
/// to it, which would leave the registered one as it was.
class Module {
 public:
  Module();
  virtual ~Module() = default;

  /// What the module computes. Modules of one input override it; others have an operator() of
  /// their own, on top of call().
  virtual Tensor forward(const Tensor& x);

  /// Runs forward, with its hooks, in the scope of the module's path: ops recorded in it, and
  /// errors, carry that path.
  Tensor operator()(const Tensor& x, Where at = Where::here());

  // --- What it holds. Order of registration, a shared tensor or module once.
  std::vector<Tensor> parameters() const;
  std::vector<std::pair<std::string, Tensor>> named_parameters(bool recurse = true) const;
  std::vector<std::pair<std::string, Tensor>> named_buffers(bool recurse = true) const;
  std::vector<NamedModule> children() const;  ///< direct children only
  std::vector<NamedModule> named_modules();   ///< itself first, then every descendant
  std::int64_t num_parameters(bool trainable_only = false) const;

  /// Every parameter and buffer, detached, on the module's own memory: clone what is to be kept.
  /// A shared tensor is listed under each of its names, as in PyTorch.
  StateDict state_dict() const;
  /// Copies the values in. Throws Error, with all missing, unexpected and misshapen keys in one
  /// message, and then changes nothing. Not strict: missing and unexpected keys are returned.
  LoadResult load_state_dict(const StateDict& state, LoadOptions options = {});

  // --- Modes, for the module and its descendants.
  void train(bool training = true);
  void eval() { train(false); }
  bool is_training() const;
  /// Converts floating parameters and buffers in place, for all who hold them, gradients included.
  /// Call it between steps: a graph recorded before is not converted.
  void to(DType dtype);
  void requires_grad_(bool requires_grad = true);
  void zero_grad();
  /// Calls fn(name, module) for each of named_modules(), children before their parent.
  void apply(const std::function<void(const std::string& name, Module&)>& fn);

  // --- Hooks, in order of registration.
  HookHandle register_forward_pre_hook(ForwardPreHook hook);
  /// hook(module, inputs, output) returns nothing, or a Tensor that replaces the output.
  template <class F>
  requires std::invocable < F&, const Module&, std::span<const Tensor>,
  const Tensor& > HookHandle register_forward_hook(F hook) {
    using Result = std::invoke_result_t<F&, const Module&, std::span<const Tensor>, const Tensor&>;
    if constexpr (std::is_void_v<Result>) {
      return add_forward_hook([hook = std::move(hook)](const Module& module,
                                                       std::span<const Tensor> inputs,
                                                       const Tensor& output) mutable -> Tensor {
        hook(module, inputs, output);
        return {};
      });
    } else {
      return add_forward_hook(std::move(hook));
    }
  }
  /// Fires once in each backward pass that reaches the output. It observes edges: no view and no
  /// copy is put into the graph. With no input that needs a gradient it still sees the output's.
  /// The module it is given is a plain Module: its parameters and path, but not its own type.
  HookHandle register_backward_hook(BackwardHook hook);

  // --- Names and printing.
  /// Its place in the outermost network, as "blocks.3.linear"; "" for the outermost itself. A
  /// module with several parents goes by the first.
  const char* path() const;
  /// The class, without namespaces: "Linear".
  std::string type_name() const;
  /// The options that a printed module shows in parentheses.
  virtual std::string extra_repr() const { return ""; }
  /// Whether both handles name the same module.
  bool is_same(const Module& other) const { return state_ == other.state_; }

  class Structure;  ///< who holds whom, to be put back: nn/module_structure.h

 protected:
  Module(const Module&) = default;  // a move copies, too: what was moved from can still be used
  Module& operator=(const Module&) = default;

  /// Registers a child under `name` and returns it.
  template <std::derived_from<Module> T>
  T child(std::string name, T module) {
    add_child(std::move(name), std::make_shared<T>(module));
    return module;
  }
  /// Registers a trainable tensor, of floating dtype, and returns it.
  Tensor parameter(std::string name, Tensor value);
  /// Registers a tensor that is saved with the module but not trained, and returns it.
  Tensor buffer(std::string name, Tensor value);

  /// What operator() does, for a forward of any number of inputs: run(inputs) in the scope of the
  /// module's path, with hooks.
  using Run = std::function<Tensor(std::span<const Tensor> inputs)>;
  Tensor call(std::span<const Tensor> inputs, Where at, const Run& run);

  /// Inside forward: the line that called this module. Layers of the library label their ops
  /// with it, so that a message names the user's line and not theirs.
  static Where caller();

  using NamedChildren = std::vector<std::pair<std::string, std::shared_ptr<Module>>>;
  void add_child(std::string name, std::shared_ptr<Module> module);
  /// Holds these children from now on, and no others. On an Error nothing has changed.
  void set_children(NamedChildren children);
  std::shared_ptr<Module> child_at(std::size_t index) const;
  std::size_t num_children() const;

 private:
  struct State;
  friend std::string to_string(const Module& module);

  enum class Tensors { Parameters, Buffers };
  std::vector<std::pair<std::string, Tensor>> named_tensors(Tensors which, bool recurse) const;
  std::vector<std::pair<std::string, Tensor>> named_state() const;
  HookHandle add_forward_hook(ForwardHook hook);
  Tensor call_hooked(std::span<const Tensor> inputs, const Run& run);
  void require_new_name(const std::string& name) const;
  void require_child(const std::string& name, const Module* module) const;

  std::shared_ptr<State> state_;
};

/// The module and its children as a tree, in PyTorch's look.
std::string to_string(const Module& module);

}  // namespace gradus::nn

template <std::derived_from<gradus::nn::Module> T>
struct fmt::formatter<T> : gradus::TextFormatter {
  auto format(const T& module, fmt::format_context& ctx) const {
    return write(gradus::nn::to_string(module), ctx);
  }
};
