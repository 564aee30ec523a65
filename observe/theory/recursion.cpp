#include "gradus/observe/theory/recursion.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "gradus/nn/dropout.h"
#include "gradus/observe/theory/experiment.h"

/// Note [What theory covers]
/// For each linear layer z = W h + b with random independent weights, z is normal with
///   q = sigma_w^2 E[h^2] + sigma_b^2,
/// and, since a gradient is taken as independent of the forward signal,
///   E[(dL/dh)^2] = n_out Var W E[(dL/dz)^2]
/// (Poole et al. 2016, Schoenholz et al. 2017). What lies between layers:
/// - h = phi(z): E[h^2] and the gain E[phi'^2] over z ~ N(0, q).
/// - h = f_1(z_1) + ... + f_k(z_k), a residual sum: branches end in weights of their own, so their
///   terms are independent. Variances add, means add, and the gradient goes to each z_i with its
///   own gain; gradients that meet add in mean square (Yang & Schoenholz 2017, arXiv:1712.08969).
/// - h = phi(z_1 + ... + z_k), an activation on a residual stream: the sum is normal of variance
///   q_1 + ... + q_k.
/// - Dropout keeps with probability 1 - p and scales by 1 / (1 - p): a factor 1 / (1 - p) on E[h^2]
///   and on the gain, none on the product of two samples (Schoenholz et al. 2017).
/// - Batch norm y = gamma (h - mean) / sd + beta in training: with v the variance of h over the
///   batch, E[y^2] = E gamma^2 + E beta^2, and the gain is E gamma^2 / v (Yang et al. 2019,
///   arXiv:1902.08129, for large batches), times 1 - 2 / B since the gradient loses its parts along
///   1 and along y. v = E[h^2] - E[h h'] needs the product of two samples h, h' of
///   the batch, which has a recursion of its own, with Response::covariance (Poole et al.).
///   A unit's own batch variance scatters about v as sum lambda_i chi^2_1, with the eigenvalues of
///   the batch's covariance, here measured: by Satterthwaite's rule as chi^2 of
///   k = (sum lambda)^2 / sum lambda^2 degrees of freedom, so that E[1/v] is k / (k - 2) times
///   larger. This matters where few directions span the inputs, and in the first layers.
///   For ReLU behind batch norm this gives chi = pi / (pi - 1) = 1.467, as in Yang et al.
/// - Layer norm and RMS norm alike, with v over the features.
/// A layer called several times is taken as if each call had weights of its own (Chen et al. 2018,
/// arXiv:1806.05394). Whatever else is there is named, and the recursion starts again behind it
/// from what was measured.
namespace gradus::observe {
namespace {

using Kind = LayerRole::Kind;
using Form = Dependence::Form;

/// What a layer takes, by theory.
struct Taken {
  double square = 0;
  double cross = 0;
  double mean = 0;
  bool gaussian = true;
  std::vector<double> gains = {};  ///< E[f'^2] of each source
};

class Solver {
 public:
  Solver(const Trace& trace, const std::vector<LayerRole>& roles,
         const std::vector<Dependence>& dependences)
      : trace_(trace), roles_(roles), dependences_(dependences), taken_(dependences.size()) {
    const std::size_t n = trace.layers.size();
    result_.signals.resize(n);
    result_.started.resize(n);
    result_.not_covered.resize(n + 1);
    result_.square.resize(n);
    roots_.resize(n);
    if (trace.input.is_floating()) input_ = measure(trace.input.detach());
    input_.gaussian = false;
  }

  Recursion run() && {
    for (std::size_t i = 0; i < trace_.layers.size(); ++i) forward(i);
    std::tie(taken_.back(), result_.not_covered.back()) = take(trace_.layers.size());
    for (std::size_t i = trace_.layers.size(); i-- > 0;) backward(i);
    return std::move(result_);
  }

 private:
  const Signal& signal(std::size_t source) const {
    return source == Experiment::input ? input_ : result_.signals[source];
  }
  std::set<std::size_t> roots(std::size_t source) const {
    return source == Experiment::input ? std::set{source} : roots_[source];
  }
  bool starts(std::size_t i) const {
    return roles_[i].kind == Kind::Table ||
           dependences_[i].sources == std::vector{Experiment::input};
  }

  void forward(std::size_t i) {
    const LayerRole& role = roles_[i];
    if (role.kind == Kind::Between) return;
    const bool linear = role.kind != Kind::Normalization;
    if (linear) roots_[i] = {i};
    std::string& why = result_.not_covered[i];
    why = role.not_covered;
    if (!(linear && starts(i))) {
      auto [taken, reason] = take(i);
      taken.gaussian = taken.gaussian && reason.empty();
      if (why.empty()) why = reason;
      taken_[i] = std::move(taken);
    }
    if (!linear) {
      for (std::size_t source : dependences_[i].sources) roots_[i].merge(roots(source));
    }
    Signal& z = result_.signals[i];
    if (!why.empty() || (linear && starts(i))) {
      z = measure(trace_.layers[i].output.detach());
      z.gaussian = linear || taken_[i].gaussian;
      result_.started[i] = true;
    } else if (linear) {
      z = {.square = role.gain * taken_[i].square + role.bias,
           .cross = role.gain * taken_[i].cross + role.bias};
    } else {
      const double others = role.over_batch ? -role.gain / (role.count - 1) : cross_of(i);
      z = {.square = role.gain + role.bias,
           .cross = role.bias + others,
           .gaussian = taken_[i].gaussian};
    }
  }

  /// Two samples keep their correlation when each is normalised by itself.
  double cross_of(std::size_t i) const {
    const Taken& h = taken_[i];
    const double shift = roles_[i].centers ? h.mean * h.mean : 0;
    return roles_[i].gain * (h.cross - shift) / std::max(h.square - shift, 1e-300);
  }

  /// The variance that a normalisation divides by.
  double variance(std::size_t i) const {
    const Taken& h = taken_[i];
    const LayerRole& role = roles_[i];
    if (role.over_batch) return (h.square - h.cross) * (1 - 1 / role.count) + role.eps;
    return h.square - (role.centers ? h.mean * h.mean : 0) + role.eps;
  }

  /// What target t takes, or why theory does not say.
  std::pair<Taken, std::string> take(std::size_t t) const {
    const Dependence& d = dependences_[t];
    if (d.form == Form::NotCovered) return {{}, d.why};
    if (share_a_root(d)) {
      return {{}, "its input joins paths that depend on the same weights"};
    }
    const bool of_sum = d.form == Form::OfSum;
    for (std::size_t k = 0; k < d.sources.size(); ++k) {
      const bool linear = d.responses[of_sum ? 0 : k].is_linear();
      if (!signal(d.sources[k]).gaussian && !linear) {
        return {{}, "its activation acts on values that are not normal"};
      }
    }
    auto [factor, reason] = dropout(t);
    if (!reason.empty()) return {{}, reason};
    Taken taken = of_sum ? take_of_sum(d) : take_sum(d);
    taken.square *= factor;
    for (double& gain : taken.gains) gain *= factor;
    if (!std::isfinite(taken.square)) return {{}, "the expected signal is not finite"};
    return {taken, ""};
  }

  bool share_a_root(const Dependence& d) const {
    std::set<std::size_t> all;
    std::size_t count = 0;
    for (std::size_t source : d.sources) {
      const std::set<std::size_t> own = roots(source);
      count += own.size();
      all.insert(own.begin(), own.end());
    }
    return all.size() < count;
  }

  Taken take_sum(const Dependence& d) const {
    Taken taken{.mean = d.constant};
    double variance = 0, covariance = 0;
    for (std::size_t k = 0; k < d.sources.size(); ++k) {
      const Response& f = d.responses[k];
      const Signal& z = signal(d.sources[k]);
      if (f.is_linear()) {
        const double a = f.slopes().front();
        taken.mean += a * z.mean + f.at(0);
        variance += a * a * (z.square - z.mean * z.mean);
        covariance += a * a * (z.cross - z.mean * z.mean);
        taken.gains.push_back(a * a);
      } else {
        const Response::Moments m = f.moments(z.square);
        taken.mean += m.mean;
        variance += m.square - m.mean * m.mean;
        covariance += f.covariance(z.square, correlation(z.cross, z.square));
        taken.gains.push_back(m.slope_square);
      }
      taken.gaussian = taken.gaussian && z.gaussian && f.is_linear();
    }
    taken.square = variance + taken.mean * taken.mean;
    taken.cross = covariance + taken.mean * taken.mean;
    return taken;
  }

  Taken take_of_sum(const Dependence& d) const {
    Signal stream;
    for (std::size_t source : d.sources) {
      stream.square += signal(source).square;
      stream.cross += signal(source).cross;
    }
    const Response& f = d.responses[0];
    const Response::Moments m = f.moments(stream.square);
    const double c = correlation(stream.cross, stream.square);
    return {.square = m.square,
            .cross = f.covariance(stream.square, c) + m.mean * m.mean,
            .mean = m.mean,
            .gaussian = false,
            .gains = std::vector<double>(d.sources.size(), m.slope_square)};
  }

  static double correlation(double cross, double square) {
    return square > 0 ? std::clamp(cross / square, -1.0, 1.0) : 0;
  }

  /// The factor on second moments of the dropouts before t, or why there is none.
  std::pair<double, std::string> dropout(std::size_t t) const {
    const Origin& origin = t < trace_.layers.size() ? trace_.layers[t].origin() : trace_.end;
    double factor = 1;
    for (const TracedOp& op : origin.ops) {
      if (op.kind != OpKind::Dropout) continue;
      const auto* module = dynamic_cast<const nn::Dropout*>(op.module);
      if (module == nullptr || module->p() == 1) return {1, op.name + " is not covered"};
      if (dependences_[t].sources.size() > 1) return {1, "dropout on one branch of a sum"};
      factor /= 1 - module->p();
    }
    return {factor, ""};
  }

  void backward(std::size_t i) {
    if (roles_[i].kind == Kind::Between) return;
    double sum = 0;
    for (std::size_t t = 0; t < dependences_.size(); ++t) {
      const auto& sources = dependences_[t].sources;
      const auto at = std::ranges::find(sources, i);
      const bool is_end = t == trace_.layers.size();
      if (at == sources.end() || (!is_end && roles_[t].kind == Kind::Between)) continue;
      if (is_end && !result_.not_covered[t].empty()) {
        if (sources.size() > 1) return;
        sum += 1;  // the output's gradient is given up to a factor in any case
        continue;
      }
      std::optional<double> arriving = 1.0;
      if (!is_end) arriving = result_.not_covered[t].empty() ? back(t) : std::nullopt;
      if (!arriving) return;
      sum += *arriving * taken_[t].gains[static_cast<std::size_t>(at - sources.begin())];
    }
    result_.square[i] = sum;
  }

  /// Mean square of the gradient of what layer t takes.
  std::optional<double> back(std::size_t t) const {
    if (!result_.square[t]) return {};
    const LayerRole& role = roles_[t];
    if (role.kind != Kind::Normalization) return *result_.square[t] * role.back_gain;
    const double lost = role.centers ? 2 : 1;
    const double scatter = role.over_batch ? role.freedom / (role.freedom - 2) : 1;
    return *result_.square[t] * role.gain / variance(t) * (1 - lost / role.count) * scatter;
  }

  const Trace& trace_;
  const std::vector<LayerRole>& roles_;
  const std::vector<Dependence>& dependences_;
  std::vector<Taken> taken_;
  std::vector<std::set<std::size_t>> roots_;
  Signal input_;
  Recursion result_;
};

}  // namespace

Recursion recursion(const Trace& trace, const std::vector<LayerRole>& roles,
                    const std::vector<Dependence>& dependences) {
  return Solver(trace, roles, dependences).run();
}

}  // namespace gradus::observe
