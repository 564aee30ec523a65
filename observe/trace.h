#pragma once

#include <string>
#include <vector>

#include "gradus/nn/module.h"

/// What flows through a network: what theory expects of it, what is wrong with it.
namespace gradus::observe {

enum class OpKind {
  Activation,     ///< relu, tanh, a user's own module of pointwise ops
  Softmax,        ///< softmax and log_softmax
  Normalization,  ///< batch_norm, layer_norm, rms_norm
  Dropout,
  Sum,        ///< add and sub of two recorded tensors
  Pointwise,  ///< other arithmetic on each element
  Shape,      ///< views and copies
  Other       ///< a product, a reduction, a user's own op: what it does is not known
};

/// An op between two layers, or all ops of one module that holds neither parameters nor modules.
struct TracedOp {
  std::string name;  ///< "relu", be it a function or a module; "Swish" for a module of several ops
  OpKind kind;
  std::string layer;           ///< path of the module it ran in
  Where at;                    ///< the user's line
  int operands = 1;            ///< recorded ones: constants do not count
  Shape shape;                 ///< of what it makes
  nn::Module* module{};        ///< where the op is a module of its own
  std::uint64_t sequence = 0;  ///< order of recording, as Node::sequence()
};

/// What a tensor has come through since the layers before it.
struct Origin {
  std::vector<std::size_t> sources;  ///< layers whose outputs it is made of: indices into layers
  bool from_input = false;           ///< the network's input comes here past every layer
  std::vector<TracedOp> ops;         ///< in order of execution
  /// A sum joins a path with one around some of its layers: x + f(x).
  bool skip = false;
  /// Nothing recorded leads to it: detached, or made of integers.
  bool detached = false;

  bool has(OpKind kind) const;
  /// Names of the activations, in order.
  std::vector<std::string> activations() const;
};

/// One call of a layer: of a module that owns parameters directly, or normalises.
struct LayerCall {
  std::string path;                  ///< from the traced network: "blocks.3.linear"
  std::string type;                  ///< "Linear"
  nn::Module* module = nullptr;      ///< lives as long as the network
  int call = 0;                      ///< 0 for the module's first call in this run
  std::vector<Tensor> inputs;        ///< as recorded
  Tensor output;                     ///< as recorded
  std::vector<Origin> origins;       ///< one an input
  std::vector<std::string> own_ops;  ///< recorded inside, other layers' left out
  bool holds_layers = false;         ///< other layers ran inside of this one

  const Origin& origin() const { return origins.front(); }
};

/// A leaf with a gradient of its own that the network computed with, though it is none of its
/// parameters.
struct Stray {
  Tensor tensor;
  std::uint32_t version = 0;  ///< of its elements, at the time: Storage::version()
  std::string op;             ///< what took it: "linear"
  Where at;
};

/// One run of a network.
struct Trace {
  std::vector<LayerCall> layers;  ///< in the order in which they returned: sources come first
  Tensor input;                   ///< a leaf of its own, on the memory of the input given
  Tensor output;
  Origin end;  ///< from the layers to the output
  std::vector<Stray> strays;

  /// Whether layer `a` contributes to the input of layer `b`, near or far.
  bool leads_to(std::size_t a, std::size_t b) const;
  /// The layers and the output that take what `source` made, as indices; layers.size() is the
  /// output.
  std::vector<std::size_t> consumers(std::size_t source) const;
};

/// Runs `net` on `input` once, recorded, and tells which layers ran and what lies between them: by
/// walking the recorded graph, so that functions, modules and users' own ops are found alike, in a
/// Sequential or a hand-written forward. Leaves parameters, gradients, buffers, modes and the
/// default generator as they were. Hooks of the network's own are called. A layer whose forward is
/// called directly, not through operator(), is seen as ops.
Trace trace(nn::Module& net, const Tensor& input, Where at = Where::here());

/// The modules that a trace counts as layers: owners of parameters, and normalisations. The network
/// itself only if it holds no other: what it owns beside them are numbers in the ops between.
std::vector<nn::NamedModule> layers_of(nn::Module& net);
/// Batch norm, layer norm, RMS norm.
bool is_normalization(const nn::Module& module);

}  // namespace gradus::observe
