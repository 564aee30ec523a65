#pragma once

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace gradus {

/// The names of the functions that a header of the library declares at namespace scope.
inline std::set<std::string> declared_functions(const std::string& header) {
  std::ifstream file(GRADUS_SOURCE_DIR "/" + header);
  std::stringstream text;
  text << file.rdbuf();
  const std::string source = text.str();
  const std::regex declaration(
      "\n(?:const Tensor&|Tensor|ValuesIndices|std::vector<Tensor>|bool) ([a-z][a-z_0-9]*)\\(");
  std::set<std::string> names;
  for (std::sregex_iterator match(source.begin(), source.end(), declaration), end; match != end;
       ++match) {
    names.insert((*match)[1]);
  }
  return names;
}

}  // namespace gradus
