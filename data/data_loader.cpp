#include "gradus/data/data_loader.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "gradus/tensor/context.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/ops.h"
#include "gradus/tensor/random.h"

namespace gradus::data {

/// One pass over the data, in a given order. Without prefetch next() loads; with it, a thread loads
/// into a queue of bounded length and next() takes from there.
class DataLoader::Epoch {
 public:
  Epoch(const DataLoader& loader, Tensor order)
      : dataset_(loader.dataset_),
        options_(loader.options_),
        at_(loader.at_),
        batches_(loader.size()),
        order_(std::move(order)) {
    if (options_.prefetch > 0) thread_ = std::thread([this] { load_ahead(); });
  }

  ~Epoch() {
    if (!thread_.joinable()) return;
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    room_.notify_one();
    thread_.join();
  }

  /// The next batch, or nothing at the end.
  std::optional<Dataset> next() {
    if (!thread_.joinable()) return load();
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return !queue_.empty() || finished_; });
    if (queue_.empty()) {
      if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
      return std::nullopt;
    }
    Dataset batch = std::move(queue_.front());
    queue_.pop_front();
    room_.notify_one();
    return batch;
  }

 private:
  std::optional<Dataset> load() {
    if (loaded_ == batches_) return std::nullopt;
    ContextScope scope({.op = "DataLoader", .at = at_});
    std::int64_t start = loaded_++ * options_.batch_size;
    Tensor rows =
        order_.alias(order_.layout().slice(0, start, start + options_.batch_size, /*step=*/1));
    Dataset batch{kernel::index_select(dataset_.inputs, 0, rows),
                  kernel::index_select(dataset_.targets, 0, rows)};
    return options_.transform ? options_.transform(std::move(batch)) : batch;
  }

  void load_ahead() {
    std::exception_ptr failure;
    try {
      while (std::optional<Dataset> batch = load()) {
        std::unique_lock lock(mutex_);
        room_.wait(lock, [&] {
          return stopped_ || queue_.size() < static_cast<std::size_t>(options_.prefetch);
        });
        if (stopped_) return;
        queue_.push_back(std::move(*batch));
        ready_.notify_one();
      }
    } catch (...) {
      failure = std::current_exception();
    }
    std::lock_guard lock(mutex_);
    failure_ = failure;
    finished_ = true;
    ready_.notify_one();
  }

  Dataset dataset_;
  DataLoaderOptions options_;
  Where at_;
  std::int64_t batches_;
  Tensor order_;
  std::int64_t loaded_ = 0;  // of whoever loads

  std::mutex mutex_;  // guards what follows
  std::condition_variable ready_, room_;
  std::deque<Dataset> queue_;
  std::exception_ptr failure_;
  bool finished_ = false;
  bool stopped_ = false;
  std::thread thread_;
};

DataLoader::DataLoader(Dataset dataset, DataLoaderOptions options, Where at)
    : dataset_(std::move(dataset)), options_(std::move(options)), at_(at) {
  ContextScope scope({.op = "DataLoader", .at = at});
  check(dataset_.inputs.dim() > 0 && dataset_.targets.dim() > 0 &&
            dataset_.inputs.size(0) == dataset_.targets.size(0),
        "inputs {} and targets {} must have a first dimension of one size, the samples",
        dataset_.inputs.shape(), dataset_.targets.shape());
  check(options_.batch_size >= 1, "batch_size must be at least 1, got {}", options_.batch_size);
  check(options_.prefetch >= 0, "prefetch must not be negative, got {}", options_.prefetch);
}

std::int64_t DataLoader::size() const {
  std::int64_t full = dataset_.size() / options_.batch_size;
  bool rest = dataset_.size() % options_.batch_size != 0;
  return full + (rest && !options_.drop_last ? 1 : 0);
}

DataLoader::Iterator DataLoader::begin() const {
  Tensor order =
      options_.shuffle ? randperm(dataset_.size(), options_.generator) : arange(dataset_.size());
  return Iterator(std::make_unique<Epoch>(*this, std::move(order)));
}

DataLoader::Iterator::Iterator(std::unique_ptr<Epoch> epoch)
    : epoch_(std::move(epoch)), batch_(epoch_->next()) {}

DataLoader::Iterator::Iterator(Iterator&&) noexcept = default;
DataLoader::Iterator& DataLoader::Iterator::operator=(Iterator&&) noexcept = default;
DataLoader::Iterator::~Iterator() = default;

DataLoader::Iterator& DataLoader::Iterator::operator++() {
  batch_ = epoch_->next();
  return *this;
}

}  // namespace gradus::data
