#include "gradus/observe/dependence.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "gradus/autograd/backward.h"
#include "gradus/autograd/ops.h"
#include "gradus/observe/experiment.h"

namespace gradus::observe {
namespace {

/// Values and slopes of all targets with respect to one source each, gathered over runs.
struct Table {
  std::vector<double> values = std::vector<double>(Response::nodes().size());
  std::vector<double> slopes = values;
};

/// The cut layers behind an origin, through layers that are not cut.
void collect_sources(const Trace& trace, const std::vector<bool>& cut, const Origin& origin,
                     std::set<std::size_t>& found, std::string& why) {
  if (origin.from_input) found.insert(Experiment::input);
  if (origin.detached)
    why = "nothing recorded leads to its input: it is detached, or whole numbers";
  for (std::size_t source : origin.sources) {
    if (cut[source]) {
      found.insert(source);
      continue;
    }
    for (const Origin& further : trace.layers[source].origins) {
      collect_sources(trace, cut, further, found, why);
    }
  }
}

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
    std::int64_t fewest = static_cast<std::int64_t>(Response::nodes().size());
    for (const Dependence& d : found_) {
      for (std::size_t source : d.sources) fewest = std::min(fewest, numel(source));
    }
    chunk_ = static_cast<std::size_t>(std::max<std::int64_t>(fewest, 1));
  }

  std::vector<Dependence> run() && {
    measure_single();
    measure_joined();
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

  /// Runs the network until all nodes have been at some element, calling visit(offset) after each.
  template <class Visit>
  void sweep(const Experiment::Chosen& chosen, const Visit& visit) {
    const std::size_t count = Response::nodes().size();
    for (std::size_t offset = 0; offset < count; offset += chunk_) {
      experiment_.run(chosen, [&](std::size_t, std::size_t e) { return (offset + e) % count; });
      visit(offset);
    }
  }

  /// Enters what has arrived at target t, as a function of `source`, into the table.
  void enter(std::size_t t, std::size_t source, std::size_t offset, Table& table) {
    const Tensor& y = experiment_.arrived()[t];
    const std::size_t count = Response::nodes().size();
    Tensor slope;
    if (y.requires_grad()) {
      slope = grad(y.sum(), experiment_.leaf(source), {.retain_graph = true, .allow_unused = true});
    }
    const std::vector<double> values = y.to_vector<double>();
    const auto slopes = slope.defined() ? slope.to_vector<double>() : std::vector<double>();
    for (std::size_t e = 0; e < std::min(values.size(), count); ++e) {
      table.values[(offset + e) % count] = values[e];
      table.slopes[(offset + e) % count] = slopes.empty() ? 0 : slopes[e];
    }
  }

  /// All targets of one source, at once.
  void measure_single() {
    std::vector<Table> tables(found_.size());
    auto single = [&](std::size_t t) { return open(found_[t]) && found_[t].sources.size() == 1; };
    sweep([](std::size_t) { return true; },
          [&](std::size_t offset) {
            for (std::size_t t = 0; t < found_.size(); ++t) {
              if (single(t)) enter(t, found_[t].sources[0], offset, tables[t]);
            }
          });
    for (std::size_t t = 0; t < found_.size(); ++t) {
      if (!single(t)) continue;
      found_[t].responses.emplace_back(std::move(tables[t].values), std::move(tables[t].slopes));
    }
  }

  /// The others, one source at a time while the rest is zero.
  void measure_joined() {
    std::vector<std::size_t> joined;
    std::set<std::size_t> sources;
    for (std::size_t t = 0; t < found_.size(); ++t) {
      if (!open(found_[t]) || found_[t].sources.size() < 2) continue;
      joined.push_back(t);
      sources.insert(found_[t].sources.begin(), found_[t].sources.end());
    }
    if (joined.empty()) return;
    experiment_.run([](std::size_t) { return false; }, {});
    for (std::size_t t : joined) {
      found_[t].constant = experiment_.arrived()[t].detach().flatten()[0].item<double>();
    }
    for (std::size_t source : sources) {
      std::vector<Table> tables(found_.size());
      sweep([&](std::size_t s) { return s == source; },
            [&](std::size_t offset) {
              for (std::size_t t : joined) {
                if (std::ranges::count(found_[t].sources, source))
                  enter(t, source, offset, tables[t]);
              }
            });
      for (std::size_t t : joined) {
        if (!std::ranges::count(found_[t].sources, source)) continue;
        for (double& value : tables[t].values) value -= found_[t].constant;
        found_[t].responses.emplace_back(std::move(tables[t].values), std::move(tables[t].slopes));
      }
    }
  }

  /// Runs once more, with nodes in another order for each source, and asks which form holds.
  void test_forms() {
    const std::size_t count = Response::nodes().size();
    const Experiment::Place place = [&](std::size_t source, std::size_t e) {
      const std::size_t k = source == Experiment::input ? 0 : source + 1;
      return (e * (2 * (k % 500) + 77) + 131 * k + 5) % count;  // odd: every node has its turn
    };
    experiment_.run([](std::size_t) { return true; }, place);
    for (std::size_t t = 0; t < found_.size(); ++t) {
      Dependence& d = found_[t];
      if (!open(d)) continue;
      const std::vector<double> values = experiment_.arrived()[t].to_vector<double>();
      if (is_sum(d, values, place)) {
        d.form = Dependence::Form::Sum;
      } else if (d.sources.size() > 1 && is_of_sum(d, values, place)) {
        d.form = Dependence::Form::OfSum;
        d.responses.erase(d.responses.begin() + 1, d.responses.end());
        std::vector<double> whole = d.responses[0].values();
        for (double& value : whole) value += d.constant;
        d.responses[0] = Response(std::move(whole), d.responses[0].slopes());
        d.constant = 0;
      } else {
        d.why = reason(t);
      }
    }
  }

  static bool is_sum(const Dependence& d, const std::vector<double>& values,
                     const Experiment::Place& place) {
    for (std::size_t e = 0; e < values.size(); ++e) {
      double sum = d.constant, scale = std::abs(d.constant);
      for (std::size_t k = 0; k < d.sources.size(); ++k) {
        const double term = d.responses[k].values()[place(d.sources[k], e)];
        sum += term;
        scale += std::abs(term);
      }
      if (!std::isfinite(sum) && !std::isfinite(values[e])) continue;
      if (!(std::abs(sum - values[e]) <= 1e-5 * scale)) return false;
    }
    return true;
  }

  static bool is_of_sum(const Dependence& d, const std::vector<double>& values,
                        const Experiment::Place& place) {
    const Response& f = d.responses[0];
    for (const Response& other : d.responses) {
      for (std::size_t j = 0; j < f.values().size(); ++j) {
        const double scale = std::abs(f.values()[j]) + std::abs(d.constant);
        if (!(std::abs(other.values()[j] - f.values()[j]) <= 1e-4 * scale)) return false;
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
  std::size_t chunk_ = 1;
};

}  // namespace

std::vector<Dependence> dependences(nn::Module& net, const Trace& trace,
                                    const std::vector<bool>& cut) {
  return Finder(net, trace, cut).run();
}

}  // namespace gradus::observe
