#include "gradus/nn/init.h"

#include <cmath>

#include "gradus/autograd/ops.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"
#include "tests/near.h"

// Golden values: torch 1.13.1, torch.manual_seed(3); t = torch.empty(3, 4); torch.nn.init.<name>(t)
using namespace gradus;
namespace init = nn::init;
using init::Nonlinearity;

namespace {

template <class Fill>
Tensor filled(const Shape& shape, Fill fill, DType dtype = float32) {
  manual_seed(3);
  Tensor x = empty(shape, dtype);
  fill(x);
  return x;
}

double variance(const Tensor& x) { return var(x).item<double>(); }

}  // namespace

TEST_CASE("fans count the receptive field", "[init]") {
  CHECK(init::fan_in(empty({3, 4})) == 4);
  CHECK(init::fan_out(empty({3, 4})) == 3);
  CHECK(init::fan_in(empty({8, 3, 5, 5})) == 75);
  CHECK(init::fan_out(empty({8, 3, 5, 5})) == 200);
  REQUIRE_THROWS_WITH(init::fan_in(ones(3)), Contains("[fan_in]") && Contains("(3,)"));
  REQUIRE_THROWS_WITH(init::fan_out(ones({})), Contains("[fan_out]") && Contains("()"));
}

TEST_CASE("gains are PyTorch's", "[init]") {
  CHECK(init::calculate_gain(Nonlinearity::Linear) == 1);
  CHECK(init::calculate_gain(Nonlinearity::Sigmoid) == 1);
  CHECK(init::calculate_gain(Nonlinearity::Tanh) == 5.0 / 3);
  CHECK(init::calculate_gain(Nonlinearity::ReLU) == std::sqrt(2.0));
  CHECK(init::calculate_gain(Nonlinearity::LeakyReLU) == Approx(1.4141428569978354));
  CHECK(init::calculate_gain(Nonlinearity::LeakyReLU, 0.5) == Approx(1.2649110640673518));
  CHECK(init::calculate_gain(Nonlinearity::SELU) == 0.75);
  REQUIRE_THROWS_WITH(init::calculate_gain(Nonlinearity::GELU),
                      Contains("[calculate_gain]") && Contains("gelu"));
}

TEST_CASE("Glorot's initialisers draw PyTorch's numbers", "[init]") {
  // xavier_uniform_(t, gain=2.)
  check_near(filled({3, 4}, [](auto& x) { init::glorot_uniform_(x, {.gain = 2}); }),
             {-1.83585119, -1.46068728, -0.793085337, -1.7518189, -0.105119981, -1.6290127,
              1.00679553, 0.902487099, 0.349668205, 1.436342, -0.181344733, 1.10909784});
  const std::vector<double> normal{0.429369122,  0.0934523791, 0.0475607924, -0.328046083,
                                   0.0246855579, -0.731365323, 0.180398718,  0.540464163,
                                   -0.76713562,  0.522459269,  0.27904743,   0.661694288};
  check_near(filled({3, 4}, [](auto& x) { init::glorot_normal_(x); }), normal);
  check_near(filled({3, 4}, [](auto& x) { init::xavier_normal_(x); }), normal);
  // torch.empty(2, 2, 3)
  check_near(filled({2, 2, 3}, [](auto& x) { init::xavier_uniform_(x); }),
             {-0.701077223, -0.557809174, -0.302864462, -0.668986857, -0.0401433557, -0.622089505,
              0.384476364, 0.344642937, 0.133531749, 0.548512161, -0.0692521632, 0.423543692});
  REQUIRE_THROWS_WITH(init::glorot_normal_(ones(3)), Contains("[glorot_normal_]"));
  REQUIRE_THROWS_WITH(init::glorot_uniform_(ones(3)), Contains("[glorot_uniform_]"));
}

TEST_CASE("He's initialisers draw PyTorch's numbers", "[init]") {
  const std::vector<double> uniform{-1.21430147,  -0.96615386, -0.524576664, -1.1587193,
                                    -0.069530338, -1.07749069, 0.665932596,  0.596939147,
                                    0.231283784,  0.95005095,  -0.119948268, 0.733599246};
  check_near(filled({3, 4}, [](auto& x) { init::he_uniform_(x); }), uniform);
  check_near(filled({3, 4}, [](auto& x) { init::kaiming_uniform_(x); }), uniform);
  // kaiming_normal_(t, mode='fan_out', nonlinearity='relu')
  check_near(
      filled({3, 4},
             [](auto& x) {
               init::he_normal_(x, {.mode = init::Fan::Out, .nonlinearity = Nonlinearity::ReLU});
             }),
      {0.655872166, 0.142750874, 0.0726503134, -0.501098633, 0.0377078131, -1.11717892, 0.275563598,
       0.82557261, -1.17181897, 0.798069715, 0.426251978, 1.0107547});
  // kaiming_normal_(t, a=.2)
  check_near(filled({3, 4}, [](auto& x) { init::kaiming_normal_(x, {.slope = 0.2}); }),
             {0.556971729, 0.121225148, 0.0616952069, -0.425536871, 0.0320217684, -0.948717058,
              0.234010741, 0.701082706, -0.995117843, 0.677727044, 0.361976504, 0.8583408});
  // kaiming_normal_(t, nonlinearity='tanh')
  check_near(
      filled({3, 4}, [](auto& x) { init::he_normal_(x, {.nonlinearity = Nonlinearity::Tanh}); }),
      {0.669396758, 0.145694494, 0.0741484091, -0.511431694, 0.038485378, -1.14021599, 0.281245917,
       0.842596531, -1.19598281, 0.814526498, 0.435041606, 1.03159726});
  REQUIRE_THROWS_WITH(init::he_normal_(ones(3)), Contains("[he_normal_]") && Contains("(3,)"));
  REQUIRE_THROWS_WITH(init::he_uniform_(ones({2, 2}), {.nonlinearity = Nonlinearity::Mish}),
                      Contains("no gain is defined for mish"));
}

TEST_CASE("LeCun's initialisers scale by fan_in", "[init]") {
  // t.normal_(0, (1 / 4) ** .5); t.uniform_(-(3 / 4) ** .5, (3 / 4) ** .5)
  check_near(filled({3, 4}, [](auto& x) { init::lecun_normal_(x); }),
             {0.401638031, 0.0874166936, 0.0444890484, -0.306859016, 0.023091225, -0.684129596,
              0.168747544, 0.505557954, -0.717589676, 0.488715887, 0.261024982, 0.618958354});
  check_near(filled({3, 4}, [](auto& x) { init::lecun_uniform_(x); }),
             {-0.85864073, -0.683173895, -0.370931715, -0.819338262, -0.0491653681, -0.761900902,
              0.470885456, 0.42209968, 0.16354233, 0.671787441, -0.0848162249, 0.518732965});
  REQUIRE_THROWS_WITH(init::lecun_normal_(ones(3)), Contains("[lecun_normal_]"));
  REQUIRE_THROWS_WITH(init::lecun_uniform_(ones(3)), Contains("[lecun_uniform_]"));
}

TEST_CASE("variance_scaling is Keras's", "[init]") {
  // t.uniform_(-(3 * 2 / 3.5) ** .5, (3 * 2 / 3.5) ** .5)
  check_near(filled({3, 4},
                    [](auto& x) {
                      init::variance_scaling_(x, {.scale = 2,
                                                  .mode = init::Fan::Average,
                                                  .distribution = init::Distribution::Uniform});
                    }),
             {-1.29814279, -1.03286183, -0.560796022, -1.23872304, -0.0743310526, -1.15188599,
              0.711911917, 0.638154745, 0.247252762, 1.01564717, -0.12823008, 0.784250557});

  // The same variance for each distribution; 40,000 draws have it to 1.5 %.
  for (auto distribution : {init::Distribution::TruncatedNormal,
                            init::Distribution::UntruncatedNormal, init::Distribution::Uniform}) {
    Tensor x = filled({100, 400}, [&](auto& w) {
      init::variance_scaling_(w, {.scale = 3, .distribution = distribution});
    });
    CHECK(variance(x) == Approx(3.0 / 400).epsilon(0.03));
    if (distribution == init::Distribution::TruncatedNormal) {
      double bound = 2 * std::sqrt(3.0 / 400) / .87962566103423978;
      CHECK(abs(x).max().item<double>() <= bound * 1.000001);
    }
  }
  REQUIRE_THROWS_WITH(init::variance_scaling_(ones({2, 2}), {.scale = 0}),
                      Contains("[variance_scaling_]") && Contains("got 0"));
}

TEST_CASE("trunc_normal is PyTorch's", "[init]") {
  check_near(filled({3, 4}, [](auto& x) { init::trunc_normal_(x); }),
             {-1.92973781, -1.15758824, -0.537136376, -1.65978837, -0.0679670945, -1.40419018,
              0.704681873, 0.62072885, 0.227866575, 1.12738001, -0.117430598, 0.792151213});
  // trunc_normal_(t, mean=1., std=.5, a=.8, b=1.1): the bounds are values
  check_near(
      filled({3, 4},
             [](auto& x) { init::trunc_normal_(x, {.mean = 1, .std = .5, .a = .8, .b = 1.1}); }),
      {0.801357746, 0.833216846, 0.888361752, 0.808559597, 0.943805397, 0.819013953, 1.03225863,
       1.02396083, 0.980039299, 1.06654859, 0.937708616, 1.04040551});
  // trunc_normal_(t, mean=0., std=.02): bounds a hundred standard deviations away
  check_near(
      filled({3, 4}, [](auto& x) { init::trunc_normal_(x, {.std = .02}); }),
      {-0.0526091158, -0.025008807, -0.0113114342, -0.0385512374, -0.00142424775, -0.03107596,
       0.0149001125, 0.013095852, 0.00477865851, 0.0243041646, -0.00246112235, 0.0167960636});
  // torch.empty(3, 4, dtype=torch.float64); trunc_normal_(t, a=-6, b=6)
  check_near(filled(
                 {3, 4}, [](auto& x) { init::trunc_normal_(x, {.a = -6, .b = 6}); }, float64),
             {-1.82357471, -0.562933079, 0.748480948, -0.934872405, 0.691485869, 0.274762453,
              -0.846176478, -0.167685044, -0.240833855, 0.767303732, -0.890929662, 0.238981921},
             1e-8);
  REQUIRE_THROWS_WITH(init::trunc_normal_(ones(3), {.a = 2, .b = 1}),
                      Contains("[trunc_normal_]") && Contains("a < b"));
  REQUIRE_THROWS_WITH(init::trunc_normal_(ones(3, int64)), Contains("int64"));
}

TEST_CASE("orthogonal is PyTorch's", "[init]") {
  check_near(filled({3, 4}, [](auto& x) { init::orthogonal_(x, {.gain = 2}); }),
             {1.56013727, 0.339564532, 0.172814861, -1.19197416, 0.831669807, -1.59172857,
              0.519619763, 0.710437, 0.299148798, 1.02367425, 1.43790948, 0.891637444},
             5e-6);
  check_near(filled({4, 3}, [](auto& x) { init::orthogonal_(x); }),
             {0.555481076, -0.207786486, -0.794389009, -0.424398005, 0.349989355, -0.257091135,
              0.233384445, 0.910231709, -0.127324343, 0.675913155, 0.0762262717, 0.535386503},
             5e-6);
  check_near(filled({2, 2, 2}, [](auto& x) { init::orthogonal_(x); }),
             {0.780068636, 0.169782266, 0.0864074305, -0.595987082, 0.415834934, -0.795864284,
              0.259809881, 0.3552185},
             5e-6);
  Tensor q = filled(
      {40, 60}, [](auto& x) { init::orthogonal_(x); }, float64);
  CHECK(allclose(matmul(q, q.t()), eye(40, float64), 0, 1e-12));
  REQUIRE_THROWS_WITH(init::orthogonal_(ones(3)), Contains("[orthogonal_]") && Contains("(3,)"));
  REQUIRE_THROWS_WITH(init::orthogonal_(ones({2, 2}, int64)), Contains("int64"));
}

TEST_CASE("plain values", "[init]") {
  check_near(filled({2, 3}, [](auto& x) { init::normal_(x, 1, 2); }),
             {2.60655212, 1.34966683, 1.17795622, -0.227436021, 1.09236491, -1.73651838});
  check_near(filled({2, 3}, [](auto& x) { init::uniform_(x, 1, 2); }),
             {1.00426352, 1.10556936, 1.28584242, 1.02695489, 1.47161436, 1.06011629});
  check_near(filled({2, 3}, [](auto& x) { init::eye_(x); }), {1, 0, 0, 0, 1, 0});
  check_near(filled(2, [](auto& x) { init::constant_(x, 7); }), {7, 7});
  check_near(filled(2, [](auto& x) { init::ones_(x); }), {1, 1});
  check_near(filled(2, [](auto& x) { init::zeros_(x); }), {0, 0});
  REQUIRE_THROWS_WITH(init::eye_(ones(3)), Contains("[eye_]") && Contains("(3,)"));
}

TEST_CASE("initialisers write to trainable tensors, unrecorded, with their own generator",
          "[init]") {
  Tensor weight = ones({3, 4}).requires_grad_();
  Generator a(7), b(7);
  CHECK(init::he_normal_(weight, {.generator = &a}).is_same(weight));
  CHECK(weight.is_leaf());
  CHECK(weight.requires_grad());
  Tensor other = ones({3, 4}).requires_grad_();
  manual_seed(1);
  init::he_normal_(other, {.generator = &b});
  CHECK(equal(weight, other));
  Tensor transposed = ones({4, 3}).t();
  CHECK(init::orthogonal_(transposed).shape() == Shape{3, 4});
  CHECK(init::glorot_uniform_(empty({0, 0})).numel() == 0);
}

// GRADIENT_FLOW: Glorot for none, tanh, sigmoid, softmax; He for ReLU and kin; LeCun for SELU.
TEST_CASE("each activation has its initialiser", "[init]") {
  using enum Nonlinearity;
  const std::pair<std::vector<Nonlinearity>, std::string> table[] = {
      {{Linear, Tanh, Sigmoid, Softmax}, "glorot_normal_"},
      {{ReLU, LeakyReLU, ELU, GELU, SiLU, Mish}, "he_normal_"},
      {{SELU}, "lecun_normal_"}};
  for (const auto& [activations, name] : table) {
    for (Nonlinearity activation : activations) {
      CHECK(init::recommended_for(activation).name == name);
    }
  }
  // Var W: 1 / fan_avg, 2 / fan_in, 1 / fan_in.
  Tensor weight = filled({100, 300}, [](auto& w) { init::recommended_for(Tanh)(w); });
  CHECK(variance(weight) == Approx(1.0 / 200).epsilon(0.05));
  init::recommended_for(GELU)(weight);
  CHECK(variance(weight) == Approx(2.0 / 300).epsilon(0.05));
  init::recommended_for(SELU)(weight);
  CHECK(variance(weight) == Approx(1.0 / 300).epsilon(0.05));
}
