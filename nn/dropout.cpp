#include "gradus/nn/dropout.h"

#include "gradus/autograd/ops.h"
#include "gradus/tensor/context.h"

namespace gradus::nn {
namespace {

double probability(const char* layer, double p, Where at) {
  ContextScope scope(entering(layer, at));
  check(p >= 0 && p <= 1, "p is a probability, got {}", p);
  return p;
}

}  // namespace

Dropout::Dropout(double p, Generator* generator, Where at)
    : p_(probability("Dropout", p, at)), generator_(generator) {}

Tensor Dropout::forward(const Tensor& x) {
  return dropout(x, p_, is_training(), generator_, caller());
}

std::string Dropout::extra_repr() const { return fmt::format("p={}", p_); }

AlphaDropout::AlphaDropout(double p, Generator* generator, Where at)
    : p_(probability("AlphaDropout", p, at)), generator_(generator) {}

Tensor AlphaDropout::forward(const Tensor& x) {
  return alpha_dropout(x, p_, is_training(), generator_, caller());
}

std::string AlphaDropout::extra_repr() const { return fmt::format("p={}", p_); }

}  // namespace gradus::nn
