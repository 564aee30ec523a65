#include "gradus/tensor/random.h"

#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"

namespace gradus {

const Tensor& normal_(const Tensor& x, double mean, double std, Generator* generator, Where at) {
  Op op("normal_", at);
  op.before_write(x);
  kernel::normal_into(x, mean, std, generator);
  return op.written(x);
}

const Tensor& uniform_(const Tensor& x, double low, double high, Generator* generator, Where at) {
  Op op("uniform_", at);
  op.before_write(x);
  kernel::uniform_into(x, low, high, generator);
  return op.written(x);
}

}  // namespace gradus
