#include "worker/wishes/wishes_yaml.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <span>
#include <string_view>

namespace picube {
namespace {

constexpr std::size_t kMostProfiles = 32;
constexpr std::size_t kMostEntries = 64;  // of a list in a profile
constexpr std::size_t kMostText = 64;
constexpr std::uint64_t kMostMegabytes = 1ULL << 30;
constexpr std::uint64_t kMostKbps = 100'000'000;
constexpr double kMostLoad = 1024;

std::unexpected<Error> Wrong(const std::filesystem::path& file, const YAML::Mark& mark,
                             const std::string& what) {
  std::string where = file.string();
  if (!mark.is_null()) {
    where += ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
  }
  return Fail(ErrorKind::kUser, where + ": " + what);
}

std::string TextOf(const YAML::Node& node) { return node.IsScalar() ? node.Scalar() : ""; }

template <class T>
bool Number(std::string_view text, T& value) {
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
  return bad == std::errc{} && end == text.data() + text.size() && !text.empty();
}

// Reads the settings of one file; keeps its name for the errors.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& file) : file_(file) {}

  Status Read(const YAML::Node& node, Wishes& wishes);

 private:
  using Field = Status (Reader::*)(const YAML::Node& value, Profile& profile);
  struct Setting {
    std::string_view name;
    Field read;
  };
  static std::span<const Setting> Settings();

  std::unexpected<Error> Fault(const YAML::Node& node, const std::string& what) const {
    return Wrong(file_, node.Mark(), what);
  }
  // `more`: what else may stand there.
  Status Fields(const YAML::Node& node, std::string_view more, Profile& profile);
  Status Profiles(const YAML::Node& node, Wishes& wishes);
  Status Otherwise(const YAML::Node& node, const Wishes& wishes);
  Status Whole(const YAML::Node& node, std::uint64_t most, std::uint64_t& out);
  template <class T>
  Status Amount(const YAML::Node& node, std::uint64_t most, std::optional<T>& out);
  Status Load(const YAML::Node& node, double& out);
  Status Truth(const YAML::Node& node, bool& out);
  Status Text(const YAML::Node& node, std::string& out);
  Status Texts(const YAML::Node& node, std::vector<std::string>& out);
  Status OneDays(const YAML::Node& node, Profile& profile);
  Status OneWindow(const YAML::Node& node, Profile& profile);
  Status Each(const YAML::Node& node, Profile& profile, Field one);

  Status Name(const YAML::Node& value, Profile& profile);
  Status Days(const YAML::Node& value, Profile& profile);
  Status Hours(const YAML::Node& value, Profile& profile);
  Status CpuPercent(const YAML::Node& value, Profile& profile);
  Status Cores(const YAML::Node& v, Profile& p) { return Amount(v, 1024, p.cores); }
  Status Memory(const YAML::Node& v, Profile& p) { return Amount(v, kMostMegabytes, p.memory_mb); }
  Status Disk(const YAML::Node& v, Profile& p) { return Amount(v, kMostMegabytes, p.disk_mb); }
  Status Down(const YAML::Node& v, Profile& p) { return Amount(v, kMostKbps, p.down_kbps); }
  Status Up(const YAML::Node& v, Profile& p) { return Amount(v, kMostKbps, p.up_kbps); }
  Status Volume(const YAML::Node& v, Profile& p) {
    return Amount(v, kMostMegabytes, p.volume_mb_per_day);
  }
  Status Celsius(const YAML::Node& v, Profile& p) { return Amount(v, 110, p.most_celsius); }
  Status Idle(const YAML::Node& value, Profile& profile);
  Status Battery(const YAML::Node& v, Profile& p) { return Truth(v, p.not_on_battery); }
  Status Voltage(const YAML::Node& v, Profile& p) { return Truth(v, p.not_under_voltage); }
  Status Projects(const YAML::Node& v, Profile& p) { return Texts(v, p.projects); }
  Status Applications(const YAML::Node& v, Profile& p) { return Texts(v, p.applications); }

  const std::filesystem::path& file_;
};

std::span<const Reader::Setting> Reader::Settings() {
  static constexpr Setting kSettings[] = {
      {"name", &Reader::Name},
      {"days", &Reader::Days},
      {"hours", &Reader::Hours},
      {"cpu_percent", &Reader::CpuPercent},
      {"cores", &Reader::Cores},
      {"memory_mb", &Reader::Memory},
      {"disk_mb", &Reader::Disk},
      {"down_kbps", &Reader::Down},
      {"up_kbps", &Reader::Up},
      {"volume_mb_per_day", &Reader::Volume},
      {"most_celsius", &Reader::Celsius},
      {"only_when_idle", &Reader::Idle},
      {"not_on_battery", &Reader::Battery},
      {"not_under_voltage", &Reader::Voltage},
      {"projects", &Reader::Projects},
      {"applications", &Reader::Applications},
  };
  return kSettings;
}

Status Reader::Whole(const YAML::Node& node, std::uint64_t most, std::uint64_t& out) {
  std::uint64_t value = 0;
  if (!Number(TextOf(node), value) || value == 0 || value > most) {
    return Fault(node, "a whole number from 1 to " + std::to_string(most) + " was expected.");
  }
  out = value;
  return {};
}

template <class T>
Status Reader::Amount(const YAML::Node& node, std::uint64_t most, std::optional<T>& out) {
  std::uint64_t value = 0;
  if (Status read = Whole(node, most, value); !read) return read;
  out = static_cast<T>(value);
  return {};
}

Status Reader::Load(const YAML::Node& node, double& out) {
  double value = 0;
  if (!Number(TextOf(node), value) || !(value > 0) || value > kMostLoad) {
    return Fault(node, "a number of busy cores was expected, such as 0.5.");
  }
  out = value;
  return {};
}

Status Reader::Truth(const YAML::Node& node, bool& out) {
  const std::string text = TextOf(node);
  if (text != "true" && text != "false") return Fault(node, "true or false was expected.");
  out = text == "true";
  return {};
}

Status Reader::Text(const YAML::Node& node, std::string& out) {
  out = TextOf(node);
  const bool good = !out.empty() && out.size() <= kMostText &&
                    std::ranges::none_of(out, [](unsigned char c) { return c < ' ' || c == 127; });
  if (good) return {};
  return Fault(node, "a text of at most " + std::to_string(kMostText) + " bytes was expected.");
}

Status Reader::Texts(const YAML::Node& node, std::vector<std::string>& out) {
  if (node.IsScalar()) return Text(node, out.emplace_back());
  if (!node.IsSequence() || node.size() == 0 || node.size() > kMostEntries) {
    return Fault(node, "a list of 1 to " + std::to_string(kMostEntries) + " was expected.");
  }
  for (const auto& entry : node) {
    if (Status read = Text(entry, out.emplace_back()); !read) return read;
  }
  return {};
}

// A text, or a list of them.
Status Reader::Each(const YAML::Node& node, Profile& profile, Field one) {
  if (node.IsScalar()) return (this->*one)(node, profile);
  if (!node.IsSequence() || node.size() == 0 || node.size() > kMostEntries) {
    return Fault(node, "a list of 1 to " + std::to_string(kMostEntries) + " was expected.");
  }
  for (const auto& entry : node) {
    if (Status read = (this->*one)(entry, profile); !read) return read;
  }
  return {};
}

Status Reader::Name(const YAML::Node& value, Profile& profile) {
  if (Status read = Text(value, profile.name); !read) return read;
  if (profile.name != Wishes::kPause && profile.name != Wishes::kCompute) return {};
  return Fault(value, "a profile cannot be called '" + profile.name + "'.");
}

Status Reader::Days(const YAML::Node& value, Profile& profile) {
  profile.days.fill(false);
  return Each(value, profile, &Reader::OneDays);
}

// "mon", or "fri-mon".
Status Reader::OneDays(const YAML::Node& node, Profile& profile) {
  const std::string text = TextOf(node);
  const std::size_t dash = std::min(text.find('-'), text.size());
  const auto index = [](const std::string& name) {
    return static_cast<std::size_t>(std::ranges::find(kDayNames, name) - kDayNames.begin());
  };
  const std::size_t first = index(text.substr(0, dash));
  const std::size_t last = dash == text.size() ? first : index(text.substr(dash + 1));
  if (first == kDayNames.size() || last == kDayNames.size()) {
    return Fault(node, "unknown day '" + text +
                           "'. There are: mon, tue, wed, thu, fri, sat, sun, and mon-fri.");
  }
  for (std::size_t day = first;; day = (day + 1) % kDayNames.size()) {
    profile.days[day] = true;
    if (day == last) return {};
  }
}

Status Reader::Hours(const YAML::Node& value, Profile& profile) {
  profile.hours.clear();
  return Each(value, profile, &Reader::OneWindow);
}

// "20:00-07:30".
Status Reader::OneWindow(const YAML::Node& node, Profile& profile) {
  const std::string text = TextOf(node);
  const auto minute = [](std::string_view clock, int& out) {
    int hours = 0;
    int minutes = 0;
    const std::size_t colon = clock.find(':');
    if (colon == std::string_view::npos || colon > 2 || clock.size() != colon + 3) return false;
    if (!Number(clock.substr(0, colon), hours) || !Number(clock.substr(colon + 1), minutes)) {
      return false;
    }
    out = hours * 60 + minutes;
    return hours >= 0 && minutes >= 0 && minutes < 60 && out <= kMinutesPerDay;
  };
  const std::size_t dash = std::min(text.find('-'), text.size());
  HoursWindow window;
  const bool read = dash < text.size() &&
                    minute(std::string_view(text).substr(0, dash), window.from) &&
                    minute(std::string_view(text).substr(dash + 1), window.to);
  if (!read || window.from == kMinutesPerDay) {
    return Fault(node, "hours of the form 20:00-07:30 were expected.");
  }
  if (window.from == window.to) {
    return Fault(node, "the window " + text + " has no length; the whole day is 00:00-24:00.");
  }
  if (window.to == 0) window.to = kMinutesPerDay;
  profile.hours.push_back(window);
  return {};
}

Status Reader::CpuPercent(const YAML::Node& value, Profile& profile) {
  std::uint64_t percent = 0;
  if (Status read = Whole(value, 100, percent); !read) return read;
  profile.cpu_percent = static_cast<std::uint32_t>(percent);
  return {};
}

Status Reader::Idle(const YAML::Node& value, Profile& profile) {
  if (value.IsScalar()) {
    bool wanted = false;
    if (Status read = Truth(value, wanted); !read) return read;
    if (wanted) profile.only_when_idle = IdleWish{};
    return {};
  }
  if (!value.IsMap()) return Fault(value, "true, or {load_below: 0.5, minutes: 5} was expected.");
  IdleWish wish;
  bool upper = false;
  for (const auto& entry : value) {
    const std::string name = TextOf(entry.first);
    Status read;
    if (name == "load_below") {
      read = Load(entry.second, wish.load_below);
    } else if (name == "pauses_above") {
      read = Load(entry.second, wish.pauses_above);
      upper = true;
    } else if (name == "minutes") {
      std::uint64_t minutes = 0;
      read = Whole(entry.second, kMinutesPerDay, minutes);
      wish.minutes = static_cast<std::uint32_t>(minutes);
    } else {
      return Fault(entry.first,
                   "unknown setting '" + name + "'. There are: load_below, pauses_above, minutes.");
    }
    if (!read) return read;
  }
  if (!upper) wish.pauses_above = 2 * wish.load_below;
  if (wish.pauses_above < wish.load_below) {
    return Fault(value, "pauses_above is less than load_below: both would hold at once.");
  }
  profile.only_when_idle = wish;
  return {};
}

Status Reader::Fields(const YAML::Node& node, std::string_view more, Profile& profile) {
  if (!node.IsMap()) return Fault(node, "settings of the form `name: value` were expected.");
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const std::string name = TextOf(entry.first);
    if (!seen.insert(name).second) return Fault(entry.first, "'" + name + "' stands here twice.");
    const auto settings = Settings();
    const auto setting = std::ranges::find(settings, name, &Setting::name);
    if (setting == settings.end()) {
      std::string there;
      for (const Setting& one : settings)
        there += (there.empty() ? "" : ", ") + std::string(one.name);
      return Fault(entry.first,
                   "unknown setting '" + name + "'. There are: " + there + std::string(more) + ".");
    }
    if (Status read = (this->*setting->read)(entry.second, profile); !read) return read;
  }
  return {};
}

Status Reader::Profiles(const YAML::Node& node, Wishes& wishes) {
  if (!node.IsSequence() || node.size() == 0 || node.size() > kMostProfiles) {
    return Fault(node,
                 "a list of 1 to " + std::to_string(kMostProfiles) + " profiles was expected.");
  }
  const auto always = [](const Profile& profile) {
    const bool hours = profile.hours.empty() ||
                       std::ranges::find(profile.hours, HoursWindow{}) != profile.hours.end();
    return hours && std::ranges::find(profile.days, false) == profile.days.end();
  };
  for (const auto& entry : node) {
    Profile profile;
    if (Status read = Fields(entry, "", profile); !read) return read;
    if (profile.name.empty()) return Fault(entry, "a profile has no name.");
    if (std::ranges::find(wishes.profiles, profile.name, &Profile::name) != wishes.profiles.end()) {
      return Fault(entry["name"], "the profile '" + profile.name + "' stands here twice.");
    }
    const auto before = std::ranges::find_if(wishes.profiles, always);
    if (before != wishes.profiles.end()) {
      return Fault(entry, "'" + profile.name + "' would never hold: '" + before->name +
                              "' before it holds at all hours.");
    }
    wishes.profiles.push_back(std::move(profile));
  }
  return {};
}

Status Reader::Otherwise(const YAML::Node& node, const Wishes& wishes) {
  const std::string& name = wishes.otherwise;
  if (name == Wishes::kPause || name == Wishes::kCompute) return {};
  if (std::ranges::find(wishes.profiles, name, &Profile::name) != wishes.profiles.end()) return {};
  return Fault(node, "'" + name + "' is no profile; pause and compute can stand here too.");
}

Status Reader::Read(const YAML::Node& node, Wishes& wishes) {
  if (node.IsNull()) return {};
  if (!node.IsMap()) return Fault(node, "settings of the form `name: value` were expected.");
  YAML::Node otherwise;
  YAML::Node profiles;
  YAML::Node rest(YAML::NodeType::Map);
  for (const auto& entry : node) {
    const std::string name = TextOf(entry.first);
    if (name == "otherwise") {
      otherwise.reset(entry.second);
    } else if (name == "set_by_operator") {
      if (Status read = Truth(entry.second, wishes.set_by_operator); !read) return read;
    } else if (name == "profiles") {
      profiles.reset(entry.second);
    } else {
      rest.force_insert(entry.first, entry.second);
    }
  }
  if (profiles.IsDefined() && !profiles.IsNull()) {
    if (rest.size() > 0) {
      const YAML::Node first = rest.begin()->first;
      return Fault(first,
                   "'" + TextOf(first) + "' stands beside profiles; it belongs into one of them.");
    }
    if (Status read = Profiles(profiles, wishes); !read) return read;
  } else if (rest.size() > 0) {
    if (Status read =
            Fields(rest, ", profiles, otherwise, set_by_operator", wishes.profiles.emplace_back());
        !read)
      return read;
  }
  if (!otherwise.IsDefined() || otherwise.IsNull()) return {};
  if (Status read = Text(otherwise, wishes.otherwise); !read) return read;
  return Otherwise(otherwise, wishes);
}

}  // namespace

Status ReadWishes(const std::filesystem::path& file, const YAML::Node& node, Wishes& wishes) {
  Wishes read;
  if (Status done = Reader(file).Read(node, read); !done) return done;
  wishes = std::move(read);
  return {};
}

}  // namespace picube
