#pragma once

#include <cstdint>

/// Vectorised loops over n contiguous numbers, the bricks of softmax and its relatives.
namespace gradus::kernel::line {

/// The greatest, NaN if any is NaN, -infinity for n = 0.
float max(std::int64_t n, const float* x);
double max(std::int64_t n, const double* x);

/// y = exp(x - shift), and returns the sum of y. y may be x.
double exp_minus(std::int64_t n, const float* x, float shift, float* y);
double exp_minus(std::int64_t n, const double* x, double shift, double* y);

/// The sum of exp(x - shift).
double sum_exp_minus(std::int64_t n, const float* x, float shift);
double sum_exp_minus(std::int64_t n, const double* x, double shift);

/// Added up in double.
double sum(std::int64_t n, const float* x);
double sum(std::int64_t n, const double* x);

/// The sum of (x - shift)^2, added up in double.
double squares_minus(std::int64_t n, const float* x, double shift);
double squares_minus(std::int64_t n, const double* x, double shift);

/// The sum of g * (x - shift), added up in double.
double dot_minus(std::int64_t n, const float* g, const float* x, double shift);
double dot_minus(std::int64_t n, const double* g, const double* x, double shift);

/// The sum of x * y.
double dot(std::int64_t n, const float* x, const float* y);
double dot(std::int64_t n, const double* x, const double* y);

}  // namespace gradus::kernel::line
