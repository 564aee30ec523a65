#pragma once

#include <cstdint>

/// The vectorised loops of batch norm over n contiguous numbers: those of one row, each of a
/// channel of its own, or those of one channel.
namespace gradus::kernel::channels {

template <class T>
struct Loops {
  /// y = (x - center) scale + shift
  void (*row)(std::int64_t n, const T* x, const T* center, const T* scale, const T* shift, T* y);
  void (*channel)(std::int64_t n, const T* x, T center, T scale, T shift, T* y);
  /// dx = scale g - slope (x - center) - shift
  void (*row_backward)(std::int64_t n, const T* g, const T* x, const T* scale, const T* slope,
                       const T* center, const T* shift, T* dx);
  void (*channel_backward)(std::int64_t n, const T* g, const T* x, T scale, T slope, T center,
                           T shift, T* dx);
};

/// Those for the running processor, T float or double.
template <class T>
const Loops<T>& loops();
template <>
const Loops<float>& loops();
template <>
const Loops<double>& loops();

}  // namespace gradus::kernel::channels
