// Where activations and gradients go in plain networks, at the start and in training: sigmoids
// that saturate from the top, tanh layers that saturate one by one, gradients that shrink on their
// way down, and the initialisation that keeps them.

#include <fmt/core.h>
#include <gradus/gradus.h>

#include <algorithm>
#include <cmath>

#include "paper.h"
#include "picture.h"

using namespace gradus;

namespace {

using Activation = Tensor (*)(const Tensor&, Where);
enum class Start { Standard, Normalised };  ///< U(+-1/sqrt(in)), U(+-sqrt(6/(in + out)))

struct Trace {
  std::vector<Tensor> z;  ///< pre-activations of the hidden layers
  std::vector<Tensor> h;  ///< their activations
  Tensor logits;
};

class Net {
 public:
  Net(std::int64_t inputs, std::int64_t width, std::size_t depth, std::int64_t classes,
      Activation activation, Start start)
      : activation_(activation) {
    for (std::size_t i = 0; i <= depth; ++i) {
      layers_.emplace_back(inputs, i < depth ? width : classes);  // draws the standard one
      if (start == Start::Normalised) nn::init::glorot_uniform_(layers_.back().weight);
      nn::init::zeros_(layers_.back().bias);
      inputs = width;
    }
  }

  Trace run(const Tensor& x) {
    Trace trace;
    Tensor h = x;
    for (std::size_t i = 0; i + 1 < layers_.size(); ++i) {
      trace.z.push_back(layers_[i](h));
      h = activation_(trace.z.back(), Where::here());
      trace.h.push_back(h);
    }
    trace.logits = layers_.back()(h);
    return trace;
  }

  std::vector<Tensor> parameters() const {
    std::vector<Tensor> all;
    for (const nn::Linear& layer : layers_) all.insert(all.end(), {layer.weight, layer.bias});
    return all;
  }
  const Tensor& weight(std::size_t layer) const { return layers_[layer].weight; }

 private:
  std::vector<nn::Linear> layers_;
  Activation activation_;
};

double rms(const Tensor& x) { return statistics(x).rms; }

/// Shapeset-3x2, flat, its pixels from -.5 to .5.
data::Dataset shapes(std::int64_t n) {
  data::Dataset set = data::shapeset(n);
  return {set.inputs.reshape({n, 1024}) * 0.5, set.targets};
}

/// The mean singular value of a square matrix: trace(U^T A) / n, where U is its orthogonal polar
/// factor, to which x = x (3 - x^T x) / 2 converges from a norm below sqrt(3) (Newton and Schulz).
double mean_singular_value(const Tensor& a) {
  Tensor v = randn({a.size(1), 1});
  for (int i = 0; i < 30; ++i) {
    v = matmul(a.t(), matmul(a, v));
    v = v / norm(v);
  }
  Tensor x = a / norm(matmul(a, v));
  for (int i = 0; i < 16; ++i) x = x * 1.5 - matmul(x, matmul(x.t(), x)) * 0.5;
  return sum(x * a).item<double>() / static_cast<double>(a.size(0));
}

/// tanh's second moment a layer further up, by theory: q' = gain E tanh(sqrt(q) z)^2.
double next_moment(double q, double gain) {
  const Tensor z = linspace(-8, 8, 1601, float64);
  const Tensor weight = exp(square(z) * -0.5);
  return gain * (sum(square(tanh(z * std::sqrt(q))) * weight) / sum(weight)).item<double>();
}

/// Figs. 6 and 7, and the singular values of section 4.2.2.
void at_the_start(const papers::Settings& settings, papers::Claims& claims) {
  const std::int64_t width = settings.pick(1000, 200);
  constexpr std::size_t depth = 5;
  const data::Dataset test = shapes(300);
  papers::Picture picture{"At the start: 5 tanh layers (Glorot & Bengio 2010, figs. 6, 7)", {}, 2};

  for (Start start : {Start::Standard, Start::Normalised}) {
    const bool standard = start == Start::Standard;
    const char* name = standard ? "standard" : "normalised";
    Net net(1024, width, depth, 9, tanh, start);
    Trace trace = net.run(test.inputs);
    for (const Tensor& z : trace.z) z.retain_grad();
    cross_entropy(trace.logits, test.targets).backward();
    NoGrad no_grad;

    fmt::print("\ntanh, {} initialisation, {} units\n{:>6} {:>11} {:>11} {:>12} {:>14}\n", name,
               width, "layer", "std of h", "by theory", "RMS dL/dz", "mean sing. v.");
    papers::Chart up{
        fmt::format("activations, {}", name), {"h", false, -0.7, 0.7}, {"density"}, {}};
    papers::Chart down{fmt::format("gradients, {}", name),
                       {"dL/dz, in units of layer 5's RMS", false, -2.5, 2.5},
                       {"density"},
                       {}};
    const double top = rms(trace.z.back().grad());
    double q = std::pow(rms(trace.z[0]), 2), expected = 0, singular = 0;
    for (std::size_t i = 0; i < depth; ++i) {
      const Tensor gradient = trace.z[i].grad();
      expected = std::sqrt(next_moment(q, 1));
      q = next_moment(q, standard ? 1.0 / 3 : 1);
      fmt::print("{:>6} {:>11.3f} {:>11.3f} {:>12.2e}", i + 1, rms(trace.h[i]), expected,
                 rms(gradient));
      if (i + 1 < depth) {  // of one example: dz_{i+1} / dz_i
        const double value = mean_singular_value(net.weight(i + 1) * (1.0 - square(trace.h[i][0])));
        singular += value / (depth - 1);
        fmt::print(" {:>14.2f}", value);
      }
      fmt::print("\n");
      const std::string layer = fmt::format("layer {}", i + 1);
      up.curves.push_back({layer, papers::histogram(trace.h[i].to_vector<double>(), -0.7, 0.7, 140),
                           papers::ramp(i)});
      down.curves.push_back(
          {layer, papers::histogram((gradient / top).to_vector<double>(), -2.5, 2.5, 125),
           papers::ramp(i)});
    }
    picture.charts.push_back(up);
    picture.charts.push_back(down);

    const double last = rms(trace.h.back()), fall = rms(trace.z.front().grad()) / top;
    claims.add(fmt::format("{}: mean singular value of Jacobians", name), standard ? ".5" : ".8",
               fmt::format("{:.2f}", singular), std::abs(singular - (standard ? 0.5 : 0.8)) < 0.05);
    claims.add(fmt::format("{}: std of layer 5 (theory; fig. 6)", name),
               fmt::format("{:.3f}", expected), fmt::format("{:.3f}", last),
               std::abs(last / expected - 1) < 0.15);
    claims.add(fmt::format("{}: dL/dz, layer 1 over layer 5", name), standard ? "shrinks" : "flat",
               fmt::format("{:.2f}", fall), standard ? fall < 0.15 : fall > 0.6);
  }
  papers::draw(settings.picture("glorot_bengio_2010_start"), picture);
}

struct Training {
  std::int64_t updates;
  std::int64_t every;  ///< updates from one look to the next
};

/// Plain SGD in batches of 10; look(update, net) is called unrecorded.
template <class Look>
void train(Net& net, const data::Dataset& data, const Training& training, Look&& look) {
  optim::SGD sgd(net.parameters(), {.lr = 0.1});
  const Tensor order = randperm(data.size());
  const Tensor inputs = index_select(data.inputs, 0, order);
  const Tensor targets = index_select(data.targets, 0, order);
  for (std::int64_t update = 0; update <= training.updates; ++update) {
    if (update % training.every == 0) {
      NoGrad no_grad;
      look(static_cast<double>(update), net);
    }
    const std::int64_t at = update % (data.size() / 10) * 10;
    const Tensor logits = net.run(inputs.narrow(0, at, 10)).logits;
    Tensor loss = cross_entropy(logits, targets.narrow(0, at, 10));
    sgd.zero_grad();
    loss.backward();
    sgd.step();
  }
}

/// Fig. 2: mean activations of sigmoid layers; returns those of the top layer.
std::vector<double> sigmoid_run(const std::string& title, Net net, const data::Dataset& data,
                                const Tensor& test, const Training& training,
                                papers::Picture& picture) {
  papers::Chart chart{title, {"update"}, {"mean activation", false, 0, 1}, {}};
  std::vector<double> top;
  train(net, data, training, [&](double update, Net& now) {
    const Trace trace = now.run(test);
    for (std::size_t i = 0; i < trace.h.size(); ++i) {
      if (update == 0)
        chart.curves.push_back({fmt::format("layer {}", i + 1), {}, papers::ramp(i)});
      chart.curves[i].points.push_back({update, mean(trace.h[i]).item<double>()});
    }
    top.push_back(chart.curves.back().points.back().y);
  });
  fmt::print("{:<36}", title);
  for (const auto& curve : chart.curves) fmt::print(" {:>7.3f}", curve.points.back().y);
  fmt::print("\n");
  picture.charts.push_back(chart);
  return top;
}

void sigmoid_saturates(const papers::Settings& settings, papers::Claims& claims) {
  fmt::print("\nsigmoid: mean activation of the layers, first to last, at the end\n");
  papers::Picture picture{"Sigmoid layers in training (Glorot & Bengio 2010, fig. 2)", {}, 3};
  const std::int64_t width = settings.pick(1000, 100);
  const auto early = sigmoid_run(fmt::format("4 layers of {}, Shapeset", width),
                                 {1024, width, 4, 9, sigmoid, Start::Standard}, shapes(4000),
                                 shapes(300).inputs, {.updates = 400, .every = 10}, picture);
  const data::TrainTest digits = data::digits();
  const std::int64_t updates = settings.pick(200000, 2000);
  auto long_run = [&](std::size_t depth) {
    return sigmoid_run(fmt::format("{} layers of 100, digits", depth),
                       {64, 100, depth, 10, sigmoid, Start::Standard}, digits.train,
                       digits.test.inputs.narrow(0, 0, 300),
                       {.updates = updates, .every = updates / 200}, picture);
  };
  const auto four = long_run(4), five = long_run(5);
  papers::draw(settings.picture("glorot_bengio_2010_sigmoid"), picture);

  claims.add("sigmoid: top layer's mean in 400 updates", "falls to 0",
             fmt::format("{:.2f} to {:.2f}", early.front(), early.back()), early.back() < 0.1);
  claims.add("4 sigmoid layers: it rises again", "yes",
             fmt::format("{:.2f} to {:.2f}", std::ranges::min(four), four.back()),
             four.back() > 0.1);
  claims.add("5 sigmoid layers: it does not", "never", fmt::format("{:.3f}", five.back()),
             five.back() < 0.05);
}

struct Saturation {
  std::vector<double> passed;  ///< for each layer, the update at which it passed .95, or none did
  std::vector<double> end;     ///< for each layer
};

/// Fig. 3: the 98th percentile of |h| in training.
Saturation percentile_run(const char* title, Activation activation,
                          const papers::Settings& settings, papers::Picture& picture) {
  constexpr std::size_t depth = 5;
  const data::Dataset data = shapes(settings.pick(10000, 500));
  const Tensor test = shapes(300).inputs;
  const std::int64_t updates = settings.pick(60000, 1000);
  Net net(1024, settings.pick(150, 50), depth, 9, activation, Start::Standard);
  papers::Chart chart{title, {"update"}, {"98th percentile of |h|", false, 0, 1}, {}};
  for (std::size_t i = 0; i < depth; ++i) {
    chart.curves.push_back({fmt::format("layer {}", i + 1), {}, papers::ramp(i)});
  }
  Saturation result{std::vector<double>(depth, INFINITY), std::vector<double>(depth)};
  auto look = [&](double update, Net& now) {
    const Trace trace = now.run(test);
    for (std::size_t i = 0; i < depth; ++i) {
      const Tensor sorted = sort(flatten(abs(trace.h[i]))).values;
      const double percentile = sorted.at(sorted.numel() * 98 / 100);
      chart.curves[i].points.push_back({update, percentile});
      result.end[i] = percentile;
      if (percentile > 0.95) result.passed[i] = std::min(result.passed[i], update);
    }
  };
  train(net, data, {.updates = updates, .every = updates / 100}, look);
  for (std::size_t i = 0; i < depth; ++i) {
    fmt::print("{:<10} {:>6} {:>20} {:>16.3f}\n", i == 0 ? title : "", i + 1,
               std::isfinite(result.passed[i]) ? fmt::format("{:.0f}", result.passed[i]) : "never",
               result.end[i]);
  }
  picture.charts.push_back(chart);
  return result;
}

void tanh_saturates(const papers::Settings& settings, papers::Claims& claims) {
  papers::Picture picture{"Saturation in training, 5 layers (Glorot & Bengio 2010, fig. 3)", {}, 2};
  fmt::print("\n98th percentile of |h|\n{:<10} {:>6} {:>20} {:>16}\n", "", "layer",
             "passes .95 at update", "at the end");
  const Saturation hyperbolic = percentile_run("tanh", tanh, settings, picture);
  const Saturation soft = percentile_run("softsign", softsign, settings, picture);
  papers::draw(settings.picture("glorot_bengio_2010_tanh"), picture);
  const bool in_order =
      std::ranges::is_sorted(hyperbolic.passed) && std::isfinite(hyperbolic.passed[3]);
  claims.add("tanh layers saturate one by one, from layer 1", "yes",
             in_order ? "in order" : "not in order", in_order);
  claims.add("softsign saturates less: layer 2's percentile", "less",
             fmt::format("{:.2f}<{:.2f}", soft.end[1], hyperbolic.end[1]),
             soft.end[1] < hyperbolic.end[1]);
}

}  // namespace

int main(int argc, char** argv) {
  return papers::run(
      argc, argv,
      {"glorot_bengio_2010",
       "Glorot & Bengio 2010: Understanding the difficulty of training deep feedforward\n"
       "neural networks",
       "Figs. 2, 3, 6, 7 and section 4.2.2. At the start at full size: 1000 units,\n"
       "Shapeset-3x2, batches of 10. The long runs are smaller, 100 units on 8x8 digits\n"
       "and 150 on 10,000 shapes, for 200,000 and 60,000 updates instead of millions."},
      [](const papers::Settings& settings) {
        papers::Claims claims;
        at_the_start(settings, claims);
        sigmoid_saturates(settings, claims);
        tanh_saturates(settings, claims);
        claims.print();
      });
}
