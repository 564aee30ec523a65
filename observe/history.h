#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace gradus::observe {

/// Entries of a run, oldest first, in bounded memory: when it is full, every second one is dropped
/// of the older half. So the recent past is dense and the distant past evenly thinned, however long
/// the run. Entries have a member `step`.
template <class Entry>
class History {
 public:
  explicit History(std::size_t capacity = 256) : capacity_(capacity < 8 ? 8 : capacity) {}

  void push(const Entry& entry) {
    if (entries_.size() >= capacity_) thin();
    entries_.push_back(entry);
  }
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  std::size_t capacity() const { return capacity_; }
  const Entry& front() const { return entries_.front(); }
  const Entry& back() const { return entries_.back(); }
  Entry& back() { return entries_.back(); }
  const Entry& operator[](std::size_t i) const { return entries_[i]; }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  /// The last n, or fewer where there are fewer.
  std::span<const Entry> last(std::size_t n) const {
    return std::span(entries_).last(n < size() ? n : size());
  }

 private:
  void thin() {
    const std::size_t older = entries_.size() / 2;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (i >= older || i % 2 == 0) entries_[kept++] = entries_[i];
    }
    entries_.resize(kept);
  }

  std::size_t capacity_;
  std::vector<Entry> entries_;
};

}  // namespace gradus::observe
