#include "hardware/board_model.h"

#include <array>

namespace picube {

std::string_view Name(BoardKind board) {
  switch (board) {
    case BoardKind::k3B: return "3b";
    case BoardKind::k4B: return "4b";
    case BoardKind::k5: return "5";
    case BoardKind::k3BPlus: return "3b+";
  }
  return "?";
}

std::optional<BoardKind> BoardNamed(std::string_view name) {
  using enum BoardKind;
  for (const BoardKind board : {k3B, k4B, k5, k3BPlus}) {
    if (Name(board) == name) return board;
  }
  return std::nullopt;
}

std::optional<BoardKind> BoardCalled(std::string_view model) {
  constexpr std::string_view kMaker = "Raspberry Pi ";
  if (!model.starts_with(kMaker)) return std::nullopt;
  model.remove_prefix(kMaker.size());
  constexpr std::pair<std::string_view, BoardKind> kCalled[] = {
      {"3 Model B Plus", BoardKind::k3BPlus},
      {"3 Model A Plus", BoardKind::k3BPlus},
      {"Compute Module 3 Plus", BoardKind::k3BPlus},
      {"3 Model B", BoardKind::k3B},
      {"Compute Module 3", BoardKind::k3B},
      {"4 Model B", BoardKind::k4B},
      {"400", BoardKind::k4B},
      {"Compute Module 4", BoardKind::k4B},
      {"5", BoardKind::k5},
      {"Compute Module 5", BoardKind::k5}};
  for (const auto& [name, board] : kCalled) {
    if (model.starts_with(name)) return board;
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
  static const std::array<BoardModel, 4> models = {{
      {.most_mhz = 1200,
       .least_mhz = 600,
       .nodes = {{10.6, 12.6}, {15.2, 441}},
       .idle_watts = 1.0,
       .core_watts = 0.575,
       .board_idle_watts = 1.4,
       .low_mhz = 600,
       .low_volts = 1.20,
       .high_volts = 1.3188,
       .jumps = true},
      {.most_mhz = 1800,
       .least_mhz = 600,
       .nodes = {{1.9, 6.5}, {9.6, 318}},
       .idle_watts = 2.0,
       .core_watts = 0.85,
       .board_idle_watts = 1.6,
       .low_mhz = 1500,
       .low_volts = 0.860,
       .high_volts = 0.926},
      {.most_mhz = 2400,
       .least_mhz = 1500,
       .nodes = {{2.5, 6}, {6.5, 300}},
       .idle_watts = 2.4,
       .core_watts = 1.70,
       .board_idle_watts = 2.8,
       .low_mhz = 1500,
       .low_volts = 0.735,
       .high_volts = 0.8725},
      // The heat of a 3B; clock, volts and watts of its own.
      {.most_mhz = 1400,
       .least_mhz = 600,
       .nodes = {{10.6, 12.6}, {15.2, 441}},
       .idle_watts = 1.0,
       .core_watts = 0.80,
       .board_idle_watts = 1.9,
       .low_mhz = 1200,
       .low_volts = 1.2313,
       .high_volts = 1.3188},
  }};
  return models[static_cast<std::size_t>(board)];
}

}  // namespace picube
