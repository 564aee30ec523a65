#include "problem.h"

namespace clinic {
namespace {

Tensor standardized(const Tensor& x) {
  return ((x - mean(x, 0)) / (gradus::std(x, 0) + 1e-8)).detach();
}

}  // namespace

Problem circles() {
  data::Dataset set = data::circles(300, {.inner_radius = 0.5, .noise = 0.08});
  return {.data = set, .inputs = 2, .outputs = 2};
}

Problem blobs(std::int64_t classes, std::int64_t features) {
  data::Dataset set =
      data::blobs(300, {.classes = classes, .features = features, .box = 6, .spread = 1});
  set.inputs = standardized(set.inputs);
  return {.data = set, .inputs = features, .outputs = classes};
}

Problem spirals() {
  data::Dataset set = data::spirals(300, {.turns = 0.75});
  set.inputs = standardized(set.inputs);
  return {.data = set, .inputs = 2, .outputs = 2};
}

Problem digits() {
  static const data::Dataset set = data::digits().train;
  return {.data = set, .inputs = 64, .outputs = 10};
}

Problem shapes() {
  // Nine classes take thousands of steps; whether there is one shape or two takes fewer.
  data::Dataset set = data::shapeset(200);
  set.inputs = set.inputs.flatten(1);
  set.targets = (set.targets >= 3).to(int64);
  return {.data = set, .inputs = 1024, .outputs = 2};
}

Problem waves() {
  Tensor x = gradus::uniform(-1.7, 1.7, {300, 4});
  Tensor a = x.narrow(1, 0, 2), b = x.narrow(1, 2, 2);
  return {.data = {x, sin(1.5 * a) * cos(b)}, .inputs = 4, .outputs = 2};
}

Problem memory(std::int64_t length) {
  Tensor x = randn({300, length, 2});
  return {.data = {x, (x.select(1, 0).select(1, 0) > 0).to(int64)}, .inputs = 2, .outputs = 2};
}

Problem binary(Problem problem) {
  problem.data.targets = (problem.data.targets > 0).to(float32).unsqueeze(1);
  problem.outputs = 1;
  return problem;
}

}  // namespace clinic
