#include "gradus/observe/export.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "gradus/autograd/operators.h"
#include "gradus/autograd/ops.h"
#include "gradus/nn/activations.h"
#include "gradus/nn/linear.h"
#include "gradus/nn/sequential.h"
#include "gradus/observe/export/event_file.h"
#include "gradus/observe/export/quantities.h"
#include "gradus/observe/monitor.h"
#include "gradus/optim/sgd.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"
#include "tests/event_file.h"
#include "tests/temp_folder.h"

using namespace gradus;
using namespace gradus::observe;
using nlohmann::json;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

Sample sample(float rms) {
  return {.rms = rms, .mean = -rms / 2, .abs_max = 3 * rms, .zero_share = 0.25F, .count = 8};
}

LayerStep layer_step(std::int64_t step, float rms) {
  LayerStep s;
  s.step = step;
  s.z = sample(rms);
  s.grad = sample(rms / 1000);
  s.signal_to_noise = 1.5F;
  return s;
}

/// Two steps of one layer that is called twice, and of a parameter with an awkward name.
RunRecord small_record() {
  RunRecord record;
  record.network = "Sequential";
  record.steps.push({.step = 0,
                     .loss = 0.5,
                     .observed = true,
                     .grad_norm = 2,
                     .clipped_norm = 1,
                     .update_norm = 0.1});
  record.steps.push({.step = 1, .loss = not_a_number});
  record.layers.resize(2);
  for (int call = 0; call < 2; ++call) {
    LayerRecord& layer = record.layers[static_cast<std::size_t>(call)];
    layer.path = "blocks.0";
    layer.type = "Linear";
    layer.call = call;
    layer.units = 4;
    layer.activation = "tanh";
    layer.at = Where("train.cpp", 7);
    layer.steps.push(layer_step(0, 0.1F + static_cast<float>(call)));
  }
  LayerHistograms histograms{.step = 0, .z = {}, .activation = {}, .grad = {}};
  histograms.grad.counts[30] = 3;  // 2^-6 <= |x| < 2^-5
  histograms.grad.counts[32] = 1;  // 2^-4 <= |x| < 2^-3
  histograms.grad.total = 5;
  record.layers[0].histograms.push(histograms);
  ParameterRecord parameter;
  parameter.name = "w,\"1\"";
  parameter.shape = {2, 4};
  ParameterStep step;
  step.value = {.rms = 0, .mean = 0, .abs_max = 0, .zero_share = 1, .count = 8};
  step.gradient = step.change = sample(0.5F);
  parameter.steps.push(step);
  record.parameters.push_back(parameter);
  return record;
}

Findings one_finding() {
  return {{{.symptom = Symptom::Vanishing,
            .layer = "blocks.0",
            .measured = 1e-6,
            .cause = "lost on the way"}}};
}

/// A real run, with more than one history thinned.
struct Run {
  nn::Sequential net{nn::Linear(3, 5), nn::Tanh(), nn::Linear(5, 1)};
  Monitor monitor{net, {.dense = 1000}};
  optim::SGD opt{net.parameters(), {.lr = 0.05}};
  void train(int steps) {
    for (int i = 0; i < steps; ++i) {
      Tensor x = randn({16, 3});
      Tensor error = net(x) - x.sum({1}, true);
      Tensor loss = (error * error).mean();
      opt.zero_grad();
      loss.backward();
      opt.step();
      monitor.step(loss);
    }
  }
};

}  // namespace

TEST_CASE("crc32c: the examples of RFC 3720", "[export]") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
  std::string ascending;
  for (char c = 0; c < 32; ++c) ascending += c;
  CHECK(crc32c(ascending) == 0x46dd794e);
}

TEST_CASE("JSON Lines hold every number under its name", "[export]") {
  TempFolder folder;
  const RunRecord record = small_record();
  write_json_lines(record, folder.path("run.jsonl"));
  std::map<std::string, std::vector<json>> by_kind;
  for (const std::string& line : lines_of(read(folder.path("run.jsonl")))) {
    const json object = json::parse(line);
    by_kind[object["kind"]].push_back(object);
  }
  CHECK(by_kind["run"][0]["network"] == "Sequential");
  REQUIRE(by_kind["layer"].size() == 2);
  CHECK(by_kind["layer"][1] == json::parse(R"({"kind": "layer", "layer": "blocks.0", "call": 1,
      "type": "Linear", "activation": "tanh", "units": 4, "file": "train.cpp", "line": 7})"));
  CHECK(by_kind["parameter"][0]["parameter"] == "w,\"1\"");
  CHECK(by_kind["parameter"][0]["shape"] == json::parse("[2, 4]"));

  REQUIRE(by_kind["step"].size() == 2);
  CHECK(by_kind["step"][0] == json::parse(R"({"kind": "step", "step": 0, "loss": 0.5,
      "grad_norm": 2.0, "clipped_norm": 1.0, "update_norm": 0.1})"));
  CHECK(by_kind["step"][1] == json::parse(R"({"kind": "step", "step": 1, "loss": "NaN",
      "grad_norm": null, "clipped_norm": null, "update_norm": null})"));

  REQUIRE(by_kind["layer_step"].size() == 2);
  const json& layer = by_kind["layer_step"][0];
  CHECK(layer.size() == 4 + layer_quantities().size());
  CHECK(layer["z_rms"] == 0.1);  // not 0.10000000149
  CHECK(layer["z_zero_share"] == 0.25);
  CHECK(layer["grad_rms"].get<float>() == 0.1F / 1000);
  CHECK(layer["activation_rms"].is_null());
  CHECK(layer["dead_units"].is_null());
  CHECK(layer["signal_to_noise"] == 1.5);
  CHECK(by_kind["layer_step"][1]["call"] == 1);

  const json& parameter = by_kind["parameter_step"][0];
  CHECK(parameter.size() == 3 + parameter_quantities().size());
  CHECK(parameter["update_ratio"] == "Infinity");
  CHECK(parameter["value_zero_share"] == 1);

  REQUIRE(by_kind["histogram"].size() == 1);
  CHECK(by_kind["histogram"][0]["of"] == "grad");
  CHECK(by_kind["histogram"][0]["first_exponent"] == -36);
  CHECK(by_kind["histogram"][0]["counts"][30] == 3);
  CHECK(by_kind["histogram"][0]["counts"].size() == 48);
}

TEST_CASE("a CSV is long, quoted and complete", "[export]") {
  TempFolder folder;
  write_csv(small_record(), folder.path("run.csv"));
  const std::vector<std::string> lines = lines_of(read(folder.path("run.csv")));
  CHECK(lines[0] == "step,kind,name,call,quantity,value");
  auto has = [&](const std::string& line) {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  };
  CHECK(lines[1] == "0,run,,,loss,0.5");
  CHECK(has("0,run,,,update_norm,0.1"));
  CHECK(lines.back() == "1,run,,,loss,NaN");
  CHECK(has("0,layer,blocks.0,0,z_rms,0.1"));
  CHECK(has("0,layer,blocks.0,1,z_mean,-0.55"));
  CHECK(has("0,parameter,\"w,\"\"1\"\"\",,update_ratio,Inf"));
  // 1 header, 4 + 1 of the run, z, grad and signal_to_noise of two calls, all of the parameter
  CHECK(lines.size() == 1 + 5 + 2 * 11 + 16);
}

TEST_CASE("event files as an independent reader finds them", "[export]") {
  TempFolder folder;
  RunLog log(ExportFormat::TensorBoard, folder.path("logs/run1"));
  CHECK_THAT(log.file(), StartsWith(folder.path("logs/run1/events.out.tfevents.")));
  log.append(small_record());
  log.append(one_finding());
  const auto events = read_events(log.file());
  CHECK(scalar(events, "loss", 0) == 0.5F);
  CHECK(std::isnan(scalar(events, "loss", 1)));
  CHECK(scalar(events, "grad_norm", 0) == 2);
  CHECK(events.count("grad_norm") == 1);  // step 1 was not observed
  CHECK(scalar(events, "z_rms/blocks.0", 0) == 0.1F);
  CHECK(scalar(events, "z_rms/blocks.0#2", 0) == 1.1F);
  CHECK(std::isinf(scalar(events, "update_ratio/w,\"1\"", 0)));
  CHECK(events.count("activation_rms/blocks.0") == 0);

  REQUIRE(events.count("grad_log2/blocks.0") == 1);
  const auto histogram = fields_of(field(events.find("grad_log2/blocks.0")->second.fields, 5));
  CHECK(number_at<double>(field(histogram, 1), 0) == -6);
  CHECK(number_at<double>(field(histogram, 2), 0) == -3);
  CHECK(number_at<double>(field(histogram, 3), 0) == 4);
  CHECK(number_at<double>(field(histogram, 4), 0) == 3 * -5.5 - 3.5);
  CHECK(number_at<double>(field(histogram, 5), 0) == 3 * 5.5 * 5.5 + 3.5 * 3.5);
  CHECK(packed_doubles(field(histogram, 6)) == std::vector<double>{-5, -4, -3});
  CHECK(packed_doubles(field(histogram, 7)) == std::vector<double>{3, 0, 1});

  REQUIRE(events.count("findings/1_vanishing-gradient") == 1);
  const auto& text = events.find("findings/1_vanishing-gradient")->second.fields;
  CHECK(field(fields_of(field(fields_of(field(text, 9)), 1)), 1) == "text");
  CHECK_THAT(field(fields_of(field(text, 8)), 8), Contains("lost on the way"));
}

TEST_CASE("two logs in one folder are two files", "[export]") {
  TempFolder folder;
  RunLog a(ExportFormat::TensorBoard, folder.path());
  RunLog b(ExportFormat::TensorBoard, folder.path());
  CHECK(a.file() != b.file());
}

TEST_CASE("a log written during training is the one written afterwards", "[export]") {
  TempFolder folder;
  manual_seed(3);
  Run run;
  RunLog json_log(ExportFormat::JsonLines, folder.path("live.jsonl"));
  RunLog csv_log(ExportFormat::Csv, folder.path("live.csv"));
  RunLog events_log(ExportFormat::TensorBoard, folder.path("live"));
  for (int i = 0; i < 10; ++i) {
    run.train(3);
    json_log.append(run.monitor.record());
    csv_log.append(run.monitor.record());
    events_log.append(run.monitor.record());
    csv_log.append(run.monitor.record());  // nothing is new
  }
  write_csv(run.monitor.record(), folder.path("after.csv"));
  CHECK(read(folder.path("live.csv")) == read(folder.path("after.csv")));
  write_json_lines(run.monitor.record(), folder.path("after.jsonl"));
  CHECK(read(folder.path("live.jsonl")) == read(folder.path("after.jsonl")));

  const auto events = read_events(events_log.file());
  CHECK(events.count("loss") == 30);
  for (const LayerRecord& layer : run.monitor.record().layers) {
    for (const LayerStep& step : layer.steps) {
      CHECK(scalar(events, "grad_rms/" + layer.path, step.step) == step.grad.rms);
    }
  }
}

TEST_CASE("findings are lines of their own", "[export]") {
  TempFolder folder;
  RunLog log(ExportFormat::JsonLines, folder.path("run.jsonl"));
  log.append(one_finding());
  const json line = json::parse(lines_of(read(folder.path("run.jsonl"))).at(0));
  CHECK(line["kind"] == "finding");
  CHECK(line["layer"] == "blocks.0");
  CHECK(line["symptom"] == to_string(Symptom::Vanishing));
  RunLog csv(ExportFormat::Csv, folder.path("run.csv"));
  csv.append(one_finding());
  CHECK(lines_of(read(folder.path("run.csv"))).size() == 1);
}

TEST_CASE("files that cannot be written are named", "[export]") {
  TempFolder folder;
  const RunRecord record = small_record();
  CHECK_THROWS_WITH(write_csv(record, folder.path("nowhere/run.csv")),
                    Contains("[write_csv] '" + folder.path("nowhere/run.csv") +
                             "' cannot be written: No such file or directory at export_test.cpp:"));
  CHECK_THROWS_WITH(write_json_lines(record, folder.path()), Contains("Is a directory"));
  folder.write("file", {});
  CHECK_THROWS_WITH(write_tensorboard(record, folder.path("file")),
                    Contains("[write_tensorboard] folder '") && Contains("cannot be made"));
  CHECK_THROWS_WITH(RunLog(ExportFormat::Csv, ""), Contains("[RunLog] needs a path"));
  CHECK_THROWS_WITH(write_csv(record, "/dev/full"), Contains("is the disk full?"));
}
