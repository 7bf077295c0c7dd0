#include "hardware/cap/cap_files.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

namespace picube {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPolicy = "sys/devices/system/cpu/cpufreq/policy0";
constexpr const char* kCap = "scaling_max_freq";
constexpr std::string_view kVersion = "1";  // of the file that is kept

Status Failed(const fs::path& path, int error) {
  return Fail(ErrorKind::kHost, path.filename().string() + ": " + std::strerror(error));
}

// In one write, as the kernel's files want it.
Status WriteAll(const fs::path& path, const std::string& text, int flags) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | flags, 0600));
  if (file.Get() < 0) return Failed(path, errno);
  const ssize_t written = ::write(file.Get(), text.data(), text.size());
  if (written < 0) return Failed(path, errno);
  if (static_cast<std::size_t>(written) != text.size()) return Failed(path, EIO);
  return {};
}

}  // namespace

CapFiles::CapFiles(fs::path root, fs::path state)
    : policy_(std::move(root) / kPolicy),
      state_(std::move(state)),
      kept_(state_ / "original"),
      lock_([this] {
        std::error_code ignored;  // the lock fails then
        fs::create_directories(state_, ignored);
        return ::open(state_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      }()) {}

Status CapFiles::Lock() {
  if (lock_.Get() < 0) {
    return Fail(ErrorKind::kHost, "The folder " + state_.string() + " cannot be had.",
                "Give another with --state DIR.");
  }
  if (::flock(lock_.Get(), LOCK_EX | LOCK_NB) == 0) return {};
  return Fail(ErrorKind::kHost, "Another picube-cap-helper runs on " + state_.string() + ".",
              "Stop it: it restores the clock by itself.");
}

std::optional<std::uint32_t> CapFiles::ReadNumber(const char* name) const {
  std::ifstream file(policy_ / name);
  std::uint32_t number = 0;
  if (file >> number && number > 0) return number;
  return std::nullopt;
}

CapGuard::Found CapFiles::Find() const {
  CapGuard::Found found;
  const auto least = ReadNumber("cpuinfo_min_freq");
  const auto most = ReadNumber("cpuinfo_max_freq");
  if (least && most && *least <= *most) found.limits = {*least, *most};
  found.khz = ReadNumber(kCap);
  return found;
}

std::optional<std::uint32_t> CapFiles::Kept() const {
  std::ifstream file(kept_);
  if (!file) return std::nullopt;
  const auto limits = Find().limits;
  std::string version;
  std::uint32_t khz = 0;
  const bool read = file >> version >> khz && version == kVersion && khz > 0;
  const bool sensible = !limits || (khz >= limits->least_khz && khz <= limits->most_khz);
  if (read && sensible) return khz;
  return limits ? std::optional(limits->most_khz) : std::nullopt;
}

Status CapFiles::Keep(std::uint32_t khz) const {
  const fs::path fresh = state_ / "original.new";
  const std::string text = std::string(kVersion) + " " + std::to_string(khz) + "\n";
  if (Status written = WriteAll(fresh, text, O_CREAT | O_TRUNC); !written) return written;
  if (::rename(fresh.c_str(), kept_.c_str()) != 0) return Failed(kept_, errno);
  return {};
}

Status CapFiles::Write(std::uint32_t khz) const {
  return WriteAll(policy_ / kCap, std::to_string(khz) + "\n", O_TRUNC);
}

Status CapFiles::Do(const CapStep& step) const {
  if (step.kind == CapStep::Kind::kCap) {
    if (Kept() != step.original_khz) {
      if (Status kept = Keep(step.original_khz); !kept) return kept;
    }
    return Write(step.khz);
  }
  if (step.kind == CapStep::Kind::kRestore) {
    // A file that nobody may write, and that holds what it should, is restored too.
    if (Status written = Write(step.khz); !written && ReadNumber(kCap) != step.khz) return written;
    if (::unlink(kept_.c_str()) != 0 && errno != ENOENT) return Failed(kept_, errno);
  }
  return {};
}

}  // namespace picube
