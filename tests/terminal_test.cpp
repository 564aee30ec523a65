// The bar chart of a run's gradients and the live line.
#include "gradus/observe/terminal.h"

#include <cmath>
#include <sstream>

#include "gradus/gradus.h"
#include "gradus/observe/monitor.h"
#include "tests/catch.h"
#include "tests/messages.h"
#include "tests/recorded_run.h"

using namespace gradus;
using namespace gradus::observe;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// Four layers whose RMS dL/dz is 1e-4, 1e-3, 1e-2 and 1e-1.
RunRecord decades() {
  RunRecord record = record_of({.depth = 4, .steps = 1});
  for (std::size_t i = 0; i < 4; ++i) {
    record.layers[i].steps.back().grad = sample_of(std::pow(10.0, static_cast<double>(i) - 4));
  }
  for (LayerPrediction& layer : record.expected->layers) layer.grad_rms = 0.1;
  record.expected->layers.back().grad_rms = 1;
  return record;
}

std::size_t bar_length(const std::string& line) {
  return static_cast<std::size_t>(std::count(line.begin(), line.end(), '#'));
}

}  // namespace

TEST_CASE("the gradient chart draws decades at equal distances", "[terminal]") {
  const auto lines = lines_of(gradient_chart(decades()));
  REQUIRE(lines.size() == 2 + 4);
  CHECK(lines[0] == "RMS of dL/dz at step 0, 4 layers (# measured, | expected by theory)");
  CHECK_THAT(lines[1], Contains(" 1e-4 ") && EndsWith(" 1e-1"));
  CHECK(lines[1].size() == 80);
  CHECK_THAT(lines[2], StartsWith("layers.0  1.0e-04 #"));
  CHECK(lines[5].size() == 80);
  // 62 columns: the ends are 61 apart, and theory's 1e-2 stands two thirds of the way.
  const std::size_t mark = lines[2].find('|');
  CHECK(mark == 18 + 41);
  CHECK(bar_length(lines[2]) == 1);
  CHECK(bar_length(lines[3]) == 1 + 20);
  CHECK(lines[4][mark] == '|');
  CHECK(bar_length(lines[4]) == 1 + 41 - 1);
  CHECK(lines[5][mark] == '#');  // of the last layer itself theory says what was measured
  CHECK(lines[5].back() == '|');
}

TEST_CASE("the gradient chart names what has no place on its scale", "[terminal]") {
  RunRecord record = decades();
  record.layers[0].steps.back().grad = sample_of(0);
  record.layers[1].steps.back().grad = sample_of(0, true);
  record.layers[2].steps.back().grad = {};
  record.expected.reset();
  const auto lines = lines_of(gradient_chart(record));
  REQUIRE(lines.size() == 2 + 3);
  CHECK(lines[0] == "RMS of dL/dz at step 0, 3 layers");
  CHECK_THAT(lines[2], EndsWith(" exactly 0"));
  CHECK_THAT(lines[3], EndsWith(" not finite"));
  CHECK_THAT(lines[4], StartsWith("layers.6  1.0e-01 #"));
}

TEST_CASE("a chart without a finite value has no axis", "[terminal]") {
  RunRecord record = record_of({.depth = 2, .steps = 3, .nan_from = 0});
  const auto lines = lines_of(gradient_chart(record));
  REQUIRE(lines.size() == 1 + 2);
  CHECK_THAT(lines[1], EndsWith(" nan not finite"));
  CHECK(gradient_chart(RunRecord()) == "RMS of dL/dz: no gradient has been observed");
}

TEST_CASE("a chart of many layers draws groups by their geometric mean", "[terminal]") {
  RunRecord record = record_of({.depth = 81, .steps = 1, .predicted = false});
  for (std::size_t i = 0; i < 3; ++i) {
    record.layers[i].steps.back().grad = sample_of(std::pow(10.0, -2 * static_cast<double>(i)));
  }
  record.layers[4].steps.back().grad = sample_of(0);
  const auto lines = lines_of(gradient_chart(record));
  REQUIRE(lines.size() == 2 + 27);
  CHECK_THAT(lines[2], StartsWith("layers.0 (+2)    1.0e-02 #"));
  CHECK_THAT(lines[3], EndsWith(" exactly 0 in some"));
  for (const std::string& line : lines) CHECK(line.size() <= 80);
}

TEST_CASE("the live line has the step, the loss, the ratio and the worst finding", "[terminal]") {
  const RunRecord record = record_of({.depth = 3, .steps = 20});
  const std::string healthy = live_line(record, {});
  CHECK_THAT(healthy, StartsWith(fmt::format("step 19  loss {:.4g}", record.steps.back().loss)));
  CHECK_THAT(healthy, Contains(fmt::format("ratio {:.1e}", *record.gradient_ratio())));
  Findings findings;
  findings.list.push_back({.symptom = Symptom::Saturation, .layer = "layers.0"});
  CHECK_THAT(live_line(record, findings), EndsWith("  warning: saturation in 'layers.0'"));
  findings.list.push_back({.symptom = Symptom::Vanishing, .severity = Severity::Error});
  CHECK_THAT(live_line(record, findings), EndsWith("  error: vanishing-gradient"));
  findings.list.back().layer = std::string(100, 'x');
  CHECK(live_line(record, findings).size() == 79);
  CHECK(live_line(RunRecord(), {}) == "no step yet");
}

TEST_CASE("LiveLine prints a line every so many steps where there is no terminal", "[terminal]") {
  manual_seed(1);
  nn::Sequential net{nn::Linear(2, 4), nn::Tanh(), nn::Linear(4, 4), nn::Tanh(), nn::Linear(4, 1)};
  const Tensor x = randn({8, 2});
  optim::SGD sgd(net.parameters(), {.lr = 0.01});
  Monitor monitor(net);
  std::FILE* out = std::tmpfile();
  REQUIRE(out != nullptr);
  {
    LiveLine line(5, out);
    line.show(monitor);  // before the first step there is nothing to say
    for (int step = 0; step < 11; ++step) {
      sgd.zero_grad();
      Tensor loss = (net(x) * net(x)).mean();
      loss.backward();
      sgd.step();
      monitor.step(loss);
      line.show(monitor);
      line.show(monitor);  // the same step is not printed twice
    }
  }
  std::string text(static_cast<std::size_t>(std::ftell(out)), '\0');
  std::rewind(out);
  CHECK(std::fread(text.data(), 1, text.size(), out) == text.size());
  std::fclose(out);
  const auto lines = lines_of(text);
  REQUIRE(lines.size() == 3);
  CHECK_THAT(lines[0], StartsWith("step 0  loss "));
  CHECK_THAT(lines[1], StartsWith("step 5  loss "));
  CHECK_THAT(lines[2], StartsWith("step 10  loss "));
}

TEST_CASE("LiveLine refuses intervals below one step", "[terminal]") {
  messages::check_messages({{"LiveLine", [] { LiveLine line(0); }, {"at least 1, got 0"}}});
}
