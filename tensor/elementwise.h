#pragma once

#include <cstdint>
#include <span>

#include "gradus/tensor/tensor.h"

namespace gradus::kernel {

/// n results of a function of up to three operands, all contiguous. out may be one of in.
template <class T>
using DenseLoop = void (*)(const void* function, std::int64_t n, T* out, const T* const* in);

/// Runs `loop` over n elements, all contiguous, on several threads where there are more than
/// `grain`.
template <class T>
void elementwise_dense(std::int64_t n, T* out, std::span<const T* const> in, std::int64_t grain,
                       DenseLoop<T> loop, const void* function);

/// Runs `loop` over all elements of `out` and the inputs, which are of dtype T and broadcast to
/// out's shape, on several threads where there are more than `grain` elements. Operands that are
/// not contiguous pass through buffers, so that a function has one loop to compile, whatever the
/// strides. An input may be `out` itself, but must not otherwise overlap it.
template <class T>
void elementwise(const Tensor& out, std::span<const Tensor* const> in, std::int64_t grain,
                 DenseLoop<T> loop, const void* function);

}  // namespace gradus::kernel
