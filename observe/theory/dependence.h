#pragma once

#include <string>
#include <vector>

#include "gradus/observe/theory/response.h"
#include "gradus/observe/trace.h"

namespace gradus::observe {

/// How what a layer takes depends, element by element, on what the layers before it have made.
struct Dependence {
  enum class Form {
    Sum,        ///< f_1(z_1) + ... + f_k(z_k) + constant
    OfSum,      ///< f(z_1 + ... + z_k)
    NotCovered  ///< neither
  };
  Form form = Form::NotCovered;
  std::vector<std::size_t> sources;  ///< layers, or Experiment::input
  std::vector<Response> responses;   ///< f_i, each with f_i(0) = 0 in a Sum of several
  double constant = 0;
  std::string why;  ///< of NotCovered
};

/// The dependences of each layer's (first) input, and of the output, on layers of which `cut` is
/// true. Layers of which it is false are taken as a part of what lies between.
///
/// Found by experiment: the network itself is run with nodes of Response in place of the cut
/// layers' outputs. What arrives at the next layer is the function between them, whoever wrote it,
/// and its slope comes from the tape. Two more runs with other values test the form, so that
/// whatever mixes elements (a batch norm, a softmax, attention) is found out rather than taken for
/// an activation. Dropout is off meanwhile.
std::vector<Dependence> dependences(nn::Module& net, const Trace& trace,
                                    const std::vector<bool>& cut);

}  // namespace gradus::observe
