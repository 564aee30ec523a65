#include "gradus/nn/sequential.h"

namespace gradus::nn {

Tensor Sequential::forward(const Tensor& x) {
  Where at = caller();
  Tensor y = x;
  for (std::int64_t i = 0; i < size(); ++i) y = (*this)[i](y, at);
  return y;
}

}  // namespace gradus::nn
