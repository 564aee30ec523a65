#pragma once

#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gradus/tensor/dtype.h"
#include "gradus/tensor/error.h"
#include "gradus/tensor/layout.h"
#include "gradus/tensor/scalar.h"
#include "gradus/tensor/storage.h"
#include "gradus/tensor/where.h"

namespace gradus {

/// What a tensor knows of the computation that made it. Opaque here: the tape derives from it.
class GradState : public RefCounted {
 public:
  /// The tensor that owned this state dies or has been given another one.
  virtual void on_owner_gone() {}
};

/// A range of a dimension, as Python's start:stop:step.
struct Slice {
  static constexpr std::int64_t end = std::numeric_limits<std::int64_t>::max();
  std::int64_t start = 0;
  std::int64_t stop = end;
  std::int64_t step = 1;

  constexpr Slice() = default;
  constexpr Slice(std::int64_t first, std::int64_t last = end, std::int64_t by = 1)  // NOLINT
      : start(first), stop(last), step(by) {}
};

/// One entry of `x[{...}]`: a number, a Slice, or `new_axis`.
struct Index {
  enum class Kind { Number, Range, NewAxis } kind;
  std::int64_t number = 0;
  Slice range;
  Where at;

  template <class T>
  requires(std::integral<T> && !std::same_as<T, bool>)
      Index(T i, Where here = Where::here())  // NOLINT: numbers convert
      : kind(Kind::Number), number(static_cast<std::int64_t>(i)), at(here) {}
  Index(Slice slice, Where here = Where::here())  // NOLINT: slices convert
      : kind(Kind::Range), range(slice), at(here) {}
  struct NewAxisTag {};
  Index(NewAxisTag, Where here = Where::here())  // NOLINT
      : kind(Kind::NewAxis), at(here) {}
};
inline constexpr Index::NewAxisTag new_axis{};

class Tensor;
struct BackwardOptions;

/// The object behind a handle.
class TensorImpl final : public RefCounted {
 public:
  TensorImpl(Ref<Storage> storage, const Layout& l, DType t)
      : dtype(t), layout(l), storage_(std::move(storage)) {}
  /// With new elements, uninitialised. Of a small tensor all lies in one block of memory.
  static Ref<TensorImpl> allocate(const Layout& layout, DType dtype);
  ~TensorImpl() override;

  const Ref<Storage>& storage() const { return storage_; }
  void set_storage(Ref<Storage> storage);

  DType dtype;
  std::uint16_t output_nr = 0;  ///< which output of the node in grad_state made this
  Ref<GradState> grad_state;
  Layout layout;

 protected:
  void dispose() override;

 private:
  Ref<Storage> storage_;
  /// The storage in whose block this object lives, if it does; counted as long as it is not
  /// storage_, too.
  Storage* home_ = nullptr;
};

/// An n-dimensional array. A handle: copies alias the same elements, clone() copies them.
/// A default-constructed tensor is undefined; using it throws.
///
/// Members that compute forward to the functions of the same name in autograd/ops.h, which see
/// for their contracts.
class Tensor {
 public:
  Tensor() = default;
  /// A tensor over `storage`. For kernels; users call zeros(), tensor(), from_blob(), ...
  Tensor(Ref<Storage> storage, const Layout& layout, DType dtype)
      : impl_(make_ref<TensorImpl>(std::move(storage), layout, dtype)) {}
  explicit Tensor(Ref<TensorImpl> impl) : impl_(std::move(impl)) {}

  bool defined() const { return static_cast<bool>(impl_); }
  explicit operator bool() const = delete;  // ask defined() or item<bool>()

  const Layout& layout() const { return impl().layout; }
  const Shape& shape() const { return impl().layout.shape; }
  const Dims& strides() const { return impl().layout.strides; }
  DType dtype() const { return impl().dtype; }
  int dim() const { return impl().layout.rank(); }
  std::int64_t size(std::int64_t d) const;
  std::int64_t numel() const { return impl().layout.numel(); }
  bool is_contiguous() const { return impl().layout.is_contiguous(); }
  bool is_floating() const { return gradus::is_floating(dtype()); }
  /// Whether both handles name the same tensor object.
  bool is_same(const Tensor& other) const { return impl_ == other.impl_; }

  /// The first element. Throws Error unless T is the dtype. Elements lie as strides() say, and a
  /// write through the pointer is not counted as one (see Storage::version).
  template <Element T>
  T* data() const {
    require_dtype(dtype_of<T>);
    return static_cast<T*>(impl_->storage()->data()) + impl_->layout.offset;
  }
  /// All elements of a contiguous tensor; Error on another.
  template <Element T>
  std::span<T> span() const {
    check(is_contiguous(), "span() needs a contiguous tensor; call contiguous() first");
    return {data<T>(), static_cast<std::size_t>(numel())};
  }
  /// The only element, converted to T; Error where there is not exactly one.
  template <Element T>
  T item() const {
    return item_scalar().template to<T>();
  }
  /// All elements in row-major order, converted to T.
  template <Element T>
  std::vector<T> to_vector() const;
  /// One element of dtype T, by reference: `x.at<float>(1, 2) = 3`.
  template <Element T, std::integral... I>
  T& at(I... index) const {
    return data<T>()[offset_of({static_cast<std::int64_t>(index)...})];
  }
  /// One element as a double: `x.at(1, 2)`.
  template <int = 0, std::integral... I>  // int, so that at<T> means the other one
  double at(I... index) const {
    return value_at({static_cast<std::int64_t>(index)...});
  }

  // Views: see autograd/ops.h.
  Tensor operator[](Index index) const;
  Tensor operator[](std::initializer_list<Index> indices) const;
  Tensor reshape(const Shape& shape, Where at = Where::here()) const;
  Tensor view(const Shape& shape, Where at = Where::here()) const;
  Tensor flatten(std::int64_t start = 0, std::int64_t end = -1, Where at = Where::here()) const;
  Tensor transpose(std::int64_t dim0, std::int64_t dim1, Where at = Where::here()) const;
  Tensor permute(const Dims& dims, Where at = Where::here()) const;
  Tensor t(Where at = Where::here()) const;
  Tensor squeeze(Where at = Where::here()) const;
  Tensor squeeze(std::int64_t dim, Where at = Where::here()) const;
  Tensor unsqueeze(std::int64_t dim, Where at = Where::here()) const;
  Tensor expand(const Shape& shape, Where at = Where::here()) const;
  Tensor select(std::int64_t dim, std::int64_t index, Where at = Where::here()) const;
  Tensor narrow(std::int64_t dim, std::int64_t start, std::int64_t length,
                Where at = Where::here()) const;
  Tensor contiguous(Where at = Where::here()) const;
  Tensor clone(Where at = Where::here()) const;
  Tensor to(DType dtype, Where at = Where::here()) const;

  // Reductions: see autograd/ops.h.
  Tensor sum(Where at = Where::here()) const;
  Tensor sum(const Dims& dims, bool keepdim = false, Where at = Where::here()) const;
  Tensor mean(Where at = Where::here()) const;
  Tensor mean(const Dims& dims, bool keepdim = false, Where at = Where::here()) const;
  Tensor max(Where at = Where::here()) const;
  Tensor min(Where at = Where::here()) const;
  Tensor argmax(std::int64_t dim, bool keepdim = false, Where at = Where::here()) const;
  Tensor norm(Where at = Where::here()) const;
  Tensor matmul(const Tensor& other, Where at = Where::here()) const;

  // In place: refused where the tensor takes part in a recorded computation.
  const Tensor& fill_(Scalar value, Where at = Where::here()) const;
  const Tensor& zero_(Where at = Where::here()) const;
  const Tensor& copy_(const Tensor& source, Where at = Where::here()) const;
  const Tensor& add_(const Tensor& other, Scalar alpha = 1, Where at = Where::here()) const;
  const Tensor& mul_(const Tensor& other, Where at = Where::here()) const;
  const Tensor& add_(Scalar other, Where at = Where::here()) const;
  const Tensor& mul_(Scalar other, Where at = Where::here()) const;

  // Gradients: see autograd/backward.h; hooks in autograd/hooks.h.
  bool requires_grad() const { return defined() && static_cast<bool>(impl_->grad_state); }
  const Tensor& requires_grad_(bool requires_grad = true, Where at = Where::here()) const;
  /// Whether no recorded op made it.
  bool is_leaf() const;
  /// The same elements, outside of the computation.
  Tensor detach(Where at = Where::here()) const;
  /// What backward passes have gathered: of a leaf, or after retain_grad(). Undefined before.
  Tensor grad() const;
  /// Of a leaf; an undefined one drops it.
  void set_grad(const Tensor& grad) const;
  /// Keeps the gradient of a tensor that is no leaf.
  void retain_grad(Where at = Where::here()) const;
  /// Gradients of this by all leaves it depends on; without `gradient` it must have one element.
  void backward(Where at = Where::here()) const;
  void backward(const BackwardOptions& options, Where at = Where::here()) const;
  void backward(const Tensor& gradient, Where at = Where::here()) const;
  void backward(const Tensor& gradient, const BackwardOptions& options,
                Where at = Where::here()) const;

  /// A tensor on the same storage under another layout, outside of any recorded computation.
  Tensor alias(const Layout& layout) const { return {storage(), layout, dtype()}; }
  const Ref<Storage>& storage() const { return impl().storage(); }
  TensorImpl& impl() const {
    if (!impl_) [[unlikely]]
      throw_undefined();
    return *impl_;
  }

 private:
  [[noreturn]] static void throw_undefined();
  void require_dtype(DType wanted) const;
  Scalar item_scalar() const;
  std::int64_t offset_of(std::initializer_list<std::int64_t> index) const;
  double value_at(std::initializer_list<std::int64_t> index) const;

  Ref<TensorImpl> impl_;
};

/// The dtype of an op on a and b, as in PyTorch: a tensor without dimensions, or a C++ number,
/// widens one with dimensions only where it is of a higher category (bool < integer < floating).
DType result_type(const Tensor& a, const Tensor& b);
DType result_type(const Tensor& a, Scalar b);

}  // namespace gradus
