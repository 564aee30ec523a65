#pragma once

#include <optional>

#include "gradus/nn/module.h"

namespace gradus::nn {

/// One module of a network.
struct SummaryRow {
  std::string name;  ///< in its parent; "" for the root
  std::string type;
  int depth;                          ///< 0 for the root
  std::optional<Shape> output_shape;  ///< of the first call; none if it was not called
  std::int64_t parameters;            ///< its own, without its children's and without repeats
};

/// What a network consists of. Prints as a table.
struct Summary {
  std::vector<SummaryRow> rows;
  std::int64_t parameters = 0;  ///< each shared one once
  std::int64_t trainable = 0;
  std::int64_t bytes = 0;  ///< of parameters and buffers
};

struct SummaryOptions {
  DType dtype = float32;  ///< of the input; int64 for one that starts with an embedding
};

/// Runs `module` on zeros of `input_shape` (with the batch dimension), in evaluation mode and
/// unrecorded. Modes, running statistics and the default generator are left as they were.
Summary summary(Module& module, const Shape& input_shape, SummaryOptions options = {},
                Where at = Where::here());
/// For modules of other inputs: `run` calls the module.
Summary summary(Module& module, const std::function<void()>& run);

std::string to_string(const Summary& summary);

}  // namespace gradus::nn

template <>
struct fmt::formatter<gradus::nn::Summary> : gradus::TextFormatter {
  auto format(const gradus::nn::Summary& summary, fmt::format_context& ctx) const {
    return write(gradus::nn::to_string(summary), ctx);
  }
};
