#include "simulation/board_command.h"

#include <cstdio>
#include <fstream>

#include "simulation/board_plot.h"

namespace picube::sim {
namespace {

constexpr double kFan = 0.45;  // of a board's thermal resistance

void Print(const BoardRun& run, const BoardResult& result) {
  std::puts("  minute  temperature  clock MHz  cores  firmware");
  for (std::size_t i = 0; i < result.seconds.size(); i = i < 600 ? i + 60 : i + 600) {
    const BoardSecond& second = result.seconds[i];
    std::printf("%8zu %10.1f C %10.0f %6.2f  %s\n", i / 60, second.temperature, second.mhz,
                second.cores, second.throttled ? "throttles" : "");
  }
  std::printf(
      "board %s, %s: work %.1f %% of an unthrottled board, at most %.1f C, then %.1f +- %.2f C, "
      "firmware throttled %.1f %% of the time, %.0f kJ of heat, integral %s\n",
      std::string(Name(run.board)).c_str(), std::string(Name(run.governor.mode)).c_str(),
      100 * result.work, result.most, result.mean, result.deviation, 100 * result.throttled,
      result.joules / 1000, result.state.Text().c_str());
}

}  // namespace

CLI::App* AddBoardCommand(CLI::App& app, BoardArguments& arguments) {
  auto* board = app.add_subcommand("board", "a governed board under full load, in virtual time");
  board->add_option("--board", arguments.board, "3b, 4b or 5")
      ->check(CLI::IsMember({"3b", "4b", "5"}))
      ->capture_default_str();
  board->add_option("--mode", arguments.mode, "max, cool, quiet or off")
      ->check(CLI::IsMember({"max", "cool", "quiet", "off"}))
      ->capture_default_str();
  board->add_option("--ambient", arguments.ambient, "degrees C around it")
      ->check(CLI::Range(-40.0, 60.0))
      ->capture_default_str();
  board->add_option("--hours", arguments.hours, "of virtual time")
      ->check(CLI::Range(0.1, 1000.0))
      ->capture_default_str();
  board->add_option("--set-point", arguments.set_point, "degrees C to stay at")
      ->check(CLI::Range(40.0, 84.0))
      ->capture_default_str();
  board->add_flag("--fan", arguments.fan, "with a fan");
  board->add_flag("--no-cap", arguments.no_cap, "nobody caps the clock: threads and duty only");
  board->add_option("--seed", arguments.seed, "of the sensor's noise")->capture_default_str();
  board->add_option("--plot", arguments.plot, "SVG file to draw it to");
  return board;
}

int RunBoard(const BoardArguments& arguments) {
  BoardRun run;
  run.board = *BoardNamed(arguments.board);
  run.virtual_board = {arguments.ambient, arguments.fan ? kFan : 1, 1};
  run.governor = {*GovernorModeNamed(arguments.mode), arguments.set_point, !arguments.no_cap,
                  arguments.ambient};
  run.hours = arguments.hours;
  run.seed = arguments.seed;
  const BoardResult result = PlayBoard(run);
  Print(run, result);
  if (arguments.plot.empty()) return 0;
  std::ofstream file(arguments.plot, std::ios::binary);
  file << PlotOf(run, result);
  file.close();
  if (file) return 0;
  std::fprintf(stderr, "picube-sim: %s cannot be written\n", arguments.plot.c_str());
  return 1;
}

}  // namespace picube::sim
