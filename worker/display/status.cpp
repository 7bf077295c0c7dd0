#include "worker/display/status.h"

#include <variant>

namespace picube {

void StatusKeeper::Take(const agent::Input& input) {
  if (std::holds_alternative<agent::Connected>(input)) connected_ = true;
  if (std::holds_alternative<agent::Disconnected>(input)) connected_ = false;
  if (std::holds_alternative<agent::LinkRefused>(input)) connected_ = false;
  if (const auto* pause = std::get_if<agent::Pause>(&input)) pause_ = pause->why;
  if (const auto* trouble = std::get_if<agent::SpoolTrouble>(&input)) trouble_ = trouble->why;
  if (const auto* finished = std::get_if<agent::UnitFinished>(&input)) End(finished->lease);
  if (const auto* failed = std::get_if<agent::UnitFailed>(&input)) End(failed->lease);
  if (const auto* stopped = std::get_if<agent::UnitStopped>(&input)) End(stopped->lease);
  const auto* progress = std::get_if<agent::UnitProgress>(&input);
  if (progress != nullptr && unit_ && unit_->lease == progress->lease) {
    unit_->permille = progress->permille;
  }
}

void StatusKeeper::Starts(const agent::UnitWork& work, Instant now) {
  unit_ = {.lease = work.lease, .unit = work.unit, .started = now};
}

void StatusKeeper::Hear(const std::vector<Peer>& peers, Instant heard,
                        std::optional<std::int32_t> fan_follows) {
  peers_ = peers;
  peers_heard_ = heard;
  fan_follows_ = fan_follows;
}

void StatusKeeper::End(LeaseId lease) {
  if (unit_ && unit_->lease == lease) unit_.reset();
}

WorkerStatus StatusKeeper::Status() const {
  WorkerStatus status{.connected = connected_,
                      .pause = pause_,
                      .unit = unit_,
                      .peers = peers_,
                      .peers_heard = peers_heard_,
                      .fan_follows_millicelsius = fan_follows_};
  if (status.pause.empty() && !unit_) status.pause = trouble_;
  return status;
}

}  // namespace picube
