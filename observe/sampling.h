#pragma once

#include <cstdint>
#include <vector>

#include "gradus/observe/record.h"

/// What a monitor takes from a tensor. Nothing here records or writes to a tensor of the user's.
namespace gradus::observe {

/// Of a floating tensor of any shape, in one pass; nothing of another.
Sample sample_of(const Tensor& x);

LogHistogram log_histogram(const Tensor& x);

/// LayerStep::signal_to_noise of gradient: (..., units), from its RMS.
float signal_to_noise(const Tensor& gradient, double rms);

struct Shares {
  float low = 0, high = 0;
};
/// Of the elements of x below `low` and above `high`.
Shares shares_outside(const Tensor& x, double low, double high);

/// Sets last_alive[unit] = now for each unit of x: (..., units) that is not 0 on every sample.
void note_alive(const Tensor& x, std::int32_t now, std::vector<std::int32_t>& last_alive);

}  // namespace gradus::observe
