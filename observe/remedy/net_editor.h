#pragma once

#include <string>
#include <vector>

#include "gradus/nn/sequential.h"
#include "gradus/observe/trace.h"

namespace gradus::observe {

/// Why a remedy cannot be applied to a network.
class NotApplicable : public Error {
 public:
  using Error::Error;
};

/// Where a module stands.
struct Place {
  nn::Sequential* list = nullptr;
  std::int64_t index = 0;
};

/// A network whose Sequentials are being changed, with what was known of it before, and a log of
/// the changes by the paths that the modules had then.
class NetEditor {
 public:
  NetEditor(nn::Module& net, const Tensor& input);

  nn::Module& net() { return net_; }
  const Trace& trace() const { return trace_; }  ///< of the network before any change
  /// Those that run their modules one after another: a type derived from Sequential may not.
  const std::vector<nn::Sequential*>& lists() const { return lists_; }

  /// Throws NotApplicable where the module stands in no Sequential.
  Place require(const nn::Module& module) const;
  Place find(const nn::Module& module) const;  ///< without a list where there is none
  /// Whether it is among the last: an op behind the last layers, or a layer that nothing takes.
  bool makes_output(const nn::Module& module) const;
  /// The last op on the output but for its shape; null where a layer makes it.
  const TracedOp* last_op() const;

  void insert(const Place& place, const nn::AnyModule& module);
  void replace(const Place& place, const nn::AnyModule& module);
  nn::AnyModule erase(const Place& place);

  void note(const nn::Module& module, const std::string& change);
  void note(const std::string& change) { changes_.push_back({change, {}}); }
  /// "layers '1', '3' and '5': Sigmoid -> ReLU".
  std::vector<std::string> lines() const;

 private:
  std::string name_of(const nn::Module& module) const;

  struct Change {
    std::string what;
    std::vector<std::string> where;
  };

  nn::Module& net_;
  Trace trace_;
  std::vector<nn::NamedModule> names_;
  std::vector<nn::Sequential*> lists_;
  std::vector<Change> changes_;
  std::vector<nn::AnyModule> removed_;  // names_ and trace_ still point to them
};

}  // namespace gradus::observe
