#include "worker/wishes/others_load.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace picube {
namespace {

std::string_view TakeWord(std::string_view& text) {
  const std::size_t from = std::min(text.find_first_not_of(' '), text.size());
  const std::size_t to = std::min(text.find_first_of(" \n", from), text.size());
  const std::string_view word = text.substr(from, to - from);
  text.remove_prefix(to);
  return word;
}

bool Number(std::string_view word, std::uint64_t& value) {
  const auto [end, bad] = std::from_chars(word.data(), word.data() + word.size(), value);
  return bad == std::errc{} && !word.empty() && end == word.data() + word.size();
}

}  // namespace

// "cpu user nice system idle iowait irq softirq steal …" (proc(5)); guests are within user and
// nice.
std::optional<OthersLoad::Counters> OthersLoad::Read(std::string_view stat, std::string_view self) {
  if (!stat.starts_with("cpu ")) return std::nullopt;
  Counters counters;
  for (std::size_t at = stat.find("\ncpu"); at != std::string_view::npos;
       at = stat.find("\ncpu", at + 1)) {
    ++counters.cores;
  }
  TakeWord(stat);
  std::array<std::uint64_t, 8> ticks{};
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    if (!Number(TakeWord(stat), ticks[i]) && i < 4) return std::nullopt;
    counters.total += ticks[i];
  }
  counters.busy = counters.total - ticks[3] - ticks[4];
  // The name in brackets may hold anything; utime and stime are the 12th and 13th words after it.
  const std::size_t name_end = self.rfind(')');
  if (name_end == std::string_view::npos || counters.cores == 0) return std::nullopt;
  self.remove_prefix(name_end + 1);
  for (int i = 0; i < 11; ++i) TakeWord(self);
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  if (!Number(TakeWord(self), user) || !Number(TakeWord(self), system)) return std::nullopt;
  counters.own = user + system;
  return counters;
}

std::optional<double> OthersLoad::Step(std::string_view stat, std::string_view self) {
  const auto now = Read(stat, self);
  const auto before = std::exchange(last_, now);
  if (!now || !before || now->total <= before->total || now->busy < before->busy ||
      now->own < before->own) {
    return std::nullopt;
  }
  const std::uint64_t busy = now->busy - before->busy;
  const std::uint64_t others = busy - std::min(busy, now->own - before->own);
  return static_cast<double>(others) * static_cast<double>(now->cores) /
         static_cast<double>(now->total - before->total);
}

}  // namespace picube
