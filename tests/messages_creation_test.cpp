#include "gradus/tensor/creation.h"

#include "gradus/autograd/ops.h"
#include "gradus/tensor/random.h"
#include "tests/messages.h"

namespace gradus::messages {
namespace {

float element = 0;

}  // namespace

std::vector<Wrong> creation_calls() {
  // A row a line.
  // clang-format off
  return {
    {"empty", [] { empty({-1, 3}); }, {"sizes cannot be negative: (-1, 3)"}},
    {"empty", [] { empty({std::int64_t{1} << 40, std::int64_t{1} << 40}); },
     {"(1099511627776, 1099511627776) has more elements than memory can address"}},
    {"empty", [] { empty({std::int64_t{1} << 45, 1 << 10}); },
     {"cannot allocate 144115188075855936 bytes"}},
    {"empty", [] { empty({0, std::int64_t{1} << 40, std::int64_t{1} << 40}); },
     {"(0, 1099511627776, 1099511627776) has more elements than memory can address"}},
    {"zeros", [] { zeros({2, -3}); }, {"sizes cannot be negative: (2, -3)"}},
    {"zeros", [] { zeros({std::int64_t{1} << 50}); }, {"cannot allocate 4503599627370560 bytes"}},
    {"zeros", [] { zeros({std::int64_t{1} << 62}); },
     {"(4611686018427387904,) has more elements than memory can address"}},
    {"ones", [] { ones({2, -3}); }, {"sizes cannot be negative: (2, -3)"}},
    {"full", [] { full({2, -3}, 1); }, {"sizes cannot be negative: (2, -3)"}},
    {"full", [] { full({3}, nan, int64); }, {"nan is not a value of int64; give a floating dtype"}},
    {"zeros_like", [] { zeros_like(undefined); }, {"undefined tensor"}},
    {"ones_like", [] { ones_like(undefined); }, {"undefined tensor"}},
    {"empty_like", [] { empty_like(undefined); }, {"undefined tensor"}},
    {"full_like", [] { full_like(undefined, 1); }, {"undefined tensor"}},
    {"arange", [] { arange(0, 5, 0); }, {"the step from 0 to 5 cannot be 0"}},
    {"arange", [] { arange(0, 5, -1); }, {"a step of -1 never leads from 0 to 5"}},
    {"arange", [] { arange(0, nan, 1); }, {"needs finite numbers, got 0, nan, 1"}},
    {"arange", [] { arange(0, 1e30, 1); }, {"1e+30 elements do not fit in memory"}},
    {"arange", [] { arange(-3); }, {"a step of 1 never leads from 0 to -3"}},
    {"linspace", [] { linspace(0, 1, -1); }, {"needs a number of steps >= 0, got -1"}},
    {"linspace", [] { linspace(0, 1, 3, int64); }, {"needs a floating dtype, got int64"}},
    {"linspace", [] { linspace(0, nan, 3); }, {"needs finite ends, got 0 and nan"}},
    {"eye", [] { eye(-1); }, {"sizes cannot be negative: (-1, -1)"}},
    {"eye", [] { eye(2, -1); }, {"sizes cannot be negative: (2, -1)"}},
    {"tensor", [] { tensor({{1, 2}, {3}}); }, {"ragged lists: 1 items at (1,) where 2 are due"}},
    {"tensor", [] { tensor({{1, 2}, 3}); },
     {"ragged lists: a number stands at (1,) where a list of 2 is due"}},
    {"tensor", [] { tensor(std::vector<float>{1, 2, 3}, {2, 2}); },
     {"3 values do not fill (2, 2)"}},
    {"tensor", [] { tensor(std::vector<float>{1, 2, 3}, {-1, -3}); },
     {"sizes cannot be negative: (-1, -3)"}},
    {"from_blob", [] { from_blob(static_cast<float*>(nullptr), {2}); },
     {"a null pointer holds no elements of (2,)"}},
    {"from_blob", [] { from_blob(&element, {-2}); }, {"sizes cannot be negative: (-2,)"}},
    {"rand", [] { rand({-1}); }, {"sizes cannot be negative: (-1,)"}},
    {"rand", [] { rand({3}, int64); }, {"needs a floating tensor, got int64 (3,)"}},
    {"randn", [] { randn({-1}); }, {"sizes cannot be negative: (-1,)"}},
    {"randn", [] { randn({3}, int64); }, {"needs a floating tensor, got int64 (3,)"}},
    {"rand_like", [] { rand_like(undefined); }, {"undefined tensor"}},
    {"rand_like", [] { rand_like(arange(3)); }, {"needs a floating tensor, got int64 (3,)"}},
    {"randn_like", [] { randn_like(arange(3)); }, {"needs a floating tensor, got int64 (3,)"}},
    {"uniform", [] { uniform(2, 1, {3}); }, {"needs finite low <= high, got [2, 1)"}},
    {"uniform", [] { uniform(0, inf, {3}); }, {"needs finite low <= high, got [0, inf)"}},
    {"normal", [] { normal(0, -1, {3}); },
     {"needs a standard deviation >= 0, got -1"}},
    {"normal", [] { normal(nan, 1, {3}); },
     {"needs a finite mean and standard deviation, got nan and 1"}},
    {"randint", [] { randint(3, 3, {2}); }, {"needs low < high, got [3, 3)"}},
    {"randint", [] { randint(0, 3, {-2}); }, {"sizes cannot be negative: (-2,)"}},
    {"randperm", [] { randperm(-1); }, {"needs n >= 0, got -1"}},
    {"bernoulli", [] { bernoulli(1.5, {2}); }, {"needs a probability in [0, 1], got 1.5"}},
    {"bernoulli", [] { bernoulli(nan, {2}); }, {"needs a probability in [0, 1], got nan"}},
    {"bernoulli", [] { bernoulli(full({2}, 1.5)); }, {"needs a probability in [0, 1], got 1.5"}},
    {"bernoulli", [] { bernoulli(arange(3)); }, {"needs floating probabilities, got int64 (3,)"}},
    {"bernoulli", [] { bernoulli(full({2}, nan)); }, {"needs a probability in [0, 1], got nan"}},
  };
  // clang-format on
}

TEST_CASE("wrong calls that make tensors say what is wrong", "[messages]") {
  check_messages(creation_calls());
}

}  // namespace gradus::messages
