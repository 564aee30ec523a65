// What the machine can do: the same arithmetic without a framework. Products are OpenBLAS's on one
// thread, everything between them is fused into plain loops, and all memory is reused.

#include <cblas.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>

#include "worker.h"

using bench::Step;
using Buffer = std::vector<float>;

namespace {

Buffer random_buffer(long n, float scale = 1) {
  static std::mt19937 engine(1);
  std::normal_distribution<float> normal(0, scale);
  Buffer values(static_cast<std::size_t>(n));
  for (float& v : values) v = normal(engine);
  return values;
}

/// c = a b for row-major operands in the order that `form` names.
void sgemm(const std::string& form, long m, long n, long k, const float* a, const float* b,
           float* c, float beta = 0) {
  bool ta = form == "tn";
  bool tb = form == "nt";
  auto i = [](long v) { return static_cast<int>(v); };
  cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, i(m),
              i(n), i(k), 1, a, i(ta ? m : k), b, i(tb ? k : n), beta, c, i(n));
}

struct Layer {
  Layer(long inputs, long outputs, long batch)
      : in(inputs),
        out(outputs),
        weight(random_buffer(in * out, 1 / std::sqrt(static_cast<float>(in)))),
        bias(random_buffer(out, 0.01f)),
        grad(weight.size()),
        grad_bias(bias.size()),
        momentum(weight.size()),
        momentum_bias(bias.size()),
        z(static_cast<std::size_t>(batch * out)),
        dz(z.size()) {}
  long in, out;
  Buffer weight, bias, grad, grad_bias, momentum, momentum_bias, z, dz;
};

struct Mlp {
  long batch;
  std::vector<Layer> layers;
  Buffer x;
  std::vector<int> target;

  Mlp(const std::vector<long>& sizes, long n) : batch(n), x(random_buffer(n * sizes[0])) {
    for (std::size_t i = 0; i + 1 < sizes.size(); ++i)
      layers.emplace_back(sizes[i], sizes[i + 1], n);
    for (long i = 0; i < n; ++i) target.push_back(static_cast<int>(i % 10));
  }

  void forward() {
    const float* in = x.data();
    for (Layer& l : layers) {
      for (long i = 0; i < batch; ++i) {
        std::memcpy(&l.z[static_cast<std::size_t>(i * l.out)], l.bias.data(), l.bias.size() * 4);
      }
      sgemm("nt", batch, l.out, l.in, in, l.weight.data(), l.z.data(), 1);
      if (&l != &layers.back()) {
        for (float& v : l.z) v = v > 0 ? v : 0;
      }
      in = l.z.data();
    }
  }

  /// Mean cross-entropy; leaves its gradient in the last layer's dz.
  float loss() {
    Layer& l = layers.back();
    float sum = 0;
    for (long i = 0; i < batch; ++i) {
      float* z = l.z.data() + i * l.out;
      float* dz = l.dz.data() + i * l.out;
      float top = z[0];
      for (long j = 1; j < l.out; ++j) top = std::max(top, z[j]);
      float total = 0;
      for (long j = 0; j < l.out; ++j) total += dz[j] = std::exp(z[j] - top);
      long t = target[static_cast<std::size_t>(i)];
      sum += std::log(total) + top - z[t];
      for (long j = 0; j < l.out; ++j) dz[j] /= total * static_cast<float>(batch);
      dz[t] -= 1 / static_cast<float>(batch);
    }
    return sum / static_cast<float>(batch);
  }

  void backward() {
    for (std::size_t k = layers.size(); k-- > 0;) {
      Layer& l = layers[k];
      const float* in = k == 0 ? x.data() : layers[k - 1].z.data();
      sgemm("tn", l.out, l.in, batch, l.dz.data(), in, l.grad.data());
      std::fill(l.grad_bias.begin(), l.grad_bias.end(), 0.0f);
      for (long i = 0; i < batch; ++i) {
        const float* dz = l.dz.data() + i * l.out;
        for (long j = 0; j < l.out; ++j) l.grad_bias[static_cast<std::size_t>(j)] += dz[j];
      }
      if (k == 0) return;
      Layer& below = layers[k - 1];
      sgemm("nn", batch, l.in, l.out, l.dz.data(), l.weight.data(), below.dz.data());
      for (std::size_t i = 0; i < below.z.size(); ++i) {
        below.dz[i] = below.z[i] > 0 ? below.dz[i] : 0;
      }
    }
  }

  static void update(Buffer& w, const Buffer& g, Buffer& m) {
    for (std::size_t i = 0; i < w.size(); ++i) {
      m[i] = 0.9f * m[i] + g[i];
      w[i] -= 0.01f * m[i];
    }
  }

  void step() {
    forward();
    bench::keep(loss());
    backward();
    for (Layer& l : layers) {
      update(l.weight, l.grad, l.momentum);
      update(l.bias, l.grad_bias, l.momentum_bias);
    }
  }
};

Step mlp(const std::vector<long>& sizes, long batch) {
  return [net = std::make_shared<Mlp>(sizes, batch)] { net->step(); };
}

Step product(const bench::Product& p) {
  return [p, a = random_buffer(p.m * p.k), b = random_buffer(p.k * p.n),
          c = Buffer(static_cast<std::size_t>(p.m * p.n))]() mutable {
    sgemm(p.form, p.m, p.n, p.k, a.data(), b.data(), c.data());
    bench::keep(c);
  };
}

constexpr long floats = 4 << 20;

/// Bandwidth: what a kernel that computed nothing would take to read and write this much.
Step copy() {
  return [a = random_buffer(floats), b = Buffer(floats)]() mutable {
    std::memcpy(b.data(), a.data(), b.size() * sizeof(float));
    bench::keep(b);
  };
}
Step triad() {
  return [a = random_buffer(floats), b = random_buffer(floats), c = Buffer(floats)]() mutable {
    for (std::size_t i = 0; i < c.size(); ++i) c[i] = a[i] + b[i];
    bench::keep(c);
  };
}
float read(const Buffer& a) {
  float sums[64] = {};
  for (std::size_t i = 0; i < a.size(); i += 64) {
    for (std::size_t j = 0; j < 64; ++j) sums[j] += a[i + j];
  }
  return std::accumulate(std::begin(sums), std::end(sums), 0.0f);
}

std::vector<bench::Workload> workloads() {
  std::vector<bench::Workload> all = {
      {"tiny",
       [] {
         return mlp({64, 128, 128, 10}, 32);
       }},
      {"tiny-infer",
       [] {
         auto net = std::make_shared<Mlp>(std::vector<long>{64, 128, 128, 10}, 32);
         return Step([net] { net->forward(); });
       }},
      {"mnist",
       [] {
         return mlp({784, 512, 512, 10}, 128);
       }},
      {"gelu-fma",  // read x; then read x and write its gradient
       [] {
         return Step([a = random_buffer(floats), b = Buffer(floats)]() mutable {
           bench::keep(read(a));
           std::memcpy(b.data(), a.data(), b.size() * sizeof(float));
           bench::keep(b);
         });
       }},
      {"tanh", copy},
      {"softmax", copy},
      {"add", triad},
      {"sum-dim0", [] { return Step([a = random_buffer(floats)] { bench::keep(read(a)); }); }},
      {"transposed-copy", copy},
  };
  for (const bench::Product& p : bench::products) {
    all.push_back({p.name(), [p] { return product(p); }});
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  openblas_set_num_threads(1);
  return bench::serve(argc, argv, workloads());
}
