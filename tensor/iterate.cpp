#include "gradus/tensor/iterate.h"

#include <cstdlib>

namespace gradus {

Nest Nest::any_order(const Shape& shape, std::initializer_list<Layout> operands) {
  return make(shape, operands, true);
}

Nest Nest::in_order(const Shape& shape, std::initializer_list<Layout> operands) {
  return make(shape, operands, false);
}

Nest Nest::make(const Shape& shape, std::initializer_list<Layout> operands, bool reorder) {
  Nest nest;
  std::array<Dims, max_operands> strides;
  for (const Layout& layout : operands) {
    auto k = static_cast<std::size_t>(nest.operands_++);
    Layout spread = layout.shape == shape ? layout : layout.broadcast_to(shape);
    strides[k] = spread.strides;
    nest.base_[k] = spread.offset;
  }
  auto count = static_cast<std::size_t>(nest.operands_);

  std::array<int, max_rank> order{};
  int rank = 0;
  for (int d = 0; d < shape.size(); ++d) {
    if (shape[d] != 1) order[static_cast<std::size_t>(rank++)] = d;
  }
  if (reorder) {
    // Insertion sort, outermost (largest stride) first, later operands deciding ties. Stable, so
    // that a contiguous nest keeps its order.
    auto before = [&](int a, int b) {
      for (std::size_t k = 0; k < count; ++k) {
        std::int64_t x = std::abs(strides[k][a]);
        std::int64_t y = std::abs(strides[k][b]);
        if (x != y && x != 0 && y != 0) return x > y;
      }
      return false;
    };
    for (int i = 1; i < rank; ++i) {
      for (int j = i; j > 0; --j) {
        auto right = static_cast<std::size_t>(j);
        if (!before(order[right], order[right - 1])) break;
        std::swap(order[right], order[right - 1]);
      }
    }
  }

  for (int i = 0; i < rank; ++i) {
    int d = order[static_cast<std::size_t>(i)];
    int last = nest.sizes_.size() - 1;
    bool joins = last >= 0;
    for (std::size_t k = 0; joins && k < count; ++k) {
      joins = nest.strides_[k][last] == strides[k][d] * shape[d];
    }
    if (joins) {
      nest.sizes_[last] *= shape[d];
      for (std::size_t k = 0; k < count; ++k) nest.strides_[k][last] = strides[k][d];
    } else {
      nest.sizes_.push_back(shape[d]);
      for (std::size_t k = 0; k < count; ++k) nest.strides_[k].push_back(strides[k][d]);
    }
  }
  for (std::size_t k = 0; k < count; ++k) {
    nest.inner_stride_[k] = nest.strides_[k].empty() ? 1 : nest.strides_[k].back();
  }
  return nest;
}

std::array<std::int64_t, Nest::max_operands> Nest::start(
    std::int64_t begin, std::array<std::int64_t, max_rank>& index) const {
  auto offset = base_;
  for (int d = sizes_.size() - 1; d >= 0; --d) {
    std::int64_t i = begin % sizes_[d];
    begin /= sizes_[d];
    index[static_cast<std::size_t>(d)] = i;
    for (std::size_t k = 0; k < static_cast<std::size_t>(operands_); ++k) {
      offset[k] += i * strides_[k][d];
    }
  }
  return offset;
}

void Nest::next_run(std::array<std::int64_t, max_rank>& index,
                    std::array<std::int64_t, max_operands>& offset) const {
  auto operands = static_cast<std::size_t>(operands_);
  int d = sizes_.size() - 1;
  auto step_back = [&] {
    for (std::size_t k = 0; k < operands; ++k) {
      offset[k] -= index[static_cast<std::size_t>(d)] * strides_[k][d];
    }
    index[static_cast<std::size_t>(d)] = 0;
  };
  step_back();
  for (--d; d >= 0; --d) {
    for (std::size_t k = 0; k < operands; ++k) offset[k] += strides_[k][d];
    if (++index[static_cast<std::size_t>(d)] < sizes_[d]) return;
    step_back();
  }
}

}  // namespace gradus
