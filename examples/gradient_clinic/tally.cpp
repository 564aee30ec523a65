#include "tally.h"

#include <fmt/core.h>

#include <algorithm>

namespace clinic {
namespace {

constexpr const char* none = "none";

std::vector<std::string> all_symptoms() {
  std::vector<std::string> names;
  const int last = static_cast<int>(observe::Symptom::ClippingAlways);
  for (int i = 0; i <= last; ++i) names.push_back(to_string(static_cast<observe::Symptom>(i)));
  names.push_back(none);
  return names;
}

/// "vanishing-gradient 18, none 2", the most frequent first, cut to fit.
std::string listed(const std::map<std::string, int>& counts) {
  std::vector<std::pair<std::string, int>> sorted(counts.begin(), counts.end());
  std::ranges::sort(sorted, [](auto& a, auto& b) { return a.second > b.second; });
  std::string text;
  for (const auto& [name, count] : sorted) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, count);
  }
  return text;
}

double percent(Share share) {
  return share.whole == 0 ? 0 : 100.0 * share.part / static_cast<double>(share.whole);
}

}  // namespace

void ProgramTally::add(const Fault& fault, const Diagnosis& diagnosis) {
  ++runs;
  right += is_right(fault, diagnosis.findings) ? 1 : 0;
  ++first[diagnosis.findings.empty() ? none : to_string(diagnosis.findings.list.front().symptom)];
  score += diagnosis.score;
  ++autotrainer[static_cast<std::size_t>(diagnosis.autotrainer)];
}

void ProgramTally::add_repair(double repaired_score) {
  ++repairs;
  repaired += repaired_score >= trains ? 1 : 0;
}

void Half::add(const Fault& fault, ProgramTally tally) {
  entries_.push_back({&fault, std::move(tally)});
}

void Half::print_programs() const {
  fmt::print("{:<29} {:>6} {:>6} {:>9}  {}\n", "program", "right", "score", "repaired",
             "first finding");
  for (const auto& [fault, tally] : entries_) {
    const std::string repairs =
        tally.repairs == 0 ? "" : fmt::format("{}/{}", tally.repaired, tally.repairs);
    fmt::print("{:<29} {:>6} {:>6.2f} {:>9}  {:.25}\n", tally.name,
               fmt::format("{}/{}", tally.right, tally.runs), tally.score / tally.runs, repairs,
               listed(tally.first));
  }
}

void Half::print_confusion() const {
  const std::vector<std::string> symptoms = all_symptoms();
  fmt::print("{:<31}", "fault, and first finding:");
  for (std::size_t i = 0; i < symptoms.size(); ++i) {
    fmt::print("{:>3}", symptoms[i] == none ? '-' : static_cast<char>('a' + i));
  }
  fmt::print("\n");
  std::vector<int> healthy(symptoms.size());
  auto print_row = [](std::string_view name, const std::vector<int>& row) {
    fmt::print("{:<31.31}", name);
    for (int count : row) fmt::print("{:>3}", count == 0 ? "." : std::to_string(count));
    fmt::print("\n");
  };
  for (const auto& [fault, tally] : entries_) {
    std::vector<int> row(symptoms.size());
    for (std::size_t i = 0; i < symptoms.size(); ++i) {
      const auto found = tally.first.find(symptoms[i]);
      row[i] = found == tally.first.end() ? 0 : found->second;
      if (fault->healthy()) healthy[i] += row[i];
    }
    if (!fault->healthy()) print_row(fault->name, row);
  }
  print_row("healthy", healthy);
  for (std::size_t i = 0; i < symptoms.size(); ++i) {
    const std::string key(1, symptoms[i] == none ? '-' : static_cast<char>('a' + i));
    fmt::print("{}{:<25}", i % 3 == 0 ? "\n" : "", key + " " + symptoms[i]);
  }
  fmt::print("\n");
}

void Half::print_comparison() const {
  Share theirs, of_their_kind, alarms;
  for (const auto& [fault, tally] : entries_) {
    if (fault->healthy()) {
      alarms += {tally.runs - tally.autotrainer[0], tally.runs};
      continue;
    }
    const int named =
        fault->flow == Flow::None ? 0 : tally.autotrainer[static_cast<std::size_t>(fault->flow)];
    theirs += {named, tally.runs};
    if (fault->flow != Flow::None) of_their_kind += {named, tally.runs};
  }
  auto print_row = [](std::string_view name, Share cause, Share alarm) {
    fmt::print("{:<38} {:>11} {:>5.1f} % {:>11} {:>5.1f} %\n", name,
               fmt::format("{}/{}", cause.part, cause.whole), percent(cause),
               fmt::format("{}/{}", alarm.part, alarm.whole), percent(alarm));
  };
  fmt::print("{:<38} {:>19} {:>19}\n", "", "right cause", "false alarms");
  print_row("gradus", causes(), false_alarms());
  print_row("AUTOTRAINER's rules", theirs, alarms);
  fmt::print("{:<38} {:>11} {:>5.1f} %\n", "  on vanishing, exploding, dead units",
             fmt::format("{}/{}", of_their_kind.part, of_their_kind.whole), percent(of_their_kind));
}

Share Half::causes() const {
  Share share;
  for (const auto& [fault, tally] : entries_) {
    if (!fault->healthy()) share += {tally.right, tally.runs};
  }
  return share;
}

Share Half::false_alarms() const {
  Share share;
  for (const auto& [fault, tally] : entries_) {
    if (fault->healthy()) share += {tally.runs - tally.right, tally.runs};
  }
  return share;
}

Share Half::repaired() const {
  Share share;
  for (const auto& [fault, tally] : entries_) share += {tally.repaired, tally.repairs};
  return share;
}

}  // namespace clinic
