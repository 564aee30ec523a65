#include <cxxabi.h>

#include <cstdlib>
#include <typeinfo>

#include "gradus/nn/module.h"
#include "gradus/nn/module_state.h"

namespace gradus::nn {
namespace {

std::string indented(const std::string& text) {
  std::string result;
  for (char c : text) {
    result += c;
    if (c == '\n') result += "  ";
  }
  return result;
}

}  // namespace

std::string Module::type_name() const {
  const char* mangled = typeid(*this).name();
  int status = 0;
  std::unique_ptr<char, void (*)(void*)> demangled(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), std::free);
  std::string name = status == 0 ? demangled.get() : mangled;
  // The name of a lambda says nothing but where it stands, at length; "$_0" is clang's.
  const bool lambda = name.find("lambda") != std::string::npos || name.find("$_") != name.npos;
  if (lambda) name = name.substr(0, name.find('<'));
  // Qualifiers stand before the arguments of a template, which may hold qualifiers of their own.
  std::size_t colon = name.substr(0, name.find('<')).rfind(':');
  return colon == std::string::npos ? name : name.substr(colon + 1);
}

std::string to_string(const Module& module) {
  std::string extra = module.extra_repr();
  const auto& children = module.state_->children;
  if (children.empty()) return fmt::format("{}({})", module.type_name(), extra);
  std::string text = module.type_name() + "(";
  if (!extra.empty()) text += "\n  " + extra;
  for (const auto& [name, child] : children) {
    text += fmt::format("\n  ({}): {}", name, indented(to_string(*child)));
  }
  return text + "\n)";
}

}  // namespace gradus::nn
