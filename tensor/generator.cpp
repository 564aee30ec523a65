#include "gradus/tensor/generator.h"

#include <cmath>
#include <numbers>
#include <random>

namespace gradus {

Mt19937::Mt19937(std::uint64_t seed) {
  words_[0] = static_cast<std::uint32_t>(seed);
  for (std::uint32_t i = 1; i < size; ++i) {
    std::uint32_t before = words_[i - 1];
    words_[i] = 1812433253U * (before ^ before >> 30) + i;
  }
}

void Mt19937::refill() {
  constexpr std::size_t middle = 397;
  for (std::size_t i = 0; i < size; ++i) {
    std::uint32_t y = (words_[i] & 0x80000000U) | (words_[(i + 1) % size] & 0x7fffffffU);
    words_[i] = words_[(i + middle) % size] ^ y >> 1 ^ ((y & 1U) != 0 ? 0x9908b0dfU : 0U);
  }
  next_ = 0;
}

void Generator::manual_seed(std::uint64_t seed) { set_state({Mt19937(seed), {}, seed}); }

std::uint64_t Generator::seed() {
  std::random_device entropy;
  std::uint64_t seed = entropy();
  manual_seed(seed);
  return seed;
}

std::uint64_t Generator::initial_seed() const {
  std::lock_guard lock(mutex_);
  return state_.seed;
}

Generator::State Generator::get_state() const {
  std::lock_guard lock(mutex_);
  return state_;
}

void Generator::set_state(const State& state) {
  std::lock_guard lock(mutex_);
  state_ = state;
}

Generator& default_generator() {
  static Generator generator;
  return generator;
}

void manual_seed(std::uint64_t seed) { default_generator().manual_seed(seed); }

double Draws::normal() {
  if (state_.next_normal) {
    double kept = *state_.next_normal;
    state_.next_normal.reset();
    return kept;
  }
  double u1 = uniform<double>();
  double u2 = uniform<double>();
  double radius = std::sqrt(-2 * std::log1p(-u2));
  double angle = 2 * std::numbers::pi * u1;
  state_.next_normal = radius * std::sin(angle);
  return radius * std::cos(angle);
}

}  // namespace gradus
