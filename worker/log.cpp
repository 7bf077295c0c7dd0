#include "worker/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace picube {
namespace {

spdlog::level::level_enum LevelOf(const std::string& name) {
  const auto level = spdlog::level::from_str(name);
  const bool unknown = level == spdlog::level::off && name != "off";
  return unknown ? spdlog::level::info : level;
}

spdlog::level::level_enum LevelOf(agent::Log::Level level) {
  switch (level) {
    case agent::Log::Level::kDebug: return spdlog::level::debug;
    case agent::Log::Level::kInfo: return spdlog::level::info;
    case agent::Log::Level::kWarning: return spdlog::level::warn;
  }
  return spdlog::level::info;
}

}  // namespace

class WorkerLog::Impl {
 public:
  explicit Impl(const std::string& level)
      : logger_("picube-worker", std::make_shared<spdlog::sinks::stderr_color_sink_st>()) {
    logger_.set_level(LevelOf(level));
    logger_.set_pattern("%Y-%m-%d %H:%M:%S %^%l%$ %v");
  }
  spdlog::logger logger_;
  LogGate gate_;
};

WorkerLog::WorkerLog(const std::string& level) : impl_(std::make_unique<Impl>(level)) {}
WorkerLog::~WorkerLog() = default;

void WorkerLog::Say(agent::Log::Level level, const std::string& text, Instant now) {
  const auto spd = LevelOf(level);
  if (!impl_->logger_.should_log(spd) || !impl_->gate_.Allows(now)) return;
  if (const std::uint64_t n = impl_->gate_.TakeLeftOut(); n > 0) {
    impl_->logger_.warn("{} lines left out here", n);
  }
  impl_->logger_.log(spd, "{}", text);
}

void WorkerLog::Error(const std::string& text) { impl_->logger_.error("{}", text); }
void WorkerLog::Flush() { impl_->logger_.flush(); }

}  // namespace picube
