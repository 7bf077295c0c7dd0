// The one file that caps the clock, below a root folder, and what is kept of it beside: so that
// after a SIGKILL the next start, or `--restore`, still knows what was there before. One thread.
//
// What is kept lies in memory (/run): it is gone after a power cut, as is the cap.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "hardware/cap/cap_guard.h"
#include "protocol/base/descriptor.h"
#include "protocol/base/error.h"

namespace picube {

class CapFiles {
 public:
  // `state` is made if it is missing.
  CapFiles(std::filesystem::path root, std::filesystem::path state);

  // Two programs at once would take each other's cap for the original. Until this object ends.
  [[nodiscard]] Status Lock();
  // What was kept and not forgotten. If that cannot be understood, the greatest clock.
  [[nodiscard]] std::optional<std::uint32_t> Kept() const;
  [[nodiscard]] CapGuard::Found Find() const;
  // kCap, kRestore; the error says what the system says.
  [[nodiscard]] Status Do(const CapStep& step) const;

 private:
  [[nodiscard]] std::optional<std::uint32_t> ReadNumber(const char* name) const;
  [[nodiscard]] Status Write(std::uint32_t khz) const;
  [[nodiscard]] Status Keep(std::uint32_t khz) const;

  std::filesystem::path policy_;
  std::filesystem::path state_;
  std::filesystem::path kept_;
  Descriptor lock_;
};

}  // namespace picube
