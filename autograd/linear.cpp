#include "gradus/autograd/fold.h"
#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/ops.h"

namespace gradus {

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Where at) {
  return Op("linear", at)
      .record(kernel::linear(x, weight, bias),
              joint({x, weight, bias}, [x = saved(x), weight = saved(weight)](const Tensor& g,
                                                                              const Needs& needs) {
                return std::array<Tensor, 3>{needs[0] ? matmul(g, weight) : Tensor(),
                                             needs[1] ? matmul(t(fold(g)), fold(x)) : Tensor(),
                                             needs[2] ? g : Tensor()};
              }));
}

}  // namespace gradus
