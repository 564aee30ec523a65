#include "paper.h"

#include <fmt/core.h>
#include <gradus/tensor/error.h>
#include <gradus/tensor/generator.h>
#include <gradus/tensor/parallel.h>

#include <algorithm>
#include <chrono>

#include "../terminal.h"

namespace papers {

std::string Settings::picture(std::string_view name) const {
  return fmt::format("{}/{}.svg", folder, name);
}

int run(int argc, char** argv, const About& about,
        const std::function<void(const Settings&)>& body) try {
  const std::string help = fmt::format(
      "{0}\n\n{1}\n\n"
      "usage: {2} [--quick] [--seed N] [--pictures FOLDER]\n"
      "  --quick            a few seconds: too short for what is said of training\n"
      "  --seed N           of the initial weights and the data (default 1)\n"
      "  --pictures FOLDER  where to write the figures, as SVG (default: here)\n",
      about.paper, about.figure, about.program);
  examples::CommandLine arguments(argc, argv, help);
  Settings settings;
  settings.quick = arguments.flag("--quick");
  settings.seed = static_cast<std::uint64_t>(arguments.number("--seed", 1, 0));
  settings.folder = arguments.text("--pictures", ".");
  arguments.finish();

  fmt::print("{}\n{}\n", about.paper, about.figure);
  gradus::set_num_threads(1);  // these networks are too small to share; run two programs instead
  gradus::manual_seed(settings.seed);
  const auto start = std::chrono::steady_clock::now();
  body(settings);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  fmt::print("{:.0f} s{}\n", elapsed.count(),
             settings.quick ? "; --quick is too short for what is said of training" : "");
  return 0;
} catch (const gradus::Error& error) {
  fmt::print(stderr, "{}: {}\n", about.program, error.what());
  return 1;
}

void Claims::add(std::string claim, std::string paper, std::string here, bool holds) {
  claims_.push_back({std::move(claim), std::move(paper), std::move(here), holds});
}

void Claims::print() const {
  fmt::print("\n{:<47} {:>12} {:>12} {:>6}\n", "claim", "paper", "here", "holds");
  for (const Claim& claim : claims_) {
    fmt::print("{:<47} {:>12} {:>12} {:>6}\n", claim.text, claim.paper, claim.here,
               claim.holds ? "yes" : "no");
  }
  fmt::print("{} of {} claims hold\n", std::ranges::count_if(claims_, &Claim::holds),
             claims_.size());
}

}  // namespace papers
