// What this machine's own page says: its name and address, the time, its sensors. One thread.
#pragma once

#include <ctime>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "hardware/display/pages.h"
#include "hardware/probe.h"
#include "protocol/base/time.h"

namespace picube {

// Local time; nothing before 2024: a board without a clock that has not asked the network yet.
[[nodiscard]] std::optional<TimeOnDisplay> TimeOnDisplayOf(std::time_t now);

class MachineView {
 public:
  // `sample` is asked for what the sensors last said; fans are looked for below `root`.
  MachineView(std::function<BoardSample()> sample, std::optional<std::uint32_t> cores,
              std::filesystem::path root);
  // Reads a dozen small files; name and address every ten seconds.
  [[nodiscard]] DisplayView Look(Instant now, std::time_t wall);

 private:
  std::function<BoardSample()> sample_;
  std::filesystem::path root_;
  std::optional<std::uint32_t> cores_;
  std::string host_;
  std::string address_;
  std::optional<Instant> named_;
};

}  // namespace picube
