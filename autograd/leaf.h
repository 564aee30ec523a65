#pragma once

#include <mutex>

#include "gradus/autograd/node.h"

namespace gradus {

/// Where the gradient of a leaf tensor gathers: `w.grad()`.
class Leaf final : public Node {
 public:
  explicit Leaf(TensorImpl& owner);

  bool is_leaf() const override { return true; }
  void run(std::span<Tensor> gradients, Pass& pass) override;
  void on_owner_gone() override;

  /// The leaf itself; undefined once nobody holds it.
  Tensor tensor() const { return Tensor(Ref<TensorImpl>(owner_)); }
  Tensor grad() const;
  /// Undefined drops the gradient.
  void set_grad(const Tensor& grad);

 private:
  mutable std::mutex mutex_;  // threads may share parameters
  TensorImpl* owner_;
  OutputInfo info_;
  Tensor grad_;
};

}  // namespace gradus
