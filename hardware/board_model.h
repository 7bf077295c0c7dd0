// What the heat of a Raspberry Pi depends on: clocks, volts, watts, and a thermal model of two
// nodes without a heatsink (Foster): T = ambient + d1 + d2, d_i' = (R_i P - d_i) / tau_i. The
// figures are fits of published logs of such boards under load; docs/BOARD.md says how far to trust
// them.
#pragma once

#include <optional>
#include <string_view>

namespace picube {

enum class BoardKind { k3B, k4B, k5, k3BPlus };
[[nodiscard]] std::string_view Name(BoardKind board);  // "3b", "4b", "5", "3b+"
[[nodiscard]] std::optional<BoardKind> BoardNamed(std::string_view name);

struct BoardModel {
  int cores = 4;
  double most_mhz = 0;
  double least_mhz = 0;   // to which the firmware throttles
  double step_mhz = 100;  // of the frequency driver
  struct {
    double kelvin_per_watt = 0;
    double seconds = 0;
  } nodes[2];
  double idle_watts = 0;        // heat of the idle chip
  double core_watts = 0;        // more, for each busy core at most_mhz
  double board_idle_watts = 0;  // at the 5 V input, all in all: for energy, not for heat
  // Core voltage: `low_volts` up to `low_mhz`, then linear to `high_volts` at `most_mhz`; with
  // `jumps` it is `high_volts` everywhere above `low_mhz`.
  double low_mhz = 0;
  double low_volts = 0;
  double high_volts = 0;
  bool jumps = false;

  [[nodiscard]] double Volts(double mhz) const;
  // Of all cores at this clock, in cores at most_mhz: what a governor's output means.
  [[nodiscard]] double Heat(double mhz) const;
  [[nodiscard]] double Resistance() const {
    return nodes[0].kelvin_per_watt + nodes[1].kelvin_per_watt;
  }
};
[[nodiscard]] const BoardModel& ModelOf(BoardKind board);
// By what a board says that it is: "Raspberry Pi 4 Model B Rev 1.4", "Raspberry Pi Compute Module 5
// Rev 1.0". Nothing: no board of ours.
[[nodiscard]] std::optional<BoardKind> BoardCalled(std::string_view model);

// Where the firmware begins to slow the board, and where it has slowed it to least_mhz.
inline constexpr double kFirmwareBegins = 80;  // °C
inline constexpr double kFirmwareHard = 85;

}  // namespace picube
