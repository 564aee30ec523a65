#include <nlohmann/json.hpp>

#include "gradus/observe/findings.h"

namespace gradus::observe {
namespace {

using Json = nlohmann::ordered_json;

Json optional(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json json_of(const Finding& finding) {
  Json remedies = Json::array();
  for (const Remedy& remedy : finding.remedies) {
    remedies.push_back(
        {{"cure", to_string(remedy.cure)}, {"action", remedy.action}, {"code", remedy.code}});
  }
  return {{"symptom", to_string(finding.symptom)},
          {"title", headline(finding.symptom)},
          {"severity", to_string(finding.severity)},
          {"layer", finding.layer},
          {"file", finding.at.file},
          {"line", finding.at.line},
          {"since_step", finding.since_step},
          {"statistic", finding.statistic},
          {"measured", finding.measured},
          {"expected", optional(finding.expected)},
          {"threshold", optional(finding.threshold)},
          {"cause", finding.cause},
          {"remedies", std::move(remedies)}};
}

}  // namespace

std::string to_json(const Findings& findings) {
  Json list = Json::array();
  for (const Finding& finding : findings.list) list.push_back(json_of(finding));
  // Paths and names are the user's: what is no UTF-8 must not throw.
  return list.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace gradus::observe
