// What a board does each second beside its unit: reading its sensors and drawing its display.
#include <filesystem>

#include "hardware/display/pages.h"
#include "hardware/probe.h"
#include "protocol/base/check.h"
#include "tests/bench/insn/cases.h"
#include "tests/hardware/fake_vcio.h"

namespace picube::bench {
namespace {

// Half a percent of a second of one core of a Pi 3 at 1.2 GHz and one instruction a cycle. Only the
// program's own instructions are counted: what the kernel does for it comes on top.
constexpr std::uint64_t kGoal = 6'000'000;

struct Board {
  Board() {
    vcio.Set(FirmwareTag::kThrottled, 0x20002);
    vcio.Set(FirmwareTag::kClockMeasured, 818'179'000);
    vcio.Set(FirmwareTag::kVoltage, 1'318'800);
  }
  test::FakeVcio vcio;
  BoardProbe probe{std::filesystem::path(PICUBE_TREES) / "pi3b", &vcio};
  Pager pager;
  Instant now{};
};

std::function<void()> MakeSample() {
  auto board = std::make_shared<Board>();
  return [board] {
    const BoardSample sample = board->probe.Sample();
    PICUBE_CHECK(sample.temperature_millicelsius && sample.real_clock_mhz, "the tree is there");
    DisplayView view;
    view.host = "picube-03";
    view.address = "192.168.1.23";
    view.temperature_millicelsius = sample.temperature_millicelsius;
    view.core_millivolts = sample.core_millivolts;
    view.clock_mhz = sample.real_clock_mhz;
    view.throttle_flags = sample.throttle_flags;
    view.unit = UnitOnDisplay{1234, 870, 192min};
    const Frame frame = board->pager.Step(view, board->now);
    board->now = board->now + 1s;
    Keep(&frame);
  };
}

}  // namespace

void AddBoardCases(std::vector<InsnCase>& cases) {
  cases.push_back({"sample-and-page-of-a-second", 1, MakeSample, kGoal});
}

}  // namespace picube::bench
