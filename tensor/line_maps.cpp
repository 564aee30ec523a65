#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gradus/tensor/line_maps.cpp"
#include "gradus/tensor/simd_targets.h"
#include "hwy/foreach_target.h"
// After foreach_target:
#include "gradus/tensor/line.h"
#include "gradus/tensor/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace gradus::kernel::HWY_NAMESPACE {

template <class T>
struct Scale {
  T factor;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Mul(x, hn::Set(d, factor));
  }
};

template <class T>
struct MinusBoth {
  T first, second;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Sub(hn::Sub(x, hn::Set(d, first)), hn::Set(d, second));
  }
};

template <class T>
struct ScaledMinus {
  T shift;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V y, V g) const {
    return hn::Mul(y, hn::Sub(g, hn::Set(d, shift)));
  }
};

template <class T>
struct MinusScaled {
  T factor;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V g, V y) const {
    return hn::NegMulAdd(y, hn::Set(d, factor), g);
  }
};

template <class T>
void scale(std::int64_t n, const T* x, T factor, T* out) {
  map_dense<T>(Scale<T>{factor}, n, out, x);
}
template <class T>
void minus_both(std::int64_t n, const T* x, T first, T second, T* out) {
  map_dense<T>(MinusBoth<T>{first, second}, n, out, x);
}
template <class T>
void scaled_minus(std::int64_t n, const T* y, const T* g, T shift, T* out) {
  map_dense<T>(ScaledMinus<T>{shift}, n, out, y, g);
}
template <class T>
void minus_scaled(std::int64_t n, const T* g, const T* y, T factor, T* out) {
  map_dense<T>(MinusScaled<T>{factor}, n, out, g, y);
}

template <class T>
constexpr line::Maps<T> line_maps = {scale<T>, minus_both<T>, scaled_minus<T>, minus_scaled<T>};

const line::Maps<float>* float_maps() { return &line_maps<float>; }
const line::Maps<double>* double_maps() { return &line_maps<double>; }

}  // namespace gradus::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradus::kernel {

HWY_EXPORT(float_maps);
HWY_EXPORT(double_maps);

template <>
const line::Maps<float>& line::maps() {
  return *HWY_DYNAMIC_DISPATCH(float_maps)();
}
template <>
const line::Maps<double>& line::maps() {
  return *HWY_DYNAMIC_DISPATCH(double_maps)();
}

}  // namespace gradus::kernel
#endif
