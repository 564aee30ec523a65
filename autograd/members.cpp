#include "gradus/autograd/ops.h"

// The members of Tensor that forward to the functions of the same name.
namespace gradus {

Tensor Tensor::reshape(const Shape& shape, Where at) const {
  return gradus::reshape(*this, shape, at);
}
Tensor Tensor::view(const Shape& shape, Where at) const { return gradus::view(*this, shape, at); }
Tensor Tensor::flatten(std::int64_t start, std::int64_t end, Where at) const {
  return gradus::flatten(*this, start, end, at);
}
Tensor Tensor::transpose(std::int64_t dim0, std::int64_t dim1, Where at) const {
  return gradus::transpose(*this, dim0, dim1, at);
}
Tensor Tensor::permute(const Dims& dims, Where at) const {
  return gradus::permute(*this, dims, at);
}
Tensor Tensor::t(Where at) const { return gradus::t(*this, at); }
Tensor Tensor::squeeze(Where at) const { return gradus::squeeze(*this, at); }
Tensor Tensor::squeeze(std::int64_t dim, Where at) const { return gradus::squeeze(*this, dim, at); }
Tensor Tensor::unsqueeze(std::int64_t dim, Where at) const {
  return gradus::unsqueeze(*this, dim, at);
}
Tensor Tensor::expand(const Shape& shape, Where at) const {
  return gradus::expand(*this, shape, at);
}
Tensor Tensor::select(std::int64_t dim, std::int64_t index, Where at) const {
  return gradus::select(*this, dim, index, at);
}
Tensor Tensor::narrow(std::int64_t dim, std::int64_t start, std::int64_t length, Where at) const {
  return gradus::narrow(*this, dim, start, length, at);
}
Tensor Tensor::contiguous(Where at) const { return gradus::contiguous(*this, at); }
Tensor Tensor::clone(Where at) const { return gradus::clone(*this, at); }
Tensor Tensor::to(DType dtype, Where at) const { return gradus::to(*this, dtype, at); }

Tensor Tensor::sum(Where at) const { return gradus::sum(*this, at); }
Tensor Tensor::sum(const Dims& dims, bool keepdim, Where at) const {
  return gradus::sum(*this, dims, keepdim, at);
}
Tensor Tensor::mean(Where at) const { return gradus::mean(*this, at); }
Tensor Tensor::mean(const Dims& dims, bool keepdim, Where at) const {
  return gradus::mean(*this, dims, keepdim, at);
}
Tensor Tensor::max(Where at) const { return gradus::max(*this, at); }
Tensor Tensor::min(Where at) const { return gradus::min(*this, at); }
Tensor Tensor::argmax(std::int64_t dim, bool keepdim, Where at) const {
  return gradus::argmax(*this, dim, keepdim, at);
}
Tensor Tensor::norm(Where at) const { return gradus::norm(*this, 2, {}, false, at); }
Tensor Tensor::matmul(const Tensor& other, Where at) const {
  return gradus::matmul(*this, other, at);
}

const Tensor& Tensor::fill_(Scalar value, Where at) const {
  return gradus::fill_(*this, value, at);
}
const Tensor& Tensor::zero_(Where at) const { return gradus::zero_(*this, at); }
const Tensor& Tensor::copy_(const Tensor& source, Where at) const {
  return gradus::copy_(*this, source, at);
}
const Tensor& Tensor::add_(const Tensor& other, Scalar alpha, Where at) const {
  return gradus::add_(*this, other, alpha, at);
}
const Tensor& Tensor::mul_(const Tensor& other, Where at) const {
  return gradus::mul_(*this, other, at);
}
const Tensor& Tensor::add_(Scalar other, Where at) const { return gradus::add_(*this, other, at); }
const Tensor& Tensor::mul_(Scalar other, Where at) const { return gradus::mul_(*this, other, at); }

}  // namespace gradus
