#include "gradus/tensor/channels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gradus/tensor/channels.cpp"
#include "gradus/tensor/simd_targets.h"
#include "hwy/foreach_target.h"
// After foreach_target:
#include "gradus/tensor/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace gradus::kernel::HWY_NAMESPACE {

struct Normalize {
  template <class D, class V>
  HWY_INLINE V operator()(D, V x, V center, V scale, V shift) const {
    return hn::MulAdd(hn::Sub(x, center), scale, shift);
  }
};

struct NormalizeBackward {
  template <class D, class V>
  HWY_INLINE V operator()(D, V g, V x, V scale, V slope, V center, V shift) const {
    return hn::NegMulAdd(slope, hn::Sub(x, center), hn::MulSub(scale, g, shift));
  }
};

template <class T>
struct NormalizeChannel {
  T center, scale, shift;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return Normalize{}(d, x, hn::Set(d, center), hn::Set(d, scale), hn::Set(d, shift));
  }
};

template <class T>
struct NormalizeChannelBackward {
  T scale, slope, center, shift;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V g, V x) const {
    return NormalizeBackward{}(d, g, x, hn::Set(d, scale), hn::Set(d, slope), hn::Set(d, center),
                               hn::Set(d, shift));
  }
};

template <class T>
void normalize_row(std::int64_t n, const T* x, const T* center, const T* scale, const T* shift,
                   T* y) {
  map_dense<T>(Normalize{}, n, y, x, center, scale, shift);
}
template <class T>
void normalize_channel(std::int64_t n, const T* x, T center, T scale, T shift, T* y) {
  map_dense<T>(NormalizeChannel<T>{center, scale, shift}, n, y, x);
}
template <class T>
void row_backward(std::int64_t n, const T* g, const T* x, const T* scale, const T* slope,
                  const T* center, const T* shift, T* dx) {
  map_dense<T>(NormalizeBackward{}, n, dx, g, x, scale, slope, center, shift);
}
template <class T>
void channel_backward(std::int64_t n, const T* g, const T* x, T scale, T slope, T center, T shift,
                      T* dx) {
  map_dense<T>(NormalizeChannelBackward<T>{scale, slope, center, shift}, n, dx, g, x);
}

template <class T>
constexpr channels::Loops<T> channel_loops = {normalize_row<T>, normalize_channel<T>,
                                              row_backward<T>, channel_backward<T>};

const channels::Loops<float>* float_channels() { return &channel_loops<float>; }
const channels::Loops<double>* double_channels() { return &channel_loops<double>; }

}  // namespace gradus::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradus::kernel {

HWY_EXPORT(float_channels);
HWY_EXPORT(double_channels);

template <>
const channels::Loops<float>& channels::loops() {
  return *HWY_DYNAMIC_DISPATCH(float_channels)();
}
template <>
const channels::Loops<double>& channels::loops() {
  return *HWY_DYNAMIC_DISPATCH(double_channels)();
}

}  // namespace gradus::kernel
#endif
