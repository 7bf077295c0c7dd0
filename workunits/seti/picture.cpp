#include "workunits/seti/picture.h"

#include <algorithm>
#include <cmath>

#include "workunits/parameters.h"
#include "workunits/plot/svg.h"
#include "workunits/seti/result_xml.h"
#include "workunits/seti/sky.h"

namespace picube::seti {
namespace {

struct Shade {
  float least;  // power in units of the threshold
  const char* colour;
  const char* text;
};

constexpr Shade kShades[] = {
    {2.0F, "#d62728", "2 x threshold and more"}, {1.25F, "#ff7f0e", "1.25 to 2 x"},
    {1.05F, "#2ca02c", "1.05 to 1.25 x"},        {1.0F, "#1f77b4", "1 to 1.05 x"},
    {0.0F, "#9a9a9a", "marginal (below 1 x)"},
};

struct OtherKind {
  Kind kind;
  const char* colour;
  const char* text;
};
constexpr OtherKind kOthers[] = {{Kind::kTriplet, "#9467bd", "triplet"},
                                 {Kind::kPulse, "#8c564b", "pulse"},
                                 {Kind::kGaussian, "#17becf", "gaussian"}};

const char* ColourOf(const Signal& signal, float threshold) {
  for (const OtherKind& other : kOthers) {
    if (signal.kind == other.kind) return signal.marginal ? kShades[4].colour : other.colour;
  }
  for (const Shade& shade : kShades) {
    if (signal.power > shade.least * threshold) return shade.colour;
  }
  return kShades[4].colour;
}

// Seconds around its middle that a signal is drawn thick.
double SpanOf(const SahHeader& header, const Signal& signal) {
  const double bin = static_cast<double>(signal.length) / header.sample_rate;
  const double period = static_cast<double>(signal.period) * bin;
  switch (signal.kind) {
    case Kind::kTriplet: return 2 * period;
    case Kind::kPulse: return period * 4;
    case Kind::kGaussian: return 4 * static_cast<double>(signal.sigma) * header.Seconds() / 64;
    default: return bin;
  }
}

// Draws a drifting line from `t0` to `t1`, cut where it leaves the band and comes in again.
void AddLine(const SahHeader& header, double frequency, double chirp, double t0, double t1,
             const PlotSegment& style, PlotSpec& plot) {
  const double low = BandLow(header);
  const double middle = low + header.sample_rate / 2;
  constexpr int kMostPieces = 64;
  double t = t0;
  for (int piece = 0; piece < kMostPieces && t < t1; ++piece) {
    // A hair after the edge, so that the wrapped frequency is on the new side.
    const double f = DriftedFrequency(header, frequency, chirp, t + 1e-6);
    const double room = chirp > 0 ? low + header.sample_rate - f : f - low;
    const double stay = chirp == 0 ? t1 - t : room / std::fabs(chirp);
    const double end = std::min(t1, t + stay);
    PlotSegment segment = style;
    segment.x0 = t;
    segment.y0 = f - middle;
    segment.x1 = end;
    segment.y1 = f + chirp * (end - t) - middle;
    plot.segments.push_back(std::move(segment));
    t = end + 2e-6;
  }
}

void Zoom(PlotSpec& plot, double half_band) {
  plot.y_min = -half_band;
  plot.y_max = half_band;
  if (plot.segments.empty()) return;
  double low = plot.segments[0].y0;
  double high = low;
  for (const PlotSegment& s : plot.segments) {
    low = std::min({low, s.y0, s.y1});
    high = std::max({high, s.y0, s.y1});
  }
  const double room = 0.08 * (high - low) + 25;
  plot.y_min = std::max(low - room, -half_band);
  plot.y_max = std::min(high + room, half_band);
}

}  // namespace

std::string DrawSignals(const SahHeader& header, const ChirpTable& table,
                        const std::vector<Signal>& signals, float threshold,
                        const std::string& lack) {
  PlotSpec plot;
  const double middle = BandLow(header) + header.sample_rate / 2;
  plot.title = header.name;
  const auto above = std::count_if(signals.begin(), signals.end(),
                                   [](const Signal& signal) { return !signal.marginal; });
  plot.subtitle = std::to_string(above) + " signals, spikes above " +
                  NumberText(static_cast<double>(threshold)) +
                  " x mean; thick: where found, thin: the same drift over the whole recording" +
                  lack;
  plot.x_label = "time since the start of the recording (s)";
  plot.y_label = "frequency - " + NumberText(middle / 1e6, 10) + " MHz (Hz)";
  plot.x_max = header.Seconds();
  for (int pass = 0; pass < 2; ++pass) {  // thick pieces on top
    for (const Signal& signal : signals) {
      if (signal.kind == Kind::kAutocorr) continue;
      const SignalPlace place = PlaceOf(header, table.Step(), signal);
      const double half = SpanOf(header, signal) / 2;
      PlotSegment style;
      style.colour = ColourOf(signal, threshold);
      style.width = pass == 0 ? 0.8 : 3;
      style.hint = std::string(TagOf(signal.kind)) + ", power " +
                   NumberText(static_cast<double>(signal.power), 6) + ", drift " +
                   NumberText(place.chirp, 7) + " Hz/s, FFT length " +
                   std::to_string(signal.length);
      AddLine(header, place.frequency, place.chirp,
              pass == 0 ? 0 : std::max(0.0, place.seconds - half),
              pass == 0 ? plot.x_max : std::min(plot.x_max, place.seconds + half), style, plot);
    }
  }
  Zoom(plot, header.sample_rate / 2);
  plot.legend.push_back({"#ffffff", "peak power"});
  for (const Shade& shade : kShades) plot.legend.push_back({shade.colour, shade.text});
  for (const OtherKind& other : kOthers) {
    const bool there = std::ranges::any_of(
        signals, [&](const Signal& signal) { return signal.kind == other.kind; });
    if (there) plot.legend.push_back({other.colour, other.text});
  }
  return SvgText(plot);
}

}  // namespace picube::seti
