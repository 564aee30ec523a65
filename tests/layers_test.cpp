#include "gradus/autograd/backward.h"
#include "gradus/autograd/gradcheck.h"
#include "gradus/autograd/ops.h"
#include "gradus/nn/batch_norm.h"
#include "gradus/nn/dropout.h"
#include "gradus/nn/embedding.h"
#include "gradus/nn/init.h"
#include "gradus/nn/layer_norm.h"
#include "gradus/nn/linear.h"
#include "gradus/nn/sequential.h"
#include "gradus/nn/shape.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"
#include "tests/catch.h"
#include "tests/near.h"

// Golden values: torch 1.13.1, each after torch.manual_seed(0) unless told.
using namespace gradus;

// l = nn.Linear(3, 2); l(torch.tensor([[1., 2, 3], [-1, .5, 2]]))
TEST_CASE("Linear starts with PyTorch's values", "[layers]") {
  manual_seed(0);
  nn::Linear layer(3, 2);
  CHECK(layer.weight.to_vector<float>() == std::vector<float>{-0.00432251766F, 0.309715837F,
                                                              -0.475185335F, -0.424894601F,
                                                              -0.222368971F, 0.154820725F});
  CHECK(layer.bias.to_vector<float>() == std::vector<float>{-0.0114391446F, 0.457774937F});
  Tensor x = tensor({{1.0, 2.0, 3.0}, {-1.0, 0.5, 2.0}});
  check_near(layer(x), {-0.821886003, 0.0526045561, -0.802629411, 1.08112645});
  CHECK(layer(ones({5, 4, 3})).shape() == Shape{5, 4, 2});

  // torch.manual_seed(1); nn.Linear(8, 4)
  Generator generator(1);
  nn::Linear large(8, 4, {.generator = &generator});
  CHECK(large.weight[3].to_vector<float>() ==
        std::vector<float>{-0.113295659F, 0.0169287026F, 0.210762978F, 0.192169234F, -0.34561643F,
                           0.219174981F, 0.0987700447F, 0.335364997F});
  CHECK(large.bias.to_vector<float>() ==
        std::vector<float>{0.233366385F, -0.322135806F, -0.336161524F, -0.170530155F});

  // nn.Linear(3, 2, dtype=torch.float64)
  manual_seed(0);
  nn::Linear wide(3, 2, {.dtype = float64});
  check_near(wide.weight,
             {0.542770454, 0.239969709, -0.0469005374, 0.485837577, 0.16745943, 0.336188628}, 1e-9);
  check_near(wide.bias, {-0.371113623, -0.171926106}, 1e-9);
}

TEST_CASE("Linear without bias, and wrong use", "[layers]") {
  nn::Linear layer(3, 2, {.bias = false});
  CHECK_FALSE(layer.bias.defined());
  CHECK(layer.parameters().size() == 1);
  CHECK(layer.extra_repr() == "in_features=3, out_features=2, bias=false");
  REQUIRE_THROWS_WITH(layer(ones({2, 4})),
                      Contains("[linear]") && Contains("(2, 4)") && Contains("(2, 3)"));
  REQUIRE_THROWS_WITH(nn::Linear(3, -2), Contains("[Linear]") && Contains("Linear(3, -2)") &&
                                             Contains("layers_test.cpp:"));
  CHECK(nn::Linear(0, 2)(zeros({3, 0})).shape() == Shape{3, 2});
}

// l = nn.Bilinear(2, 3, 2); l(torch.tensor([[1., -2], [.5, 3]]),
//                             torch.tensor([[1., 2, 3], [-1, .5, 2]]))
TEST_CASE("Bilinear matches PyTorch", "[layers]") {
  manual_seed(0);
  nn::Bilinear layer(2, 3, 2);
  check_near(layer.weight,
             {-0.00529398117, 0.379322886, -0.581980765, -0.520387471, -0.272345245, 0.18961589,
              -0.0140100336, 0.560657501, -0.0627515167, 0.187109336, -0.213696912, -0.138992712});
  check_near(layer.bias, {-0.675533414, -0.468304157});
  Tensor x1 = tensor({{1.0, -2.0}, {0.5, 3.0}});
  Tensor x2 = tensor({{1.0, 2.0, 3.0}, {-1.0, 0.5, 2.0}});
  check_near(layer(x1, x2), {-0.675663114, 1.76527143, 1.1303035, -2.09971595});
  CHECK(layer(ones({4, 5, 2}), ones({4, 5, 3})).shape() == Shape{4, 5, 2});
  CHECK(layer(ones(2), ones(3)).shape() == Shape{2});
  REQUIRE_THROWS_WITH(layer(ones({4, 2}), ones({5, 3})), Contains("[bilinear]") &&
                                                             Contains("(4, 2) and (5, 3)") &&
                                                             Contains("(2, 2, 3)"));
  REQUIRE_THROWS_WITH(static_cast<nn::Module&>(layer)(ones({4, 2})),
                      Contains("Bilinear has no forward of one input"));
  REQUIRE_THROWS_WITH(nn::Bilinear(2, 0, 1), Contains("Bilinear(2, 0, 1)"));

  nn::Bilinear wide(2, 3, 2, {.dtype = float64});
  CHECK(gradcheck(
      [&](const std::vector<Tensor>& x) { return wide(x[0], x[1]); },
      {randn({3, 2}, float64).requires_grad_(), randn({3, 3}, float64).requires_grad_()}));
}

TEST_CASE("Identity and Flatten", "[layers]") {
  Tensor x = randn({2, 3, 4});
  CHECK(nn::Identity()(x).is_same(x));
  CHECK(nn::Flatten()(x).shape() == Shape{2, 12});
  CHECK(nn::Flatten(0, 1)(x).shape() == Shape{6, 4});
  REQUIRE_THROWS_WITH(nn::Flatten(1, 5)(x), Contains("[flatten]"));
}

// e = nn.Embedding(4, 3, padding_idx=1); y = e(torch.tensor([[0, 1], [3, 1]]));
// (y * y).sum().backward()
TEST_CASE("Embedding looks up rows; padding gets no gradient", "[layers]") {
  manual_seed(0);
  nn::Embedding layer(4, 3, {.padding_idx = 1});
  check_near(layer.weight, {1.54099607, -0.293428898, -2.17878938, 0, 0, 0, 0.403346837,
                            0.838026345, -0.719257593, -0.403343529, -0.596635342, 0.182036489});
  Tensor y = layer(tensor({{0, 1}, {3, 1}}));
  CHECK(y.shape() == Shape{2, 2, 3});
  check_near(y, {1.54099607, -0.293428898, -2.17878938, 0, 0, 0, -0.403343529, -0.596635342,
                 0.182036489, 0, 0, 0});
  // The padding row keeps a value that is written to it, and still gets no gradient.
  nn::init::constant_(layer.weight[1], 2);
  y = layer(tensor({{0, 1}, {3, 1}}));
  CHECK(y.at(0, 1, 2) == 2);
  (y * y).sum().backward();
  check_near(layer.weight.grad(), {3.08199215, -0.586857796, -4.35757875, 0, 0, 0, 0, 0, 0,
                                   -0.806687057, -1.19327068, 0.364072978});

  nn::Embedding last(4, 3, {.padding_idx = -1});
  check_near(last.weight[3], {0, 0, 0});
  CHECK(last.extra_repr() == "4, 3, padding_idx=3");
  REQUIRE_THROWS_WITH(nn::Embedding(4, 3, {.padding_idx = 4}), Contains("padding_idx 4"));
  REQUIRE_THROWS_WITH(nn::Embedding(0, 3), Contains("Embedding(0, 3)"));
  REQUIRE_THROWS_WITH(layer(tensor({0, 4})), Contains("[embedding]") && Contains("4"));
}

// nn.Dropout(.4)(torch.ones(2, 5)); nn.AlphaDropout(.4)(torch.arange(10.).reshape(2, 5))
TEST_CASE("dropout acts in training only", "[layers]") {
  manual_seed(0);
  nn::Dropout layer(0.4);
  check_near(layer(ones({2, 5})),
             {0, 0, 1.66666663, 0, 0, 0, 1.66666663, 1.66666663, 1.66666663, 1.66666663});
  Generator generator(0);
  nn::AlphaDropout alpha(0.4, &generator);
  Tensor x = arange(10.0).reshape({2, 5});
  check_near(alpha(x), {-0.910642028, -0.910642028, 2.33365989, -0.910642028, -0.910642028,
                        -0.910642028, 5.78679037, 6.65007305, 7.51335573, 8.37663841});
  layer.eval();
  alpha.eval();
  CHECK(equal(layer(x), x));
  CHECK(equal(alpha(x), x));
  REQUIRE_THROWS_WITH(nn::Dropout(1.5), Contains("[Dropout]") && Contains("1.5"));
  REQUIRE_THROWS_WITH(nn::AlphaDropout(-1), Contains("[AlphaDropout]"));
}

// bn = nn.BatchNorm1d(2); bn(torch.tensor([[1., 4], [2, 0], [4, -1]])); bn.eval()
TEST_CASE("BatchNorm1d normalises with the batch, then with what it has seen", "[layers]") {
  nn::BatchNorm1d layer(2);
  Tensor x = tensor({{1.0, 4.0}, {2.0, 0.0}, {4.0, -1.0}});
  check_near(layer(x),
             {-1.06904149, 1.38872862, -0.267260313, -0.462909549, 1.33630204, -0.925819099});
  check_near(layer.running_mean, {0.233333334, 0.1});
  check_near(layer.running_var, {1.13333333, 1.6});
  CHECK(layer.num_batches_tracked.item<std::int64_t>() == 1);
  layer.eval();
  check_near(layer(x),
             {0.720154703, 3.08321118, 1.65948701, -0.0790567026, 3.5381515, -0.869623661});
  CHECK(layer.num_batches_tracked.item<std::int64_t>() == 1);
  CHECK_FALSE(layer.running_mean.requires_grad());
}

// bn = nn.BatchNorm1d(1, momentum=None); bn([[1.], [2], [4]]); bn([[0.], [10], [2]])
TEST_CASE("BatchNorm1d without momentum takes the cumulative average", "[layers]") {
  nn::BatchNorm1d layer(1, {.momentum = std::nullopt});
  layer(tensor({{1.0}, {2.0}, {4.0}}));
  layer(tensor({{0.0}, {10.0}, {2.0}}));
  check_near(layer.running_mean, {3.16666651});
  check_near(layer.running_var, {15.166667});
  CHECK(layer.num_batches_tracked.item<std::int64_t>() == 2);
}

// bn = nn.BatchNorm1d(2, track_running_stats=False).eval(); bn(torch.arange(12.).reshape(2, 2,
// 3)**2)
TEST_CASE("BatchNorm1d without statistics, and wrong use", "[layers]") {
  nn::BatchNorm1d layer(2, {.track_running_stats = false});
  layer.eval();
  check_near(layer(square(arange(12.0)).reshape({2, 2, 3})),
             {-1.01228189, -0.972842336, -0.854523659, -1.13380957, -0.974010944, -0.768555522,
              0.407542109, 0.920256317, 1.51184964, 0.509833753, 0.943572998, 1.42296898});
  CHECK(layer.named_buffers().empty());
  nn::BatchNorm1d bare(2, {.affine = false});
  CHECK(bare.parameters().empty());

  nn::Sequential net(nn::BatchNorm1d(3));
  REQUIRE_THROWS_WITH(net(ones({2, 4})), Contains("[BatchNorm1d]") && Contains("(N, 3)") &&
                                             Contains("(2, 4)") && Contains("in '0'"));
  REQUIRE_THROWS_WITH(net(ones({1, 3})), Contains("[batch_norm]") && Contains("(1, 3)"));
  CHECK(net.get<nn::BatchNorm1d>(0).num_batches_tracked.item<std::int64_t>() == 0);
  REQUIRE_THROWS_WITH(nn::BatchNorm1d(0), Contains("must be positive, got 0"));
}

// nn.LayerNorm(3)(torch.tensor([[1., 2, 4], [0, -1, 5]]))
TEST_CASE("LayerNorm and RMSNorm normalise each sample", "[layers]") {
  Tensor x = tensor({{1.0, 2.0, 4.0}, {0.0, -1.0, 5.0}});
  nn::LayerNorm layer(3);
  check_near(layer(x),
             {-1.06904137, -0.267260313, 1.3363018, -0.508000135, -0.889000237, 1.39700031});
  // x / (x.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt()
  nn::RMSNorm rms(3);
  check_near(rms(x), {0.377964199, 0.755928397, 1.51185679, 0, -0.339682907, 1.69841456});
  CHECK(layer.parameters().size() == 2);
  CHECK(nn::LayerNorm(3, {.bias = false}).parameters().size() == 1);
  CHECK(nn::LayerNorm(3, {.elementwise_affine = false}).parameters().empty());
  CHECK(nn::RMSNorm(3, {.elementwise_affine = false}).parameters().empty());
  CHECK(nn::LayerNorm({2, 3})(ones({4, 2, 3})).shape() == Shape{4, 2, 3});
  CHECK(layer.extra_repr() == "(3,), eps=1e-05, elementwise_affine=true");
  REQUIRE_THROWS_WITH(layer(ones({2, 4})), Contains("[layer_norm]") && Contains("(2, 4)"));
  REQUIRE_THROWS_WITH(rms(ones({2, 4})), Contains("[rms_norm]") && Contains("(2, 4)"));
  REQUIRE_THROWS_WITH(nn::LayerNorm(Shape{}), Contains("[LayerNorm]") && Contains("got ()"));
  REQUIRE_THROWS_WITH(nn::RMSNorm({2, 0}), Contains("[RMSNorm]") && Contains("(2, 0)"));
}
