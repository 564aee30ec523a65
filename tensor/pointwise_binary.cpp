#include <algorithm>
#include <functional>

#include "gradus/tensor/creation.h"
#include "gradus/tensor/float_binary.h"
#include "gradus/tensor/map.h"
#include "gradus/tensor/ops.h"

namespace gradus::kernel {
namespace {

// Unsigned arithmetic wraps around where signed overflow would be undefined.
template <class F>
auto wrapping(F f) {
  return [f](std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(
        f(static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b)));
  };
}

void whole_loop(const Tensor& out, Binary op, const Tensor& a, const Tensor& b) {
  const auto run = [&](auto f) {
    map_elements<std::int64_t, std::int64_t, std::int64_t>(out, f, a, b);
  };
  switch (op) {
    case Binary::Add:
      return run(wrapping(std::plus<>()));
    case Binary::Sub:
      return run(wrapping(std::minus<>()));
    case Binary::Mul:
      return run(wrapping(std::multiplies<>()));
    case Binary::Maximum:
      return run([](auto x, auto y) { return std::max(x, y); });
    case Binary::Minimum:
      return run([](auto x, auto y) { return std::min(x, y); });
    case Binary::Div:
      break;
  }
  fail("integers are divided as float32");
}

// bool behaves as PyTorch's: a sum is 'or', a product 'and'.
void bool_loop(const Tensor& out, Binary op, const Tensor& a, const Tensor& b) {
  const bool is_or = op == Binary::Add || op == Binary::Maximum;
  if (is_or) {
    map_elements<bool, bool, bool>(out, std::logical_or<>(), a, b);
  } else {
    map_elements<bool, bool, bool>(out, std::logical_and<>(), a, b);
  }
}

DType compute_dtype(Binary op, const Tensor& a, const Tensor& b) {
  check(op != Binary::Sub || (a.dtype() != boolean && b.dtype() != boolean),
        "bool tensors cannot be subtracted ({} - {}); use logical_xor, or convert with to(int64)",
        a.dtype(), b.dtype());
  const DType dtype = result_type(a, b);
  return op == Binary::Div && !is_floating(dtype) ? float32 : dtype;
}

/// Whether walking along `out` would read a cache line of x an element.
bool lies_across(const Tensor& x, const Tensor& out) {
  constexpr std::int64_t cache_line = 16;
  return x.numel() > (1 << 14) && x.strides().back() >= cache_line && x.shape() == out.shape() &&
         out.is_contiguous();
}

/// x in out's dtype, or in row-major order where it lies across: a copy in tiles (copy_into) is
/// several times quicker. `copy` is where it lives if it had to be made.
const Tensor& prepared(const Tensor& x, const Tensor& out, Tensor& copy) {
  const bool converts = x.dtype() != out.dtype();
  if (converts) copy = to(x, out.dtype());
  const Tensor& same = converts ? copy : x;
  if (!lies_across(same, out)) return same;
  return copy = contiguous(same);
}

/// out's dtype is the computation's.
void compute(const Tensor& out, Binary op, const Tensor& a, const Tensor& b) {
  Tensor copies[2];
  const Tensor& x = prepared(a, out, copies[0]);
  const Tensor& y = prepared(b, out, copies[1]);
  if (out.is_floating()) {
    float_binary(out, op, x, y);
  } else if (out.dtype() == int64) {
    whole_loop(out, op, x, y);
  } else {
    bool_loop(out, op, x, y);
  }
}

/// Whether both are floats of one shape and dtype in row-major order: nothing to check, to convert
/// or to broadcast.
bool are_alike(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.is_floating() && a.shape() == b.shape() && a.is_contiguous() &&
         b.is_contiguous();
}

Tensor binary(Binary op, const Tensor& a, const Tensor& b) {
  if (are_alike(a, b)) {
    Tensor out = empty(a.shape(), a.dtype());
    float_binary_alike(out, op, a, b);
    return out;
  }
  Tensor out = empty(broadcast(a.shape(), b.shape()), compute_dtype(op, a, b));
  compute(out, op, a, b);
  return out;
}

/// bool < int64 < floats.
int category(DType dtype) { return is_floating(dtype) ? 2 : static_cast<int>(dtype); }

}  // namespace

void check_in_place(const Tensor& x, const Shape& shape, DType dtype) {
  check(broadcast(x.shape(), shape) == x.shape(), "{} does not broadcast to {} in place", shape,
        x.shape());
  check(category(dtype) <= category(x.dtype()),
        "a result of {} cannot be stored in a tensor of {}; convert it with to({})", dtype,
        x.dtype(), dtype);
}

void binary_in_place(const Tensor& x, Binary op, const Tensor& other) {
  if (are_alike(x, other) && x.storage() != other.storage()) {
    float_binary_alike(x, op, x, other);
    return;
  }
  const DType dtype = compute_dtype(op, x, other);
  check_in_place(x, other.shape(), dtype);
  if (dtype == x.dtype()) {
    compute(x, op, x, apart(other, x));
  } else {
    copy_into(x, binary(op, x, other));
  }
}

void add_scaled_in_place(const Tensor& x, const Tensor& other, Scalar alpha) {
  const DType dtype = compute_dtype(Binary::Add, x, other);
  check(category(alpha.dtype()) <= category(dtype),
        "a factor of {} is too wide for tensors of {} and {}", alpha.dtype(), x.dtype(),
        other.dtype());
  if (dtype == x.dtype() && x.is_floating()) {
    check_in_place(x, other.shape(), dtype);
    float_add_scaled(x, x, apart(to(other, dtype), x), alpha.to<double>());
  } else {
    const Tensor wide = to(other, dtype);
    binary_in_place(x, Binary::Add, mul(wide, to(scalar(alpha, wide), dtype)));
  }
}

Tensor add(const Tensor& a, const Tensor& b) { return binary(Binary::Add, a, b); }
Tensor sub(const Tensor& a, const Tensor& b) { return binary(Binary::Sub, a, b); }
Tensor mul(const Tensor& a, const Tensor& b) { return binary(Binary::Mul, a, b); }
Tensor div(const Tensor& a, const Tensor& b) { return binary(Binary::Div, a, b); }
Tensor maximum(const Tensor& a, const Tensor& b) { return binary(Binary::Maximum, a, b); }
Tensor minimum(const Tensor& a, const Tensor& b) { return binary(Binary::Minimum, a, b); }

}  // namespace gradus::kernel
