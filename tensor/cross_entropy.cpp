#include <cmath>
#include <limits>

#include "gradus/tensor/creation.h"
#include "gradus/tensor/iterate.h"
#include "gradus/tensor/line.h"
#include "gradus/tensor/ops.h"

namespace gradus::kernel {
namespace {

/// ClassTarget with its numbers at hand.
template <class T>
struct Classes {
  std::int64_t count;
  Tensor targets, weights;
  const std::int64_t* target;
  const T* weight;  // null: all 1
  double smoothing;
  std::int64_t ignore_index;
  double weight_total;  // over all classes

  Classes(const ClassTarget& from, std::int64_t classes)
      : count(classes),
        targets(contiguous(from.target)),
        weights(from.weight.defined() ? contiguous(from.weight) : Tensor()),
        target(targets.data<std::int64_t>()),
        weight(weights.defined() ? weights.data<T>() : nullptr),
        smoothing(from.label_smoothing),
        ignore_index(from.ignore_index),
        weight_total(weight != nullptr ? line::sum(classes, weight)
                                       : static_cast<double>(classes)) {}

  bool ignored(std::int64_t row) const { return target[row] == ignore_index; }
  double weight_of(std::int64_t c) const {
    return weight != nullptr ? static_cast<double>(weight[c]) : 1.0;
  }
  /// What each class gets of the label, in units of its weight.
  double share() const { return smoothing / static_cast<double>(count); }
  /// What the class of the label gets on top.
  double hit(std::int64_t row) const { return (1 - smoothing) * weight_of(target[row]); }
  double total(std::int64_t row) const { return hit(row) + share() * weight_total; }
};

void check_targets(const ClassTarget& classes, std::int64_t count) {
  std::int64_t row = 0;
  for (std::int64_t t : classes.target.to_vector<std::int64_t>()) {
    check<IndexError>(t == classes.ignore_index || (t >= 0 && t < count),
                      "target {} at index {} is outside [0, {})", t, row, count);
    ++row;
  }
}

std::int64_t row_grain(std::int64_t classes) {
  return std::max<std::int64_t>((1 << 14) / std::max<std::int64_t>(classes, 1), 1);
}

}  // namespace

CrossEntropy cross_entropy(const Tensor& logits, const ClassTarget& target) {
  std::int64_t rows = logits.shape()[0];
  std::int64_t count = logits.shape()[1];
  check_targets(target, count);
  Tensor dense = contiguous(logits);
  CrossEntropy result{empty(rows, logits.dtype()), empty(rows, float64), 0};
  double* log_z = result.log_z.data<double>();
  visit_floating(logits.dtype(), [&](auto zero) {
    using T = decltype(zero);
    Classes<T> classes(target, count);
    const T* from = dense.data<T>();
    T* loss = result.loss.data<T>();
    parallel_for(0, rows, row_grain(count), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        const T* row = from + r * count;
        T top = line::max(count, row);
        log_z[r] = std::isfinite(top)
                       ? static_cast<double>(top) + std::log(line::sum_exp_minus(count, row, top))
                       : std::numeric_limits<double>::quiet_NaN();
        if (classes.ignored(r)) {
          loss[r] = 0;
          continue;
        }
        std::int64_t t = classes.target[r];
        double nll = classes.weight_of(t) * (log_z[r] - static_cast<double>(row[t]));
        if (classes.smoothing > 0) {
          double all = classes.weight == nullptr
                           ? classes.weight_total * log_z[r] - line::sum(count, row)
                           : -line::dot_minus(count, classes.weight, row, log_z[r]);
          nll = (1 - classes.smoothing) * nll + classes.share() * all;
        }
        loss[r] = static_cast<T>(nll);
      }
    });
    for (std::int64_t r = 0; r < rows; ++r) {
      if (!classes.ignored(r)) result.divisor += classes.weight_of(classes.target[r]);
    }
  });
  return result;
}

Tensor class_totals(const ClassTarget& target, std::int64_t count, DType dtype) {
  Tensor out = empty(target.target.shape(), dtype);
  visit_floating(dtype, [&](auto zero) {
    using T = decltype(zero);
    Classes<T> classes(target, count);
    for (std::int64_t r = 0; r < out.numel(); ++r) {
      out.at<T>(r) = classes.ignored(r) ? T{0} : static_cast<T>(classes.total(r));
    }
  });
  return out;
}

Tensor cross_entropy_backward(const Tensor& g, const Tensor& logits, const Tensor& log_z,
                              const ClassTarget& target) {
  std::int64_t rows = logits.shape()[0];
  std::int64_t count = logits.shape()[1];
  Tensor dense = contiguous(logits);
  Tensor gradients = contiguous(g);
  Tensor out = empty(logits.shape(), logits.dtype());
  visit_floating(logits.dtype(), [&](auto zero) {
    using T = decltype(zero);
    Classes<T> classes(target, count);
    const T* from = dense.data<T>();
    const T* gs = gradients.data<T>();
    T* to = out.data<T>();
    parallel_for(0, rows, row_grain(count), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        T* row = to + r * count;
        if (classes.ignored(r)) {
          std::fill(row, row + count, T{0});
          continue;
        }
        double log_norm = log_z.at<double>(r);
        auto gradient = static_cast<double>(gs[r]);
        // The part of log_z that T cannot hold goes into the scale.
        auto shift = static_cast<T>(log_norm);
        auto scale = static_cast<T>(gradient * classes.total(r) *
                                    std::exp(static_cast<double>(shift) - log_norm));
        line::exp_minus(count, from + r * count, shift, row);
        if (classes.smoothing == 0) {
          for (std::int64_t c = 0; c < count; ++c) row[c] *= scale;
        } else {
          for (std::int64_t c = 0; c < count; ++c) {
            auto smooth = static_cast<T>(gradient * classes.share() * classes.weight_of(c));
            row[c] = row[c] * scale - smooth;
          }
        }
        row[classes.target[r]] -= static_cast<T>(gradient * classes.hit(r));
      }
    });
  });
  return out;
}

}  // namespace gradus::kernel
