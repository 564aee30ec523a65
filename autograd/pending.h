#pragma once

#include <iterator>
#include <map>
#include <span>
#include <vector>

#include "gradus/autograd/node.h"

namespace gradus {

/// A node and what has arrived for its outputs so far.
struct Pending {
  Ref<Node> node;
  Tensor first;              // gradient of output 0
  std::vector<Tensor> rest;  // of the others

  Tensor& gradient(std::uint32_t output) {
    if (output == 0) return first;
    if (rest.size() < output) rest.resize(node->outputs().size() - 1);
    return rest[output - 1];
  }
  /// The gradients of all outputs, in `buffer` where there are several.
  std::span<Tensor> gather(std::vector<Tensor>& buffer) {
    const std::size_t count = node->outputs().size();
    if (count <= 1) return {&first, count};
    buffer.resize(count);
    buffer[0] = std::move(first);
    std::move(rest.begin(), rest.end(), buffer.begin() + 1);
    return buffer;
  }
};

/// The nodes that wait for their turn, by sequence number. What comes next stands apart from the
/// map: in a chain it is all there is, and takes no search.
class PendingNodes {
 public:
  bool empty() const { return !newest_.node && older_.empty(); }

  /// The entry of a node, made where there is none.
  Pending& operator[](const Ref<Node>& node) {
    if (newest_.node == node) return newest_;
    const std::uint64_t number = node->sequence();
    if (number > newest_number()) {
      if (newest_.node) older_.emplace_hint(older_.end(), newest_number(), std::move(newest_));
      newest_.node = node;
      return newest_;
    }
    Pending& pending = older_[number];
    pending.node = node;
    return pending;
  }

  /// Null where nothing has arrived for the node.
  Pending* find(const Ref<Node>& node) {
    if (newest_.node == node) return &newest_;
    auto found = older_.find(node->sequence());
    return found == older_.end() ? nullptr : &found->second;
  }

  Pending take_newest() {
    if (newest_.node) return std::exchange(newest_, {});
    auto last = std::prev(older_.end());
    Pending pending = std::move(last->second);
    older_.erase(last);
    return pending;
  }

 private:
  std::uint64_t newest_number() const {
    if (newest_.node) return newest_.node->sequence();
    return older_.empty() ? 0 : older_.rbegin()->first;
  }

  using Entry = std::pair<const std::uint64_t, Pending>;
  Pending newest_;  // without a node, or greater than all in older_
  std::map<std::uint64_t, Pending, std::less<>, CachingAllocator<Entry>> older_;
};

}  // namespace gradus
