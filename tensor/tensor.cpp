#include "gradus/tensor/tensor.h"

#include "gradus/tensor/context.h"
#include "gradus/tensor/iterate.h"

namespace gradus {
namespace {

/// For members that have no `at`: names them in messages, but not the user's line.
Context member(const char* name) { return entering(name, {}); }

int category(DType dtype) { return dtype == DType::Bool ? 0 : dtype == DType::Int64 ? 1 : 2; }

}  // namespace

Ref<TensorImpl> TensorImpl::allocate(const Layout& layout, DType dtype) {
  constexpr std::size_t most_in_one_block = 1024;
  const std::size_t bytes = static_cast<std::size_t>(layout.numel()) * item_size(dtype);
  if (bytes > most_in_one_block) {
    return make_ref<TensorImpl>(Storage::allocate(bytes), layout, dtype);
  }
  Ref<Storage> storage = Storage::allocate(bytes, sizeof(TensorImpl));
  Storage* const home = storage.get();
  auto* impl = ::new (home->room()) TensorImpl(std::move(storage), layout, dtype);
  impl->home_ = home;
  return Ref<TensorImpl>::adopt(impl);
}

TensorImpl::~TensorImpl() {
  if (grad_state) grad_state->on_owner_gone();
}

void TensorImpl::dispose() {
  if (home_ == nullptr) {
    delete this;
    return;
  }
  const Ref<Storage> home =
      storage_.get() == home_ ? std::move(storage_) : Ref<Storage>::adopt(home_);
  this->~TensorImpl();
}

void TensorImpl::set_storage(Ref<Storage> storage) {
  if (home_ != nullptr && storage.get() != storage_.get()) {
    if (storage_.get() == home_) home_->retain();
    if (storage.get() == home_) home_->release();
  }
  storage_ = std::move(storage);
}

std::int64_t Tensor::size(std::int64_t d) const {
  ContextScope scope(member("size"));
  check<IndexError>(dim() > 0, "a tensor without dimensions has no size({})", d);
  return shape()[wrap_dim(d, dim())];
}

void Tensor::throw_undefined() {
  fail(
      "an undefined tensor: default-constructed, or the gradient of one that has none; see "
      "defined()");
}

void Tensor::require_dtype(DType wanted) const {
  if (defined() && dtype() == wanted) [[likely]]
    return;
  ContextScope scope(member("data"));
  fail(fmt::format("asked a {} tensor for {} data; convert it with to({})", dtype(), wanted,
                   wanted));
}

Scalar Tensor::item_scalar() const {
  ContextScope scope(member("item"));
  check(numel() == 1, "item() needs a tensor of one element, got shape {}; see to_vector()",
        shape());
  return visit(dtype(), [&](auto zero) { return Scalar(*data<decltype(zero)>()); });
}

template <Element T>
std::vector<T> Tensor::to_vector() const {
  ContextScope scope(member("to_vector"));
  std::vector<T> values;
  values.reserve(static_cast<std::size_t>(numel()));
  Nest nest = Nest::in_order(shape(), {layout()});
  visit(dtype(), [&](auto zero) {
    const auto* source = data<decltype(zero)>() - layout().offset;
    nest.walk(0, nest.numel(), [&](std::int64_t n, const std::int64_t* at, const std::int64_t* by) {
      for (std::int64_t i = 0; i < n; ++i)
        values.push_back(static_cast<T>(source[at[0] + i * by[0]]));
    });
  });
  return values;
}

template std::vector<bool> Tensor::to_vector() const;
template std::vector<std::int64_t> Tensor::to_vector() const;
template std::vector<float> Tensor::to_vector() const;
template std::vector<double> Tensor::to_vector() const;

std::int64_t Tensor::offset_of(std::initializer_list<std::int64_t> index) const {
  ContextScope scope(member("at"));
  check<IndexError>(static_cast<int>(index.size()) == dim(),
                    "{} indices for shape {}: needs one for each dimension", index.size(), shape());
  std::int64_t offset = 0;
  int d = 0;
  for (std::int64_t i : index) {
    check<IndexError>(-shape()[d] <= i && i < shape()[d],
                      "index {} is out of range for dimension {} of {}", i, d, shape());
    offset += (i < 0 ? i + shape()[d] : i) * strides()[d];
    ++d;
  }
  return offset;
}

double Tensor::value_at(std::initializer_list<std::int64_t> index) const {
  std::int64_t offset = offset_of(index);
  return visit(dtype(),
               [&](auto zero) { return static_cast<double>(data<decltype(zero)>()[offset]); });
}

DType result_type(const Tensor& a, const Tensor& b) {
  if (a.dtype() == b.dtype()) return a.dtype();
  if ((a.dim() > 0) == (b.dim() > 0)) return promote(a.dtype(), b.dtype());
  const Tensor& with_dims = a.dim() > 0 ? a : b;
  const Tensor& without = a.dim() > 0 ? b : a;
  return category(without.dtype()) > category(with_dims.dtype()) ? promote(a.dtype(), b.dtype())
                                                                 : with_dims.dtype();
}

DType result_type(const Tensor& a, Scalar b) {
  if (category(b.dtype()) <= category(a.dtype())) return a.dtype();
  return b.dtype() == DType::Float64 ? DType::Float32 : b.dtype();
}

}  // namespace gradus
