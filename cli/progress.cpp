#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/text.h"

namespace picube {

unsigned Percent(std::uint64_t done, std::uint64_t total) {
  if (total == 0) return 0;
  if (done >= total) return 100;
  const double percent = 100.0 * static_cast<double>(done) / static_cast<double>(total);
  return std::min(static_cast<unsigned>(percent), 99U);
}

std::string BarLine(const Progress& progress, std::size_t width) {
  std::string tail = fmt::format("{:3}%", Percent(progress.done, progress.total));
  if (progress.total == 0) tail = "  …%";
  if (!progress.amount.empty()) tail += "  " + progress.amount;
  if (!progress.rate.empty()) tail += "  " + progress.rate;
  if (progress.left_ms != 0) tail += "  " + HumanTime(progress.left_ms) + " left";
  if (!progress.note.empty()) tail += "  " + progress.note;
  tail = Clean(tail);
  const std::string label = Clean(progress.label);
  if (width == 0) return label + " " + tail;

  constexpr std::size_t kLeastBar = 8;
  constexpr std::size_t kMostBar = 40;
  const std::size_t used = Columns(label) + Columns(tail) + 4;  // two spaces, two brackets
  if (used + kLeastBar > width) return Shorten(label + " " + tail, width);
  const std::size_t bar = std::min(width - used, kMostBar);
  const double part = progress.total == 0 ? 0
                                          : static_cast<double>(progress.done) /
                                                static_cast<double>(progress.total);
  const auto full = std::min(static_cast<std::size_t>(part * static_cast<double>(bar)), bar);
  return label + " [" + std::string(full, '#') + std::string(bar - full, '-') + "] " + tail;
}

void ProgressLine::Show(const Progress& progress, Instant now) {
  const Duration least = style_.terminal ? style_.redraw : style_.lines;
  if (shown_ && now - *shown_ < least) return;
  const std::string line = BarLine(progress, style_.terminal ? style_.width - 1 : 0);
  if (!style_.terminal && line == last_) return;
  shown_ = now;
  last_ = line;
  if (style_.terminal) {
    out_ << "\r\x1b[K" << line << std::flush;
    drawn_ = true;
  } else {
    out_ << line << '\n' << std::flush;
  }
}

void ProgressLine::Finish(const Progress& progress) {
  const std::string line = BarLine(progress, style_.terminal ? style_.width - 1 : 0);
  Clear();
  if (style_.terminal || line != last_) out_ << line << '\n' << std::flush;
  last_ = line;
}

void ProgressLine::Clear() {
  if (drawn_) out_ << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

}  // namespace picube
