#include "gradus/observe/theory/dependence.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <set>

#include "gradus/autograd/backward.h"
#include "gradus/autograd/ops.h"
#include "gradus/observe/theory/experiment.h"

namespace gradus::observe {
namespace {

/// Values and slopes of all targets with respect to one source each, gathered over runs.
struct Table {
  std::vector<double> values = std::vector<double>(Response::nodes().size());
  std::vector<double> slopes = values;
};

using Place = Experiment::Place;

class Finder {
 public:
  Finder(nn::Module& net, const Trace& trace, const std::vector<bool>& cut)
      : trace_(trace), experiment_(net, trace, cut), found_(trace.layers.size() + 1) {
    for (std::size_t t = 0; t < found_.size(); ++t) {
      std::set<std::size_t> sources;
      collect_sources(trace, cut, origin(t), sources, found_[t].why);
      found_[t].sources.assign(sources.begin(), sources.end());
      if (found_[t].sources.empty() && found_[t].why.empty()) {
        found_[t].why = "it takes nothing that a layer has made";
      }
      if (found_[t].why.empty()) check_sizes(t);
    }
  }

  std::vector<Dependence> run() && {
    measure_values();
    test_forms();
    return std::move(found_);
  }

 private:
  const Origin& origin(std::size_t t) const {
    return t < trace_.layers.size() ? trace_.layers[t].origin() : trace_.end;
  }
  const Tensor& target(std::size_t t) const {
    return t < trace_.layers.size() ? trace_.layers[t].inputs[0] : trace_.output;
  }
  std::int64_t numel(std::size_t source) const {
    return (source == Experiment::input ? trace_.input : trace_.layers[source].output).numel();
  }
  bool open(const Dependence& d) const { return d.why.empty(); }

  void check_sizes(std::size_t t) {
    for (std::size_t source : found_[t].sources) {
      if (numel(source) != target(t).numel()) {
        found_[t].why =
            fmt::format("{} elements become {} on the way to it", numel(source), target(t).numel());
      }
    }
  }

  /// Elements of the smallest source of the targets that have one source, or several.
  std::size_t fewest(bool several) const {
    std::int64_t fewest = count();
    for (const Dependence& d : found_) {
      if (!open(d) || (d.sources.size() > 1) != several) continue;
      for (std::size_t source : d.sources) fewest = std::min(fewest, numel(source));
    }
    return static_cast<std::size_t>(std::max<std::int64_t>(fewest, 1));
  }

  static std::int64_t count() { return static_cast<std::int64_t>(Response::nodes().size()); }

  /// Which node comes e-th at a source.
  using Order = std::size_t (*)(std::size_t source, std::size_t e);
  static std::size_t in_order(std::size_t, std::size_t e) { return e; }
  static std::size_t shuffled(std::size_t source, std::size_t e) {
    const std::size_t k = source == Experiment::input ? 0 : source + 1;
    return e * (2 * (k % 500) + 77) + 131 * k + 5;  // odd: every node has its turn
  }

  /// Runs the network until all nodes have been at some of `chunk` elements, and visits after each
  /// run.
  template <class Visit>
  void sweep(std::size_t chunk, const Experiment::Chosen& chosen, Order order, const Visit& visit) {
    const auto nodes = static_cast<std::size_t>(count());
    for (std::size_t offset = 0; offset < nodes; offset += chunk) {
      const Place place = [&](std::size_t source, std::size_t e) {
        return order(source, offset + e) % nodes;
      };
      experiment_.run(chosen, place);
      visit(place);
    }
  }

  /// Enters the values that have arrived at target t into a table by node.
  void enter_values(std::size_t t, const std::function<std::size_t(std::size_t e)>& node,
                    Table& table) const {
    const Tensor y = experiment_.arrived()[t].detach().flatten();
    const std::int64_t used = std::min(y.numel(), count());
    const std::vector<double> values = y.narrow(0, 0, used).to_vector<double>();
    for (std::size_t e = 0; e < values.size(); ++e) table.values[node(e)] = values[e];
  }

  /// The slopes of target t by each of `sources` alike.
  void enter_slopes(std::size_t t, const std::vector<std::size_t>& sources, const Place& place,
                    std::vector<Table>& tables) const {
    const Tensor& y = experiment_.arrived()[t];
    if (!y.requires_grad()) return;
    std::vector<Tensor> leaves;
    for (std::size_t source : sources) leaves.push_back(experiment_.leaf(source));
    const std::vector<Tensor> slopes =
        grad(std::vector{y.sum()}, leaves, {.retain_graph = true, .allow_unused = true});
    for (std::size_t k = 0; k < sources.size(); ++k) {
      if (!slopes[k].defined()) continue;
      const Tensor slope = slopes[k].contiguous().flatten();
      const std::int64_t used = std::min(slope.numel(), count());
      const std::vector<double> values = slope.narrow(0, 0, used).to_vector<double>();
      for (std::size_t e = 0; e < values.size(); ++e) {
        tables[k].slopes[place(sources[k], e)] = values[e];
      }
    }
  }

  /// The response of each target to each of its sources while the other sources are zero; that of a
  /// target with one source is found in the same run for all of them.
  void measure_values() {
    tables_.resize(found_.size());
    std::set<std::size_t> joined;
    for (std::size_t t = 0; t < found_.size(); ++t) {
      const Dependence& d = found_[t];
      if (!open(d)) continue;
      tables_[t].resize(d.sources.size());
      if (d.sources.size() > 1) joined.insert(d.sources.begin(), d.sources.end());
    }
    sweep(
        fewest(false), [](std::size_t) { return true; }, in_order,
        [&](const Place& place) {
          for (std::size_t t = 0; t < found_.size(); ++t) {
            if (tables_[t].size() == 1) enter(t, 0, place);
          }
        });
    if (joined.empty()) return;
    experiment_.run([](std::size_t) { return false; }, {});
    for (std::size_t t = 0; t < found_.size(); ++t) {
      if (tables_[t].size() < 2) continue;
      const Tensor y = experiment_.arrived()[t].detach().flatten();
      found_[t].constant = y[0].item<double>();
    }
    for (std::size_t source : joined) {
      sweep(
          static_cast<std::size_t>(numel(source)), [&](std::size_t s) { return s == source; },
          in_order,
          [&](const Place& place) {
            for (std::size_t t = 0; t < found_.size(); ++t) {
              const auto& sources = found_[t].sources;
              const auto at = std::ranges::find(sources, source);
              if (tables_[t].size() > 1 && at != sources.end()) {
                enter(t, static_cast<std::size_t>(at - sources.begin()), place);
              }
            }
          });
    }
    for (std::size_t t = 0; t < found_.size(); ++t) {
      for (Table& table : tables_[t]) {
        for (double& value : table.values) value -= found_[t].constant;
      }
    }
  }

  /// Values, and for the first source slopes: a function of a sum has the same for all.
  void enter(std::size_t t, std::size_t k, const Place& place) {
    const std::size_t source = found_[t].sources[k];
    enter_values(
        t, [&](std::size_t e) { return place(source, e); }, tables_[t][k]);
    if (k > 0) return;
    enter_slopes(t, {source}, place, tables_[t]);
  }

  /// Runs again with all sources at once, nodes in another order for each, and asks which form
  /// holds; the slopes of a sum come from there.
  void test_forms() {
    std::vector<bool> of_sum(found_.size(), true), sum(found_.size(), true);
    sweep(
        fewest(true), [](std::size_t) { return true; }, shuffled,
        [&](const Place& place) {
          for (std::size_t t = 0; t < found_.size(); ++t) {
            if (!open(found_[t])) continue;
            const std::size_t k = found_[t].sources.size();
            Tensor y = experiment_.arrived()[t].detach().flatten();
            if (k > 1) y = y.narrow(0, 0, std::min(y.numel(), 2 * count()));
            const std::vector<double> values = y.to_vector<double>();
            sum[t] = sum[t] && is_sum(t, values, place);
            of_sum[t] = of_sum[t] && !sum[t] && k > 1 && is_of_sum(t, values, place);
            if (sum[t] && k > 1) enter_slopes(t, found_[t].sources, place, tables_[t]);
          }
        });
    for (std::size_t t = 0; t < found_.size(); ++t) {
      Dependence& d = found_[t];
      if (!open(d)) continue;
      d.form = sum[t] ? Dependence::Form::Sum
                      : (of_sum[t] ? Dependence::Form::OfSum : Dependence::Form::NotCovered);
      if (d.form == Dependence::Form::NotCovered) d.why = reason(t);
      if (d.form == Dependence::Form::OfSum) {
        tables_[t].resize(1);
        for (double& value : tables_[t][0].values) value += d.constant;
        d.constant = 0;
      }
      for (Table& table : tables_[t]) d.responses.push_back(shared(std::move(table)));
      tables_[t].clear();
    }
  }

  /// One of the last few responses, if it is the same: a long residual stream has as many of them
  /// as pairs of blocks, and almost all are the identity.
  Response shared(Table table) {
    Response fresh(std::move(table.values), std::move(table.slopes));
    const auto known = std::ranges::find(recent_, fresh);
    if (known != recent_.end()) return *known;
    recent_.push_front(fresh);
    if (recent_.size() > 8) recent_.pop_back();
    return fresh;
  }

  bool is_sum(std::size_t t, const std::vector<double>& values, const Place& place) const {
    const Dependence& d = found_[t];
    for (std::size_t e = 0; e < values.size(); ++e) {
      double sum = d.constant, scale = std::abs(d.constant);
      for (std::size_t k = 0; k < d.sources.size(); ++k) {
        const double term = tables_[t][k].values[place(d.sources[k], e)];
        sum += term;
        scale += std::abs(term);
      }
      if (!std::isfinite(sum) && !std::isfinite(values[e])) continue;
      if (!(std::abs(sum - values[e]) <= 1e-5 * scale)) return false;
    }
    return true;
  }

  bool is_of_sum(std::size_t t, const std::vector<double>& values, const Place& place) const {
    const Dependence& d = found_[t];
    const Response f(tables_[t][0].values, tables_[t][0].slopes);
    for (const Table& other : tables_[t]) {
      for (std::size_t j = 0; j < other.values.size(); ++j) {
        const double scale = std::abs(f.values()[j]) + std::abs(d.constant);
        if (!(std::abs(other.values[j] - f.values()[j]) <= 1e-4 * scale)) return false;
      }
    }
    std::size_t off = 0;  // by interpolation: a few elements may lie on a kink or a zero
    for (std::size_t e = 0; e < values.size(); ++e) {
      double x = 0;
      for (std::size_t source : d.sources) x += Response::nodes()[place(source, e)];
      const double expected = f.at(x) + d.constant;
      const double scale = std::abs(expected) + std::abs(values[e]);
      if (!(std::abs(expected - values[e]) <= 0.02 * scale)) ++off;
    }
    return off * 100 <= values.size();
  }

  std::string reason(std::size_t t) const {
    std::string ops;
    for (const TracedOp& op : origin(t).ops) {
      if (op.kind != OpKind::Shape) ops += (ops.empty() ? "" : ", ") + op.name;
    }
    if (ops.empty()) ops = "what lies before it";
    return found_[t].sources.size() == 1
               ? fmt::format("{} is not one function of each element", ops)
               : fmt::format(
                     "{} is neither a sum of functions of single layers nor a function of "
                     "their sum",
                     ops);
  }

  const Trace& trace_;
  Experiment experiment_;
  std::vector<Dependence> found_;
  std::vector<std::vector<Table>> tables_;  ///< by target and source
  std::deque<Response> recent_;
};

}  // namespace

std::vector<Dependence> dependences(nn::Module& net, const Trace& trace,
                                    const std::vector<bool>& cut) {
  return Finder(net, trace, cut).run();
}

}  // namespace gradus::observe
