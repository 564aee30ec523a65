#pragma once

#include <algorithm>
#include <functional>
#include <random>
#include <vector>

#include "gradus/tensor/layout.h"

/// A model of views without strides: the shape, and for every element in row-major order the cell
/// of memory that it lies in. Views are index functions, applied one element at a time.
namespace gradus::test {

using Random = std::mt19937;

inline std::int64_t draw(Random& random, std::int64_t low, std::int64_t high) {  // both included
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}

/// Calls f with every index of `shape` in row-major order.
inline void for_each_index(const Shape& shape, const std::function<void(const Dims&)>& f) {
  if (shape.product() == 0) return;
  Dims index = Dims::filled(shape.size(), 0);
  while (true) {
    f(index);
    int d = shape.size() - 1;
    while (d >= 0 && ++index[d] == shape[d]) index[d--] = 0;
    if (d < 0) return;
  }
}

/// The cell of every element, by the definition of Layout.
inline std::vector<std::int64_t> cells_of(const Layout& layout) {
  std::vector<std::int64_t> cells;
  for_each_index(layout.shape, [&](const Dims& index) {
    std::int64_t cell = layout.offset;
    for (int d = 0; d < index.size(); ++d) cell += index[d] * layout.strides[d];
    cells.push_back(cell);
  });
  return cells;
}

struct Model {
  Shape shape;
  std::vector<std::int64_t> cells;

  static Model contiguous(const Shape& shape) {
    Model model{shape, {}};
    for (std::int64_t i = 0; i < shape.product(); ++i) model.cells.push_back(i);
    return model;
  }

  std::int64_t at(const Dims& index) const {
    std::int64_t flat = 0;
    for (int d = 0; d < index.size(); ++d) flat = flat * shape[d] + index[d];
    return cells[static_cast<std::size_t>(flat)];
  }

  /// The model of `new_shape` whose element at i is this one's at `source(i)`.
  Model remapped(const Shape& new_shape, const std::function<Dims(const Dims&)>& source) const {
    Model result{new_shape, {}};
    for_each_index(new_shape, [&](const Dims& i) { result.cells.push_back(at(source(i))); });
    return result;
  }
};

inline Shape random_shape(Random& random, int most_dims) {
  Shape shape;
  for (std::int64_t d = draw(random, 0, most_dims); d > 0; --d) {
    shape.push_back(draw(random, 0, 9) == 0 ? 0 : draw(random, 1, 4));
  }
  return shape;
}

/// A shape of `numel` elements, cut at random.
inline Shape random_factors(Random& random, std::int64_t numel) {
  Shape shape;
  if (numel == 0) {
    shape = random_shape(random, 4);
    shape.push_back(0);
    return shape;
  }
  while (shape.size() < 4) {
    std::int64_t factor = draw(random, 1, 6);
    if (numel % factor == 0) {
      shape.push_back(factor);
      numel /= factor;
    }
  }
  shape.push_back(numel);
  return shape;
}

/// Whether some offset and strides give these cells: they can only be the steps along each
/// dimension.
inline bool strides_can_express(const Model& model) {
  if (model.cells.empty()) return true;
  Layout candidate{model.shape, Dims::filled(model.shape.size(), 0), model.cells[0]};
  for (int d = 0; d < model.shape.size(); ++d) {
    if (model.shape[d] == 1) continue;
    Dims unit = Dims::filled(model.shape.size(), 0);
    unit[d] = 1;
    candidate.strides[d] = model.at(unit) - model.cells[0];
  }
  return cells_of(candidate) == model.cells;
}

/// Applies one random view to both.
inline void random_view(Random& random, Layout& layout, Model& model) {
  const Model m = model;
  const Shape& shape = m.shape;
  int rank = shape.size();
  auto any_dim = [&] { return static_cast<int>(draw(random, 0, rank - 1)); };
  auto maybe_negative = [&](int d, int of) { return draw(random, 0, 1) == 0 ? d : d - of; };
  switch (draw(random, 0, 7)) {
    case 0: {  // permute
      std::vector<std::int64_t> order;
      for (int d = 0; d < rank; ++d) order.push_back(d);
      std::shuffle(order.begin(), order.end(), random);
      Shape to;
      for (std::int64_t d : order) to.push_back(shape[d]);
      layout = layout.permute(order);
      model = m.remapped(to, [&](const Dims& i) {
        Dims source = i;
        for (int d = 0; d < rank; ++d) source[order[static_cast<std::size_t>(d)]] = i[d];
        return source;
      });
      return;
    }
    case 1: {  // transpose
      if (rank == 0) return;
      int a = any_dim();
      int b = any_dim();
      Shape to = shape;
      std::swap(to[a], to[b]);
      layout = layout.transpose(maybe_negative(a, rank), maybe_negative(b, rank));
      model = m.remapped(to, [&](Dims i) {
        std::swap(i[a], i[b]);
        return i;
      });
      return;
    }
    case 2: {  // broadcast: new dimensions in front, and sizes of 1 stretched
      if (rank > 4) return;
      Shape to = shape;
      for (int d = 0; d < rank; ++d) {
        if (shape[d] == 1) to[d] = draw(random, 0, 3);
      }
      int added = static_cast<int>(draw(random, 0, 1));
      for (int i = 0; i < added; ++i) to.insert(0, draw(random, 1, 3));
      layout = layout.broadcast_to(to);
      model = m.remapped(to, [&](const Dims& i) {
        Dims source;
        for (int d = 0; d < rank; ++d) source.push_back(shape[d] == 1 ? 0 : i[d + added]);
        return source;
      });
      return;
    }
    case 3: {  // unsqueeze
      if (rank > 5) return;
      int d = static_cast<int>(draw(random, 0, rank));
      Shape to = shape;
      to.insert(d, 1);
      layout = layout.unsqueeze(maybe_negative(d, rank + 1));
      model = m.remapped(to, [&](Dims i) {
        i.erase(d);
        return i;
      });
      return;
    }
    case 4: {  // squeeze
      if (!shape.contains(1)) return;
      int d = any_dim();
      while (shape[d] != 1) d = any_dim();
      Shape to = shape;
      to.erase(d);
      layout = layout.squeeze(maybe_negative(d, rank));
      model = m.remapped(to, [&](Dims i) {
        i.insert(d, 0);
        return i;
      });
      return;
    }
    case 5: {  // select
      if (rank == 0) return;
      int d = any_dim();
      if (shape[d] == 0) return;
      std::int64_t index = draw(random, 0, shape[d] - 1);
      Shape to = shape;
      to.erase(d);
      layout = layout.select(d, draw(random, 0, 1) == 0 ? index : index - shape[d]);
      model = m.remapped(to, [&](Dims i) {
        i.insert(d, index);
        return i;
      });
      return;
    }
    case 6: {  // slice
      if (rank == 0) return;
      int d = any_dim();
      std::int64_t start = draw(random, -6, 6);
      std::int64_t stop = draw(random, -6, 6);
      std::int64_t step = draw(random, 1, 3);
      std::vector<std::int64_t> kept;  // as Python defines it
      std::int64_t first =
          std::clamp<std::int64_t>(start < 0 ? start + shape[d] : start, 0, shape[d]);
      std::int64_t last = std::clamp<std::int64_t>(stop < 0 ? stop + shape[d] : stop, 0, shape[d]);
      for (std::int64_t i = first; i < last; i += step) kept.push_back(i);
      Shape to = shape;
      to[d] = static_cast<std::int64_t>(kept.size());
      layout = layout.slice(maybe_negative(d, rank), start, stop, step);
      model = m.remapped(to, [&](Dims i) {
        i[d] = kept[static_cast<std::size_t>(i[d])];
        return i;
      });
      return;
    }
    default: {  // diagonal
      if (rank < 2) return;
      int a = any_dim();
      int b = any_dim();
      if (a == b) return;
      std::int64_t offset = draw(random, -3, 3);
      std::vector<std::pair<std::int64_t, std::int64_t>> on;  // (i, i + offset) inside
      for (std::int64_t i = 0; i < shape[a]; ++i) {
        if (i + offset >= 0 && i + offset < shape[b]) on.emplace_back(i, i + offset);
      }
      Shape to;
      for (int d = 0; d < rank; ++d) {
        if (d != a && d != b) to.push_back(shape[d]);
      }
      to.push_back(static_cast<std::int64_t>(on.size()));
      layout = layout.diagonal(offset, maybe_negative(a, rank), maybe_negative(b, rank));
      model = m.remapped(to, [&](Dims i) {
        auto [row, column] = on[static_cast<std::size_t>(i.back())];
        i.erase(i.size() - 1);
        i.insert(std::min(a, b), a < b ? row : column);
        i.insert(std::max(a, b), a < b ? column : row);
        return i;
      });
      return;
    }
  }
}

}  // namespace gradus::test
