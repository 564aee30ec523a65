#include "gradus/autograd/checkpoint.h"

#include "gradus/autograd/engine.h"
#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/random.h"

namespace gradus {
namespace {

using Function = std::function<Tensor(const std::vector<Tensor>&)>;

/// Holds fn and its inputs instead of a graph. Its edges only say what it depends on: the gradient
/// takes the way through the graph that run() records anew and hands to the running pass.
class CheckpointNode final : public Node {
 public:
  CheckpointNode(Function fn, std::vector<Tensor> inputs, const Tensor& output,
                 Generator::State state)
      : Node("checkpoint"),
        fn_(std::move(fn)),
        info_{output.dtype(), output.shape()},
        random_state_(std::move(state)) {
    for (const Tensor& x : inputs) {
      edges_.push_back(edge_to(x));
      saved_.push_back(saved(x));
    }
    inputs_ = edges_;
    outputs_ = {&info_, 1};
  }

  // fn may reach tensors that are not among its inputs.
  bool is_opaque() const override { return true; }

  void run(std::span<Tensor> gradients, Pass& pass) override {
    if (!gradients[0].defined()) return;
    Generator& generator = default_generator();
    Generator::State now = generator.get_state();
    generator.set_state(random_state_);
    Tensor output;
    try {
      EnableGrad enable;
      output = fn_(std::vector<Tensor>(saved_.begin(), saved_.end()));
    } catch (...) {
      generator.set_state(now);
      throw;
    }
    generator.set_state(now);
    check(output.shape() == info_.shape && output.dtype() == info_.dtype,
          "the function returned {} {} at first and {} {} when run again", info_.dtype, info_.shape,
          output.dtype(), output.shape());
    if (output.requires_grad()) pass.add(edge_to(output), gradients[0]);
  }

 protected:
  void drop_rules() override {
    fn_ = nullptr;
    saved_.clear();
  }

 private:
  Function fn_;
  std::vector<Saved> saved_;
  std::vector<Edge> edges_;
  OutputInfo info_;
  Generator::State random_state_;
};

}  // namespace

Tensor checkpoint(Function fn, std::vector<Tensor> inputs, Where at) {
  Op op("checkpoint", at);
  check(static_cast<bool>(fn), "the function is empty: pass something to call");
  if (!grad_enabled()) return fn(inputs);
  Generator::State state = default_generator().get_state();
  Tensor result;
  {
    NoGrad no_grad;
    result = fn(inputs);
  }
  Tensor output = result.alias(result.layout());
  detail::attach(
      output, make_ref<CheckpointNode>(std::move(fn), std::move(inputs), output, std::move(state)),
      0);
  return output;
}

}  // namespace gradus
