#include "workunits/plot/svg.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace picube {
namespace {

constexpr double kWidth = 960;
constexpr double kHeight = 600;
constexpr double kLeft = 100;
constexpr double kRight = 220;
constexpr double kTop = 70;
constexpr double kBottom = 70;

std::string Escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
    }
  }
  return out;
}

std::string Fixed(double value, int decimals) {
  std::array<char, 400> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::fixed, decimals);
  return {buffer.data(), end.ptr};
}

std::string Px(double value) { return Fixed(value, 2); }

// Where values lie on the page.
struct Frame {
  const PlotSpec& plot;

  [[nodiscard]] double X(double x) const {
    const double part = (x - plot.x_min) / (plot.x_max - plot.x_min);
    return kLeft + std::clamp(part, 0.0, 1.0) * (kWidth - kLeft - kRight);
  }
  [[nodiscard]] double Y(double y) const {
    const double part = (y - plot.y_min) / (plot.y_max - plot.y_min);
    return kHeight - kBottom - std::clamp(part, 0.0, 1.0) * (kHeight - kTop - kBottom);
  }
};

std::string Text(double x, double y, const std::string& anchor, int size, const std::string& text,
                 const std::string& more = "") {
  return "<text x=\"" + Px(x) + "\" y=\"" + Px(y) + "\" text-anchor=\"" + anchor +
         "\" font-size=\"" + std::to_string(size) + "\"" + more + ">" + Escaped(text) + "</text>\n";
}

std::string Line(double x0, double y0, double x1, double y1, const std::string& colour,
                 double width, const std::string& hint = "") {
  return "<line x1=\"" + Px(x0) + "\" y1=\"" + Px(y0) + "\" x2=\"" + Px(x1) + "\" y2=\"" + Px(y1) +
         "\" stroke=\"" + Escaped(colour) + "\" stroke-width=\"" + Px(width) + "\">" +
         (hint.empty() ? "" : "<title>" + Escaped(hint) + "</title>") + "</line>\n";
}

// A step of 1, 2 or 5 times a power of ten that gives about six ticks.
struct Ticks {
  double step = 1;
  int decimals = 0;
};

Ticks TicksOf(double low, double high) {
  Ticks ticks;
  const double wished = (high - low) / 6;
  while (ticks.step > wished && ticks.decimals < 9) {
    ticks.step /= 10;
    ++ticks.decimals;
  }
  while (ticks.step * 10 <= wished) ticks.step *= 10;
  if (ticks.step * 5 <= wished) {
    ticks.step *= 5;
  } else if (ticks.step * 2 <= wished) {
    ticks.step *= 2;
  }
  return ticks;
}

std::string Axes(const Frame& frame) {
  const PlotSpec& plot = frame.plot;
  std::string out;
  const Ticks tx = TicksOf(plot.x_min, plot.x_max);
  for (double x = std::ceil(plot.x_min / tx.step) * tx.step; plot.names.empty() && x <= plot.x_max;
       x += tx.step) {
    out += Line(frame.X(x), kTop, frame.X(x), kHeight - kBottom, "#e4e4e4", 1);
    out += Text(frame.X(x), kHeight - kBottom + 20, "middle", 13, Fixed(x, tx.decimals));
  }
  for (const PlotName& name : plot.names) {
    out += Text(frame.X(name.x), kHeight - kBottom + 20, "middle", 13, name.text);
  }
  const Ticks ty = TicksOf(plot.y_min, plot.y_max);
  for (double y = std::ceil(plot.y_min / ty.step) * ty.step; y <= plot.y_max; y += ty.step) {
    out += Line(kLeft, frame.Y(y), kWidth - kRight, frame.Y(y), "#e4e4e4", 1);
    out += Text(kLeft - 8, frame.Y(y) + 4, "end", 13, Fixed(y, ty.decimals));
  }
  out += "<rect x=\"" + Px(kLeft) + "\" y=\"" + Px(kTop) + "\" width=\"" +
         Px(kWidth - kLeft - kRight) + "\" height=\"" + Px(kHeight - kTop - kBottom) +
         "\" fill=\"none\" stroke=\"#444\"/>\n";
  out += Text((kLeft + kWidth - kRight) / 2, kHeight - 22, "middle", 15, plot.x_label);
  const std::string turn =
      " transform=\"rotate(-90 24 " + Px((kTop + kHeight - kBottom) / 2) + ")\"";
  out += Text(24, (kTop + kHeight - kBottom) / 2, "middle", 15, plot.y_label, turn);
  return out;
}

std::string Legend(const PlotSpec& plot) {
  std::string out;
  double y = kTop + 14;
  for (const PlotLegend& entry : plot.legend) {
    out += Line(kWidth - kRight + 16, y - 5, kWidth - kRight + 44, y - 5, entry.colour, 3);
    out += Text(kWidth - kRight + 52, y, "start", 13, entry.text);
    y += 22;
  }
  return out;
}

// Cells touch: each is drawn a little over its right and lower edge, under the next.
std::string CellText(const Frame& frame, const PlotCell& cell) {
  const int grey = 255 - static_cast<int>(std::lround(255 * std::clamp(cell.value, 0.0, 1.0)));
  const std::string tone = std::to_string(grey);
  return "<rect x=\"" + Px(frame.X(cell.x0)) + "\" y=\"" + Px(frame.Y(cell.y1)) + "\" width=\"" +
         Px(frame.X(cell.x1) - frame.X(cell.x0) + 0.3) + "\" height=\"" +
         Px(frame.Y(cell.y0) - frame.Y(cell.y1) + 0.3) + "\" fill=\"rgb(" + tone + "," + tone +
         "," + tone + ")\"/>\n";
}

std::string BarText(const Frame& frame, const PlotBar& bar) {
  const double top = frame.Y(bar.height);
  const double bottom = frame.Y(std::max(bar.base, frame.plot.y_min));
  const std::string size = "<rect x=\"" + Px(frame.X(bar.x0)) + "\" y=\"" + Px(top) +
                           "\" width=\"" + Px(std::max(frame.X(bar.x1) - frame.X(bar.x0), 0.5)) +
                           "\" height=\"" + Px(bottom - top) + "\" fill=\"" + Escaped(bar.colour) +
                           "\"";
  if (bar.hint.empty()) return size + "/>\n";
  return size + "><title>" + Escaped(bar.hint) + "</title></rect>\n";
}

std::string Opening(double height) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
         "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " +
         Fixed(kWidth, 0) + " " + Fixed(height, 0) +
         "\" font-family=\"sans-serif\">\n"
         "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
}

std::string Drawing(const PlotSpec& given) {
  PlotSpec plot = given;
  if (!(plot.x_max > plot.x_min)) plot.x_max = plot.x_min + 1;
  if (!(plot.y_max > plot.y_min)) plot.y_max = plot.y_min + 1;
  const Frame frame{plot};
  std::string out = Text(kLeft, 32, "start", 19, plot.title);
  out += Text(kLeft, 54, "start", 13, plot.subtitle);
  out += Axes(frame);
  for (const PlotCell& cell : plot.cells) out += CellText(frame, cell);
  for (const PlotBar& bar : plot.bars) out += BarText(frame, bar);
  for (const PlotSegment& s : plot.segments) {
    out +=
        Line(frame.X(s.x0), frame.Y(s.y0), frame.X(s.x1), frame.Y(s.y1), s.colour, s.width, s.hint);
  }
  return out + Legend(plot);
}

}  // namespace

std::string SvgText(const PlotSpec& plot) { return Opening(kHeight) + Drawing(plot) + "</svg>\n"; }

std::string SvgText(const std::vector<PlotSpec>& plots) {
  std::string out = Opening(kHeight * static_cast<double>(plots.size()));
  double top = 0;
  for (const PlotSpec& plot : plots) {
    out += "<g transform=\"translate(0 " + Fixed(top, 0) + ")\">\n" + Drawing(plot) + "</g>\n";
    top += kHeight;
  }
  return out + "</svg>\n";
}

}  // namespace picube
