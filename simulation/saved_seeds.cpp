#include "simulation/saved_seeds.h"

#include <charconv>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace picube::sim {
namespace {

constexpr std::string_view kHead =
    "# Runs worth playing again: `picube-sim --saved simulation/seeds.txt` plays them all. Those "
    "with\n"
    "# a hash have to give the same event log on every machine; after a change of the grid's "
    "rules\n"
    "# that is meant, `picube-sim --pin simulation/seeds.txt` writes the new hashes.\n"
    "#\n"
    "# seed  profile  log hash          why it is kept\n";

bool ParseNumber(std::string_view text, int base, std::uint64_t& out) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

bool ParseLine(const std::string& line, SavedSeed& seed) {
  std::istringstream words(line);
  std::string number;
  std::string profile;
  std::string hash;
  words >> number >> profile >> hash >> std::ws;
  std::getline(words, seed.why);
  if (!ParseNumber(number, 10, seed.seed) || hash.empty()) return false;
  if (profile != "-") {
    seed.profile = ProfileNamed(profile);
    if (!seed.profile) return false;
  }
  if (hash == "-") return true;
  std::uint64_t value = 0;
  if (!ParseNumber(hash, 16, value)) return false;
  seed.log_hash = value;
  return true;
}

}  // namespace

SimOptions SavedSeed::Options() const {
  SimOptions options;
  options.seed = seed;
  options.profile = profile;
  return options;
}

Result<std::vector<SavedSeed>> ParseSeeds(std::string_view text) {
  std::vector<SavedSeed> seeds;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    SavedSeed seed;
    if (!ParseLine(line, seed)) {
      return Fail(ErrorKind::kUser, "line " + std::to_string(number) + " is no saved seed",
                  "Write: seed, profile or -, hash or -, and why it is kept.");
    }
    seeds.push_back(std::move(seed));
  }
  return seeds;
}

Result<std::vector<SavedSeed>> ReadSeeds(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Fail(ErrorKind::kUser, "cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return ParseSeeds(text.str());
}

std::string SeedsText(const std::vector<SavedSeed>& seeds) {
  std::string text(kHead);
  for (const SavedSeed& seed : seeds) {
    char hash[24] = "-";
    if (seed.log_hash) {
      std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(*seed.log_hash));
    }
    char line[64];
    std::snprintf(line, sizeof line, "%-7llu %-8s %-17s ",
                  static_cast<unsigned long long>(seed.seed),
                  seed.profile ? std::string(Name(*seed.profile)).c_str() : "-", hash);
    text += line + seed.why + "\n";
  }
  return text;
}

}  // namespace picube::sim
