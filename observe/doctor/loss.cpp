#include "gradus/observe/doctor/advice.h"
#include "gradus/observe/doctor/rules.h"
#include "gradus/observe/number.h"

// What the loss and the size of the steps tell through the run.
namespace gradus::observe::doctor {
namespace {

/// Samples in a batch, as the output layer saw them; absent where that is not known.
std::optional<double> batch_size(const Case& c) {
  for (const LayerRecord& layer : c.run.layers) {
    if (layer.is_output && !layer.steps.empty() && layer.units > 0) {
      return static_cast<double>(layer.last().z.count) / static_cast<double>(layer.units);
    }
  }
  return {};
}

/// The greatest of the weights' median update ratios in the last window.
double update_now(const Case& c) {
  double greatest = 0;
  for (const ParameterRecord& p : c.run.parameters) {
    if (p.shape.size() < 2 || p.in_normalization) continue;
    const auto medians = windows(c.update_ratios(p));
    if (!medians.empty()) greatest = std::max(greatest, medians.back());
  }
  return greatest;
}

std::vector<double> last_of(const std::vector<double>& values, std::size_t n) {
  return {values.end() - static_cast<std::ptrdiff_t>(std::min(n, values.size())), values.end()};
}

}  // namespace

void check_spikes(const Case& c, Found& found) {
  if (c.young() || c.course.learned()) return;
  std::vector<const RunStep*> steps;
  for (const RunStep& step : c.run.steps) {
    if (step.observed && std::isfinite(step.grad_norm) && std::isfinite(step.loss)) {
      steps.push_back(&step);
    }
  }
  auto around = [&](std::size_t from, std::size_t to, auto value) {
    std::vector<double> values;
    for (std::size_t i = from; i < to; ++i) values.push_back(value(*steps[i]));
    return median(std::move(values));
  };
  auto norm = [](const RunStep& step) { return step.grad_norm; };
  auto loss = [](const RunStep& step) { return step.loss; };
  std::int64_t first = 0;
  double greatest = 0;
  int spikes = 0;
  for (std::size_t i = kWindow; i + kWindow < steps.size(); ++i) {
    // Longer than before and after, and the loss was the worse for it.
    const double usual =
        std::max(around(i - kWindow, i, norm), around(i + 1, i + 1 + kWindow, norm));
    const double jump = usual > 0 ? steps[i]->grad_norm / usual : 0;
    const bool hurt =
        std::max(steps[i]->loss, steps[i + 1]->loss) > 1.5 * around(i - kWindow, i, loss);
    if (jump < 10 || !hurt || steps[i]->clipped()) continue;
    if (++spikes == 1) first = steps[i]->step;
    greatest = std::max(greatest, jump);
  }
  if (spikes < 3) return;
  Finding f{.symptom = Symptom::Exploding, .severity = Severity::Warning};
  f.since_step = first;
  f.statistic = "norm of the gradient over its median in the steps around, at its greatest";
  f.measured = greatest;
  f.threshold = 10;
  f.cause = fmt::format(
      "in {} steps the gradient was more than 10 times as long as in the steps "
      "around, and threw the weights off",
      spikes);
  f.remedies = {clip_norm(around(0, steps.size(), norm)), lower_rate(10, 1)};
  found.push_back(std::move(f));
}

void check_clipping(const Case& c, Found& found) {
  if (c.young() || c.course.learned()) return;
  std::vector<double> left, norms;
  std::size_t steps = 0;
  for (const RunStep& step : c.run.steps) {
    if (!step.observed || !(step.grad_norm > 0)) continue;
    ++steps;
    norms.push_back(step.grad_norm);
    if (step.clipped()) left.push_back(step.clipped_norm / step.grad_norm);
  }
  const double share = static_cast<double>(left.size()) / std::max(1.0, static_cast<double>(steps));
  if (share < 0.9 || median(left) > 0.3) return;
  Finding f{.symptom = Symptom::ClippingAlways, .severity = Severity::Warning};
  f.statistic = "share of observed steps in which the gradient was clipped";
  f.measured = share;
  f.threshold = 0.9;
  f.cause = fmt::format(
      "clipping left {} of a usual gradient of norm {}: it no longer guards against outliers but "
      "sets the length of every step",
      number(median(left), 2), number(median(norms), 2));
  Remedy clip = clip_norm(2 * median(norms));
  clip.action = "clip only what is unusual: at about twice the usual norm";
  f.remedies = {clip, higher_rate(10)};
  found.push_back(std::move(f));
}

void check_oscillation(const Case& c, Found& found) {
  const std::vector<double>& losses = c.course.losses;
  if (c.young() || c.course.learned() || losses.size() < 10 * kWindow) return;
  const std::vector<double> late = last_of(losses, 5 * kWindow);
  const double level = median(late);
  const double before = median({losses.end() - 10 * kWindow, losses.end() - 5 * kWindow});
  if (!(level > 0.8 * before)) return;
  int turns = 0;
  double swing = 0;
  for (std::size_t i = 2; i < late.size(); ++i) {
    turns += (late[i] - late[i - 1]) * (late[i - 1] - late[i - 2]) < 0 ? 1 : 0;
  }
  for (std::size_t i = 1; i < late.size(); ++i) swing += std::abs(late[i] - late[i - 1]);
  swing /= level * static_cast<double>(late.size() - 1);
  // Mini-batches alone make the loss differ by about its size over the root of their size.
  const double noise = 1.2 / std::sqrt(batch_size(c).value_or(16));
  const double limit = std::max(0.2, 2 * noise);
  // Noise turns in two steps of three, give or take: of n numbers drawn at random, 2 (n - 2) / 3
  // are turning points, with a variance of (16 n - 29) / 90.
  const auto n = static_cast<double>(late.size());
  const bool noise_turns = std::abs(turns - 2 * (n - 2) / 3) < 2 * std::sqrt((16 * n - 29) / 90);
  if (swing < limit || turns < 12 || noise_turns) return;
  Finding f{.symptom = Symptom::OscillatingLoss, .severity = Severity::Warning};
  f.since_step = c.run.steps[c.run.steps.size() - late.size()].step;
  f.statistic = "mean change of the loss from step to step, over its median";
  f.measured = swing;
  f.threshold = limit;
  f.cause = fmt::format(
      "the loss turned {} times in the last {} steps and came no lower: the steps "
      "leap over the valley they are in",
      turns, late.size());
  f.remedies = {lower_rate(10, 1), clip_norm(1)};
  found.push_back(std::move(f));
}

void check_speed(const Case& c, Found& found) {
  const std::size_t steps = c.course.losses.size();
  if (c.young() || !c.course.flat() || steps < 200) return;
  const double update = update_now(c);
  const double slope = c.slope();
  if (update <= 0 || update > 1e-4 || slope < 0.3) return;
  Finding f{.symptom = Symptom::SlowLearning, .severity = Severity::Warning};
  f.statistic = "RMS of a step over RMS of the weights, where they move most";
  f.measured = update;
  f.threshold = 1e-4;
  f.cause = fmt::format(
      "after {} steps the loss has fallen by {:.0f} %: there is a slope to follow, but all steps "
      "together have moved the weights by {:.1g} of their size at most",
      steps, 100 * std::max(0.0, c.course.fallen), update * static_cast<double>(steps));
  f.remedies = {
      higher_rate(std::pow(10, std::clamp(std::round(std::log10(3e-3 / update)), 1.0, 4.0)))};
  found.push_back(std::move(f));
}

}  // namespace gradus::observe::doctor
