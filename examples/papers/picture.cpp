#include "picture.h"

#include <fmt/format.h>
#include <gradus/tensor/error.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace papers {
namespace {

constexpr const char* palette[] = {"#3b82f6", "#e8710a", "#16a34a", "#ef4444", "#a855f7", "#7d8590",
                                   "#3f6ae0", "#9a4fe0", "#d6489f", "#ee6c3f", "#d09a12"};

const char* hex(Colour colour) { return palette[static_cast<std::size_t>(colour)]; }

constexpr double total_width = 860, chart_height = 300;
constexpr double left = 62, right = 14, top = 30, bottom = 46;  // around the plot of a chart

std::string escaped(const std::string& text) {
  std::string result;
  for (char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else
      result += c;
  }
  return result;
}

std::string number(double value) {
  return std::abs(value) >= 1e4 ? fmt::format("{:.6g}k", value / 1000)
                                : fmt::format("{:.6g}", value);
}

std::string power_of_ten(int exponent) {
  static constexpr const char* digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string result = exponent < 0 ? "10⁻" : "10";
  for (char c : std::to_string(std::abs(exponent))) result += digits[c - '0'];
  return result;
}

/// An axis with its range settled, on `pixels` pixels.
class Scale {
 public:
  Scale(const Axis& axis, const std::vector<double>& values, double pixels)
      : logarithmic_(axis.logarithmic), pixels_(pixels) {
    double low = INFINITY, high = -INFINITY;
    for (double v : values) {
      if (!std::isfinite(v) || (logarithmic_ && v <= 0)) continue;
      low = std::min(low, v);
      high = std::max(high, v);
    }
    if (low > high) low = logarithmic_ ? 1 : 0, high = 10;
    if (axis.low) low = *axis.low;
    if (axis.high) high = *axis.high;
    low_ = inner(low);
    high_ = inner(high);
    if (low_ == high_) low_ -= 0.5, high_ += 0.5;
    const double air = 0.04 * (high_ - low_);
    if (!axis.low) low_ -= air;
    if (!axis.high) high_ += air;
  }

  /// Pixels from the low end; NaN where the scale has no place for v.
  double at(double v) const {
    return std::isfinite(v) && (!logarithmic_ || v > 0)
               ? (inner(v) - low_) / (high_ - low_) * pixels_
               : NAN;
  }

  std::vector<std::pair<double, std::string>> ticks() const {
    std::vector<std::pair<double, std::string>> result;
    const double wanted = std::max(2.0, pixels_ / 70);
    double step = (high_ - low_) / wanted;
    const double unit = std::pow(10, std::floor(std::log10(step)));
    for (double m : {1, 2, 5, 10}) {
      if (m * unit >= step) {
        step = m * unit;
        break;
      }
    }
    if (logarithmic_) step = std::max(1.0, std::round((high_ - low_) / wanted));
    for (double t = std::ceil(low_ / step) * step; t <= high_ + 1e-9 * step; t += step) {
      const double clean = std::round(t / step) * step;
      result.emplace_back((t - low_) / (high_ - low_) * pixels_,
                          logarithmic_ ? power_of_ten(static_cast<int>(std::round(clean)))
                                       : number(clean == 0 ? 0 : clean));
    }
    return result;
  }

 private:
  double inner(double v) const { return logarithmic_ ? std::log10(v) : v; }

  bool logarithmic_;
  double pixels_;
  double low_;
  double high_;
};

std::string stroke(const Curve& curve) {
  return fmt::format("stroke=\"{}\"{}", hex(curve.colour),
                     curve.mark == Mark::Dashes ? " stroke-dasharray=\"6 4\"" : "");
}

std::string draw_curve(const Curve& curve, const Scale& x, const Scale& y, double height) {
  auto place = [&](const Point& p) { return std::pair(x.at(p.x), height - y.at(p.y)); };
  std::string svg;
  if (!curve.upper.empty()) {
    std::string path;
    auto append = [&](const Point& p) {
      auto [px, py] = place(p);
      path += fmt::format("{:.1f},{:.1f} ", px, py);
    };
    std::for_each(curve.points.begin(), curve.points.end(), append);
    std::for_each(curve.upper.rbegin(), curve.upper.rend(), append);
    return fmt::format("<polygon points=\"{}\" fill=\"{}\" opacity=\".22\"/>\n", path,
                       hex(curve.colour));
  }
  std::string path;
  bool pen_down = false;
  for (const Point& p : curve.points) {
    auto [px, py] = place(p);
    const bool there = std::isfinite(px) && std::isfinite(py);
    if (curve.mark == Mark::Dots) {
      if (there) {
        svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.2\" fill=\"{}\"/>\n", px, py,
                           hex(curve.colour));
      }
    } else {
      if (there) path += fmt::format("{}{:.1f},{:.1f}", pen_down ? "L" : "M", px, py);
      pen_down = there;
    }
  }
  if (!path.empty()) svg += fmt::format("<path d=\"{}\" {}/>\n", path, stroke(curve));
  return svg;
}

std::string draw_chart(const Chart& chart, double width, std::size_t index) {
  const double w = width - left - right, h = chart_height - top - bottom;
  std::vector<double> xs, ys;
  for (const Curve& curve : chart.curves) {
    for (const auto* points : {&curve.points, &curve.upper}) {
      for (const Point& p : *points) xs.push_back(p.x), ys.push_back(p.y);
    }
  }
  const Scale x(chart.x, xs, w), y(chart.y, ys, h);

  std::string svg =
      fmt::format("<text class=\"ink\" x=\"{:.0f}\" y=\"-11\" text-anchor=\"middle\">{}</text>\n",
                  w / 2, escaped(chart.title));
  for (const auto& [at, label] : x.ticks()) {
    svg += fmt::format(
        "<path class=\"grid\" d=\"M{0:.1f},0V{1:.0f}\"/>"
        "<text x=\"{0:.1f}\" y=\"{2:.0f}\" text-anchor=\"middle\">{3}</text>\n",
        at, h, h + 16, label);
  }
  for (const auto& [at, label] : y.ticks()) {
    svg += fmt::format(
        "<path class=\"grid\" d=\"M0,{0:.1f}H{1:.0f}\"/>"
        "<text x=\"-7\" y=\"{2:.1f}\" text-anchor=\"end\">{3}</text>\n",
        h - at, w, h - at + 4, label);
  }
  svg += fmt::format(
      "<path class=\"axis\" d=\"M0,0V{0:.0f}H{1:.0f}\"/>\n"
      "<text x=\"{2:.0f}\" y=\"{3:.0f}\" text-anchor=\"middle\">{4}</text>\n"
      "<text transform=\"translate(-46 {5:.0f}) rotate(-90)\" "
      "text-anchor=\"middle\">{6}</text>\n",
      h, w, w / 2, h + 36, escaped(chart.x.label), h / 2, escaped(chart.y.label));
  svg += fmt::format(
      "<clipPath id=\"plot{0}\"><rect x=\"-4\" y=\"-4\" width=\"{1:.0f}\" "
      "height=\"{2:.0f}\"/></clipPath>\n<g clip-path=\"url(#plot{0})\">\n",
      index, w + 8, h + 8);
  for (const Curve& curve : chart.curves) svg += draw_curve(curve, x, y, h);
  return svg + "</g>\n";
}

/// Draws the legend from height y on and moves y below it.
std::string draw_legend(const Picture& picture, double& y) {
  std::string svg;
  std::vector<std::string> known = {""};
  double x = 20;
  for (const Chart& chart : picture.charts) {
    for (const Curve& curve : chart.curves) {
      if (std::ranges::find(known, curve.name) != known.end()) continue;
      known.push_back(curve.name);
      const double width = 40 + 6.8 * static_cast<double>(curve.name.size());
      if (x > 20 && x + width > total_width) x = 20, y += 19;
      svg += curve.mark == Mark::Dots
                 ? fmt::format("<circle cx=\"{:.0f}\" cy=\"{:.0f}\" r=\"3.2\" fill=\"{}\"/>",
                               x + 11, y - 4, hex(curve.colour))
                 : fmt::format("<path d=\"M{:.0f},{:.0f}h22\" {}/>", x, y - 4, stroke(curve));
      svg += fmt::format("<text class=\"ink\" x=\"{:.0f}\" y=\"{:.0f}\">{}</text>\n", x + 28, y,
                         escaped(curve.name));
      x += width;
    }
  }
  y += 10;
  return svg;
}

}  // namespace

Colour ramp(std::size_t i) {
  return static_cast<Colour>(static_cast<std::size_t>(Colour::Ramp0) + std::min<std::size_t>(i, 4));
}

std::vector<Point> histogram(const std::vector<double>& values, double low, double high, int bins) {
  std::vector<double> count(static_cast<std::size_t>(bins));
  for (double v : values) {
    double bin = std::floor((v - low) / (high - low) * bins);
    if (bin >= 0 && bin < bins) ++count[static_cast<std::size_t>(bin)];
  }
  const double width = (high - low) / bins;
  std::vector<Point> points;
  for (std::size_t i = 0; i < count.size(); ++i) {
    points.push_back({low + (static_cast<double>(i) + 0.5) * width,
                      count[i] / (width * static_cast<double>(values.size()))});
  }
  return points;
}

void draw(const std::string& path, const Picture& picture) {
  double y = 46;
  const std::string legend = draw_legend(picture, y);
  const std::size_t rows = (picture.charts.size() + picture.columns - 1) / picture.columns;
  const double width = total_width / static_cast<double>(picture.columns);
  const double height = y + static_cast<double>(rows) * chart_height;

  std::string svg = fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" height="{1:.0f}" role="img" aria-label="{2}">
<style>
text {{ font: 12px system-ui, sans-serif; fill: #59636e }}
.ink {{ fill: #1f2328 }} .title {{ font-size: 15px; font-weight: 600 }}
.paper {{ fill: #fff }} .axis {{ stroke: #818b98; stroke-width: 1 }}
.grid {{ stroke: #e4e8ed; stroke-width: 1 }}
path {{ fill: none; stroke-width: 1.8; stroke-linejoin: round }}
@media (prefers-color-scheme: dark) {{
text {{ fill: #9198a1 }} .ink {{ fill: #f0f6fc }} .paper {{ fill: #0d1117 }}
.grid {{ stroke: #2a313c }} .axis {{ stroke: #656c76 }}
}}
</style>
<rect class="paper" width="100%" height="100%"/>
<text class="ink title" x="20" y="24">{2}</text>
)",
      total_width, height, escaped(picture.title));
  svg += legend;
  for (std::size_t i = 0; i < picture.charts.size(); ++i) {
    svg += fmt::format("<g transform=\"translate({:.0f} {:.0f})\">\n",
                       static_cast<double>(i % picture.columns) * width + left,
                       y + static_cast<double>(i / picture.columns) * chart_height + top);
    svg += draw_chart(picture.charts[i], width, i) + "</g>\n";
  }
  svg += "</svg>\n";

  std::FILE* file = std::fopen(path.c_str(), "w");
  gradus::check(file != nullptr, "cannot write {}", path);
  const bool written = std::fputs(svg.c_str(), file) >= 0;
  gradus::check(std::fclose(file) == 0 && written, "cannot write {}", path);
}

}  // namespace papers
