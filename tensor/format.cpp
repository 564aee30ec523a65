#include "gradus/tensor/format.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace gradus {
namespace {

constexpr std::int64_t edge_items = 3;          // shown at each end of a summarised dimension
constexpr std::int64_t summarise_above = 1000;  // elements
constexpr int line_width = 80;
constexpr int precision = 4;
constexpr int indent_of_tensor = 7;  // "tensor("

/// Appends the elements that are shown.
template <class T>
void collect(const T* data, const Layout& layout, int d, bool summarise, std::vector<T>& out) {
  if (d == layout.rank()) {
    out.push_back(*data);
    return;
  }
  std::int64_t size = layout.shape[d];
  bool cut = summarise && size > 2 * edge_items;
  for (std::int64_t i = 0; i < size; ++i) {
    if (cut && i == edge_items) i = size - edge_items;
    collect(data + i * layout.strides[d], layout, d + 1, summarise, out);
  }
}

/// How PyTorch writes floating numbers: it looks at all the finite ones that are shown.
enum class Style { Whole, Fixed, Scientific };

template <class T>
Style style_of(const std::vector<T>& values) {
  double smallest = INFINITY;
  double largest = 0;
  bool whole = true;
  for (T value : values) {
    if (!std::isfinite(value) || value == 0) continue;
    double magnitude = std::abs(static_cast<double>(value));
    smallest = std::min(smallest, magnitude);
    largest = std::max(largest, magnitude);
    whole = whole && std::ceil(value) == value;
  }
  if (largest == 0) return Style::Whole;
  bool wide = largest / smallest > 1000 || largest > 1e8 || (!whole && smallest < 1e-4);
  return wide ? Style::Scientific : whole ? Style::Whole : Style::Fixed;
}

std::string text_of(double value, Style style) {
  if (!std::isfinite(value)) return fmt::format("{}", value);
  switch (style) {
    case Style::Whole:
      return fmt::format("{:.0f}.", value);
    case Style::Fixed:
      return fmt::format("{:.{}f}", value, precision);
    case Style::Scientific:
      break;
  }
  return fmt::format("{:.{}e}", value, precision);
}

/// The shown elements as text, padded to `width`.
struct Column {
  std::vector<std::string> texts;
  std::size_t width = 1;
};

template <class T>
Column column_of(const Tensor& x, bool summarise) {
  std::vector<T> values;
  collect(x.data<T>(), x.layout(), 0, summarise, values);
  Column column;
  auto& [texts, width] = column;
  if constexpr (std::floating_point<T>) {
    Style style = style_of(values);
    for (T value : values) {
      texts.push_back(text_of(static_cast<double>(value), style));
      // PyTorch aligns to the finite numbers that are not 0; the others may stick out.
      if (std::isfinite(value) && value != 0) width = std::max(width, texts.back().size());
    }
  } else {
    for (T value : values) {
      if constexpr (std::same_as<T, bool>) {
        texts.push_back(value ? "True" : "False");
      } else {
        texts.push_back(fmt::format("{}", value));
      }
      width = std::max(width, texts.back().size());
    }
  }
  for (std::string& text : texts) text = fmt::format("{:>{}}", text, width);
  return column;
}

class Printer {
 public:
  Printer(const Tensor& x, Column column, bool summarise)
      : shape_(x.shape()), column_(std::move(column)), summarise_(summarise) {}

  std::string print() {
    if (shape_.empty()) return column_.texts[0];
    std::string text;
    write(0, text);
    return text;
  }

 private:
  /// Writes dimension d and those within it, taking the texts in order.
  void write(int d, std::string& text) {
    std::int64_t size = shape_[d];
    bool cut = summarise_ && size > 2 * edge_items;
    std::int64_t shown = cut ? 2 * edge_items + 1 : size;  // the dots take a place
    bool innermost = d == shape_.size() - 1;
    auto start = static_cast<std::size_t>(indent_of_tensor + d + 1);
    text += '[';
    std::int64_t per_line = innermost ? numbers_per_line(start - 1) : 1;
    for (std::int64_t i = 0; i < shown; ++i) {
      if (i > 0) {
        text += innermost && i % per_line != 0 ? ", " : ",";
        if (!innermost) text.append(static_cast<std::size_t>(shape_.size() - 1 - d), '\n');
        if (innermost && i % per_line == 0) text += '\n';
        if (!innermost || i % per_line == 0) text.append(start, ' ');
      }
      if (cut && i == edge_items) {
        text += innermost ? " ..." : "...";
      } else if (innermost) {
        text += column_.texts[next_++];
      } else {
        write(d + 1, text);
      }
    }
    text += ']';
  }

  std::int64_t numbers_per_line(std::size_t indent) const {
    auto room = static_cast<std::int64_t>(line_width) - static_cast<std::int64_t>(indent);
    return std::max<std::int64_t>(room / static_cast<std::int64_t>(column_.width + 2), 1);
  }

  const Shape& shape_;
  Column column_;
  std::size_t next_ = 0;
  bool summarise_;
};

}  // namespace

std::string to_string(const Tensor& x) {
  if (!x.defined()) return "tensor(undefined)";
  std::vector<std::string> suffixes;
  std::string text = "tensor(";
  if (x.numel() == 0) {
    text += "[]";
    if (x.dim() != 1) suffixes.push_back("size=" + to_string(x.shape()));
    if (x.dtype() != DType::Float32) suffixes.push_back(fmt::format("dtype={}", x.dtype()));
  } else {
    bool summarise = x.numel() > summarise_above;
    Column column =
        visit(x.dtype(), [&](auto zero) { return column_of<decltype(zero)>(x, summarise); });
    text += Printer(x, std::move(column), summarise).print();
    if (x.dtype() == DType::Float64) suffixes.push_back("dtype=float64");
  }
  if (x.requires_grad()) suffixes.push_back("requires_grad=True");

  // Two more than there are, as PyTorch counts them. Without a line break npos + 1 is 0.
  std::size_t last_line = text.size() - (text.rfind('\n') + 1) + 2;
  for (const std::string& suffix : suffixes) {
    if (last_line + suffix.size() + 2 > line_width) {
      text += ",\n" + std::string(indent_of_tensor, ' ') + suffix;
      last_line = indent_of_tensor + suffix.size();
    } else {
      text += ", " + suffix;
      last_line += suffix.size() + 2;
    }
  }
  return text + ")";
}

}  // namespace gradus
