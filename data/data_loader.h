#pragma once

#include <functional>
#include <iterator>
#include <memory>
#include <optional>

#include "gradus/data/dataset.h"

namespace gradus {
class Generator;
}

namespace gradus::data {

struct DataLoaderOptions {
  std::int64_t batch_size = 1;
  bool shuffle = false;            ///< a new order each epoch
  Generator* generator = nullptr;  ///< draws the order; null: the default generator
  bool drop_last = false;          ///< leave out a last batch that is not full
  int prefetch = 0;                ///< batches that a background thread loads ahead; 0: no thread
  /// Applied to each batch as it is loaded, with prefetch on the background thread.
  std::function<Dataset(Dataset)> transform = {};
};

/// Deals a Dataset out in batches: `for (auto [x, y] : loader)`. Each loop is one epoch, and loops
/// are independent of each other and of the loader's lifetime. What goes wrong on the background
/// thread is thrown from the loop, after the batches before it; leaving the loop early stops it.
class DataLoader {
 public:
  /// Throws Error where inputs and targets differ in rows, or on batch_size < 1 or prefetch < 0.
  explicit DataLoader(Dataset dataset, DataLoaderOptions options = {}, Where at = Where::here());

  /// Batches of an epoch.
  std::int64_t size() const;
  const Dataset& dataset() const { return dataset_; }

  class Iterator;
  /// Draws the order of a new epoch.
  Iterator begin() const;
  std::default_sentinel_t end() const { return {}; }

 private:
  class Epoch;

  Dataset dataset_;
  DataLoaderOptions options_;
  Where at_;
};

/// An input iterator over the batches of one epoch. Moves, but does not copy.
class DataLoader::Iterator {
 public:
  using value_type = Dataset;
  using difference_type = std::ptrdiff_t;

  explicit Iterator(std::unique_ptr<Epoch> epoch);
  Iterator(Iterator&&) noexcept;
  Iterator& operator=(Iterator&&) noexcept;
  ~Iterator();

  const Dataset& operator*() const { return *batch_; }
  const Dataset* operator->() const { return &*batch_; }
  Iterator& operator++();
  void operator++(int) { ++*this; }
  friend bool operator==(const Iterator& it, std::default_sentinel_t) { return !it.batch_; }

 private:
  std::unique_ptr<Epoch> epoch_;
  std::optional<Dataset> batch_;
};

}  // namespace gradus::data
