#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// What the programs of this folder have in common: their options, and the table that puts the
/// paper's numbers beside ours.
namespace papers {

struct Settings {
  bool quick = false;  ///< small enough for a test: the claims about training cannot be judged
  std::uint64_t seed = 1;
  std::string folder = ".";  ///< where pictures go

  template <class T>
  T pick(T full, T small) const {
    return quick ? small : full;
  }
  /// The path of a picture.
  std::string picture(std::string_view name) const;
};

struct About {
  std::string_view program;
  std::string_view paper;   ///< authors, year, title, place
  std::string_view figure;  ///< what is reproduced, and how it is made smaller
};

/// main() of a program: reads the options, seeds the default generator, sets one thread, runs
/// `body` and tells of errors. Returns the exit status.
int run(int argc, char** argv, const About& about,
        const std::function<void(const Settings&)>& body);

/// The table at the end of a program.
class Claims {
 public:
  /// `paper` and `here`: what the paper reports and what was found, at most 12 characters each.
  void add(std::string claim, std::string paper, std::string here, bool holds);
  /// Prints the table; its last line counts the claims that hold.
  void print() const;

 private:
  struct Claim {
    std::string text;
    std::string paper;
    std::string here;
    bool holds;
  };
  std::vector<Claim> claims_;
};

}  // namespace papers
