#pragma once

#include "gradus/data/dataset.h"
#include "gradus/tensor/generator.h"

namespace gradus::data {

/// n new images of Shapeset-3x2 (Glorot & Bengio 2010, section 2.1): an endless set, drawn from
/// a generator (the default one where it is null). inputs: (n, 32, 32) float32 in [-1, 1]; targets:
/// (n) int64 in [0, 9), all equally likely:
///
///     0 triangle      3 triangle, triangle        6 parallelogram, parallelogram
///     1 parallelogram 4 triangle, parallelogram   7 parallelogram, ellipse
///     2 ellipse       5 triangle, ellipse         8 ellipse, ellipse
///
/// An image has one background level in [0, .45]; its one or two shapes have levels in [.55, 1],
/// sizes in [.2, .8] of the image, any place and angle, and random proportions. At most half of
/// either shape lies under or over the other. Half of the images are inverted. The paper gives no
/// ranges; those of the proportions are in shapeset.cpp.
Dataset shapeset(std::int64_t n, Generator* generator = nullptr, Where at = Where::here());

}  // namespace gradus::data
