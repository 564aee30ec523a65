#include "gradus/observe/doctor/course.h"

#include <limits>
#include <map>
#include <numeric>

#include "gradus/observe/median.h"

namespace gradus::observe::doctor {
namespace {

/// ln(classes), if the loss is the mean of a cross entropy of the network's output.
std::optional<double> uninformed_loss(const RunRecord& run) {
  if (run.loss_ops.empty()) return {};
  auto has = [&](const char* op) {
    return std::ranges::count(run.loss_ops, op) > 0 ||
           (run.structure && std::ranges::count(run.structure->end.ops, op, &TracedOp::name) > 0);
  };
  const bool binary = has("logsigmoid") || has("binary_cross_entropy");
  const bool softmax = has("cross_entropy") || has("log_softmax");
  if (!binary && !softmax) return {};
  // A factor or a further term after the mean, and it is no longer what it was.
  const std::string& last = run.loss_ops.back();
  if (last != "cross_entropy" && last != "mean" && !(has("gather") && last == "div")) return {};
  for (const LayerRecord& layer : run.layers) {
    if (!layer.is_output || layer.steps.empty() || layer.units < 1) continue;
    const Sample& grad = layer.steps.front().grad;
    const double classes = binary ? 2 : static_cast<double>(layer.units);
    const double rows = static_cast<double>(grad.count) / static_cast<double>(layer.units);
    // Scores of one sample get probabilities less a one for gradients, of norm sqrt(2) at most. A
    // mean over samples divides that by their number; a sum does not.
    const double greatest = std::sqrt(2.0 / (binary ? 1.0 : classes)) / rows;
    if (classes < 2 || !grad || grad.rms > 1.01 * greatest) return {};
    return std::log(classes);
  }
  return {};
}

/// The layer that says what a regression predicts, by a loss of these ops; null where it is none.
const LayerRecord* regressor(const RunRecord& run, const std::vector<std::string>& loss_ops) {
  if (run.loss_ops != loss_ops) return nullptr;
  for (const LayerRecord& layer : run.layers) {
    if (layer.is_output && !layer.steps.empty()) return &layer;
  }
  return nullptr;
}

const std::vector<std::string> kSquares = {"sub", "square", "mean"};
const std::vector<std::string> kDistances = {"sub", "abs", "mean"};

const Sample& said(const LayerStep& step) { return step.activation ? step.activation : step.z; }

/// Variance over samples of what a regression by squares says: a bias for each unit varies with
/// none.
std::optional<double> output_variance(const RunRecord& run) {
  const LayerRecord* layer = regressor(run, kSquares);
  if (layer == nullptr || std::isnan(layer->last().variance_over_samples)) return {};
  return layer->last().variance_over_samples;
}

/// Whether what a regression says makes up its loss, in the first observed steps and in the last.
/// Outputs and targets have nothing in common at first, so the targets are small.
bool all_own_noise(const RunRecord& run) {
  const bool squares = run.loss_ops == kSquares;
  const LayerRecord* layer = regressor(run, squares ? kSquares : kDistances);
  if (layer == nullptr) return false;
  std::map<std::int64_t, double> losses;
  for (const RunStep& step : run.steps) losses[step.step] = step.loss;
  std::vector<double> ratios;  // of the loss to what it would be for targets of 0, about
  for (const LayerStep& step : layer->steps) {
    const auto loss = losses.find(step.step);
    const double rms = said(step).rms;
    if (loss == losses.end() || !(rms > 0)) continue;
    ratios.push_back(loss->second / (squares ? rms * rms : rms));
  }
  const auto window = static_cast<std::ptrdiff_t>(kWindow);
  if (std::ssize(ratios) < 2 * window) return false;
  auto as_alone = [&](std::vector<double> some) {
    const double ratio = median(std::move(some));
    // The mean absolute value is .8 of the RMS of a normal distribution, and less of longer tails.
    return squares ? ratio > 0.9 && ratio < 1.1 : ratio > 0.6 && ratio < 0.9;
  };
  return as_alone({ratios.begin(), ratios.begin() + window}) &&
         as_alone({ratios.end() - window, ratios.end()});
}

/// The least median of a window of the values.
double lowest(const std::vector<double>& values) {
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i + kWindow <= values.size(); i += kWindow) {
    const auto from = values.begin() + static_cast<std::ptrdiff_t>(i);
    least = std::min(least, median({from, from + static_cast<std::ptrdiff_t>(kWindow)}));
  }
  return least;
}

}  // namespace

double midmean(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const std::ptrdiff_t quarter = std::ssize(values) / 4;
  const std::vector<double> middle(values.begin() + quarter, values.end() - quarter);
  return std::accumulate(middle.begin(), middle.end(), 0.0) / static_cast<double>(middle.size());
}

Course::Course(const RunRecord& run) {
  for (const RunStep& step : run.steps) {
    if (!std::isfinite(step.loss)) break;
    losses.push_back(step.loss);
  }
  if (losses.empty()) return;
  const std::size_t n = losses.size();
  const std::size_t tail = std::min(n, std::max<std::size_t>(n / 10, 10));
  start =
      median({losses.begin(), losses.begin() + std::min<std::ptrdiff_t>(std::ssize(losses), 3)});
  // Before the first update is where it began, if one or two have multiplied it: no batch differs
  // so much from others.
  if (losses[0] > 0 && start > 100 * losses[0]) start = losses[0];
  recent = midmean({losses.end() - static_cast<std::ptrdiff_t>(tail), losses.end()});
  uninformed = uninformed_loss(run);
  const double reference = uninformed ? std::min(start, *uninformed) : start;
  fallen = reference == 0 ? 0 : (reference - recent) / std::abs(reference);
  const std::optional<double> explained = output_variance(run);
  low = uninformed ? recent < 0.7 * *uninformed : explained && recent < 0.3 * *explained;
  poor = explained && recent > 4 * *explained;
  own_noise = all_own_noise(run);
  const auto three = std::min<std::ptrdiff_t>(std::ssize(losses), 3 * kWindow);
  const std::vector<double> late(losses.end() - three, losses.end());
  lost = reference > 0 && lowest(losses) < 0.7 * reference && lowest(late) > 0.9 * reference;
}

bool Course::falling() const {
  const auto half = std::ssize(losses) / 2;
  return recent < 0.8 * median({losses.begin(), losses.begin() + half});
}

}  // namespace gradus::observe::doctor
