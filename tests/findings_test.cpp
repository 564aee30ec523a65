// How findings read, for people and for programs.
#include "gradus/observe/findings.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "gradus/observe/number.h"
#include "tests/catch.h"

using namespace gradus;
using namespace gradus::observe;

namespace {

Finding vanishing() {
  return {.symptom = Symptom::Vanishing,
          .severity = Severity::Error,
          .layer = "blocks.0.linear",
          .at = Where("/home/me/net.cpp", 12),
          .since_step = 3,
          .statistic = "RMS dL/dz, first over last hidden layer",
          .measured = 3.94e-8,
          .expected = 4.1e-8,
          .threshold = 1e-4,
          .cause = "the gradient shrinks on its way down",
          .remedies = {{Cure::MatchedInit, "initialise for tanh", "init(net);"},
                       {Cure::Manual, "use fewer layers", ""}}};
}

Finding slow() { return {.symptom = Symptom::SlowLearning, .cause = "the steps are small"}; }

}  // namespace

TEST_CASE("a finding reads like a compiler's diagnostic", "[findings]") {
  CHECK(fmt::format("{}", vanishing()) ==
        "error: the gradient vanishes [vanishing-gradient]\n"
        "  --> net.cpp:12 in 'blocks.0.linear'\n"
        "  measured: 3.94e-08, RMS dL/dz, first over last hidden layer\n"
        "            expected 4.1e-08, threshold 0.0001, since step 3\n"
        "  cause: the gradient shrinks on its way down\n"
        "  remedy: initialise for tanh\n"
        "            init(net);\n"
        "  or:     use fewer layers");
  // What is not known is left out.
  CHECK(fmt::format("{}", slow()) ==
        "warning: learning is too slow [slow-learning]\n"
        "  cause: the steps are small");
  Finding placed = slow();
  placed.layer = "fc.weight";
  CHECK_THAT(to_string(placed), Contains("\n  --> 'fc.weight'\n"));
  placed.at = Where("a/b.cpp", 7);
  placed.layer = "";
  CHECK_THAT(to_string(placed), Contains("\n  --> b.cpp:7\n"));
}

TEST_CASE("long code is broken, or its comment put above it", "[findings]") {
  Finding f = slow();
  f.remedies = {
      {Cure::MatchedInit, "initialise",
       "nn::init::apply(net, nn::init::recommended_for(nn::init::Nonlinearity::ReLU));"},
      {Cure::Residual, "skip",
       "nn::Residual{nn::Linear(32, 32), nn::Tanh()}  // in place of nn::Linear(32, 32)"}};
  CHECK_THAT(
      to_string(f),
      Contains("\n            nn::init::apply(net,"
               "\n                nn::init::recommended_for(nn::init::Nonlinearity::ReLU));"));
  CHECK_THAT(to_string(f), Contains("\n            // in place of nn::Linear(32, 32)"
                                    "\n            nn::Residual{nn::Linear(32, 32), nn::Tanh()}"));
}

TEST_CASE("numbers have no more digits than a reader wants", "[findings]") {
  CHECK(number(0.073412) == "0.0734");
  CHECK(number(66.94) == "66.9");
  CHECK(number(1000) == "1000");
  CHECK(number(-85312) == "-85300");
  CHECK(number(2.5e7) == "2.5e+07");
  CHECK(number(3e-7) == "3e-07");
  CHECK(number(0) == "0");
  CHECK(number(12.6, 1) == "10");
  CHECK(number(9.6, 1) == "10");
  CHECK(number(std::numeric_limits<double>::quiet_NaN()) == "nan");
  CHECK(number(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(fold(12345) == "12000-fold");
  CHECK(fold(1.3) == "1.3-fold");
}

TEST_CASE("findings are counted", "[findings]") {
  CHECK(fmt::format("{}", Findings{}) == "no findings");
  CHECK_FALSE(Findings{}.has_errors());
  const Findings warning{{slow()}};
  CHECK_FALSE(warning.has_errors());
  CHECK_THAT(to_string(warning), EndsWith("\n\n1 warning"));
  const Findings all{{vanishing(), slow(), slow()}};
  CHECK(all.has_errors());
  CHECK_THAT(to_string(all), EndsWith("\n\n1 error, 2 warnings"));
  CHECK_THAT(to_string(all), Contains("fewer layers\n\nwarning: "));
}

TEST_CASE("findings as JSON", "[findings]") {
  Finding broken = slow();
  broken.measured = std::numeric_limits<double>::quiet_NaN();
  broken.layer = "\xff";  // no UTF-8
  const auto json = nlohmann::json::parse(to_json({{vanishing(), broken}}));
  REQUIRE(json.size() == 2);
  CHECK(json[0]["symptom"] == "vanishing-gradient");
  CHECK(json[0]["severity"] == "error");
  CHECK(json[0]["layer"] == "blocks.0.linear");
  CHECK(json[0]["file"] == "/home/me/net.cpp");
  CHECK(json[0]["line"] == 12);
  CHECK(json[0]["since_step"] == 3);
  CHECK(json[0]["measured"] == 3.94e-8);
  CHECK(json[0]["expected"] == 4.1e-8);
  CHECK(json[0]["threshold"] == 1e-4);
  CHECK(json[0]["remedies"].size() == 2);
  CHECK(json[0]["remedies"][0]["cure"] == "matched-init");
  CHECK(json[0]["remedies"][0]["code"] == "init(net);");
  CHECK(json[1]["measured"].is_null());
  CHECK(json[1]["expected"].is_null());
  CHECK(json[1]["remedies"].empty());
  CHECK(nlohmann::json::parse(to_json({})).empty());
}

TEST_CASE("symptoms and cures have names of their own", "[findings]") {
  std::set<std::string> names;
  for (int i = 0; i <= static_cast<int>(Symptom::ClippingAlways); ++i) {
    names.insert(to_string(static_cast<Symptom>(i)));
  }
  CHECK(names.size() == static_cast<std::size_t>(Symptom::ClippingAlways) + 1);
  const std::size_t symptoms = names.size();
  for (int i = 0; i <= static_cast<int>(Cure::Manual); ++i) {
    names.insert(to_string(static_cast<Cure>(i)));
  }
  CHECK(names.size() == symptoms + static_cast<std::size_t>(Cure::Manual) + 1);
  CHECK(names.count("") == 0);
}
