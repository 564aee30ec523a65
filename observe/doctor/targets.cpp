#include "gradus/observe/doctor/output.h"

// The targets of a regression against what the output layer can make.
namespace gradus::observe::doctor {
namespace {

/// From end to end of what an op can make; absent where that is not bounded, or not known.
std::optional<double> width_of(const std::string& op) {
  if (op == "sigmoid" || op == "hardsigmoid" || op == "softmax") return 1;
  if (op == "tanh" || op == "softsign") return 2;
  return {};
}

/// Ops that make nothing below 0, and nearly nothing of what lies far below 0.
bool is_positive(const std::string& op) {
  return op == "softplus" || op == "exp" || op == "relu" || op == "sigmoid";
}

/// By how much a regression misses its targets, and what made the output; absent for another loss.
struct Miss {
  double by = 0;
  std::string op = {};  ///< "" for a layer's output as it is
  const char* statistic = "";
};
std::optional<Miss> miss_of(const Case& c, const Tail& tail) {
  const std::vector<std::string>& loss = c.run.loss_ops;
  if (loss.size() != 3 || loss[0] != "sub" || loss[2] != "mean") return {};
  const bool squared = loss[1] == "square";
  if (!squared && loss[1] != "abs") return {};
  return Miss{squared ? std::sqrt(c.course.recent) : c.course.recent,
              tail.ops.size() > 3 ? tail.ops[tail.ops.size() - 4] : "",
              squared ? "root of the mean squared error" : "mean absolute error"};
}

std::string without(const std::string& op) {
  return fmt::format(
      "loss(outputs, target);  // the network without its {}, or targets in its range", op);
}

void report_miss(const LayerRecord* output, const Miss& miss, double threshold,
                 const std::string& cause, Found& found) {
  Finding f = mismatch(output, cause, without(miss.op.empty() ? output->type : miss.op));
  f.statistic = miss.statistic;
  f.measured = miss.by;
  f.threshold = threshold;
  found.push_back(std::move(f));
}

/// They lie outside where it misses them by more than its output's range is wide.
bool check_range(const Miss& miss, const LayerRecord* output, Found& found) {
  const std::optional<double> width = width_of(miss.op);
  if (!width || !(miss.by > *width)) return false;
  report_miss(output, miss, *width,
              fmt::format("{} on the output cannot reach the targets: what it makes lies in a "
                          "range {} wide, and misses them by more than that",
                          miss.op, *width),
              found);
  return true;
}

/// Outputs of mean 0 and variance 1 are in the mean as far from targets of RMS T as T - 1 at least.
bool check_norm(const Miss& miss, const LayerRecord& output, Found& found) {
  const bool fixed = output.normalizes && output.parameters.empty() && miss.op.empty();
  if (!fixed || miss.by < 2) return false;
  report_miss(&output, miss, 2,
              fmt::format("'{}' makes outputs of mean 0 and variance 1 of whatever it is given, "
                          "and the targets are not so",
                          output.path),
              found);
  return true;
}

/// They lie below 0 where the outputs are small beside the error, and are to be smaller still.
bool check_negative(const Case& c, const Miss& miss, const LayerRecord& output, Found& found) {
  const Series down = c.series(output.steps, [](const LayerStep& step) {
    return step.grad && step.activation ? double(step.grad.mean) / step.grad.rms : std::nan("");
  });
  const bool all_down = lasts(down, [](double x) { return x > 0.3; });
  const double made = output.last().activation.rms;
  if (!is_positive(miss.op) || !all_down || miss.by < 3 * made) return false;
  report_miss(&output, miss, 3 * made,
              fmt::format("{} on the output makes nothing below 0, where the targets lie: outputs "
                          "of RMS {:.2g} miss them by {:.2g}, and are still to be smaller",
                          miss.op, made, miss.by),
              found);
  return true;
}

/// The outputs are next to nothing beside the targets, and will be for long.
bool check_distance(const Case& c, const Miss& miss, const LayerRecord& output, Found& found) {
  if (!c.grown() || !c.course.flat()) return false;
  const Series made = c.series(output.steps, [](const LayerStep& step) {
    return double(step.activation ? step.activation.rms : step.z.rms);
  });
  constexpr double kBeside = 30;
  if (!lasts(made, [&](double rms) { return kBeside * rms < miss.by; })) return false;
  report_miss(&output, miss, kBeside * windows(made).back(),
              fmt::format("the targets lie about {:.3g} away, and after {} steps the outputs have "
                          "an RMS of {:.2g}: initial weights and learning rates count on targets "
                          "of about 1",
                          miss.by, c.course.losses.size(), windows(made).back()),
              found);
  found.back().remedies = {{Cure::OtherLoss, "scale the targets, and what is predicted back",
                            "target = (target - mean(target, 0)) / gradus::std(target, 0);"}};
  return true;
}

/// A regression whose output cannot take the targets' values: it sticks to a bound.
void check_bounds(const Case& c, const Tail& tail, const LayerRecord* output, Found& found) {
  const bool regression =
      std::ranges::count(tail.ops, "square") > 0 || std::ranges::count(tail.ops, "abs") > 0;
  if (output == nullptr || !regression || c.course.learned() || c.young()) return;
  auto stuck = [](const LayerStep& step) {
    const double flat =
        static_cast<double>(step.saturated_low) + static_cast<double>(step.saturated_high);
    const double zero = step.activation ? step.activation.zero_share : 0;
    return std::max(flat, zero);
  };
  const Series share = c.series(output->steps, stuck);
  auto most = [](double x) { return x > 0.9; };
  if (!lasts(share, most)) return;
  Finding f =
      mismatch(output,
               fmt::format("{} on the output cannot reach the targets, so the output sticks "
                           "to its bound",
                           output->activation),
               without(output->activation));
  f.statistic = "share of outputs at the bound";
  f.measured = windows(share).back();
  f.threshold = 0.9;
  f.since_step = since(share, most);
  found.push_back(std::move(f));
}

}  // namespace

void check_targets(const Case& c, const Tail& tail, const LayerRecord* output, Found& found) {
  if (const std::optional<Miss> miss = miss_of(c, tail)) {
    if (check_range(*miss, output, found)) return;
    const bool known = output != nullptr && !output->steps.empty();
    if (known && !c.young() && !c.went_wrong() &&
        (check_norm(*miss, *output, found) || check_negative(c, *miss, *output, found) ||
         check_distance(c, *miss, *output, found))) {
      return;
    }
  }
  check_bounds(c, tail, output, found);
}

}  // namespace gradus::observe::doctor
