#pragma once

#include "gradus/autograd/ops.h"
#include "gradus/nn/module.h"

/// A module for each activation function of autograd/ops.h, which documents them.
namespace gradus::nn {

/// The module of a function without options.
template <Tensor (*function)(const Tensor&, Where)>
class ActivationOf : public Module {
 public:
  Tensor forward(const Tensor& x) override { return function(x, caller()); }
};

struct Sigmoid : ActivationOf<sigmoid> {};
struct LogSigmoid : ActivationOf<logsigmoid> {};
struct Hardsigmoid : ActivationOf<hardsigmoid> {};
struct Tanh : ActivationOf<tanh> {};
struct LeCunTanh : ActivationOf<lecun_tanh> {};
struct Softsign : ActivationOf<softsign> {};
struct ReLU : ActivationOf<relu> {};
struct ReLU6 : ActivationOf<relu6> {};
struct SELU : ActivationOf<selu> {};
struct SiLU : ActivationOf<silu> {};
struct Hardswish : ActivationOf<hardswish> {};
struct Mish : ActivationOf<mish> {};

struct HardtanhOptions {
  double low = -1;
  double high = 1;
};
class Hardtanh : public Module {
 public:
  explicit Hardtanh(HardtanhOptions options = {}) : options_(options) {}
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

 private:
  HardtanhOptions options_;
};

struct SoftplusOptions {
  double beta = 1;
  double threshold = 20;
};
class Softplus : public Module {
 public:
  explicit Softplus(SoftplusOptions options = {}) : options_(options) {}
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

 private:
  SoftplusOptions options_;
};

struct LeakyReLUOptions {
  double slope = 0.01;
};
class LeakyReLU : public Module {
 public:
  explicit LeakyReLU(LeakyReLUOptions options = {}) : options_(options) {}
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

 private:
  LeakyReLUOptions options_;
};

struct PReLUOptions {
  std::int64_t channels = 1;  ///< 1: one slope for all, else the size of dimension 1 of the input
  double init = 0.25;
};
/// The parameter `weight` holds the slopes, (channels).
class PReLU : public Module {
 public:
  explicit PReLU(PReLUOptions options = {}, Where at = Where::here());
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

  Tensor weight;
};

struct RReLUOptions {
  double lower = 1.0 / 8;
  double upper = 1.0 / 3;
  Generator* generator = nullptr;  ///< must outlive the module; null: the default generator
};
/// Draws slopes in training, takes their mean in evaluation.
class RReLU : public Module {
 public:
  explicit RReLU(RReLUOptions options = {}) : options_(options) {}
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

 private:
  RReLUOptions options_;
};

struct ELUOptions {
  double alpha = 1;
};
class ELU : public Module {
 public:
  explicit ELU(ELUOptions options = {}) : options_(options) {}
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

 private:
  ELUOptions options_;
};

struct CELUOptions {
  double alpha = 1;
};
class CELU : public Module {
 public:
  explicit CELU(CELUOptions options = {}) : options_(options) {}
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

 private:
  CELUOptions options_;
};

struct GELUOptions {
  Gelu form = Gelu::Exact;
};
class GELU : public Module {
 public:
  explicit GELU(GELUOptions options = {}) : options_(options) {}
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

 private:
  GELUOptions options_;
};

/// The dimension that a softmax sums over or a GLU halves.
struct AlongOptions {
  std::int64_t dim = -1;
};
class GLU : public Module {
 public:
  explicit GLU(AlongOptions options = {}) : options_(options) {}
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

 private:
  AlongOptions options_;
};
class Softmax : public Module {
 public:
  explicit Softmax(AlongOptions options = {}) : options_(options) {}
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

 private:
  AlongOptions options_;
};
class LogSoftmax : public Module {
 public:
  explicit LogSoftmax(AlongOptions options = {}) : options_(options) {}
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

 private:
  AlongOptions options_;
};

}  // namespace gradus::nn
