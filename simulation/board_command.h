// picube-sim board: two hours of a governed board in under a second.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace picube::sim {

struct BoardArguments {
  std::string board = "3b";
  std::string mode = "cool";
  double ambient = 25;
  double hours = 2;
  double set_point = 79;
  bool fan = false;
  bool no_cap = false;
  std::uint64_t seed = 1;
  std::string plot;
};

// Adds the command to a program.
CLI::App* AddBoardCommand(CLI::App& app, BoardArguments& arguments);
// Runs and prints; the program's exit code.
int RunBoard(const BoardArguments& arguments);

}  // namespace picube::sim
