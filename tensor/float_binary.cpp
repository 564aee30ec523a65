#include "gradus/tensor/float_binary.h"

#include <array>
#include <functional>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gradus/tensor/float_binary.cpp"
#include "gradus/tensor/simd_targets.h"
#include "hwy/foreach_target.h"
// After foreach_target:
#include "gradus/tensor/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace gradus::kernel::HWY_NAMESPACE {
namespace {

struct Add {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return hn::Add(a, b);
  }
};

struct AddScaled {
  static constexpr bool is_cheap = true;
  double alpha;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V a, V b) const {
    return hn::MulAdd(constant(d, alpha), b, a);
  }
};

struct Sub {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return hn::Sub(a, b);
  }
};

struct Mul {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return hn::Mul(a, b);
  }
};

struct Div {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return hn::Div(a, b);
  }
};

// Either operand's NaN wins: a compares false with it, and is taken only where it is itself one.
struct Maximum {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return hn::IfThenElse(hn::Or(hn::Ge(a, b), hn::IsNaN(a)), a, b);
  }
};

struct Minimum {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return hn::IfThenElse(hn::Or(hn::Le(a, b), hn::IsNaN(a)), a, b);
  }
};

}  // namespace

// The functors have no state: their loops may be given any address for them.
template <class T, bool streaming>
constexpr std::array<DenseLoop<T>, 6> loops_in_order() {
  return {&dense_loop<T, streaming, Add, 0, 1>,     &dense_loop<T, streaming, Sub, 0, 1>,
          &dense_loop<T, streaming, Mul, 0, 1>,     &dense_loop<T, streaming, Div, 0, 1>,
          &dense_loop<T, streaming, Maximum, 0, 1>, &dense_loop<T, streaming, Minimum, 0, 1>};
}

/// By whether the result is streamed, then by Binary.
template <class T>
using LoopTable = std::array<std::array<DenseLoop<T>, 6>, 2>;

LoopTable<float> float_loops() {
  return {loops_in_order<float, false>(), loops_in_order<float, true>()};
}
LoopTable<double> double_loops() {
  return {loops_in_order<double, false>(), loops_in_order<double, true>()};
}

void add_scaled_loop(const Tensor& out, const Tensor& a, const Tensor& b, double alpha) {
  map(out, AddScaled{alpha}, a, b);
}

}  // namespace gradus::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradus::kernel {
namespace {

HWY_EXPORT(float_loops);
HWY_EXPORT(double_loops);
HWY_EXPORT(add_scaled_loop);

constexpr std::int64_t grain = HWY_NAMESPACE::cheap_grain;

/// The loop of `op` for n results on this processor, which is looked up once.
template <class T>
DenseLoop<T> loop_of(Binary op, std::int64_t n) {
  static const auto loops = [] {
    if constexpr (std::same_as<T, float>) {
      return HWY_DYNAMIC_DISPATCH(float_loops)();
    } else {
      return HWY_DYNAMIC_DISPATCH(double_loops)();
    }
  }();
  const bool streaming = n * std::int64_t{sizeof(T)} > HWY_NAMESPACE::streaming_bytes;
  return loops[streaming][static_cast<std::size_t>(op)];
}

/// A few elements, before the vector loops have been chosen. False for an operation that is not
/// exactly one of C++.
template <class T>
bool compute_few(Binary op, std::int64_t n, T* out, const T* a, const T* b) {
  const auto each = [&](auto f) {
    for (std::int64_t i = 0; i < n; ++i) out[i] = f(a[i], b[i]);
    return true;
  };
  switch (op) {
    case Binary::Add:
      return each(std::plus<>());
    case Binary::Sub:
      return each(std::minus<>());
    case Binary::Mul:
      return each(std::multiplies<>());
    case Binary::Div:
      return each(std::divides<>());
    case Binary::Maximum:
    case Binary::Minimum:
      break;
  }
  return false;
}

}  // namespace

void float_binary(const Tensor& out, Binary op, const Tensor& a, const Tensor& b) {
  visit_floating(out.dtype(), [&](auto zero) {
    using T = decltype(zero);
    elementwise<T>(out, std::array{&a, &b}, grain, loop_of<T>(op, out.numel()), &op);
  });
}

void float_binary_alike(const Tensor& out, Binary op, const Tensor& a, const Tensor& b) {
  constexpr std::int64_t few = 4;
  visit_floating(out.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto first = [](const Tensor& x) {
      return static_cast<T*>(x.storage()->data()) + x.layout().offset;
    };
    const std::array<const T*, 2> in{first(a), first(b)};
    const std::int64_t n = out.numel();
    if (n <= few && compute_few(op, n, first(out), in[0], in[1])) return;
    elementwise_dense<T>(n, first(out), in, grain, loop_of<T>(op, n), &op);
  });
}

void float_add_scaled(const Tensor& out, const Tensor& a, const Tensor& b, double alpha) {
  HWY_DYNAMIC_DISPATCH(add_scaled_loop)(out, a, b, alpha);
}

}  // namespace gradus::kernel
#endif  // HWY_ONCE
