#include "worker/owner.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <iterator>
#include <tuple>
#include <utility>

#include "hardware/power_supply.h"
#include "protocol/readings.h"
#include "worker/settings_edit.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kVolumeStep = 1ULL << 20;  // written at most so often: cards wear out
constexpr std::size_t kMostStat = 64 * 1024;

// Of the kernel's files; what is wanted stands at the beginning.
std::string TextOf(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(kMostStat, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return text;
}

std::optional<DayVolume> VolumeIn(const fs::path& file) {
  std::ifstream in(file);
  DayVolume volume;
  if (in >> volume.day >> volume.bytes) return volume;
  return std::nullopt;
}

std::uint64_t Least(std::uint64_t amount, const std::optional<std::uint64_t>& bound) {
  return bound ? std::min(amount, *bound) : amount;
}

}  // namespace

LocalTime LocalNow() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm shown{};
  ::localtime_r(&now, &shown);
  using std::chrono::year_month_day;
  const year_month_day date{std::chrono::year(shown.tm_year + 1900),
                            std::chrono::month(static_cast<unsigned>(shown.tm_mon) + 1),
                            std::chrono::day(static_cast<unsigned>(shown.tm_mday))};
  return {.day = std::chrono::sys_days(date).time_since_epoch().count(),
          .weekday = (shown.tm_wday + 6) % kDaysPerWeek,
          .minute = shown.tm_hour * 60 + shown.tm_min};
}

Owner::Owner(Place place, const WorkerSettings& settings)
    : place_(std::move(place)),
      keeper_({}, place_.project, VolumeIn(place_.volume_file)),
      kept_(VolumeIn(place_.volume_file).value_or(DayVolume{})) {
  Apply(settings);
}

Owner::~Owner() { KeepVolume(1); }

Status Owner::Reload() {
  ::tzset();  // the machine may have moved
  const auto settings = place_.load();
  if (!settings) return std::unexpected(settings.error());
  Apply(*settings);
  return {};
}

Result<std::string> Owner::Set(const std::vector<std::string>& lines) {
  const fs::path& file = place_.settings_file;
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) return Fail(ErrorKind::kHost, "cannot read " + file.string() + ".");
  const auto before = ParseSettings(file, text);
  if (!before) return std::unexpected(before.error());
  if (!before->wishes.set_by_operator) {
    return Fail(ErrorKind::kUser, "the owner of this machine lets no operator set it.");
  }
  const auto edited = EditSettings(text, lines);
  if (!edited) return std::unexpected(edited.error());
  const auto after = ParseSettings(file, *edited);
  if (!after) return std::unexpected(after.error());
  const auto whose = [](const WorkerSettings& s) {
    return std::tie(s.server, s.server_key, s.server_signing_key, s.endpoints, s.name);
  };
  if (whose(*before) != whose(*after)) {
    return Fail(ErrorKind::kUser, "a value would change what stands around it.");
  }
  if (const Status kept = ReplaceSettings(file, *edited); !kept) {
    return std::unexpected(kept.error());
  }
  if (const Status read = Reload(); !read) return std::unexpected(read.error());
  std::string names;
  for (const std::string& line : lines) {
    names += (names.empty() ? "" : ", ") + line.substr(0, line.find(':'));
    const bool later = line.starts_with("log_level:") || line.starts_with("reconnect_spread:");
    if (later) names += " (from the next start on)";
  }
  return "set: " + names + ".";
}

void Owner::Apply(const WorkerSettings& settings) {
  threads_ = static_cast<std::uint32_t>(std::max(1, settings.threads));
  cache_bytes_ = settings.cache_mb << 20;
  place_.facts.offline_seconds = static_cast<std::uint32_t>(settings.offline_hours) * 3600;
  const auto bounded = [](const Profile& profile) { return profile.volume_mb_per_day.has_value(); };
  counts_volume_ = std::ranges::any_of(settings.wishes.profiles, bounded);
  keeper_.Replace(settings.wishes);
}

Owner::Told Owner::Step(Instant now, const BoardSample& sample, std::uint64_t bytes_moved) {
  const Surroundings around = Look(sample, bytes_moved);
  others_cores_ = around.load.value_or(0);
  wish_ = keeper_.Step(now, LocalNow(), around);
  KeepVolume(kVolumeStep);
  return {{wish_.why}, AllowanceNow()};
}

Surroundings Owner::Look(const BoardSample& sample, std::uint64_t bytes_moved) {
  Surroundings around;
  around.load = load_.Step(TextOf(place_.board_root / "proc/stat"),
                           TextOf(place_.board_root / "proc/self/stat"));
  around.on_battery = OnBattery(place_.board_root);
  if (sample.throttle_flags) {
    around.under_voltage = (*sample.throttle_flags & throttled::kUnderVoltage) != 0;
  }
  around.millicelsius = sample.temperature_millicelsius;
  around.bytes_moved = bytes_moved;
  return around;
}

agent::Allowance Owner::AllowanceNow() const {
  agent::Allowance allowance;
  allowance.facts = place_.facts;
  allowance.facts.memory_bytes = Least(allowance.facts.memory_bytes, wish_.memory_bytes);
  allowance.facts.disk_bytes = Least(allowance.facts.disk_bytes, wish_.disk_bytes);
  std::erase_if(allowance.facts.applications, [&](const ApplicationVersion& application) {
    return !wish_.applications.empty() &&
           std::ranges::find(wish_.applications, application.name) == wish_.applications.end();
  });
  allowance.no_inputs = wish_.no_volume;
  allowance.threads = std::min(threads_, wish_.cores.value_or(threads_));
  allowance.cache_bytes = Least(cache_bytes_, wish_.disk_bytes);
  allowance.down_bytes_per_second = wish_.down_bytes_per_second;
  allowance.up_bytes_per_second = wish_.up_bytes_per_second;
  return allowance;
}

// If it cannot be written, a restart counts the day anew.
void Owner::KeepVolume(std::uint64_t step) {
  const DayVolume moved = keeper_.Moved();
  if (!counts_volume_ || (moved.day == kept_.day && moved.bytes < kept_.bytes + step)) return;
  fs::path fresh = place_.volume_file;
  fresh += ".tmp";
  std::ofstream out(fresh, std::ios::trunc);
  out << moved.day << ' ' << moved.bytes << '\n';
  out.close();
  std::error_code error;
  if (out) fs::rename(fresh, place_.volume_file, error);
  kept_ = moved;
}

}  // namespace picube
