#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gradus/tensor/tensor.h"

namespace gradus::nn {

/// Tensors by name, in the order in which they were added.
class StateDict {
 public:
  StateDict() = default;
  StateDict(std::initializer_list<std::pair<std::string, Tensor>> entries) : entries_(entries) {}

  /// Adds an entry, or replaces the one of that name.
  void set(std::string name, Tensor value);
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  /// Error, with the names there are, where `name` is not one of them.
  const Tensor& at(std::string_view name) const;
  /// Drops an entry; nothing happens where there is none of that name.
  void erase(std::string_view name);
  /// A deep copy: the same names, cloned tensors.
  StateDict clone() const;

  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  const Tensor* find(std::string_view name) const;

  std::vector<std::pair<std::string, Tensor>> entries_;
};

struct LoadOptions {
  bool strict = true;  ///< whether missing and unexpected keys are an error
};

/// The keys that load_state_dict met on one side only.
struct LoadResult {
  std::vector<std::string> missing;     ///< of the module, not in the dictionary
  std::vector<std::string> unexpected;  ///< in the dictionary, not of the module
};

}  // namespace gradus::nn
