#include "gradus/autograd/ops.h"

#include "gradus/tensor/creation.h"
#include "tests/declared_functions.h"
#include "tests/messages.h"

namespace gradus::messages {

std::vector<Wrong> view_calls() {
  // A row a line.
  // clang-format off
  return {
    {"view", [] { view(ones({2, 3}).t(), {6}); },
     {"shape (3, 2) with strides (1, 3) cannot be seen as (6,) without a copy", "use reshape()"}},
    {"view", [] { view(ones({2, 3}), {4, -1}); }, {"6 elements do not fill (4, -1)"}},
    {"view", [] { view(ones({2, 3}), {-1, -1}); }, {"only one size can be inferred: (-1, -1)"}},
    {"view", [] { view(ones({2, 3}), {-2, -3}); }, {"invalid size -2 in (-2, -3)"}},
    {"reshape", [] { reshape(ones({2, 3}), {4}); }, {"6 elements do not fill (4,)"}},
    {"reshape", [] { reshape(ones({2, 3}), {-1, 4}); }, {"6 elements do not fill (-1, 4)"}},
    {"reshape", [] { reshape(ones({0, 3}), {-1, 0}); }, {"0 elements do not fill (-1, 0)"}},
    {"reshape", [] { reshape(ones({2, 3}), {-2, -3}); }, {"invalid size -2 in (-2, -3)"}},
    {"reshape", [] { reshape(undefined, {2}); }, {"undefined tensor"}},
    {"flatten", [] { flatten(ones({2, 3, 4}), 2, 1); },
     {"dimension 2 does not come before 1 in (2, 3, 4)"}},
    {"flatten", [] { flatten(ones({2, 3, 4}), 0, 3); },
     {"dimension 3 is out of range for 3 dimensions: needs one in [-3, 2]"}},
    {"transpose", [] { transpose(ones({2, 3}), 0, 2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"permute", [] { permute(ones({2, 3}), {0, 0}); }, {"dimension 0 appears twice in (0, 0)"}},
    {"permute", [] { permute(ones({2, 3}), {0}); },
     {"permutation (0,) does not name the 2 dimensions of (2, 3)"}},
    {"permute", [] { permute(ones({2, 3}), {0, 5}); },
     {"dimension 5 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"t", [] { t(ones({2, 3, 4})); },
     {"needs at most 2 dimensions, got (2, 3, 4); use transpose() or permute()"}},
    {"squeeze", [] { squeeze(ones({2, 1}), 2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"squeeze", [] { squeeze(undefined); }, {"undefined tensor"}},
    {"unsqueeze", [] { unsqueeze(ones({2, 3}), 3); },
     {"dimension 3 is out of range for 3 dimensions: needs one in [-3, 2]"}},
    {"unsqueeze", [] { unsqueeze(ones({1,1,1,1,1,1,1,1}), 3); },
     {"a tensor has at most 8 dimensions"}},
    {"broadcast_to", [] { broadcast_to(ones({2, 3}), {2, 4}); },
     {"cannot broadcast (2, 3) to (2, 4)"}},
    {"broadcast_to", [] { broadcast_to(ones({2, 3}), {3}); }, {"cannot broadcast (2, 3) to (3,)"}},
    {"expand", [] { expand(ones({2, 3}), {2, 4}); }, {"cannot broadcast (2, 3) to (2, 4)"}},
    {"expand", [] { expand(ones({3}), {-1, 3}); }, {"cannot broadcast (3,) to (-1, 3)"}},
    {"expand", [] { expand(ones({3}), {-2, 3}); }, {"cannot broadcast (3,) to (-2, 3)"}},
    {"select", [] { select(ones({2, 3}), 0, 2); },
     {"index 2 is out of range for dimension 0 of (2, 3)"}},
    {"select", [] { select(ones({2, 3}), 2, 0); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"index", [] { ones({2, 3})[5]; }, {"index 5 is out of range for dimension 0 of (2, 3)"}},
    {"slice", [] { slice(ones({2, 3}), 0, Slice(0, 2, -1)); },
     {"a slice's step must be positive, got -1: use flip() to reverse a dimension"}},
    {"slice", [] { slice(ones({2, 3}), 0, Slice(0, 2, 0)); }, {"a slice's step cannot be zero"}},
    {"slice", [] { slice(ones({2, 3}), 2, Slice(0, 2)); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"slice", [] { slice(ones({}), 0, Slice(0, 2)); },
     {"cannot slice a tensor without dimensions"}},
    {"narrow", [] { narrow(ones({2, 3}), 1, 2, 2); },
     {"start 2 and length 2 lie outside dimension 1 of (2, 3)"}},
    {"narrow", [] { narrow(ones({2, 3}), 1, 2, -1); },
     {"start 2 and length -1 lie outside dimension 1 of (2, 3)"}},
    {"narrow", [] { narrow(ones({2, 3}), 1, 5, 0); },
     {"start 5 and length 0 lie outside dimension 1 of (2, 3)"}},
    {"narrow", [] { narrow(ones({2, 3}), 1, 1, std::numeric_limits<std::int64_t>::max()); },
     {"start 1 and length 9223372036854775807 lie outside dimension 1 of (2, 3)"}},
    {"diagonal", [] { diagonal(ones({3})); }, {"a diagonal needs two dimensions, got (3,)"}},
    {"diagonal", [] { diagonal(ones({3, 3}), 0, 1, 1); },
     {"a diagonal needs two different dimensions, got 1 twice"}},
    {"diagonal", [] { diagonal(ones({3, 3}), 0, 1, 4); },
     {"dimension 4 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"split", [] { split(ones({2, 3}), 0); }, {"needs a size >= 1, got 0"}},
    {"split", [] { split(ones({2, 3}), -1); }, {"needs a size >= 1, got -1"}},
    {"split", [] { split(ones({2, 3}), {1, 2}); },
     {"sizes that add up to 3 do not split dimension 0 of (2, 3)"}},
    {"split", [] { split(ones({2, 3}), {-1, 3}); }, {"sizes cannot be negative, got -1"}},
    {"split", [] { split(ones({2, 3}), 2, 2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"split", [] { split(ones({}), 2); }, {"a tensor without dimensions has no size(0)"}},
    {"chunk", [] { chunk(ones({2, 3}), 0); }, {"needs at least 1 chunk, got 0"}},
    {"chunk", [] { chunk(ones({}), 2); }, {"a tensor without dimensions has no size(0)"}},
    {"unbind", [] { unbind(ones({})); }, {"a tensor without dimensions has no size(0)"}},
    {"unbind", [] { unbind(ones({2}), 1); },
     {"dimension 1 is out of range for 1 dimension: needs one in [-1, 0]"}},
  };
  // clang-format on
}

std::vector<Wrong> reduce_calls() {
  // A row a line.
  // clang-format off
  return {
    {"sum", [] { sum(ones({2, 3}), 2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"sum", [] { sum(ones({2, 3}), {0, 0}); }, {"dimension 0 appears twice in (0, 0)"}},
    {"sum", [] { sum(undefined); }, {"undefined tensor"}},
    {"sum_to", [] { sum_to(ones({2, 3}), {2}); },
     {"(2,) does not broadcast to (2, 3), so that cannot be summed to it"}},
    {"sum_to", [] { sum_to(ones({3}), {2, 3}); },
     {"(2, 3) does not broadcast to (3,), so that cannot be summed to it"}},
    {"mean", [] { mean(ones({2, 3}), 2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"mean", [] { mean(arange(3)); },
     {"needs floating-point numbers, got int64; convert with to(float32) first"}},
    {"mean", [] { mean(undefined); }, {"undefined tensor"}},
    {"var", [] { var(arange(3)); },
     {"needs floating-point numbers, got int64; convert with to(float32) first"}},
    {"var", [] { var(ones({2, 3}), 2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"var", [] { var(ones({2, 3}), {0}, false, nan); }, {"needs a finite correction, got nan"}},
    {"std", [] { gradus::std(ones({2, 3}), 2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"std", [] { gradus::std(arange(3)); },
     {"needs floating-point numbers, got int64; convert with to(float32) first"}},
    {"max", [] { max(ones({0, 3})); },
     {"no elements to choose from: shape (0, 3) over dimensions (0, 1)"}},
    {"max", [] { max(ones({0, 3}), 0); },
     {"no elements to choose from: shape (0, 3) over dimensions (0,)"}},
    {"max", [] { max(ones({2, 3}), 2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"max", [] { max(undefined); }, {"undefined tensor"}},
    {"min", [] { min(ones({0, 3})); },
     {"no elements to choose from: shape (0, 3) over dimensions (0, 1)"}},
    {"min", [] { min(ones({0, 3}), 0); },
     {"no elements to choose from: shape (0, 3) over dimensions (0,)"}},
    {"min", [] { min(ones({2, 3}), 2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"amax", [] { amax(ones({0, 3})); },
     {"no elements to choose from: shape (0, 3) over dimensions (0, 1)"}},
    {"amax", [] { amax(ones({2, 3}), 2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"amin", [] { amin(ones({0, 3})); },
     {"no elements to choose from: shape (0, 3) over dimensions (0, 1)"}},
    {"argmax", [] { argmax(ones({0, 3})); },
     {"no elements to choose from: shape (0, 3) over dimensions (0, 1)"}},
    {"argmax", [] { argmax(ones({0, 3}), 0); },
     {"no elements to choose from: shape (0, 3) over dimensions (0,)"}},
    {"argmax", [] { argmax(ones({2, 3}), 2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"argmin", [] { argmin(ones({0, 3})); },
     {"no elements to choose from: shape (0, 3) over dimensions (0, 1)"}},
    {"argmin", [] { argmin(ones({2, 3}), 2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"prod", [] { prod(ones({2, 3}), 2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"prod", [] { prod(undefined); }, {"undefined tensor"}},
    {"norm", [] { norm(ones({2, 3}), 2, 2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"norm", [] { norm(ones({2, 3}), nan); }, {"the order p is NaN"}},
    {"norm", [] { norm(arange(3)); },
     {"needs floating-point numbers, got int64; convert with to(float32) first"}},
    {"norm", [] { norm(ones({0, 3}), inf); },
     {"no elements to choose from: shape (0, 3) over dimensions (0, 1)"}},
    {"all", [] { all(ones({2, 3}), 2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"any", [] { any(ones({2, 3}), 2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"any", [] { any(undefined); }, {"undefined tensor"}},
    {"cumsum", [] { cumsum(ones({2, 3}), 2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"logsumexp", [] { logsumexp(ones({2, 3}), 2); },
     {"dimension 2 is out of range for 2 dimensions: needs one in [-2, 1]"}},
    {"logsumexp", [] { logsumexp(arange(3), 0); },
     {"needs floating-point numbers, got int64; convert with to(float32) first"}},
    {"matmul", [] { matmul(ones({2, 3}), ones({4, 5})); }, {"inner sizes differ: (2, 3) x (4, 5)"}},
    {"matmul", [] { matmul(ones({2, 3}), ones({})); },
     {"both operands need a dimension: (2, 3) x (); use * for a scalar"}},
    {"matmul", [] { matmul(ones({2, 2, 3}), ones({3, 3, 4})); },
     {"batches do not broadcast: (2, 2, 3) x (3, 3, 4)"}},
    {"matmul", [] { matmul(ones({2, 3}), ones({3, 4}, float64)); },
     {"dtypes differ: float32 x float64; convert one with to()"}},
    {"matmul", [] { matmul(ones({2, 3}), undefined); }, {"undefined tensor"}},
    {"dot", [] { dot(ones({3}), ones({4})); }, {"inner sizes differ: (3,) x (4,)"}},
    {"dot", [] { dot(ones({3, 3}), ones({4})); }, {"needs two vectors, got (3, 3) and (4,)"}},
    {"outer", [] { outer(ones({3, 3}), ones({4})); }, {"needs two vectors, got (3, 3) and (4,)"}},
    {"linear", [] { linear(ones({2, 3}), ones({5, 4})); },
     {"weight (5, 4) takes 4 features in the last dimension, but the input is (2, 3)"}},
    {"linear", [] { linear(ones({2, 3}), ones({5, 3}), ones({4})); },
     {"bias must have shape (5,) to go with weight (5, 3), got (4,)"}},
    {"linear", [] { linear(ones({2, 3}), ones({3})); },
     {"weight must have shape (out, in), got (3,)"}},
    {"linear", [] { linear(ones({}), ones({5, 3})); },
     {"weight (5, 3) takes 3 features in the last dimension, but the input is ()"}},
    {"linear", [] { linear(undefined, ones({5, 3})); }, {"undefined tensor"}},
    {"linear", [] { linear(ones({2, 3}), ones({5, 3}, float64)); },
     {"the input is float32 and weight float64; convert one with to()"}},
    {"linear", [] { linear(ones({2, 3}), ones({5, 3}), ones({5}, float64)); },
     {"bias is float64 and weight float32; convert one with to()"}},
  };
  // clang-format on
}

TEST_CASE("wrong calls of views, reductions and products say what is wrong", "[messages]") {
  check_messages(view_calls());
  check_messages(reduce_calls());
}

TEST_CASE("every function on tensors has a wrong call whose message is checked", "[messages]") {
  std::set<std::string> checked;
  for (const auto& table : {pointwise_calls(), activation_calls(), inplace_calls(), view_calls(),
                            reduce_calls(), index_calls(), norm_calls(), creation_calls()}) {
    for (const Wrong& wrong : table) checked.insert(wrong.op);
  }
  for (const char* header : {"autograd/ops.h", "tensor/creation.h", "tensor/random.h"}) {
    std::set<std::string> functions = declared_functions(header);
    CHECK(functions.size() >= 8);
    for (const std::string& function : functions) {
      INFO(header << " declares " << function << ", of which no wrong call is tested");
      CHECK(checked.contains(function));
    }
  }
}

}  // namespace gradus::messages
