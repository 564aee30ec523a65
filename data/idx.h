#pragma once

#include <string>

#include "gradus/data/dataset.h"

namespace gradus::data {

/// Reads a file in MNIST's IDX format (Y. LeCun): two zero bytes, the type, the rank, then the
/// sizes and the elements, big-endian. The elements are converted to `dtype`. Throws DataError on
/// any damage: wrong magic, unknown type, sizes that do not match the file's length.
Tensor read_idx(const std::string& path, DType dtype, Where at = Where::here());

/// A pair of IDX files of unsigned bytes. inputs: (N, rows, columns) float32, pixels / 255;
/// targets: (N) int64. Throws DataError where either is damaged, the counts differ, or a label is
/// not below `classes`.
Dataset read_mnist(const std::string& images, const std::string& labels, std::int64_t classes = 10,
                   Where at = Where::here());

/// MNIST, Fashion-MNIST or KMNIST from a folder with the four files as distributed and unpacked:
/// train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-..., t10k-labels-...
TrainTest mnist(const std::string& folder, Where at = Where::here());

}  // namespace gradus::data
