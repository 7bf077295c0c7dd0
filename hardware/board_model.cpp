#include "hardware/board_model.h"

#include <array>

namespace picube {

std::string_view Name(BoardKind board) {
  switch (board) {
    case BoardKind::k3B: return "3b";
    case BoardKind::k4B: return "4b";
    case BoardKind::k5: return "5";
  }
  return "?";
}

std::optional<BoardKind> BoardNamed(std::string_view name) {
  for (const BoardKind board : {BoardKind::k3B, BoardKind::k4B, BoardKind::k5}) {
    if (Name(board) == name) return board;
  }
  return std::nullopt;
}

double BoardModel::Volts(double mhz) const {
  if (mhz <= low_mhz) return low_volts;
  if (jumps) return high_volts;
  return low_volts + (high_volts - low_volts) * (mhz - low_mhz) / (most_mhz - low_mhz);
}

double BoardModel::Heat(double mhz) const {
  const double volts = Volts(mhz) / Volts(most_mhz);
  return cores * mhz / most_mhz * volts * volts;
}

const BoardModel& ModelOf(BoardKind board) {
  static const std::array<BoardModel, 3> models = {{
      {.most_mhz = 1200,
       .least_mhz = 600,
       .nodes = {{10.6, 12.6}, {15.2, 441}},
       .idle_watts = 1.0,
       .core_watts = 0.575,
       .low_mhz = 600,
       .low_volts = 1.20,
       .high_volts = 1.3188,
       .jumps = true},
      {.most_mhz = 1800,
       .least_mhz = 600,
       .nodes = {{1.9, 6.5}, {9.6, 318}},
       .idle_watts = 2.0,
       .core_watts = 0.85,
       .low_mhz = 1500,
       .low_volts = 0.860,
       .high_volts = 0.926},
      {.most_mhz = 2400,
       .least_mhz = 1500,
       .nodes = {{2.5, 6}, {6.5, 300}},
       .idle_watts = 2.4,
       .core_watts = 1.70,
       .low_mhz = 1500,
       .low_volts = 0.735,
       .high_volts = 0.8725},
  }};
  return models[static_cast<std::size_t>(board)];
}

}  // namespace picube
