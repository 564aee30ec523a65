#include "gradus/tensor/error.h"

#include "gradus/tensor/context.h"

namespace gradus {

std::string in_context(const std::string& message) {
  std::string text;
  if (context.op != nullptr) text += fmt::format("[{}] ", context.op);
  text += message;
  if (context.at.line != 0)
    text += fmt::format(" at {}:{}", context.at.file_name(), context.at.line);
  if (*context.layer != '\0') text += fmt::format(" in '{}'", context.layer);
  if (context.backward_of != nullptr && context.backward_of != context.op) {
    text += fmt::format(" (backward of {})", context.backward_of);
  }
  return text;
}

}  // namespace gradus
