#pragma once

#include <cstdint>
#include <vector>

#include "gradus/observe/record.h"

/// What a monitor takes from a tensor. Nothing here records or writes to a tensor of the user's.
namespace gradus::observe {

/// About `limit` elements of x, contiguous, as whole rows of x: (..., units), evenly spaced, at
/// least eight if there are; x itself where it has no more elements, or limit is 0.
Tensor some_rows(const Tensor& x, std::int64_t limit);
/// The same as runs of 64 elements: (runs, 64).
Tensor some_runs(const Tensor& x, std::int64_t limit);

/// Of a floating tensor of any shape, in one pass; nothing of another.
Sample sample_of(const Tensor& x);
/// The same of `whole`, by the elements of it that are in `some`.
Sample sample_of(const Tensor& some, const Tensor& whole);

LogHistogram log_histogram(const Tensor& x);

/// Of rows (samples, units): LayerStep::variance_over_samples, from their RMS. NaN for fewer
/// than 8.
float variance_over_rows(const Tensor& rows, double rms);
/// LayerStep::signal_to_noise of a gradient (samples, units), of which `rows`: (some, units) have
/// been taken, from their RMS.
float signal_to_noise(const Tensor& rows, double rms, std::int64_t samples);

struct Shares {
  float low = 0, high = 0;
};
/// Of the elements of x below `low` and above `high`.
Shares shares_outside(const Tensor& x, double low, double high);

/// Sets last_alive[unit] = now for each unit of x: (..., units) that is not 0 on every sample, or
/// of a pre-activation those that exceed `zero_to`.
void note_alive(const Tensor& x, std::int32_t now, std::vector<std::int32_t>& last_alive);
void note_alive_above(const Tensor& z, double zero_to, std::int32_t now,
                      std::vector<std::int32_t>& last_alive);

}  // namespace gradus::observe
