#include "gradus/tensor/random.h"

#include <algorithm>
#include <thread>

#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "tests/catch.h"

// The numbers are those of torch 1.13.1 on the CPU, after torch.manual_seed(seed); the comment of
// each names the call.
using namespace gradus;

using Floats = std::vector<float>;
using Doubles = std::vector<double>;
using Ints = std::vector<std::int64_t>;

namespace {

constexpr std::uint64_t beyond_32_bits = (std::uint64_t{1} << 32) + 5;

/// Within SEMANTICS's 1.1e-6, for the streams that go through float logarithms and cosines.
void check_close(const Tensor& x, const Floats& expected) {
  REQUIRE(x.numel() == static_cast<std::int64_t>(expected.size()));
  Floats values = x.to_vector<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    CAPTURE(i);
    CHECK(values[i] == Approx(expected[i]).epsilon(0).margin(1.1e-6));
  }
}

Tensor seeded_randn(std::uint64_t seed, std::int64_t n) {
  manual_seed(seed);
  return randn(n);
}

}  // namespace

TEST_CASE("randn of fewer than 16 numbers", "[random]") {  // torch.randn(n)
  CHECK(seeded_randn(0, 4).to_vector<float>() ==
        Floats{1.54099607F, -0.293428898F, -2.17878938F, 0.568431258F});
  CHECK(seeded_randn(0, 15).to_vector<float>() ==
        Floats{1.54099607F, -0.293428898F, -2.17878938F, 0.568431258F, -1.08452237F, -1.39859545F,
               0.403346837F, 0.838026345F, -0.719257593F, -0.403343529F, -0.596635342F,
               0.182036489F, -0.856674612F, 1.10060418F, -1.07118738F});
  CHECK(seeded_randn(10, 4).to_vector<float>() ==
        Floats{-0.601392806F, -1.01220977F, -0.30226925F, -1.22768641F});
  CHECK(seeded_randn(9999, 4).to_vector<float>() ==
        Floats{-0.486079931F, 1.47010112F, -0.311345786F, 0.141399845F});
  CHECK(seeded_randn(beyond_32_bits, 4).to_vector<float>() ==
        Floats{-0.486780763F, -0.603821576F, -0.55809623F, 0.667524278F});
  CHECK(seeded_randn((std::uint64_t{1} << 40) + 12345, 4).to_vector<float>() ==
        Floats{1.42713046F, -1.87008917F, -1.19621038F, -2.04395127F});
}

TEST_CASE("randn of 16 numbers and more", "[random]") {  // torch.randn(n)
  Floats sixteen{-1.12583983F, -1.1523602F,  -0.250578582F, -0.433878809F,
                 0.848710358F, 0.692009151F, -0.31601277F,  -2.11521935F,
                 0.322274923F, -1.26333475F, 0.349983186F,  0.30813393F,
                 0.119841509F, 1.2376579F,   1.11677718F,   -0.247278154F};
  check_close(seeded_randn(0, 16), sixteen);
  check_close(seeded_randn(0, 17),
              {-1.12583983F, -1.6959312F, 0.566650629F, 0.793508351F, 0.598839462F, -1.55509508F,
               -0.34136039F, 1.85300612F, 0.468096405F, -0.585497558F, -0.173396751F, 0.183477938F,
               1.38936615F, 1.58633423F, 0.946298361F, -0.843676746F, 0.931826591F});
  check_close(seeded_randn(10, 17),
              {-0.817333996F, 1.12094724F, 0.999913275F, 1.11669445F, 1.07628369F, -0.0662285835F,
               0.131526962F, 0.168093398F, 0.0178458858F, 0.24557671F, 0.953498304F, 0.355339795F,
               0.212093562F, -0.3377707F, -0.353609592F, -0.272907794F, -0.145982623F});
  Floats forty = sixteen;
  for (float x :
       {-1.35265374F,  -1.6959312F,     0.566650629F,  0.793508351F,  0.598839462F, -1.55509508F,
        -0.34136039F,  1.85300612F,     -0.215863258F, -0.742548168F, 0.562721372F, 0.259627402F,
        -0.173960999F, -0.678746223F,   0.938260734F,  0.488869816F,  1.20322371F,  0.0845346972F,
        -1.2001394F,   -0.00478573795F, -0.518074811F, -0.306704193F, -1.58099389F, 1.70664334F}) {
    forty.push_back(x);
  }
  check_close(seeded_randn(0, 40), forty);
}

TEST_CASE("randn in float64", "[random]") {  // torch.randn(n, dtype=torch.float64)
  manual_seed(0);
  CHECK(randn(4, float64).to_vector<double>() == Doubles{1.5409961082440433, -0.29342890576094638,
                                                         -2.1787893820745574, 0.56843127728066778});
  Doubles expected{-2.310411800234176,   -0.63327460886750964,  -1.2609246557194385,
                   -0.72695106206541105, -0.019964750907762653, 0.2102998901016947,
                   0.17718935139366584,  -0.83051005100844899,  0.23871805816817063,
                   -0.2426793824588577,  -0.77301127729581809,  -1.5951814880783068,
                   -0.68700369404354633, 1.4880743158106724,    -0.44841580471145109,
                   -0.89100303517073753, 0.67485754359400385};
  manual_seed(0);
  Doubles values = randn(17, float64).to_vector<double>();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(values[i] == Approx(expected[i]).epsilon(1e-14));
  }
}

TEST_CASE("A draw of an odd number of normals keeps one for the next", "[random]") {
  manual_seed(0);  // torch.randn(3), torch.randn(2), torch.rand(1), torch.randn(1)
  CHECK(randn(3).to_vector<float>() == Floats{1.54099607F, -0.293428898F, -2.17878938F});
  CHECK(randn(2).to_vector<float>() == Floats{0.568431258F, -1.08452237F});
  CHECK(rand(1).item<float>() == 0.0223257542F);
  CHECK(randn(1).item<float>() == -1.39859545F);
  manual_seed(0);  // torch.randn(1), torch.randn(16)[:2], torch.randn(1)
  randn(1);
  Tensor block = randn(16);
  CHECK(block.at(0) == Approx(0.848710358).margin(1.1e-6));
  CHECK(randn(1).item<float>() == -0.293428898F);
  randn(1);
  manual_seed(0);  // which forgets the kept one
  CHECK(randn(1).item<float>() == 1.54099607F);
}

TEST_CASE("rand", "[random]") {  // torch.rand(5), torch.rand(4, dtype=torch.float64)
  manual_seed(9999);
  CHECK(rand(5).to_vector<float>() ==
        Floats{0.787602782F, 0.449783146F, 0.962303042F, 0.618704855F, 0.0540189147F});
  manual_seed(0);
  CHECK(rand(5).to_vector<float>() ==
        Floats{0.49625659F, 0.768221796F, 0.0884774327F, 0.132030487F, 0.307422817F});
  manual_seed(beyond_32_bits);
  CHECK(rand(5).to_vector<float>() ==
        Floats{0.830251873F, 0.126110911F, 0.90746969F, 0.819927037F, 0.920103431F});
  manual_seed(0);
  CHECK(rand(4, float64).to_vector<double>() == Doubles{0.97005300180655307, 0.70781986439978795,
                                                        0.45938294312745087, 0.92074768412196029});
}

TEST_CASE("uniform between bounds", "[random]") {  // torch.empty(8).uniform_(-0.05, 0.05)
  manual_seed(0);
  CHECK(uniform(-0.05, 0.05, 8).to_vector<float>() ==
        Floats{-0.000374341005F, 0.0268221796F, -0.0411522575F, -0.0367969535F, -0.0192577187F,
               0.0134078683F, -0.000990658998F, 0.039644476F});
  manual_seed(0);
  CHECK(uniform(-0.05, 0.05, 4, float64).to_vector<double>() ==
        Doubles{0.04700530018065531, 0.020781986439978795, -0.0040617056872549132,
                0.042074768412196033});
}

TEST_CASE("normal with a mean and a standard deviation", "[random]") {
  manual_seed(0);  // torch.empty(5).normal_(1.5, 0.3)
  CHECK(normal(1.5, 0.3, 5).to_vector<float>() ==
        Floats{1.96229887F, 1.41197133F, 0.846363187F, 1.67052937F, 1.17464328F});
  manual_seed(0);
  CHECK(normal(1.5, 0.3, 5, float64).to_vector<double>() ==
        Doubles{1.9622988324732129, 1.4119713282717161, 0.84636318537763278, 1.6705293831842003,
                1.1746432972727938});
}

TEST_CASE("Strided tensors are filled in the order of their memory", "[random]") {
  manual_seed(0);  // torch.empty(3, 2).t().uniform_()
  Tensor x = empty({3, 2}).t();
  uniform_(x);
  CHECK(x.to_vector<float>() ==
        Floats{0.49625659F, 0.0884774327F, 0.307422817F, 0.768221796F, 0.132030487F, 0.634078681F});
  manual_seed(0);  // torch.empty(6, 4).t().normal_(): no blocks of 16, for it is not contiguous
  Tensor y = empty({6, 4}).t();
  normal_(y);
  Floats values = y.to_vector<float>();
  CHECK(Floats(values.begin(), values.begin() + 7) ==
        Floats{1.54099607F, -1.08452237F, -0.719257593F, -0.856674612F, -0.566317499F, 0.370393544F,
               -0.293428898F});
}

TEST_CASE("randint", "[random]") {
  manual_seed(0);  // torch.randint(0, 100, (10,))
  CHECK(randint(0, 100, 10).to_vector<std::int64_t>() ==
        Ints{44, 39, 33, 60, 63, 79, 27, 3, 97, 83});
  manual_seed(0);  // torch.randint(-5, 5, (10,))
  CHECK(randint(-5, 5, 10).to_vector<std::int64_t>() == Ints{-1, 4, -2, -5, -2, 4, 2, -2, 2, -2});
  manual_seed(0);  // torch.randint(0, 2 ** 40, (3,))
  CHECK(randint(0, std::int64_t{1} << 40, 3).to_vector<std::int64_t>() ==
        Ints{741280623151, 506137267392, 291447657211});
  CHECK(randint(0, 5, {2, 2}, float32).dtype() == float32);
}

TEST_CASE("randperm", "[random]") {
  manual_seed(0);  // torch.randperm(10), torch.rand(1)
  CHECK(randperm(10).to_vector<std::int64_t>() == Ints{4, 1, 7, 5, 3, 9, 0, 8, 6, 2});
  CHECK(rand(1).item<float>() == 0.632306278F);
  manual_seed(9999);
  CHECK(randperm(10).to_vector<std::int64_t>() == Ints{2, 5, 8, 4, 1, 7, 0, 6, 3, 9});
  CHECK(randperm(0).numel() == 0);
}

TEST_CASE("bernoulli", "[random]") {
  manual_seed(0);  // torch.empty(20).bernoulli_(0.3)
  CHECK(bernoulli(0.3, 20).to_vector<std::int64_t>() ==
        Ints{0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0});
  manual_seed(0);  // torch.bernoulli(torch.linspace(0, 1, 20))
  CHECK(bernoulli(linspace(0, 1, 20)).to_vector<std::int64_t>() ==
        Ints{0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  manual_seed(0);  // torch.bernoulli(torch.linspace(0, 1, 20, dtype=torch.float64))
  CHECK(bernoulli(linspace(0, 1, 20, float64)).to_vector<std::int64_t>() ==
        Ints{0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
}

TEST_CASE("The like of a tensor is drawn with its shape and dtype", "[random]") {
  Floats expected = seeded_randn(0, 4).to_vector<float>();
  manual_seed(0);
  CHECK(randn_like(zeros(4)).to_vector<float>() == expected);
  CHECK(rand_like(zeros({2, 3}, float64)).dtype() == float64);
  CHECK(rand_like(zeros({2, 3}, float64)).shape() == Shape{2, 3});
}

TEST_CASE("A generator of its own leaves the default one alone", "[random]") {
  manual_seed(0);
  Generator generator(10);
  CHECK(randn(4, float32, &generator).at<float>(0) == -0.601392806F);
  CHECK(randn(1).item<float>() == 1.54099607F);
  CHECK(Generator().initial_seed() == 67280421310721);  // torch.Generator().initial_seed()
}

TEST_CASE("The state of a generator can be kept and restored", "[random]") {
  Generator generator(3);
  randn(3, float32, &generator);  // leaves a kept normal
  Generator::State state = generator.get_state();
  Floats first = randn(5, float32, &generator).to_vector<float>();
  CHECK_FALSE(generator.get_state() == state);
  generator.set_state(state);
  CHECK(generator.get_state() == state);
  CHECK(randn(5, float32, &generator).to_vector<float>() == first);
  std::uint64_t fresh = generator.seed();
  CHECK(generator.initial_seed() == fresh);
  Generator same(fresh);
  CHECK(rand(3, float32, &generator).to_vector<float>() ==
        rand(3, float32, &same).to_vector<float>());
}

TEST_CASE("Threads share a generator without losing or repeating numbers", "[random]") {
  Generator generator(1);
  Floats one = rand(4000, float32, &generator).to_vector<float>();
  generator.manual_seed(1);
  std::vector<Floats> parts(4);
  std::vector<std::thread> threads;
  for (Floats& part : parts) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        Floats drawn = rand(100, float32, &generator).to_vector<float>();
        part.insert(part.end(), drawn.begin(), drawn.end());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  Floats all;
  for (const Floats& part : parts) all.insert(all.end(), part.begin(), part.end());
  std::sort(all.begin(), all.end());
  std::sort(one.begin(), one.end());
  CHECK(all == one);
}

TEST_CASE("Random functions refuse bad arguments", "[random]") {
  CHECK_THROWS_WITH(rand(3, int64), Contains("[rand] needs a floating tensor, got int64 (3,)"));
  CHECK_THROWS_WITH(randn(3, boolean), Contains("[randn] needs a floating tensor"));
  CHECK_THROWS_WITH(uniform(1, 0, 3), Contains("[uniform] needs finite low <= high, got [1, 0)"));
  CHECK_THROWS_WITH(normal(0, -1, 3), Contains("[normal] needs a standard deviation >= 0, got -1"));
  CHECK_THROWS_WITH(randint(5, 5, 3), Contains("[randint] needs low < high, got [5, 5)"));
  CHECK_THROWS_WITH(randperm(-1), Contains("[randperm] needs n >= 0, got -1"));
  CHECK_THROWS_WITH(bernoulli(1.5, 3), Contains("[bernoulli] needs a probability in [0, 1]"));
  CHECK_THROWS_WITH(bernoulli(tensor({0.5, NAN})),
                    Contains("needs a probability in [0, 1], got nan"));
  CHECK_THROWS_WITH(bernoulli(zeros(3, int64)), Contains("floating probabilities, got int64 (3,)"));
  CHECK_THROWS_WITH(rand_like(zeros(3, int64)), Contains("[rand_like] needs a floating tensor"));
}
