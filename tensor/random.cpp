#include "gradus/tensor/random.h"

#include <cmath>
#include <numbers>
#include <numeric>

#include "gradus/tensor/context.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/iterate.h"

namespace gradus {
namespace {

/// Sets every element of `out`, met in the order of its memory, to draw().
template <class T, class F>
void fill_from(const Tensor& out, F&& draw) {
  T* data = out.data<T>() - out.layout().offset;
  Nest nest = Nest::any_order(out.shape(), {out.layout()});
  nest.walk(0, nest.numel(), [&](std::int64_t n, const std::int64_t* at, const std::int64_t* by) {
    for (std::int64_t i = 0; i < n; ++i) data[at[0] + i * by[0]] = draw();
  });
}

/// Turns 16 uniform numbers into 16 normal ones by Box & Muller (1958), pairing j with j + 8.
template <class T>
void box_muller_16(T* d, T mean, T std) {
  for (int j = 0; j < 8; ++j) {
    T radius = std::sqrt(T{-2} * std::log(1 - d[j]));
    T angle = static_cast<T>(2 * std::numbers::pi * static_cast<double>(d[j + 8]));
    d[j] = radius * std::cos(angle) * std + mean;
    d[j + 8] = radius * std::sin(angle) * std + mean;
  }
}

/// PyTorch's stream for 16 or more contiguous numbers: uniform ones made normal in blocks of 16. A
/// rest shorter than that redraws the last 16.
template <class T>
void normal_blocks(std::span<T> out, T mean, T std, Draws& draws) {
  for (T& x : out) x = draws.uniform<T>();
  auto blocks = static_cast<std::int64_t>(out.size() / 16);
  constexpr std::int64_t grain = 256;  // blocks of 16, at some 20 ns a number
  parallel_for(0, blocks, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) box_muller_16(out.data() + 16 * b, mean, std);
  });
  if (out.size() % 16 != 0) {
    std::span<T> last = out.last(16);
    for (T& x : last) x = draws.uniform<T>();
    box_muller_16(last.data(), mean, std);
  }
}

void check_probability(double p) {
  check(p >= 0 && p <= 1, "needs a probability in [0, 1], got {}", p);
}

}  // namespace

namespace kernel {

void uniform_into(const Tensor& out, double low, double high, Generator* generator) {
  check(out.is_floating(), "needs a floating tensor, got {} {}", out.dtype(), out.shape());
  check(low <= high && std::isfinite(high - low), "needs finite low <= high, got [{}, {})", low,
        high);
  Draws draws(generator);
  visit_floating(out.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T start = static_cast<T>(low);
    T range = static_cast<T>(high) - start;
    // Fused, because PyTorch's build for AVX2 contracts this expression: bit for bit the same.
    fill_from<T>(out, [&] { return std::fma(draws.uniform<T>(), range, start); });
  });
}

void normal_into(const Tensor& out, double mean, double std, Generator* generator) {
  check(out.is_floating(), "needs a floating tensor, got {} {}", out.dtype(), out.shape());
  check(std >= 0, "needs a standard deviation >= 0, got {}", std);
  check(std::isfinite(mean) && std::isfinite(std),
        "needs a finite mean and standard deviation, got {} and {}", mean, std);
  Draws draws(generator);
  visit_floating(out.dtype(), [&](auto zero) {
    using T = decltype(zero);
    if (out.numel() >= 16 && out.is_contiguous()) {
      normal_blocks<T>(out.span<T>(), static_cast<T>(mean), static_cast<T>(std), draws);
    } else {
      fill_from<T>(out, [&] { return static_cast<T>(draws.normal() * std + mean); });
    }
  });
}

void bernoulli_into(const Tensor& out, double p, Generator* generator, Scalar value) {
  check_probability(p);
  Draws draws(generator);
  visit(out.dtype(), [&](auto zero) {
    using T = decltype(zero);
    fill_from<T>(out, [&, hit = value.to<T>()] { return draws.uniform<double>() < p ? hit : T{}; });
  });
}

}  // namespace kernel

Tensor uniform(double low, double high, const Shape& shape, DType dtype, Generator* generator,
               Where at) {
  ContextScope scope(entering("uniform", at));
  Tensor result = empty(shape, dtype);
  kernel::uniform_into(result, low, high, generator);
  return result;
}

Tensor normal(double mean, double std, const Shape& shape, DType dtype, Generator* generator,
              Where at) {
  ContextScope scope(entering("normal", at));
  Tensor result = empty(shape, dtype);
  kernel::normal_into(result, mean, std, generator);
  return result;
}

Tensor rand(const Shape& shape, DType dtype, Generator* generator, Where at) {
  ContextScope scope(entering("rand", at));
  return uniform(0, 1, shape, dtype, generator);
}

Tensor randn(const Shape& shape, DType dtype, Generator* generator, Where at) {
  ContextScope scope(entering("randn", at));
  return normal(0, 1, shape, dtype, generator);
}

Tensor rand_like(const Tensor& x, Generator* generator, Where at) {
  ContextScope scope(entering("rand_like", at));
  return rand(x.shape(), x.dtype(), generator);
}

Tensor randn_like(const Tensor& x, Generator* generator, Where at) {
  ContextScope scope(entering("randn_like", at));
  return randn(x.shape(), x.dtype(), generator);
}

Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, DType dtype,
               Generator* generator, Where at) {
  ContextScope scope(entering("randint", at));
  check(low < high, "needs low < high, got [{}, {})", low, high);
  Tensor result = empty(shape, dtype);
  auto range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  Draws draws(generator);
  visit(dtype, [&](auto zero) {
    using T = decltype(zero);
    fill_from<T>(result, [&] {
      return static_cast<T>(
          static_cast<std::int64_t>(draws.below(range) + static_cast<std::uint64_t>(low)));
    });
  });
  return result;
}

Tensor randperm(std::int64_t n, Generator* generator, Where at) {
  ContextScope scope(entering("randperm", at));
  check(n >= 0, "needs n >= 0, got {}", n);
  Tensor result = empty(n, int64);
  std::span<std::int64_t> values = result.span<std::int64_t>();
  std::iota(values.begin(), values.end(), std::int64_t{0});
  Draws draws(generator);
  // Fisher & Yates, from the front; the last number has no choice and draws nothing.
  for (std::size_t i = 0; i + 1 < values.size(); ++i) {
    std::swap(values[i], values[i + draws.bits32() % (values.size() - i)]);
  }
  return result;
}

Tensor bernoulli(double p, const Shape& shape, DType dtype, Generator* generator, Where at) {
  ContextScope scope(entering("bernoulli", at));
  Tensor result = empty(shape, dtype);
  kernel::bernoulli_into(result, p, generator);
  return result;
}

Tensor bernoulli(const Tensor& p, Generator* generator, Where at) {
  ContextScope scope(entering("bernoulli", at));
  check(p.is_floating(), "needs floating probabilities, got {} {}", p.dtype(), p.shape());
  Tensor result = empty(p.shape(), p.dtype());
  Draws draws(generator);
  visit_floating(p.dtype(), [&](auto zero) {
    using T = decltype(zero);
    Nest nest = Nest::in_order(p.shape(), {result.layout(), p.layout()});
    T* out = result.data<T>();
    const T* in = p.data<T>() - p.layout().offset;
    nest.walk(0, nest.numel(),
              [&](std::int64_t n, const std::int64_t* at_, const std::int64_t* by) {
                for (std::int64_t i = 0; i < n; ++i) {
                  T probability = in[at_[1] + i * by[1]];
                  check_probability(static_cast<double>(probability));
                  out[at_[0] + i * by[0]] = static_cast<T>(draws.uniform<T>() < probability);
                }
              });
  });
  return result;
}

}  // namespace gradus
