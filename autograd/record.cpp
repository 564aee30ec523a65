#include "gradus/autograd/record.h"

#include <cmath>

#include "gradus/autograd/engine.h"

namespace gradus {

void Saved::throw_overwritten() const {
  const Context where = context;
  ContextScope scope({.op = "backward", .at = {}, .layer = where.layer, .backward_of = nullptr});
  fail(fmt::format(
      "a {} tensor of shape {} was saved by {} at {}:{} and overwritten by {} at {}:{}; "
      "use an op that makes a new tensor, or clone it first",
      tensor_.dtype(), tensor_.shape(), where.backward_of ? where.backward_of : "an op",
      where.at.file_name(), where.at.line, tensor_.storage()->written_by(),
      tensor_.storage()->written_at().file_name(), tensor_.storage()->written_at().line));
}

namespace detail {

Tensor SavedOutput::attach_to(Node& node) const {
  const Tensor& raw = raw_->get();
  Tensor y = raw.alias(raw.layout());
  attach(y, Ref<Node>(&node), 0);
  return y;
}

void attach(const Tensor& output, Ref<Node> node, std::uint32_t output_nr) {
  output.impl().grad_state = std::move(node);
  output.impl().output_nr = static_cast<std::uint16_t>(output_nr);
}

bool needs_edge(Pass& pass, const Edge& edge) { return pass.needs(edge); }

void deliver_edge(Pass& pass, const Node& from, std::size_t i, Tensor gradient) {
  pass.deliver(from, i, std::move(gradient));
}

}  // namespace detail

Op& Op::given(Scalar value) {
  given_finite_ = given_finite_ && std::isfinite(value.to<double>());
  return *this;
}

void Op::before_write(const Tensor& x, std::initializer_list<const Tensor*> others) const {
  for (int d = 0; d < x.dim(); ++d) {
    check(
        x.strides()[d] != 0 || x.size(d) <= 1,
        "cannot write to an expanded tensor of shape {}: its elements share memory; clone it first",
        x.shape());
  }
  if (!grad_enabled()) return;
  check(!x.requires_grad(),
        "cannot change a tensor that takes part in a recorded computation (shape {}); use the "
        "function without '_', or change it under NoGrad",
        x.shape());
  for (const Tensor* other : others) {
    check(!other->requires_grad(),
          "cannot write a tensor that requires a gradient (shape {}) into another: the write would "
          "not be recorded; use the function without '_', or detach() it",
          other->shape());
  }
}

const Tensor& Op::written(const Tensor& x) const {
  x.storage()->mark_written();
  return x;
}

}  // namespace gradus
