// Healthy training of two networks at once, against each other or for one another, and of networks
// on pairs, sets and parts.

#include <cmath>

#include "network.h"
#include "program.h"

namespace clinic {
namespace {

const Mlp relu_2x48{2, 48, make<nn::ReLU>, he()};

/// x, whose gradient is turned round (Ganin & Lempitsky 2015).
Tensor reversed(const Tensor& x) { return 2 * x.detach() - x; }

/// A generator against a critic in one loss: the generator's gradient is turned round.
struct Adversaries : nn::Module {
  Adversaries()
      : generator(
            child("generator", nn::Sequential{nn::Linear(4, 24), nn::ReLU(), nn::Linear(24, 2)})),
        critic(child("critic", nn::Sequential{nn::Linear(2, 32), nn::LeakyReLU({.slope = 0.2}),
                                              nn::Linear(32, 32), nn::LeakyReLU({.slope = 0.2}),
                                              nn::Linear(32, 1)})) {}
  Tensor forward(const Tensor& x) override {
    Tensor made = generator(randn({x.size(0), 4}));
    return cat({critic(x), critic(reversed(made)), made}, 1);
  }
  nn::Sequential generator, critic;
};

Tensor adversarial(const Tensor& output, const Tensor&) {
  Tensor said = output.narrow(1, 0, 2);
  return binary_cross_entropy_with_logits(said, tensor({1.0F, 0.0F}).expand(said.shape()));
}

/// Features that tell the digit and shall not tell whether the picture was dimmed.
struct DomainBlind : nn::Module {
  DomainBlind()
      : features(child("features", nn::Sequential{nn::Linear(64, 48), nn::ReLU()})),
        digit(child("digit", nn::Linear(48, 10))),
        domain(child("domain", nn::Sequential{nn::Linear(48, 16), nn::ReLU(), nn::Linear(16, 1)})) {
  }
  Tensor forward(const Tensor& x) override {
    Tensor dimmed = (gradus::rand({x.size(0), 1}) < 0.5).to(float32);
    Tensor h = features(x * (1 - 0.5 * dimmed));
    return cat({digit(h), domain(reversed(h)), dimmed}, 1);
  }
  nn::Sequential features;
  nn::Linear digit;
  nn::Sequential domain;
};

Tensor domain_blind(const Tensor& output, const Tensor& target) {
  return cross_entropy(output.narrow(1, 0, 10), target) +
         0.3 * binary_cross_entropy_with_logits(output.narrow(1, 10, 1), output.narrow(1, 11, 1));
}

/// Two digits through one network: how far apart are they?
struct Siamese : nn::Module {
  Siamese()
      : body(child("body", nn::Sequential{nn::Linear(64, 48), nn::ReLU(), nn::Linear(48, 8)})) {}
  Tensor forward(const Tensor& x) override {
    Tensor apart = body(x.narrow(1, 0, 64)) - body(x.narrow(1, 64, 64));
    return sqrt(sum(square(apart), {1}) + 1e-6);
  }
  nn::Sequential body;
};

/// Pairs of digits; 1 where they are the same one, else -1.
Problem pairs() {
  data::Dataset set = digits().data;
  Tensor rows = randint(0, set.size(), {600}), others = randint(0, set.size(), {600});
  Tensor a = index_select(set.targets, 0, rows), b = index_select(set.targets, 0, others);
  Tensor x = cat({index_select(set.inputs, 0, rows), index_select(set.inputs, 0, others)}, 1);
  return {.data = {x, 2 * (a == b).to(float32) - 1}, .inputs = 128, .outputs = 1};
}

/// A student that learns what a frozen teacher says.
struct Distilled : nn::Module {
  Distilled()
      : teacher(child("teacher", mlp(digits(), relu_2x48))),
        student(
            child("student", nn::Sequential{nn::Linear(64, 16), nn::ReLU(), nn::Linear(16, 10)})) {
    optim::Adam optimizer(teacher.parameters(), {.lr = 5e-3});
    const data::Dataset set = digits().data;
    for (int i = 0; i < 60; ++i) {
      optimizer.zero_grad();
      cross_entropy(teacher(set.inputs), set.targets).backward();
      optimizer.step();
    }
    teacher.requires_grad_(false);
  }
  Tensor forward(const Tensor& x) override { return cat({student(x), teacher(x)}, 1); }
  nn::Sequential teacher, student;
};

Tensor distillation(const Tensor& output, const Tensor&) {
  return 4 *
         kl_div(log_softmax(output.narrow(1, 0, 10) / 2, 1),
                softmax(output.narrow(1, 10, 10) / 2, 1), {.reduction = Reduction::Sum}) /
         32;
}

/// An actor and the value that its reward is compared with.
struct ActorCritic : nn::Module {
  explicit ActorCritic(const Problem& problem)
      : body(child("body", nn::Sequential{nn::Linear(problem.inputs, 32), nn::Tanh()})),
        actor(child("actor", nn::Linear(32, problem.outputs))),
        value(child("value", nn::Linear(32, 1))) {}
  Tensor forward(const Tensor& x) override {
    Tensor h = body(x);
    return cat({actor(h), value(h)}, 1);
  }
  nn::Sequential body;
  nn::Linear actor, value;
};

Tensor advantage(const Tensor& output, const Tensor& target) {
  Tensor logits = output.narrow(1, 0, 3), value = output.narrow(1, 3, 1).squeeze(1);
  Tensor log_p = log_softmax(logits, 1);
  Tensor action =
      (logits.detach() - log(-log(gradus::rand(logits.shape()) * 0.98 + 0.01))).argmax(1);
  Tensor gain = (action == target).to(float32) - value;
  Tensor entropy = -mean(sum(exp(log_p) * log_p, {1}));
  return -mean(gather(log_p, 1, action.unsqueeze(1)).squeeze(1) * gain.detach()) +
         0.5 * mean(square(gain)) - 0.01 * entropy;
}

/// Users and films (Koren et al. 2009): the rating is a product of two embeddings.
struct Ratings : nn::Module {
  Ratings() : user(child("user", nn::Embedding(40, 6))), film(child("film", nn::Embedding(60, 6))) {
    init::normal_(user.weight, 0, 0.3);
    init::normal_(film.weight, 0, 0.3);
  }
  Tensor forward(const Tensor& x) override {
    return sum(user(x.select(1, 0)) * film(x.select(1, 1)), {1}, true);
  }
  nn::Embedding user, film;
};

Problem ratings() {
  Tensor users = randn({40, 3}), films = randn({60, 3});
  Tensor x = cat({randint(0, 40, {1500, 1}), randint(0, 60, {1500, 1})}, 1);
  Tensor y = sum(embedding(users, x.select(1, 0)) * embedding(films, x.select(1, 1)), {1}, true);
  return {.data = {x, y}, .inputs = 2, .outputs = 1};
}

/// A network that says the weights of another (Ha et al. 2017).
struct Hyper : nn::Module {
  explicit Hyper(const Problem& problem)
      : code(parameter("code", randn({1, 8}))),
        maker(child("maker", nn::Linear(8, 24 * (problem.inputs + 1)))),
        head(child("head", nn::Linear(24, problem.outputs))) {}
  Tensor forward(const Tensor& x) override {
    Tensor made = 2 * maker(code).reshape({x.size(1) + 1, 24});
    return head(tanh(matmul(x, made.narrow(0, 0, x.size(1))) + made.narrow(0, x.size(1), 1)));
  }
  Tensor code;
  nn::Linear maker, head;
};

/// A set of points, whose order counts for nothing (Zaheer et al. 2017).
struct DeepSet : nn::Module {
  DeepSet()
      : each(child("each",
                   nn::Sequential{nn::Linear(2, 32), nn::ReLU(), nn::Linear(32, 32), nn::ReLU()})),
        all(child("all", nn::Sequential{nn::Linear(32, 32), nn::ReLU(), nn::Linear(32, 1)})) {}
  Tensor forward(const Tensor& x) override { return all(sum(each(x), {1})); }
  nn::Sequential each, all;
};

/// Sets of 10 points; the target is how far they reach.
Problem sets() {
  Tensor x = randn({300, 10, 2});
  return {.data = {x, amax(norm(x, 2, {2}), {1}, true)}, .inputs = 2, .outputs = 1};
}

/// Members of an ensemble, whose answers are averaged.
struct Ensemble : nn::Module {
  explicit Ensemble(const Problem& problem) {
    for (int i = 0; i < 4; ++i) {
      members.push_back(
          child("member" + std::to_string(i), mlp(problem, {2, 12, make<nn::SiLU>, he()})));
    }
  }
  Tensor forward(const Tensor& x) override {
    Tensor total = members[0](x);
    for (std::size_t i = 1; i < members.size(); ++i) total = total + members[i](x);
    return total / 4;
  }
  std::vector<nn::Sequential> members;
};

}  // namespace

void add_healthy_pairs(Gallery& gallery) {
  add_to_report(gallery, {.name = "adversaries"}, "adversaries-blob", [] {
    Tensor x = randn({300, 2}) * 0.5 + tensor({1.0F, -1.0F});
    Program p = classifier({.data = {x, zeros({300})}, .inputs = 2, .outputs = 1}, Adversaries(),
                           adam(2e-3));
    p.loss = adversarial;
    p.score = [](const Tensor& y, const Tensor&) {
      Tensor centre = mean(y.narrow(1, 2, 2), 0) - tensor({1.0F, -1.0F});
      return 1 - norm(centre).item<double>() / std::sqrt(2.0);
    };
    p.steps = 200;
    return p;
  });
  add_to_tune(gallery, {.name = "a domain that shall not be told"}, "domain-blind-digits", [] {
    Program p = classifier(digits(), DomainBlind(), adam(5e-3));
    p.loss = domain_blind;
    p.score = [](const Tensor& y, const Tensor& t) { return accuracy(y.narrow(1, 0, 10), t); };
    return p;
  });
  add_to_report(gallery, {.name = "pairs in one network"}, "siamese-digits", [] {
    Program p = classifier(pairs(), Siamese(), adam(3e-3));
    p.loss = [](const Tensor& y, const Tensor& t) {
      return hinge_embedding_loss(y, t, {.margin = 2});
    };
    p.score = [](const Tensor& y, const Tensor& t) {
      return 2 * mean(((y < 1) == (t > 0)).to(float32)).item<double>() - 1;
    };
    p.steps = 150;
    return p;
  });
  add_to_report(gallery, {.name = "distilled from a teacher"}, "distilled-digits", [] {
    Program p = classifier(digits(), Distilled(), adam(5e-3));
    p.loss = distillation;
    p.score = [](const Tensor& y, const Tensor& t) { return accuracy(y.narrow(1, 0, 10), t); };
    return p;
  });
  add_to_report(gallery, {.name = "an actor and a critic"}, "actor-critic-blobs", [] {
    Problem problem = blobs(3, 5);
    Program p = classifier(problem, ActorCritic(problem), adam(5e-3));
    p.loss = advantage;
    p.score = [](const Tensor& y, const Tensor& t) { return accuracy(y.narrow(1, 0, 3), t); };
    p.steps = 150;
    return p;
  });
  add_to_report(gallery, {.name = "a product of embeddings"}, "ratings", [] {
    Program p = regression(ratings(), Ratings(), adam(0.05));
    p.batch = 64;
    p.steps = 150;
    return p;
  });
  add_to_report(gallery, {.name = "weights made by a network"}, "hyper-circles",
                [] { return classifier(circles(), Hyper(circles()), adam(0.01)); });
  add_to_report(gallery, {.name = "sets"}, "deep-sets",
                [] { return regression(sets(), DeepSet(), adam(3e-3)); });
  add_to_report(gallery, {.name = "an ensemble"}, "ensemble-spirals", [] {
    Program p = classifier(spirals(), Ensemble(spirals()), adam(0.02));
    p.steps = 120;
    return p;
  });
}

}  // namespace clinic
