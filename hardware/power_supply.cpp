#include "hardware/power_supply.h"

#include <fstream>
#include <string>
#include <system_error>

namespace picube {
namespace {

// The first word; empty if it cannot be read.
std::string WordOf(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string word;
  in >> word;
  return word;
}

}  // namespace

std::optional<bool> OnBattery(const std::filesystem::path& root) {
  bool battery = false;
  bool discharges = false;
  bool line = false;  // a supply from outside is there at all
  std::error_code error;
  const std::filesystem::path folder = root / "sys/class/power_supply";
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    const std::filesystem::path& supply = it->path();
    if (WordOf(supply / "scope") == "Device") continue;
    const std::string type = WordOf(supply / "type");
    if (type == "Battery" || type == "UPS") {
      battery = true;
      discharges = discharges || WordOf(supply / "status") == "Discharging";
      continue;
    }
    const std::string online = WordOf(supply / "online");
    if (online.empty()) continue;
    if (online != "0") return false;  // 2 = of several, the one in use
    line = true;
  }
  if (discharges || (battery && line)) return true;
  if (battery) return false;
  return std::nullopt;
}

}  // namespace picube
