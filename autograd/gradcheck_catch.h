#pragma once

// For tests that use Catch2, 2.13 or 3:
//   CHECK_THAT(gradus::gradcheck(fn, {x}), gradus::GradientsAgree());
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/matchers/catch_matchers.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include "gradus/autograd/gradcheck.h"

namespace gradus {

#if __has_include(<catch2/catch_all.hpp>)
using GradcheckMatcherBase = Catch::Matchers::MatcherBase<GradcheckResult>;
#else
using GradcheckMatcherBase = Catch::MatcherBase<GradcheckResult>;
#endif

/// Matches the result of gradcheck or gradgradcheck that found no difference.
class GradientsAgree : public GradcheckMatcherBase {
 public:
  bool match(const GradcheckResult& result) const override { return result.passed; }
  std::string describe() const override {
    return "has gradients that agree with finite differences";
  }
};

}  // namespace gradus

namespace Catch {
template <>
struct StringMaker<gradus::GradcheckResult> {
  static std::string convert(const gradus::GradcheckResult& result) { return result.message; }
};
}  // namespace Catch
