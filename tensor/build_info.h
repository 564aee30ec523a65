#pragma once

#include <fmt/core.h>

#include <string>

#include "gradus/tensor/text_formatter.h"

namespace gradus {

/// What this library is made of and runs on. `fmt::print("{}\n", gradus::build_info())`
struct BuildInfo {
  std::string version;      ///< of gradus
  std::string compiler;     ///< that built the library
  std::string simd;         ///< instruction set of the elementwise kernels on this processor
  std::string blas_core;    ///< processor whose kernels OpenBLAS runs, such as "SkylakeX"
  std::string blas_config;  ///< OpenBLAS's version and build options
  int threads = 1;          ///< num_threads() now
};

BuildInfo build_info();

/// One line for each field.
std::string to_string(const BuildInfo& info);

}  // namespace gradus

template <>
struct fmt::formatter<gradus::BuildInfo> : gradus::TextFormatter {
  auto format(const gradus::BuildInfo& info, fmt::format_context& ctx) const {
    return write(gradus::to_string(info), ctx);
  }
};
