#include "gradus/observe/remedy/plan.h"

namespace gradus::observe {

std::vector<Cure> Plan::cures() const {
  std::vector<Cure> found;
  if (other_loss) found.push_back(Cure::OtherLoss);
  if (scale_input) found.push_back(Cure::ScaleInput);
  if (rate < 1) found.push_back(Cure::LowerRate);
  if (init) found.push_back(Cure::MatchedInit);
  if (!activation.empty()) found.push_back(Cure::OtherActivation);
  if (batch_norm) found.push_back(Cure::BatchNorm);
  if (residual) found.push_back(Cure::Residual);
  if (clip_norm > 0) found.push_back(Cure::ClipNorm);
  if (rate > 1) found.push_back(Cure::HigherRate);
  return found;
}

std::string Plan::title() const {
  std::string text;
  for (Cure cure : cures()) {
    if (!text.empty()) text += ", ";
    switch (cure) {
      case Cure::OtherLoss:
        text += "output for the loss";
        break;
      case Cure::ScaleInput:
        text += "scaled input";
        break;
      case Cure::LowerRate:
      case Cure::HigherRate:
        text += fmt::format("rate x {:g}", rate);
        break;
      case Cure::MatchedInit:
        text += "matched initialisation";
        break;
      case Cure::OtherActivation:
        text += activation + " instead";
        break;
      case Cure::BatchNorm:
        text += "batch norm";
        break;
      case Cure::Residual:
        text += "residual connections";
        break;
      case Cure::ClipNorm:
        text += fmt::format("clip at norm {:g}", clip_norm);
        break;
      case Cure::Manual:
        break;
    }
  }
  return text.empty() ? "as it is" : text;
}

Plan combined(const Plan& first, const Plan& second) {
  Plan both = first;
  both.other_loss |= second.other_loss;
  both.scale_input |= second.scale_input;
  both.batch_norm |= second.batch_norm;
  both.residual |= second.residual;
  both.init |= second.init;
  if (!second.activation.empty()) both.activation = second.activation;
  if (second.rate != 1) both.rate = second.rate;
  if (second.clip_norm > 0) both.clip_norm = second.clip_norm;
  return both;
}

std::vector<Plan> single_remedies() {
  return {{.other_loss = true}, {.scale_input = true},  {.init = true},        {.rate = 0.1},
          {.rate = 0.01},       {.activation = "ReLU"}, {.activation = "ELU"}, {.batch_norm = true},
          {.residual = true},   {.clip_norm = 1},       {.rate = 10},          {.rate = 100}};
}

std::vector<Plan> first_line(bool slow) {
  std::vector<Plan> plans = {{.other_loss = true},
                             {.scale_input = true},
                             {.scale_input = true, .init = true},
                             {.init = true},
                             {.rate = 0.1},
                             {.rate = 0.01},
                             {.rate = 0.001},
                             {.init = true, .rate = 0.1},
                             {.init = true, .rate = 0.01},
                             {.init = true, .rate = 0.001},
                             {.activation = "ReLU"},
                             {.activation = "ELU"},
                             {.batch_norm = true},
                             {.residual = true},
                             {.clip_norm = 1},
                             {.init = true, .clip_norm = 1}};
  if (slow) {
    for (double rate : {1e6, 1e5, 1e4, 1e3, 1e2, 1e1}) plans.insert(plans.begin(), {.rate = rate});
  }
  return plans;
}

std::vector<Plan> second_line() {
  return {{.activation = "ELU", .residual = true, .clip_norm = 1},
          {.residual = true, .clip_norm = 1},
          {.activation = "ELU", .batch_norm = true, .residual = true},
          {.batch_norm = true, .residual = true}};
}

std::vector<Plan> companions() {
  return {{.init = true},       {.rate = 0.1},      {.activation = "ReLU"}, {.activation = "ELU"},
          {.batch_norm = true}, {.residual = true}, {.clip_norm = 1}};
}

}  // namespace gradus::observe
