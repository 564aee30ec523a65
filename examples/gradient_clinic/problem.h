#pragma once

#include <gradus/gradus.h>

/// The data that the programs of the clinic train on, drawn anew from the default generator.
namespace clinic {

using namespace gradus;

struct Problem {
  data::Dataset data;
  std::int64_t inputs = 0;   ///< features a sample
  std::int64_t outputs = 0;  ///< classes, or numbers to predict
};

Problem circles();
Problem blobs(std::int64_t classes = 3, std::int64_t features = 2);
Problem spirals();
Problem digits();  ///< 8x8 pixels in [0, 1]
Problem shapes();  ///< Shapeset-3x2, 32x32 pixels in [-1, 1]; one shape or two
Problem waves();   ///< regression: two products of sines of four inputs
/// Sequences (N, length, 2) of noise; the class is the sign of the first entry.
Problem memory(std::int64_t length);

/// With targets as (N, 1) float32, for one output unit and a binary loss.
Problem binary(Problem problem);
/// With other inputs.
template <class F>
Problem with_inputs(Problem problem, F change) {
  problem.data.inputs = change(problem.data.inputs);
  return problem;
}
/// With other targets.
template <class F>
Problem with_targets(Problem problem, F change) {
  problem.data.targets = change(problem.data.targets);
  return problem;
}

}  // namespace clinic
