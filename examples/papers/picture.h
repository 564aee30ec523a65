#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

/// Line charts and histograms as SVG files, readable in light and in dark: draw(path, picture).
namespace papers {

struct Point {
  double x;
  double y;
};

enum class Mark { Line, Dashes, Dots };

/// All stand out from white and from near-black alike.
enum class Colour { Blue, Orange, Green, Red, Purple, Grey, Ramp0, Ramp1, Ramp2, Ramp3, Ramp4 };
/// The colour of member i of at most five that have an order, as layers and depths have.
Colour ramp(std::size_t i);

struct Curve {
  std::string name;           ///< in the legend, once for all curves of that name; "": not in it
  std::vector<Point> points;  ///< one that is not finite interrupts the curve
  Colour colour = Colour::Blue;
  Mark mark = Mark::Line;
  std::vector<Point> upper = {};  ///< the area between `points` and these is shaded
};

struct Axis {
  std::string label;
  bool logarithmic = false;
  std::optional<double> low = {};  ///< none: what the points need
  std::optional<double> high = {};
};

struct Chart {
  std::string title;
  Axis x;
  Axis y;
  std::vector<Curve> curves;
};

/// Charts side by side, `columns` in a row, under one title and one legend.
struct Picture {
  std::string title;
  std::vector<Chart> charts;
  std::size_t columns = 2;
};

/// The share of `values` in each of `bins` equal parts of [low, high), divided by the part's width:
/// the points of a curve, at the middle of each part.
std::vector<Point> histogram(const std::vector<double>& values, double low, double high, int bins);

/// Writes the picture to `path`. Throws gradus::Error where that cannot be written.
void draw(const std::string& path, const Picture& picture);

}  // namespace papers
