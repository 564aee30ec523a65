#include "gradus/observe/watch/sampling.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "gradus/tensor/creation.h"
#include "gradus/tensor/dtype.h"
#include "gradus/tensor/ops.h"
#include "gradus/tensor/statistics.h"

namespace gradus::observe {
namespace {

/// Calls visit(elements, rows, units) with the contiguous elements of x: (..., units).
template <class Visit>
void visit_rows(const Tensor& x, Visit visit) {
  const Tensor dense = kernel::contiguous(x);
  const std::int64_t units = x.dim() == 0 ? 1 : x.size(-1);
  const std::int64_t rows = units == 0 ? 0 : x.numel() / units;
  visit_floating(x.dtype(), [&](auto zero) { visit(dense.data<decltype(zero)>(), rows, units); });
}

/// About `wanted` rows of `length` elements, evenly spaced. Their distance is odd, so that among
/// the runs of a matrix no column is favoured.
Tensor every_so_many(const Tensor& x, std::int64_t length, std::int64_t wanted) {
  const std::int64_t rows = x.numel() / length;
  const std::int64_t distance = (rows / std::min(wanted, rows)) | 1;
  const std::int64_t taken = (rows + distance - 1) / distance;
  const Tensor dense = kernel::contiguous(x);
  const Tensor some = empty({taken, length}, x.dtype());
  visit_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = dense.data<T>();
    T* to = some.data<T>();
    // The rows lie in as many pages: what is to be read is fetched well before its turn.
    constexpr std::int64_t ahead = 8;
    constexpr std::int64_t line = 64 / sizeof(T);
    for (std::int64_t i = 0; i < taken; ++i) {
      if (i + ahead < taken) {
        const T* next = from + (i + ahead) * distance * length;
        for (std::int64_t j = 0; j < length; j += line) __builtin_prefetch(next + j);
      }
      std::copy_n(from + i * distance * length, length, to + i * length);
    }
  });
  return some;
}

/// floor(log2 |x|) by the exponent's bits; a denormal counts as the smallest normal number.
int exponent_of(float x) {
  return static_cast<int>((std::bit_cast<std::uint32_t>(x) >> 23) & 255) - 127;
}

template <class Alive>
void note_where(const Tensor& x, std::int32_t now, std::vector<std::int32_t>& last_alive,
                Alive alive) {
  visit_rows(x, [&](const auto* elements, std::int64_t rows, std::int64_t units) {
    last_alive.resize(static_cast<std::size_t>(units), -1);
    for (std::int64_t r = 0; r < rows; ++r) {
      const auto* row = elements + r * units;
      for (std::int64_t u = 0; u < units; ++u) {
        std::int32_t& last = last_alive[static_cast<std::size_t>(u)];
        last = alive(row[u]) ? now : last;
      }
    }
  });
}

constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();

/// Of rows (samples, units), the RMS over units of the mean over samples; absent for fewer than 2.
std::optional<double> rms_of_mean(const Tensor& rows) {
  if (rows.dim() < 2 || rows.numel() == 0) return {};
  const std::int64_t units = rows.size(-1), taken = rows.numel() / units;
  if (taken < 2) return {};
  const Tensor dense = kernel::contiguous(rows);
  const Tensor flat = dense.alias({{taken, units}, {units, 1}, dense.layout().offset});
  return statistics(kernel::sum(flat, {0})).rms / static_cast<double>(taken);
}

}  // namespace

Tensor some_rows(const Tensor& x, std::int64_t limit) {
  if (limit == 0 || x.numel() <= limit || x.dim() < 2) return some_runs(x, limit);
  // Samples differ more than the units of one do: a few of them it must be, however wide.
  return every_so_many(x, x.size(-1), std::max<std::int64_t>(8, limit / x.size(-1)));
}

Tensor some_runs(const Tensor& x, std::int64_t limit) {
  constexpr std::int64_t run = 64;
  if (limit == 0 || x.numel() <= limit || x.numel() < 2 * run) return x;
  return every_so_many(x, run, std::max<std::int64_t>(2, limit / run));
}

Sample sample_of(const Tensor& x) { return sample_of(x, x); }

Sample sample_of(const Tensor& some, const Tensor& whole) {
  if (!some.defined() || !some.is_floating() || some.numel() == 0) return {};
  const Statistics s = statistics(some);
  auto narrow = [](std::int64_t n) {
    return static_cast<std::uint32_t>(std::min<std::int64_t>(n, 0xffffffff));
  };
  return {.rms = static_cast<float>(s.rms),
          .mean = static_cast<float>(s.mean),
          .abs_max = static_cast<float>(s.abs_max),
          .zero_share = static_cast<float>(s.zero_share()),
          .nonfinite = narrow(s.nonfinite),
          .looked_at = narrow(s.count),
          .count = narrow(whole.numel())};
}

LogHistogram log_histogram(const Tensor& x) {
  constexpr std::int64_t most = 512;
  LogHistogram histogram;
  if (!x.defined() || !x.is_floating()) return histogram;
  visit_rows(x, [&](const auto* elements, std::int64_t rows, std::int64_t units) {
    const std::int64_t count = rows * units;
    // An odd stride meets all units, however many there are.
    const std::int64_t stride = std::max<std::int64_t>(1, (count / most) | 1);
    std::array<std::uint32_t, LogHistogram::bins> counts = {};
    std::uint32_t zeros = 0, nans = 0;
    for (std::int64_t i = 0; i < count; i += stride) {
      const auto value = static_cast<float>(elements[i]);
      const int bin = exponent_of(value) - LogHistogram::exponent_of_first;
      ++counts[static_cast<std::size_t>(std::clamp(bin, 0, LogHistogram::bins - 1))];
      zeros += value == 0 ? 1 : 0;
      nans += std::isnan(value) ? 1 : 0;
    }
    counts.front() -= zeros;
    counts.back() -= nans;
    histogram.total = static_cast<std::uint32_t>((count + stride - 1) / stride);
    std::ranges::transform(counts, histogram.counts.begin(),
                           [](std::uint32_t n) { return static_cast<std::uint16_t>(n); });
  });
  return histogram;
}

float variance_over_rows(const Tensor& rows, double rms) {
  const std::optional<double> of_mean = rms_of_mean(rows);
  if (!of_mean || rows.numel() / rows.size(-1) < 8) return kUnknown;  // too few to vary
  return static_cast<float>(std::max(0.0, rms * rms - *of_mean * *of_mean));
}

float signal_to_noise(const Tensor& rows, double rms, std::int64_t samples) {
  const std::optional<double> of_mean = rms_of_mean(rows);
  if (!of_mean) return kUnknown;
  const auto n = static_cast<double>(rows.numel() / rows.size(-1));
  const double variance_of_mean = (rms * rms - *of_mean * *of_mean) / (n - 1);
  if (!(variance_of_mean > 0)) return kUnknown;
  // What is above the noise's 1 grows with the number of samples.
  const double excess = *of_mean * *of_mean / variance_of_mean - 1;
  return static_cast<float>(std::max(0.0, 1 + excess * static_cast<double>(samples) / n));
}

Shares shares_outside(const Tensor& x, double low, double high) {
  Shares shares;
  if (x.numel() == 0) return shares;
  visit_rows(x, [&](const auto* elements, std::int64_t rows, std::int64_t units) {
    using T = std::remove_cvref_t<decltype(*elements)>;
    const auto below = static_cast<T>(low), above = static_cast<T>(high);
    const std::int64_t count = rows * units;
    std::int64_t under = 0, over = 0;
    for (std::int64_t begin = 0; begin < count; begin += 1 << 16) {
      std::int32_t u = 0, o = 0;  // narrow counters, for the loop to be vectorised
      const std::int64_t end = std::min(count, begin + (1 << 16));
      for (std::int64_t i = begin; i < end; ++i) {
        u += elements[i] < below ? 1 : 0;
        o += elements[i] > above ? 1 : 0;
      }
      under += u;
      over += o;
    }
    shares.low = static_cast<float>(under) / static_cast<float>(count);
    shares.high = static_cast<float>(over) / static_cast<float>(count);
  });
  return shares;
}

void note_alive(const Tensor& x, std::int32_t now, std::vector<std::int32_t>& last_alive) {
  note_where(x, now, last_alive, [](auto v) { return v != 0; });
}

void note_alive_above(const Tensor& z, double zero_to, std::int32_t now,
                      std::vector<std::int32_t>& last_alive) {
  note_where(z, now, last_alive,
             [zero_to](auto v) { return v > static_cast<decltype(v)>(zero_to); });
}

}  // namespace gradus::observe
