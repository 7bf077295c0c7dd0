// How busy others keep this machine: all processor time but idling, less this process's own. From
// the kernel's /proc/stat and /proc/self/stat, whose texts are passed in. A value.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace picube {

class OthersLoad {
 public:
  // Cores kept busy by others since the last call; 0.5 = half of one. Nothing at the first call, if
  // a text says nothing sensible, or if the counters stood still or went back.
  [[nodiscard]] std::optional<double> Step(std::string_view stat, std::string_view self);

 private:
  struct Counters {
    std::uint64_t busy = 0;  // ticks, of all cores
    std::uint64_t total = 0;
    std::uint64_t own = 0;
    std::uint64_t cores = 0;
  };
  static std::optional<Counters> Read(std::string_view stat, std::string_view self);

  std::optional<Counters> last_;
};

}  // namespace picube
