// How the figures of `picube-worker benchmark` are said.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "hardware/published_boards.h"
#include "worker/benchmark.h"

namespace picube {
namespace {

constexpr const char* kWattsSource = "model";
constexpr std::uint64_t kThesisPrimes = 20'000;
constexpr double kThesisEvents = 10'000;

std::string Number(std::optional<double> value, int digits) {
  return value ? fmt::format("{:.{}f}", *value, digits) : "-";
}

std::optional<double> Ratio(std::optional<double> a, std::optional<double> b) {
  if (!a || !b || *b <= 0) return std::nullopt;
  return *a / *b;
}

constexpr const char* kRow = "{:<14}{:>12}{:>10}{:>9}{:>7}{:>9}{:>8}{:>8}\n";

std::string RowOf(const PublishedBoard& board) {
  return fmt::format(fmt::runtime(kRow), board.name, Number(board.primes_10000, 0),
                     Number(board.primes_20000_s, 2), Number(board.linpack_gflops, 1),
                     Number(board.linpack_watts, 1),
                     Number(Ratio(board.linpack_gflops, board.linpack_watts), 2),
                     Number(board.copy_mb, 0), Number(board.fill_mb, 0));
}

std::string Table(const BenchmarkFigures& f) {
  std::string text = fmt::format(fmt::runtime(kRow), "", "10,000 /s", "20,000 s", "GFLOP/s", "W",
                                 "GFLOPS/W", "copy", "fill");
  std::optional<double> thesis;
  if (f.primes == kThesisPrimes) thesis = kThesisEvents / f.events_all;
  const double gflops = f.multiply_add_all / 1e9;
  text += fmt::format(fmt::runtime(kRow), "this machine", Number(f.events_all_10000, 0),
                      Number(thesis, 2), Number(gflops, 1), Number(f.watts, 1),
                      Number(Ratio(gflops, f.watts), 2), Number(f.copy_bytes / 1e6, 0),
                      Number(f.fill_bytes / 1e6, 0));
  std::string notes;
  for (const PublishedBoard& board : PublishedBoards()) {
    text += RowOf(board);
    if (!board.note.empty()) notes += fmt::format("{}: {}.\n", board.name, board.note);
  }
  return text + notes;
}

constexpr const char* kLegend = R"(
10,000 /s: events of the prime loop to 10,000 a second on all cores (published: 64-bit systems).
20,000 s: seconds for 10,000 events of the loop to 20,000 on all cores, the test of the PiCube
thesis. On a 32-bit system each 64-bit division is a call of a subroutine: 60.5 million instructions
an event instead of 2.4 million. On four cores of 1.2 GHz that is 126 s at one instruction a cycle,
so the 115 s of the Pi 3B were most likely measured on such a system, and the loop compares boards
only among systems of one width.
GFLOP/s: of boards Linpack; of this machine multiplications and additions of 64-bit floats without
any memory, which Linpack does not reach. copy, fill: MB/s of one thread.
)";

}  // namespace

std::string JsonOf(const BenchmarkFigures& f) {
  nlohmann::json json = {{"board", f.board},
                         {"primes_to", f.primes},
                         {"events_per_second", f.events},
                         {"threads", f.threads},
                         {"events_per_second_all", f.events_all},
                         {"events_per_second_all_10000", f.events_all_10000},
                         {"flop_per_second", f.flops},
                         {"multiply_add_flop_per_second", f.multiply_add},
                         {"multiply_add_flop_per_second_all", f.multiply_add_all},
                         {"fft_flop_per_second", f.fft},
                         {"fft_flop_per_second_all", f.fft_all},
                         {"copy_bytes_per_second", f.copy_bytes},
                         {"fill_bytes_per_second", f.fill_bytes}};
  if (f.soak) {
    json["sustained_flop_per_second"] = f.soak->sustained;
    json["sustained_part"] = f.soak->Part();
    json["sustained_minutes"] = f.soak_minutes;
  }
  if (f.watts) {
    json["watts"] = *f.watts;
    json["watts_source"] = kWattsSource;
    json["gflops_per_watt"] = f.multiply_add_all / 1e9 / *f.watts;
  }
  return json.dump();
}

std::string TextOf(const BenchmarkFigures& f) {
  std::string text = fmt::format(
      "prime loop to {} (as sysbench cpu): {:.1f} events/s on one thread, {:.1f} on {}\n"
      "64-bit multiplications and additions: {:.2f} GFLOP/s on {}, as plain loops\n"
      "  in the widest registers: {:.2f} on one thread, {:.2f} on {}\n"
      "FFT of 16384 points, 32 bit: {:.2f} GFLOP/s on one thread, {:.2f} on {}\n"
      "memory, one thread: copies {:.0f} MB/s, fills {:.0f} MB/s\n",
      f.primes, f.events, f.events_all, f.threads, f.flops / 1e9, f.threads, f.multiply_add / 1e9,
      f.multiply_add_all / 1e9, f.threads, f.fft / 1e9, f.fft_all / 1e9, f.threads,
      f.copy_bytes / 1e6, f.fill_bytes / 1e6);
  if (f.soak) {
    text += fmt::format("sustained after {:.3g} minutes: {:.2f} GFLOP/s, {:.0f} % of the best\n",
                        f.soak_minutes, f.soak->sustained / 1e9, 100 * f.soak->Part());
  }
  if (f.watts) {
    text += fmt::format("{:.2f} GFLOPS/W at {:.1f} W ({}: published for this board)\n",
                        f.multiply_add_all / 1e9 / *f.watts, *f.watts, kWattsSource);
  }
  return text + "\n" + Table(f) + kLegend;
}

std::string JsonOf(const VirtualBenchmark& b) {
  nlohmann::json json = {{"virtual_board", Name(b.run.board)},
                         {"ambient_celsius", b.run.virtual_board.ambient},
                         {"mode", Name(b.run.governor.mode)},
                         {"sustained_minutes", b.run.hours * 60},
                         {"sustained_part", b.soak.part},
                         {"sustained_part_two_hours", b.part_later},
                         {"sustained_cores", b.soak.cores},
                         {"sustained_mhz", b.soak.mhz},
                         {"temperature_celsius", b.soak.temperature},
                         {"temperature_celsius_most", b.soak.most},
                         {"throttled_part", b.soak.throttled}};
  if (b.watts) {
    json["watts"] = *b.watts;
    json["watts_source"] = kWattsSource;
  }
  return json.dump();
}

std::string TextOf(const VirtualBenchmark& b) {
  std::string text = fmt::format(
      "virtual board {} at {:.1f} C, mode {}, after {:.3g} minutes of full load (virtual time):\n"
      "sustained {:.1f} % of an unthrottled board: {:.2f} cores at full clock, {:.0f} MHz\n"
      "  ({:.1f} % after two hours)\n"
      "{:.1f} C, at most {:.1f} C; the firmware throttles {:.0f} % of the time\n",
      Name(b.run.board), b.run.virtual_board.ambient, Name(b.run.governor.mode), b.run.hours * 60,
      100 * b.soak.part, b.soak.cores, b.soak.mhz, 100 * b.part_later, b.soak.temperature,
      b.soak.most, 100 * b.soak.throttled);
  if (b.watts) text += fmt::format("{:.1f} W of the whole board ({})\n", *b.watts, kWattsSource);
  return text;
}

}  // namespace picube
