#include "workunits/milkyway/model.h"

#include <cmath>
#include <numbers>

#include "workunits/parameters.h"

namespace picube::milkyway {
namespace {

Status Wrong(const std::string& where, const std::string& name, double value,
             const std::string& rule) {
  return Fail(
      ErrorKind::kUser,
      where + ": " + name + " = " + NumberText(value) + " cannot be: it must be " + rule + ".",
      "Correct it and submit again.");
}

Status CheckRange(const std::string& where, const std::string& name, const Range& range,
                  double least, double most) {
  for (const double value : {range.low, range.high}) {
    if (!(value >= least && value <= most)) {
      return Wrong(where, name, value, "from " + NumberText(least) + " to " + NumberText(most));
    }
  }
  if (!(range.low < range.high)) {
    return Wrong(where, name + "_max", range.high, "more than " + name + "_min");
  }
  if (range.steps == 0 || range.steps > kMostSteps) {
    return Wrong(where, name + "_steps", range.steps, "from 1 to " + std::to_string(kMostSteps));
  }
  return {};
}

Status CheckBackground(const Background& background, const std::string& where) {
  if (!(background.epsilon >= 0 && background.epsilon <= 1)) {
    return Wrong(where, "background epsilon", background.epsilon, "from 0 to 1");
  }
  if (!(std::fabs(background.q) >= 1e-6 && std::fabs(background.q) <= 1e6)) {
    return Wrong(where, "background q", background.q, "a flattening, not 0");
  }
  for (const auto& [name, value] : {std::pair{"innerPower", background.inner},
                                    {"outerPower", background.outer},
                                    {"a", background.a},
                                    {"b", background.b},
                                    {"c", background.c}}) {
    if (!(std::fabs(value) <= 1e3)) {
      return Wrong(where, std::string("background ") + name, value, "from -1000 to 1000");
    }
  }
  return {};
}

Status CheckStream(const Stream& stream, const std::string& where) {
  if (!(std::fabs(stream.epsilon) <= 500)) {
    return Wrong(where, "epsilon", stream.epsilon, "from -500 to 500");
  }
  if (!(std::fabs(stream.mu) <= 3600)) {
    return Wrong(where, "mu", stream.mu, "an angle in degrees");
  }
  if (!(stream.r >= 0 && stream.r <= 1e4)) {
    return Wrong(where, "r", stream.r, "a distance from 0 to 10000 kpc");
  }
  for (const auto& [name, value] : {std::pair{"theta", stream.theta}, {"phi", stream.phi}}) {
    if (!(std::fabs(value) <= 100)) return Wrong(where, name, value, "an angle in radians");
  }
  if (!(std::fabs(stream.sigma) >= 1e-10 && std::fabs(stream.sigma) <= 1e4)) {
    return Wrong(where, "sigma", stream.sigma, "a width in kpc, not 0");
  }
  return {};
}

}  // namespace

Point PointOf(const Model& model) {
  Point point = {model.background.epsilon, model.background.q};
  for (const Stream& s : model.streams) {
    point.insert(point.end(), {s.epsilon, s.mu, s.r, s.theta, s.phi, s.sigma});
  }
  return point;
}

Model WithPoint(Model model, const Point& point) {
  model.background.epsilon = point.at(0);
  model.background.q = point.at(1);
  for (std::size_t i = 0; i < model.streams.size(); ++i) {
    const double* v = &point.at(2 + 6 * i);
    model.streams[i] = {v[0], v[1], v[2], v[3], v[4], v[5]};
  }
  return model;
}

std::vector<std::string> PointNames(std::size_t streams) {
  std::vector<std::string> names = {"epsilon", "q"};
  for (std::size_t i = 1; i <= streams; ++i) {
    for (const char* name : {"epsilon_", "mu_", "r_", "theta_", "phi_", "sigma_"}) {
      names.push_back(name + std::to_string(i));
    }
  }
  return names;
}

Status Check(const Model& model, const std::string& where) {
  if (model.wedge < 0 || model.wedge > kMostWedge) {
    return Wrong(where, "wedge", model.wedge, "the number of a stripe");
  }
  if (model.convolve < 2 || model.convolve > kMostNodes || model.convolve % 2 != 0) {
    return Wrong(where, "convolve", model.convolve, "even, from 2 to 256");
  }
  if (auto background = CheckBackground(model.background, where); !background) return background;
  if (model.streams.size() > kMostStreams) {
    return Fail(ErrorKind::kUser, where + ": there are " + std::to_string(model.streams.size()) +
                                      " streams; at most " + std::to_string(kMostStreams) +
                                      " can be.");
  }
  for (std::size_t i = 0; i < model.streams.size(); ++i) {
    auto stream = CheckStream(model.streams[i], where + ": stream " + std::to_string(i + 1));
    if (!stream) return stream;
  }
  if (model.areas.empty() || model.areas.size() > kMostAreas) {
    return Fail(ErrorKind::kUser, where + ": there must be 1 to " + std::to_string(kMostAreas) +
                                      " areas: a volume and what is cut out of it.");
  }
  for (std::size_t i = 0; i < model.areas.size(); ++i) {
    const std::string area = where + ": area " + std::to_string(i + 1);
    if (auto r = CheckRange(area, "r", model.areas[i].r, -30, 60); !r) return r;
    if (auto mu = CheckRange(area, "mu", model.areas[i].mu, -720, 720); !mu) return mu;
    if (auto nu = CheckRange(area, "nu", model.areas[i].nu, -90, 90); !nu) return nu;
  }
  return {};
}

std::vector<Bound> DefaultBounds(const Model& model) {
  constexpr double kTurn = 2 * std::numbers::pi;
  std::vector<Bound> bounds = {{0, 1}, {0.3, 1}};
  const Range& mu = model.areas.front().mu;
  for (std::size_t i = 0; i < model.streams.size(); ++i) {
    bounds.insert(
        bounds.end(),
        {{-20, 20}, {mu.low, mu.high}, {2.3, 57.5}, {-kTurn, kTurn}, {-kTurn, kTurn}, {0.1, 20}});
  }
  return bounds;
}

}  // namespace picube::milkyway
