#include "gradus/observe/noise.h"

#include <limits>

#include "tests/catch.h"

using namespace gradus::observe;

namespace {

/// Linear layers, the last of which is the output, with these ratios at each step.
RunRecord chain(const std::vector<std::vector<float>>& ratios) {
  RunRecord record;
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    LayerRecord layer;
    layer.path = std::to_string(2 * i);
    for (float ratio : ratios[i]) {
      LayerStep step;
      step.step = static_cast<std::int64_t>(layer.steps.size());
      step.signal_to_noise = ratio;
      layer.steps.push(step);
    }
    record.layers.push_back(layer);
  }
  return record;
}

constexpr float unknown = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("the layer below which the gradient is noise", "[noise]") {
  const auto floor = noise_floor(chain({{1.0F}, {1.1F}, {1.9F}, {3.0F}, {40.0F}, {90.0F}}));
  REQUIRE(floor);
  CHECK(floor->layer == 2);
  CHECK(floor->signal_to_noise == Approx(1.9));
  CHECK(floor->at_last == 40);
}

TEST_CASE("there is none where the first layer hears the signal", "[noise]") {
  CHECK_FALSE(noise_floor(chain({{2.5F}, {1.0F}, {9.0F}, {9.0F}})));
  CHECK_FALSE(noise_floor(chain({{unknown}, {unknown}, {1.0F}})));
  CHECK_FALSE(noise_floor(chain({})));
}

TEST_CASE("the median over the window decides, what is not known is left out", "[noise]") {
  const RunRecord record = chain({{50, 50, 1, unknown, 1.5F, 30}, {9, 9, 9, 9, 9, 9}, {9}});
  CHECK(signal_to_noise(record.layers[0], 4) == 1.5);
  CHECK(signal_to_noise(record.layers[0], 1) == 30.0);
  CHECK(noise_floor(record, 4)->layer == 0);
  CHECK_FALSE(noise_floor(record, 1));
}
