// The house's rules, proven on the source tree: layers include downward only, the include graph has
// no circle, files stay short.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tests/catch.h"

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = GRADUS_SOURCE_DIR;

// What each layer may include.
const std::map<std::string, std::set<std::string>> kAllowed = {
    {"tensor", {"tensor"}},
    {"autograd", {"tensor", "autograd"}},
    {"nn", {"tensor", "autograd", "nn"}},
    {"optim", {"tensor", "autograd", "optim"}},
    {"data", {"tensor", "data"}},
    {"observe", {"tensor", "autograd", "nn", "optim", "observe"}},
};

struct Source {
  int lines = 0;
  std::vector<std::string> includes;
};

Source read(const fs::path& path) {
  static const std::regex include(R"re(^\s*#\s*include\s*["<]([^">]+)[">].*)re");
  Source source;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line); ++source.lines) {
    std::smatch match;
    if (std::regex_match(line, match, include)) source.includes.push_back(match[1]);
  }
  return source;
}

/// The C++ files below the given folders, by path relative to the root.
std::map<std::string, Source> sources(const std::vector<std::string>& folders) {
  std::map<std::string, Source> found;
  for (const std::string& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      const fs::path& path = entry.path();
      if (path.extension() == ".h" || path.extension() == ".cpp") {
        found[fs::relative(path, kRoot).generic_string()] = read(path);
      }
    }
  }
  return found;
}

std::map<std::string, Source> layer_sources() {
  std::vector<std::string> layers;
  for (const auto& [layer, allowed] : kAllowed) layers.push_back(layer);
  return sources(layers);
}

std::string layer_of(const std::string& path) { return path.substr(0, path.find('/')); }

/// `gradus/tensor/tensor.h` -> `tensor/tensor.h`; empty for any other include.
std::string in_tree(const std::string& include) {
  const std::string prefix = "gradus/";
  return include.rfind(prefix, 0) == 0 ? include.substr(prefix.size()) : "";
}

/// A circle of includes as `a -> b -> a`, or an empty string.
class CircleSearch {
 public:
  explicit CircleSearch(const std::map<std::string, Source>& files) : files_(files) {}

  std::string run() {
    for (const auto& [path, source] : files_) {
      if (visit(path)) return circle_;
    }
    return "";
  }

 private:
  bool visit(const std::string& path) {
    const auto file = files_.find(path);
    if (file == files_.end() || finished_.count(path)) return false;
    const auto open = std::find(trail_.begin(), trail_.end(), path);
    if (open != trail_.end()) {
      for (auto it = open; it != trail_.end(); ++it) circle_ += *it + " -> ";
      circle_ += path;
      return true;
    }
    trail_.push_back(path);
    for (const std::string& include : file->second.includes) {
      if (visit(in_tree(include))) return true;
    }
    trail_.pop_back();
    finished_.insert(path);
    return false;
  }

  const std::map<std::string, Source>& files_;
  std::vector<std::string> trail_;
  std::set<std::string> finished_;
  std::string circle_;
};

}  // namespace

TEST_CASE("layers include downward only") {
  const auto files = layer_sources();
  REQUIRE(files.size() > 20);
  for (const auto& [path, source] : files) {
    for (const std::string& include : source.includes) {
      INFO(path << " includes " << include);
      const std::string target = in_tree(include);
      if (target.empty()) {  // The system's or a dependency's; ours are always path-qualified.
        CHECK_FALSE(fs::exists((kRoot / path).parent_path() / include));
        continue;
      }
      CHECK(fs::exists(kRoot / target));
      CHECK(kAllowed.at(layer_of(path)).count(layer_of(target)) == 1);
    }
  }
}

TEST_CASE("the include graph has no circle") { CHECK(CircleSearch(layer_sources()).run() == ""); }

TEST_CASE("the circle search finds a circle") {
  const std::map<std::string, Source> files = {
      {"a.h", {1, {"gradus/b.h"}}}, {"b.h", {1, {"gradus/c.h"}}}, {"c.h", {1, {"gradus/b.h"}}}};
  CHECK(CircleSearch(files).run() == "b.h -> c.h -> b.h");
}

TEST_CASE("a source file includes its own header first") {
  const auto files = layer_sources();
  for (const auto& [path, source] : files) {
    if (fs::path(path).extension() != ".cpp") continue;
    const std::string header = fs::path(path).replace_extension(".h").generic_string();
    if (!files.count(header)) continue;
    INFO(path);
    REQUIRE(!source.includes.empty());
    const std::string table = "gradus/" + layer_of(path) + "/ops.h";  // may declare it instead
    if (source.includes.front() != table) CHECK(source.includes.front() == "gradus/" + header);
  }
}

TEST_CASE("no source file is longer than 400 lines") {
  for (const auto& [path, source] :
       sources({"tensor", "autograd", "nn", "optim", "data", "observe", "tests", "examples"})) {
    INFO(path << " has " << source.lines << " lines");
    CHECK(source.lines <= 400);
  }
}
