#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gradus/observe/findings.h>

#include "problem.h"

namespace clinic {

using Loss = std::function<Tensor(const Tensor& output, const Tensor& target)>;
using Score = std::function<double(const Tensor& output, const Tensor& target)>;

/// An optimiser yet to be made, of parameters that may yet change.
struct Recipe {
  double lr;
  std::function<std::unique_ptr<optim::Optimizer>(const std::vector<Tensor>& params, double lr)>
      make;
};

// --- Losses.
Tensor entropy(const Tensor& output, const Tensor& target);  ///< cross_entropy of logits
Tensor binary_entropy(const Tensor& output, const Tensor& target);
Tensor squares(const Tensor& output, const Tensor& target);

// --- Scores: 1 is perfect, 0 what the best constant answer reaches.
double accuracy(const Tensor& output,
                const Tensor& target);  ///< of classes that are equally likely
double binary_accuracy(const Tensor& output, const Tensor& target);  ///< of logits (N, 1)
double explained(const Tensor& output, const Tensor& target);        ///< share of the variance

// --- Optimisers.
Recipe sgd(double lr, double momentum = 0.9, double weight_decay = 0);
Recipe adam(double lr);
Recipe adamw(double lr, double weight_decay);
Recipe rmsprop(double lr);

/// A training program, as somebody might have written it.
struct Program {
  Problem problem;
  nn::AnyModule net;
  Recipe optimizer = sgd(0.05);
  Loss loss = entropy;
  Score score = accuracy;
  double clip = 0;  ///< greatest norm of the gradient; 0: none
  std::int64_t batch = 32;
  int steps = 80;
  int steps_before = 0;  ///< made before the monitor is attached
  int accumulate = 1;    ///< batches whose gradients are added up for a step
  bool zeroes_gradients = true;
  /// What the optimiser is given; none: all parameters.
  std::function<std::vector<Tensor>(nn::Module& net)> trained = {};
  /// The learning rate of a step as a share of the optimiser's; none: 1.
  std::function<double(int step)> schedule = {};
};

Program classifier(const Problem& problem, const nn::AnyModule& net, Recipe optimizer = adam(3e-3));
Program regression(const Problem& problem, const nn::AnyModule& net, Recipe optimizer = adam(3e-3),
                   Loss loss = squares);

/// What AUTOTRAINER tells apart, see autotrainer.h.
enum class Flow { None, Vanishing, Exploding, DyingReLU };

struct Variant {
  std::string name;
  std::function<Program()> make;  ///< random numbers come from the default generator
};

/// A fault, and programs that somebody made it in: one to tune the doctor on, and one to report on.
/// Some have a third: it was to be reported on until the doctor learned from it.
struct Fault {
  std::string name;
  std::vector<observe::Symptom> causes = {};  ///< the right ones; none: the programs are healthy
  Flow flow = Flow::None;
  std::string layer = {};   ///< path that the finding must name; "": any
  std::string word = {};    ///< that the finding's cause must contain
  bool repairable = false;  ///< by changes that observe::repair can make to a Sequential
  Variant tune = {};
  Variant report = {};
  Variant also_tune = {};

  bool healthy() const { return causes.empty(); }
};

using Gallery = std::vector<Fault>;
/// Adds a fault of which there is one program, which was run for the first time when the doctor was
/// as good as ready: on the report, or with those tuned on, if it then learned from it.
void add_to_report(Gallery& gallery, Fault fault, const std::string& name,
                   std::function<Program()> make);
void add_to_tune(Gallery& gallery, Fault fault, const std::string& name,
                 std::function<Program()> make);
void add_depth_faults(Gallery& gallery);
void add_unit_faults(Gallery& gallery);
void add_step_faults(Gallery& gallery);
void add_graph_faults(Gallery& gallery);
void add_number_faults(Gallery& gallery);
void add_healthy_plain(Gallery& gallery);
void add_healthy_special(Gallery& gallery);
void add_healthy_training(Gallery& gallery);
void add_model_faults(Gallery& gallery);
void add_recipe_faults(Gallery& gallery);
void add_sick_variations(Gallery& gallery);
void add_healthy_models(Gallery& gallery);
void add_healthy_sequences(Gallery& gallery);
void add_healthy_recipes(Gallery& gallery);
void add_healthy_variations(Gallery& gallery);
void add_sequence_faults(Gallery& gallery);
void add_architecture_faults(Gallery& gallery);
void add_objective_faults(Gallery& gallery);
void add_practice_faults(Gallery& gallery);
void add_takeover_faults(Gallery& gallery);
void add_healthy_pairs(Gallery& gallery);
void add_healthy_objectives(Gallery& gallery);
void add_healthy_practice(Gallery& gallery);
void add_healthy_structures(Gallery& gallery);

}  // namespace clinic
