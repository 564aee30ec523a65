#include "gradus/autograd/partial_view.h"

namespace gradus {
namespace {

Layout indexed(const Layout& whole, const std::vector<Index>& indices) {
  Layout layout = whole;
  int d = 0;         // the next dimension of the result
  int of_whole = 0;  // the same in x, for messages
  for (const Index& index : indices) {
    if (index.kind == Index::Kind::NewAxis) {
      layout = layout.unsqueeze(d++);
      continue;
    }
    check<IndexError>(of_whole < whole.rank(), "too many indices for shape {}", whole.shape);
    std::int64_t size = whole.shape[of_whole];
    if (index.kind == Index::Kind::Range) {
      layout = layout.slice(d++, index.range.start, index.range.stop, index.range.step);
    } else {
      check<IndexError>(-size <= index.number && index.number < size,
                        "index {} is out of range for dimension {} of {}", index.number, of_whole,
                        whole.shape);
      layout = layout.select(d, index.number);
    }
    ++of_whole;
  }
  return layout;
}

}  // namespace

Tensor Tensor::operator[](Index index) const { return (*this)[{index}]; }

Tensor Tensor::operator[](std::initializer_list<Index> indices) const {
  Where at = indices.size() > 0 ? indices.begin()->at : Where();
  return partial_view(
      {"index", "index_backward"}, *this,
      [entries = std::vector<Index>(indices)](const Layout& layout) {
        return indexed(layout, entries);
      },
      at);
}

}  // namespace gradus
