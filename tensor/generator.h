#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>

namespace gradus {

/// The Mersenne Twister MT19937 (Matsumoto & Nishimura 1998).
class Mt19937 {
 public:
  /// Seeds with the low 32 bits of `seed`.
  explicit Mt19937(std::uint64_t seed);

  std::uint32_t operator()() {
    if (next_ == size) refill();
    std::uint32_t y = words_[next_++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680U;
    y ^= (y << 15) & 0xefc60000U;
    return y ^ (y >> 18);
  }

  friend bool operator==(const Mt19937&, const Mt19937&) = default;

 private:
  static constexpr std::size_t size = 624;
  void refill();

  std::array<std::uint32_t, size> words_;
  std::size_t next_ = size;
};

/// A source of random numbers: for the same seed the same streams as PyTorch's on the CPU. May be
/// shared by threads; each call that fills a tensor draws all its numbers in one turn.
class Generator {
 public:
  static constexpr std::uint64_t default_seed = 67280421310721;  // PyTorch's

  explicit Generator(std::uint64_t seed = default_seed) : state_{Mt19937(seed), {}, seed} {}
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  /// Starts the stream of `seed`. Only its low 32 bits count, as in PyTorch.
  void manual_seed(std::uint64_t seed);
  /// Starts the stream of a seed from the system's entropy, and returns that seed.
  std::uint64_t seed();
  std::uint64_t initial_seed() const;

  /// All that determines the numbers to come. A value: copy, compare, keep.
  struct State {
    Mt19937 engine;
    std::optional<double> next_normal;  // Box-Muller makes two at a time
    std::uint64_t seed;
    friend bool operator==(const State&, const State&) = default;
  };
  State get_state() const;
  void set_state(const State& state);

 private:
  friend class Draws;
  mutable std::mutex mutex_;
  State state_;
};

/// The generator used where none is given.
Generator& default_generator();

/// Seeds the default generator.
void manual_seed(std::uint64_t seed);

/// A turn at a generator: other threads wait until it ends.
class Draws {
 public:
  /// Of the default generator if null.
  explicit Draws(Generator* generator)
      : Draws(generator != nullptr ? *generator : default_generator()) {}
  explicit Draws(Generator& generator) : lock_(generator.mutex_), state_(generator.state_) {}

  std::uint32_t bits32() { return state_.engine(); }
  std::uint64_t bits64() {
    std::uint64_t high = bits32();
    return high << 32 | bits32();
  }
  /// In [0, 1): 24 bits of one draw for float, 53 bits of two for double.
  template <class T>
  T uniform();
  /// Standard normal, in pairs by Box & Muller (1958).
  double normal();
  /// In [0, range).
  std::uint64_t below(std::uint64_t range) {
    return range >> 32 != 0 ? bits64() % range : bits32() % range;
  }

 private:
  std::lock_guard<std::mutex> lock_;
  Generator::State& state_;
};

template <>
inline float Draws::uniform<float>() {
  return static_cast<float>(bits32() & 0xffffffU) * 0x1p-24F;
}

template <>
inline double Draws::uniform<double>() {
  return static_cast<double>(bits64() & 0x1fffffffffffffU) * 0x1p-53;
}

}  // namespace gradus
