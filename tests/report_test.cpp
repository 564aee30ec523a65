// The page that a run is written as: what it holds, and what may be in a run without breaking it.
#include "gradus/observe/report.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "gradus/gradus.h"
#include "tests/catch.h"
#include "tests/messages.h"
#include "tests/recorded_run.h"
#include "tests/temp_folder.h"

using namespace gradus;
using namespace gradus::observe;
using nlohmann::json;

namespace {

const Findings kFinding{{{.symptom = Symptom::Vanishing,
                          .severity = Severity::Error,
                          .layer = "layers.0",
                          .at = {"/home/user/train.cpp", 42},
                          .since_step = 3,
                          .statistic = "RMS dL/dz, first over last hidden layer",
                          .measured = 4.5e-6,
                          .expected = 5.9e-6,
                          .threshold = 1e-4,
                          .cause = "<b>tanh</b> & a weight of 1 / n",
                          .remedies = {{Cure::MatchedInit, "initialise", "init(net);"}}}}};

/// The text between the first `start` and the `end` after it.
std::string between(const std::string& text, const std::string& start, const std::string& end) {
  const std::size_t from = text.find(start);
  REQUIRE(from != std::string::npos);
  const std::size_t to = text.find(end, from + start.size());
  REQUIRE(to != std::string::npos);
  return text.substr(from + start.size(), to - from - start.size());
}

/// What a browser would hand to the page's script.
json data_in(const std::string& page) {
  return json::parse(between(page, R"(<script type="application/json" id="run">)", "</script>"));
}

}  // namespace

TEST_CASE("the report's data are the run's", "[report]") {
  const RunRecord record = record_of({.depth = 3, .steps = 20});
  const json data = data_in(report_page(record, kFinding));
  CHECK(data["network"] == "Sequential");
  CHECK(data["parameters"] == 3 * 64 * 64);
  CHECK(data["run_steps"] == 20);
  CHECK(data["columns"].size() == 20);
  CHECK(data["hidden"] == json({0, 1}));
  CHECK(data["anchor"] == 2);
  REQUIRE(data["layers"].size() == 3);
  const json& layer = data["layers"][1];
  const LayerRecord& recorded = record.layers[1];
  CHECK(layer["name"] == "layers.2");
  CHECK(layer["at"] == "train.cpp:42");
  CHECK(layer["activation"] == "tanh");
  for (std::size_t c = 0; c < 20; ++c) {
    CHECK(layer["g"][c].get<double>() == Approx(recorded.steps[c].grad.rms).epsilon(1e-3));
    CHECK(layer["z"][c].get<double>() == Approx(recorded.steps[c].z.rms).epsilon(1e-3));
    CHECK(layer["low"][c].get<double>() == Approx(recorded.steps[c].saturated_low).epsilon(1e-3));
    CHECK(layer["update"][c].get<double>() ==
          Approx(record.parameters[1].steps[c].update_ratio()).epsilon(1e-3));
  }
  CHECK(layer["expected_z"].get<double>() == Approx(std::sqrt(1.44 / 1.3)).epsilon(1e-3));
  CHECK(layer["expected_g"].get<double>() == Approx(0.45));
  CHECK(data["findings"][0]["cause"] == "<b>tanh</b> & a weight of 1 / n");
  CHECK(data["steps"]["loss"][19].get<double>() == Approx(record.steps.back().loss).epsilon(1e-3));
}

TEST_CASE("histograms are written without their empty ends", "[report]") {
  const RunRecord record = record_of({.depth = 2, .steps = 20});
  const json data = json::parse(report_data(record, {}));
  const json& histograms = data["layers"][0]["histograms"];
  CHECK(histograms["step"] == json({0, 5, 10, 15}));
  const json& first = histograms["z"][0];
  const LogHistogram& recorded = record.layers[0].histograms[0].z;
  CHECK(first[1] == recorded.total);
  REQUIRE(first.size() == 2 + 7);
  for (std::size_t k = 0; k < 7; ++k) {
    CHECK(first[2 + k] == recorded.counts[first[0].get<std::size_t>() + k]);
  }
  CHECK_FALSE(histograms.contains("b"));
}

TEST_CASE("an empty histogram is no row of counts", "[report]") {
  RunRecord record = record_of({.depth = 1, .steps = 1});
  record.layers[0].histograms.back().grad.counts = {};  // all zeros
  record.layers[0].histograms.back().activation = {};   // none taken
  const json histograms = json::parse(report_data(record, {}))["layers"][0]["histograms"];
  CHECK(histograms["g"][0] == json({LogHistogram::bins, 1000}));
  CHECK_FALSE(histograms.contains("a"));
}

TEST_CASE("names cannot break out of the page", "[report]") {
  RunRecord record = record_of({.depth = 2, .steps = 3});
  const std::string name = "x</script><!-- <script>{{data}} \xff";
  record.network = name;
  record.layers[0].path = name;
  const std::string page = report_page(record, kFinding);
  const std::string plain = report_page(record_of({.depth = 2, .steps = 3}), kFinding);
  const auto closing = [](const std::string& text) {
    std::size_t n = 0;
    for (std::size_t at = text.find("</script"); at != std::string::npos;
         at = text.find("</script", at + 1)) {
      ++n;
    }
    return n;
  };
  CHECK(closing(page) == closing(plain));
  CHECK(between(page, "<title>", "</title>").rfind("x&lt;/script&gt;&lt;!-- &lt;script&gt;", 0) ==
        0);
  const json data = data_in(page);
  CHECK(data["layers"][0]["name"] == "x</script><!-- <script>{{data}} \xef\xbf\xbd");
}

TEST_CASE("the page needs nothing from outside", "[report]") {
  const std::string page = report_page(record_of({}), kFinding);
  for (const char* outside : {"src=", "href=", "@import", "url(", "fetch(", "{{data}}", "{{title}}",
                              "{{style}}", "{{script}}"}) {
    INFO(outside);
    CHECK(page.find(outside) == std::string::npos);
  }
  CHECK(between(page, "<style>", "</style>").size() > 1000);
  CHECK(page.find("drawAll();") != std::string::npos);
}

TEST_CASE("NaN and infinity keep the page whole", "[report]") {
  RunRecord record = record_of({.depth = 3, .steps = 20, .nan_from = 12});
  record.parameters[0].steps.back().value = sample_of(0);  // an update ratio of infinity
  record.parameters[0].steps.back().change = sample_of(1);
  Findings findings = kFinding;
  findings.list[0].measured = std::nan("");
  const json data = data_in(report_page(record, findings));
  CHECK(data["steps"]["loss"][11].is_number());
  CHECK(data["steps"]["loss"][12] == "NaN");
  CHECK(data["layers"][1]["g"][11].is_number());
  CHECK(data["layers"][1]["g"][12] == "NaN");
  CHECK(data["layers"][0]["update"][19] == "Infinity");
}

TEST_CASE("what was not observed is absent", "[report]") {
  RunRecord record = record_of({.depth = 3, .steps = 5, .predicted = false});
  record.layers[1].steps.back().grad = {};
  record.steps.back().observed = false;
  const json data = json::parse(report_data(record, {}));
  CHECK(data["anchor"].is_null());
  CHECK(data["layers"][0]["expected_g"].is_null());
  CHECK(data["layers"][1]["g"][4].is_null());
  CHECK(data["layers"][1]["g"][3].is_number());
  CHECK_FALSE(data["layers"][1].contains("dead"));
  CHECK_FALSE(data["layers"][2].contains("a"));
  CHECK(data["steps"]["grad_norm"][4].is_null());
  CHECK(data["findings"] == json::array());
}

TEST_CASE("a run without a step has a page", "[report]") {
  const json data = data_in(report_page(RunRecord(), {}));
  CHECK(data["columns"].empty());
  CHECK(data["run_steps"] == 0);
}

TEST_CASE("thinning keeps the first step, the last and the first NaN", "[report]") {
  RunRecord record = record_of({.depth = 700, .steps = 200});
  History<LayerStep> steps;
  for (LayerStep step : record.layers[5].steps) {
    if (step.step == 101) step.grad = sample_of(1, true);
    steps.push(step);
  }
  record.layers[5].steps = steps;
  const json data = json::parse(report_data(record, {}));
  const auto columns = data["columns"].get<std::vector<std::int64_t>>();
  CHECK(columns.size() == 40'000 / 700);
  CHECK(columns.front() == 0);
  CHECK(columns.back() == 199);
  CHECK(std::is_sorted(columns.begin(), columns.end()));
  const auto column = std::upper_bound(columns.begin(), columns.end(), 101) - columns.begin() - 1;
  CHECK(data["layers"][5]["g"][static_cast<std::size_t>(column)] == "NaN");
  CHECK(data["layers"][5]["g"].back().is_number());
}

TEST_CASE("a long run of a deep network stays a few MB", "[report]") {
  const std::string page = report_page(record_of({.depth = 300, .steps = 400}), kFinding);
  CHECK(page.size() < 5'000'000);
}

TEST_CASE("write_report writes the page and replaces what was there", "[report]") {
  const TempFolder folder;
  const std::string file = folder.path("run.html");
  const RunRecord record = record_of({});
  std::ofstream(file) << std::string(1'000'000, 'x');
  write_report(record, kFinding, file);
  std::stringstream written;
  written << std::ifstream(file).rdbuf();
  CHECK(written.str() == report_page(record, kFinding));
}

TEST_CASE("write_report names the file that it cannot write", "[report]") {
  const TempFolder folder;
  const std::string file = folder.path("missing/run.html");
  const std::string message = messages::message_of([&] { write_report(record_of({}), {}, file); });
  CHECK_THAT(message, StartsWith("[report] " + file + " cannot be written: No such file"));
  CHECK_THAT(message, Contains("at report_test.cpp:"));
}
