#pragma once

#include "gradus/data/dataset.h"
#include "gradus/tensor/generator.h"

/// Small problems in the plane, drawn anew from a generator (the default one where it is null).
/// inputs: (n, 2) float32; targets: (n) int64. Classes take turns, so every class has n / classes
/// samples or one more. Throws Error on n < 0 or an option outside its range.
namespace gradus::data {

struct CirclesOptions {
  double inner_radius = 0.8;  ///< in (0, 1)
  double noise = 0.1;         ///< standard deviation, added to each coordinate
};
/// Two noisy circles about the origin: class 0 of radius 1, class 1 inside it.
Dataset circles(std::int64_t n, const CirclesOptions& options = {}, Generator* generator = nullptr,
                Where at = Where::here());

struct BlobsOptions {
  std::int64_t classes = 3;
  std::int64_t features = 2;  ///< inputs are (n, features)
  double box = 10;            ///< centres are uniform in [-box, box] in each feature
  double spread = 1;          ///< standard deviation about a centre
};
/// Normal clouds, one a class, about centres of their own.
Dataset blobs(std::int64_t n, const BlobsOptions& options = {}, Generator* generator = nullptr,
              Where at = Where::here());

struct SpiralsOptions {
  std::int64_t classes = 2;
  double turns = 1.5;   ///< of each arm about the origin
  double noise = 0.02;  ///< standard deviation, added to each coordinate
};
/// Arms that wind out from the origin to radius 1, one a class, at equal angles to each other.
Dataset spirals(std::int64_t n, const SpiralsOptions& options = {}, Generator* generator = nullptr,
                Where at = Where::here());

}  // namespace gradus::data
