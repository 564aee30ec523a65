#pragma once

#include "gradus/data/dataset.h"

namespace gradus::data {

/// 1,797 handwritten digits, embedded in the library: images (N, 64) float32 in [0, 1], row-major
/// 8x8; labels (N) int64 in [0, 10). The split is fixed and even over the classes: of each digit d,
/// counting its images k = 0, 1, ..., those with (k + d) % 5 == 1 are held out. That leaves 1,437
/// to train on and 360 to test with.
///
/// Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine
/// Learning Repository, 1998, doi:10.24432/C50P49, CC BY 4.0.
TrainTest digits();

}  // namespace gradus::data
