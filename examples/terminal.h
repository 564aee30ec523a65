#pragma once

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

/// Small helpers of the example programs: command line, progress bar, bar chart.
namespace examples {

/// Options of the forms `--name N`, `--name TEXT` and `--name`. Prints `help` and ends the program
/// where --help is given.
class CommandLine {
 public:
  CommandLine(int argc, char** argv, std::string_view help) : arguments_(argv + 1, argv + argc) {
    if (std::ranges::find(arguments_, "--help") != arguments_.end()) {
      fmt::print("{}", help);
      std::exit(0);
    }
  }

  /// The value of option `name`, or `fallback`. Prints a message and ends the program where it is
  /// no whole number of at least `least`.
  long number(std::string_view name, long fallback, long least) {
    auto at = std::ranges::find(arguments_, name);
    if (at == arguments_.end()) return fallback;
    std::string text = at + 1 == arguments_.end() ? "" : std::string(*(at + 1));
    char* end = nullptr;
    long value = std::strtol(text.c_str(), &end, 10);
    if (text.empty() || *end != '\0' || value < least) {
      stop(fmt::format("{} needs a whole number of at least {}, got '{}'", name, least, text));
    }
    arguments_.erase(at, at + 2);
    return value;
  }

  /// The text after option `name`, or `fallback`.
  std::string text(std::string_view name, std::string fallback) {
    auto at = std::ranges::find(arguments_, name);
    if (at == arguments_.end()) return fallback;
    if (at + 1 == arguments_.end()) stop(fmt::format("{} needs a value", name));
    std::string text(*(at + 1));
    arguments_.erase(at, at + 2);
    return text;
  }

  /// The first of `choices` is the default.
  std::string one_of(std::string_view name, const std::vector<std::string_view>& choices) {
    std::string value = text(name, std::string(choices.front()));
    if (std::ranges::find(choices, value) == choices.end()) {
      std::string all;
      for (std::string_view choice : choices) all += fmt::format(" {}", choice);
      stop(fmt::format("{} needs one of{}, got '{}'", name, all, value));
    }
    return value;
  }

  /// Whether option `name` is there.
  bool flag(std::string_view name) { return std::erase(arguments_, name) > 0; }

  /// Call it last: whatever is left over is a mistake.
  void finish() {
    if (!arguments_.empty()) stop(fmt::format("unknown argument '{}'", arguments_.front()));
  }

 private:
  [[noreturn]] static void stop(const std::string& message) {
    fmt::print(stderr, "{}; try --help\n", message);
    std::exit(2);
  }
  std::vector<std::string_view> arguments_;
};

/// A line that redraws itself on a terminal, and stays away from a pipe or a file.
class ProgressBar {
 public:
  void show(double share, std::string_view note) const {
    if (!terminal_) return;
    constexpr int width = 30;
    int full = static_cast<int>(share * width);
    fmt::print("\r  [{:#<{}}{:<{}}] {:<40.40}", "", full, "", width - full, note);
    std::fflush(stdout);
  }
  void clear() const {
    if (terminal_) fmt::print("\r{:78}\r", "");
  }

 private:
  bool terminal_ = isatty(STDOUT_FILENO) == 1;
};

/// One bar a value on a logarithmic scale, from `floor` at the left edge to `ceiling` at the right.
inline void log_bar_chart(const std::vector<double>& values, std::string_view label, double floor,
                          double ceiling) {
  constexpr int width = 50;
  for (std::size_t i = 0; i < values.size(); ++i) {
    double share = std::log(values[i] / floor) / std::log(ceiling / floor);
    int length =
        values[i] > 0 ? static_cast<int>(std::round(std::clamp(share, 0.0, 1.0) * width)) : 0;
    fmt::print("  {} {:>2}  {:8.1e} |{:#<{}}\n", label, i + 1, values[i], "", length);
  }
}

}  // namespace examples
