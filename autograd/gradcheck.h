#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gradus/tensor/tensor.h"

namespace gradus {

/// An element counts as equal where |analytic - numeric| <= atol + rtol |numeric|.
struct GradcheckOptions {
  double eps = 1e-6;  ///< step of the central difference
  double atol = 1e-5;
  double rtol = 1e-3;
};

struct GradcheckResult {
  bool passed = true;
  std::string message = "gradients agree";  ///< what differs, with input, index and both values
  explicit operator bool() const { return passed; }
};

/// A function of tensors to be checked.
using CheckedFunction = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;

namespace detail {
template <class F>
CheckedFunction checked_function(F fn) {
  if constexpr (std::is_same_v<std::invoke_result_t<F&, const std::vector<Tensor>&>, Tensor>) {
    return
        [fn = std::move(fn)](const std::vector<Tensor>& x) mutable { return std::vector{fn(x)}; };
  } else {
    return fn;
  }
}
GradcheckResult run_gradcheck(const CheckedFunction& fn, const std::vector<Tensor>& inputs,
                              const GradcheckOptions& options);
GradcheckResult run_gradgradcheck(const CheckedFunction& fn, const std::vector<Tensor>& inputs,
                                  const GradcheckOptions& options);
}  // namespace detail

/// Compares the gradients of `fn(inputs)`, a Tensor or a vector of them, with central differences,
/// for every element of every input that requires a gradient. Those must be float64 and must not
/// overlap in memory (Error otherwise). fn has to be deterministic; the inputs are changed while it
/// runs and restored. For n elements of inputs and m of outputs it runs fn 2n times and m backward
/// passes.
template <class F>
GradcheckResult gradcheck(F fn, const std::vector<Tensor>& inputs,
                          const GradcheckOptions& options = {}) {
  return detail::run_gradcheck(detail::checked_function(std::move(fn)), inputs, options);
}

/// The same for the second derivatives: gradcheck of the gradient of `fn`, by the inputs and by the
/// gradients of the outputs.
template <class F>
GradcheckResult gradgradcheck(F fn, const std::vector<Tensor>& inputs,
                              const GradcheckOptions& options = {}) {
  return detail::run_gradgradcheck(detail::checked_function(std::move(fn)), inputs, options);
}

}  // namespace gradus

template <>
struct fmt::formatter<gradus::GradcheckResult> : gradus::TextFormatter {
  auto format(const gradus::GradcheckResult& result, fmt::format_context& ctx) const {
    return write(result.message, ctx);
  }
};
