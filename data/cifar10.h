#pragma once

#include <string>

#include "gradus/data/dataset.h"

namespace gradus::data {

/// Reads one file of CIFAR-10's binary version (A. Krizhevsky 2009): records of a label and
/// 3 x 32 x 32 bytes, red, green, blue. inputs: (N, 3, 32, 32) float32, bytes / 255; targets: (N)
/// int64 in [0, 10). Throws DataError on any damage: empty, a broken record, a label past 9.
Dataset read_cifar10(const std::string& path, Where at = Where::here());

/// CIFAR-10 from a folder with the six files as distributed: data_batch_1.bin to data_batch_5.bin
/// (50,000 images) and test_batch.bin (10,000).
TrainTest cifar10(const std::string& folder, Where at = Where::here());

}  // namespace gradus::data
