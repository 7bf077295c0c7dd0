// insn_bench: runs every kernel's work twice, with one thread, and marks the second time for the
// plugin count.c; then some units, marking their chunks. Prints one line a case in the order of the
// marks: "kernel NAME ELEMENTS GOAL" (0 = none) or "chunks NAME". scripts/insn.sh puts both
// together.
#include <fmt/format.h>
#include <sys/prctl.h>

#include <cstdio>
#include <string_view>

#include "tests/bench/insn/cases.h"

namespace picube::bench {

void Tell(Mark mark) {
  constexpr int kMark = 0x50494355;  // no option of prctl: an error that nobody looks at
  static_cast<void>(::prctl(kMark, static_cast<unsigned long>(mark)));
}

void Keep(const void* result) { asm volatile("" : : "g"(result) : "memory"); }

}  // namespace picube::bench

int main(int argc, char** argv) {
  using namespace picube::bench;
  const std::string_view only = argc > 1 ? argv[1] : "";
  std::vector<InsnCase> cases;
  AddMathCases(cases);
  AddApplicationCases(cases);
  AddBoardCases(cases);
  for (const InsnCase& one : cases) {
    if (one.name.find(only) == std::string::npos) continue;
    const std::function<void()> work = one.make();
    work();
    Tell(Mark::kBegin);
    work();
    Tell(Mark::kEnd);
    fmt::print("kernel {} {:.0f} {}\n", one.name, one.elements, one.goal);
    std::fflush(stdout);
  }
  std::vector<ChunkCase> chunks;
  AddChunkCases(chunks);
  for (const ChunkCase& one : chunks) {
    if (one.name.find(only) == std::string::npos) continue;
    Tell(Mark::kBegin);
    one.run();
    Tell(Mark::kEnd);
    fmt::print("chunks {}\n", one.name);
    std::fflush(stdout);
  }
}
