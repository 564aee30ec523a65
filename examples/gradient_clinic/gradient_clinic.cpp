// A gallery of sick and healthy networks. Each is trained for a while under a monitor, diagnosed,
// and, where the fault is one of the network's own, repaired and trained again. How often was the
// cause named, how often was a healthy network called sick?

#include <fmt/core.h>
#include <gradus/gradus.h>

#include <algorithm>

#include "../terminal.h"
#include "tally.h"

using namespace gradus;
using namespace clinic;

namespace {

constexpr const char* help = R"(gradient_clinic: what ails these networks?

usage: gradient_clinic [--seeds N] [--half tune|report|all] [--only NAME] [--quick]
       gradient_clinic --list
  --seeds N    runs of each program (default 3)
  --half H     the programs that the doctor's thresholds were tuned on, or those
               that were kept for the report (default), or all
  --only NAME  programs with NAME in their name or their fault's; prints what is
               found and repaired in the first run
  --quick      no repairs but of every tenth fault
  --list       the programs and their faults
)";

struct Settings {
  long seeds;
  std::string only;
  bool quick;
};

Gallery gallery() {
  Gallery all;
  add_depth_faults(all);
  add_unit_faults(all);
  add_step_faults(all);
  add_graph_faults(all);
  add_number_faults(all);
  add_healthy_plain(all);
  add_healthy_special(all);
  add_healthy_training(all);
  add_model_faults(all);
  add_recipe_faults(all);
  add_sick_variations(all);
  add_healthy_models(all);
  add_healthy_sequences(all);
  add_healthy_recipes(all);
  add_healthy_variations(all);
  add_sequence_faults(all);
  add_architecture_faults(all);
  add_objective_faults(all);
  add_practice_faults(all);
  add_takeover_faults(all);
  add_healthy_pairs(all);
  add_healthy_objectives(all);
  add_healthy_practice(all);
  add_healthy_structures(all);
  return all;
}

void list(const Gallery& faults) {
  auto print_row = [](const char* half, const Variant& variant, const Fault& fault) {
    if (!variant.make) return;
    fmt::print("{:<7} {:<30} {}\n", half, variant.name, fault.healthy() ? "healthy" : fault.name);
  };
  for (const Fault& fault : faults) {
    print_row("tune", fault.tune, fault);
    print_row("tune", fault.also_tune, fault);
    print_row("report", fault.report, fault);
  }
}

Program made(const Variant& variant, long seed) {
  manual_seed(static_cast<std::uint64_t>(seed));
  return variant.make();
}

ProgramTally tally_of(const Fault& fault, const Variant& variant, const Settings& settings,
                      bool repairs) {
  ProgramTally tally;
  tally.name = variant.name;
  for (long seed = 1; seed <= settings.seeds; ++seed) {
    const bool shown = !settings.only.empty() && seed == 1;
    const Diagnosis diagnosis = examine(made(variant, seed));
    tally.add(fault, diagnosis);
    if (shown) {
      fmt::print("{} ({})\n{}\n\n", variant.name, fault.healthy() ? "healthy" : fault.name,
                 diagnosis.findings);
    }
    if (!repairs) continue;
    const Treatment treatment = treat(made(variant, seed), diagnosis.findings);
    tally.add_repair(treatment.score);
    if (shown)
      fmt::print("{}\nscore after the repair: {:.2f}\n\n", treatment.repair, treatment.score);
  }
  return tally;
}

void treat_all(const Gallery& faults, Variant Fault::*variant, const Settings& settings,
               Half& half) {
  examples::ProgressBar progress;
  for (std::size_t i = 0; i < faults.size(); ++i) {
    const Fault& fault = faults[i];
    const std::string& name = (fault.*variant).name;
    const bool wanted = (name + fault.name).find(settings.only) != std::string::npos;
    if (!(fault.*variant).make || !wanted) continue;
    progress.show(static_cast<double>(i) / static_cast<double>(faults.size()), name);
    const bool repairs = fault.repairable && (!settings.quick || i % 10 == 0);
    half.add(fault, tally_of(fault, fault.*variant, settings, repairs));
  }
  progress.clear();
}

void print(const Half& half, std::string_view title) {
  fmt::print("\n{}\n\n", title);
  half.print_programs();
  fmt::print("\n");
  half.print_confusion();
  fmt::print("\n");
  half.print_comparison();
}

void print_result(const Half& half) {
  const Share cause = half.causes(), alarm = half.false_alarms(), repaired = half.repaired();
  fmt::print("\nclinic: cause {}/{}, false alarms {}/{}, repaired {}/{}\n", cause.part, cause.whole,
             alarm.part, alarm.whole, repaired.part, repaired.whole);
}

}  // namespace

int main(int argc, char** argv) try {
  examples::CommandLine arguments(argc, argv, help);
  Settings settings;
  settings.seeds = arguments.number("--seeds", 3, 1);
  settings.only = arguments.text("--only", "");
  settings.quick = arguments.flag("--quick");
  const std::string which = arguments.one_of("--half", {"report", "tune", "all"});
  const bool only_list = arguments.flag("--list");
  arguments.finish();

  set_num_threads(1);  // no layer here is large enough to share
  const Gallery faults = gallery();
  if (only_list) {
    list(faults);
    return 0;
  }
  const auto sick = std::ranges::count_if(faults, [](const Fault& f) { return !f.healthy(); });
  fmt::print(
      "{} faults and {} kinds of healthy networks, seeds 1 to {}. Each stands in\n"
      "the programs that the doctor was tuned on, and in others that were kept\n"
      "for the report. score: on the training data after the diagnosis; 1 is perfect\n"
      "and 0 what a constant answer reaches. repaired: the network scores {} or more\n"
      "when it is trained anew after observe::repair.\n",
      sick, static_cast<std::ptrdiff_t>(faults.size()) - sick, settings.seeds, trains);

  Half half;
  if (which != "report") {
    treat_all(faults, &Fault::tune, settings, half);
    treat_all(faults, &Fault::also_tune, settings, half);
    print(half, "programs that the doctor was tuned on");
    if (which == "all") print_result(half);
  }
  if (which != "tune") {
    half = {};
    treat_all(faults, &Fault::report, settings, half);
    print(half, "programs kept for the report");
  }
  print_result(half);
} catch (const Error& error) {
  fmt::print(stderr, "gradient_clinic: {}\n", error.what());
  return 1;
}
