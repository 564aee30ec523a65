#include "gradus/autograd/node.h"

#include <atomic>

#include "gradus/autograd/hooks.h"

namespace gradus {
namespace {

std::atomic<std::uint64_t> sequence_counter{1};

std::uint64_t take_sequence() {
  if (!single_threaded()) return sequence_counter.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t number = next_sequence();
  sequence_counter.store(number + 1, std::memory_order_relaxed);
  return number;
}

// Set while this thread is taking dead nodes apart: the head of the list of those to come.
thread_local Node** dead_nodes = nullptr;

}  // namespace

std::uint64_t next_sequence() { return sequence_counter.load(std::memory_order_relaxed); }

Node::Node(const char* name)
    : name_(name), at_(context.at), layer_(context.layer), sequence_(take_sequence()) {}

Node::~Node() = default;

NodeHooks& Node::hooks() {
  if (!hooks_) hooks_ = std::make_unique<NodeHooks>();
  return *hooks_;
}

void collect_dead_nodes(Node* first) {
  dead_nodes = &first;
  while (first != nullptr) {
    Node* node = std::exchange(first, first->next_dead_);
    delete node;
  }
  dead_nodes = nullptr;
}

// A node's death may release the last reference to the nodes it consumes, and so on down a chain of
// millions. Nodes that die while another is being deleted queue up instead of recursing.
void Node::dispose() {
  if (dead_nodes == nullptr) {
    next_dead_ = nullptr;
    collect_dead_nodes(this);
  } else {
    next_dead_ = std::exchange(*dead_nodes, this);
  }
}

}  // namespace gradus
