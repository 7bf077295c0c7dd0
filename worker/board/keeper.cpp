#include "worker/board/keeper.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <utility>

#include "protocol/readings.h"

namespace picube {
namespace {

constexpr double kMostSeconds = 5;  // of one turn: the machine slept
constexpr double kLately = 120;     // s
constexpr double kMostOutlook = 10;
constexpr std::chrono::seconds kMeterAge{60};
constexpr double kMostMeterWatts = 100'000;
constexpr double kHeld =
    0.97;  // of an unthrottled board's work: below it people see that it is less

// Of a machine that we have no model of: its heat is unknown, so it starts with all it has.
BoardModel Unknown(int cores) {
  BoardModel model;
  model.cores = cores;
  model.most_mhz = model.least_mhz = model.low_mhz = 1000;
  model.nodes[0] = {1, 10};
  model.nodes[1] = {1, 300};
  model.core_watts = 1;
  model.low_volts = model.high_volts = 1;
  return model;
}

std::optional<GovernorState> KeptState(const std::filesystem::path& file,
                                       const std::string& board) {
  std::ifstream in(file);
  std::string text;
  std::string of;
  if (!std::getline(in, text) || !std::getline(in, of) || of != board) return std::nullopt;
  return GovernorState::FromText(text);
}

}  // namespace

BoardKeeper::BoardKeeper(BoardProbe& probe, BoardKeeperOptions options, Rng rng)
    : probe_(probe),
      options_(std::move(options)),
      called_(probe.Facts().board),
      cap_(options_.cap_socket),
      meter_(options_.settings.overhead) {
  if (options_.virtual_board) {
    virtual_ = std::make_unique<LiveBoard>(*options_.virtual_board, options_.virtual_options, rng);
    called_ = virtual_->Called();
    model_ = virtual_->Model();
    modelled_ = true;
  } else if (const auto board = BoardCalled(called_)) {
    model_ = ModelOf(*board);
    modelled_ = true;
  } else {
    model_ = Unknown(options_.threads);
  }
  // A virtual board's clock is capped without anybody's help.
  const GovernorMode by_itself = virtual_ ? GovernorMode::kCool : GovernorMode::kMax;
  mode_ = options_.settings.mode.value_or(by_itself);
  GovernorOptions governor{.mode = mode_,
                           .set_point = options_.settings.SetPoint(mode_),
                           .can_cap = virtual_ != nullptr,
                           .ambient = options_.settings.ambient};
  if (virtual_) governor.ambient = options_.virtual_options.ambient;
  governor_.emplace(model_, governor, KeptState(options_.state / "governor", called_));
}

BoardKeeper::~BoardKeeper() { KeepState(); }

std::string BoardKeeper::Called() const { return called_; }

BoardSample BoardKeeper::Sample() const {
  const std::lock_guard lock(mutex_);
  return sample_;
}

BoardKeeper::Order BoardKeeper::Turn(Instant now, const Use& use) {
  if (looked_ == Instant{} || now - looked_ >= kPeriod) {
    Count(now, use);
    Look(now);
    if (mode_ != GovernorMode::kOff) Govern(now);
  }
  Cap(now);
  const bool within = allowance_.full_part > 0 && allowance_.full_part < 1 && !virtual_;
  next_ = within ? std::min(now + kSlot, looked_ + kPeriod) : looked_ + kPeriod;
  Order order{.threads = static_cast<double>(options_.threads), .why = allowance_.why};
  if (mode_ == GovernorMode::kOff || looked_ == Instant{}) return order;
  if (order.why.empty() && lately_ && *lately_ < kHeld) {
    order.why = "held at " + std::to_string(std::lround(governor_->SetPoint())) + " degrees";
  }
  const double cores = allowance_.paused ? 0 : allowance_.threads + allowance_.duty;
  // A virtual board's cores stand for this worker's threads, and its clock for their speed.
  order.threads = virtual_ ? cores / model_.cores * virtual_->ClockPart() * options_.threads
                           : std::min(cores, order.threads);
  return order;
}

void BoardKeeper::Look(Instant now) {
  BoardSample sample = virtual_ ? virtual_->Sample() : probe_.Sample();
  const std::lock_guard lock(mutex_);
  sample_ = sample;
  looked_ = now;
  meter_watts_ = MeterWatts();
}

void BoardKeeper::Count(Instant now, const Use& use) {
  const double seconds = counted_ ? std::clamp(Seconds(now - *counted_), 0.0, kMostSeconds) : 0;
  counted_ = now;
  const double cpu = std::max(0.0, use.cpu_seconds - std::exchange(cpu_before_, use.cpu_seconds));
  if (virtual_) {
    const double cores = allowance_.paused ? 0 : allowance_.threads + allowance_.duty;
    const double allowed =
        cores / model_.cores * virtual_->ClockPart() * options_.threads * seconds;
    virtual_->Pass(FromSeconds(seconds), allowance_,
                   allowed > 0 ? use.thread_seconds / allowed : 0);
  }
  const std::optional<Power> power = PowerOf(cpu, seconds);
  // What is measured is everybody's; the model knows of our own load only.
  const double own = seconds > 0 ? cpu / seconds : 0;
  const bool measured = power && power->source != EnergySource::kModel;
  const bool shared = measured && own + use.others_cores > 0;
  meter_.Pass(now, power, shared ? own / (own + use.others_cores) : 1);
  milliwatts_.reset();
  if (power) milliwatts_ = static_cast<std::uint32_t>(std::lround(1000 * power->watts));
}

// Nothing if nobody has written it for a minute: a meter that is gone shows no old watts.
std::optional<double> BoardKeeper::MeterWatts() const {
  const std::filesystem::path file = options_.settings.meter;
  if (file.empty()) return std::nullopt;
  std::error_code error;
  const auto age =
      std::filesystem::file_time_type::clock::now() - std::filesystem::last_write_time(file, error);
  double watts = -1;
  if (error || age > kMeterAge || !(std::ifstream(file) >> watts)) return std::nullopt;
  if (!(watts >= 0 && watts <= kMostMeterWatts)) return std::nullopt;
  return watts / options_.settings.meter_hosts;
}

// Measured where there is a sensor, else worked out from what this process computed.
std::optional<Power> BoardKeeper::PowerOf(double cpu_seconds, double seconds) const {
  if (virtual_) {
    return ModelledPower(model_, virtual_->BusyCores(), virtual_->ClockPart() * model_.most_mhz);
  }
  if (sample_.power_milliwatts) {
    const EnergySource source =
        sample_.power_source == PowerSource::kIna ? EnergySource::kIna : EnergySource::kPmic;
    return Power{.watts = *sample_.power_milliwatts / 1000.0,
                 .idle_watts = model_.board_idle_watts,
                 .source = source};
  }
  if (meter_watts_) {
    return Power{.watts = *meter_watts_,
                 .idle_watts = model_.board_idle_watts,
                 .source = EnergySource::kMeter};
  }
  if (!modelled_) return std::nullopt;
  const auto clock = sample_.real_clock_mhz ? sample_.real_clock_mhz : sample_.clock_mhz;
  return ModelledPower(model_, seconds > 0 ? cpu_seconds / seconds : 0,
                       clock.value_or(static_cast<std::uint32_t>(model_.most_mhz)));
}

void BoardKeeper::Govern(Instant now) {
  GovernorReading reading;
  if (sample_.temperature_millicelsius) {
    reading.temperature = *sample_.temperature_millicelsius / 1000.0;
  }
  if (!virtual_ && sample_.real_clock_mhz) reading.real_mhz = *sample_.real_clock_mhz;
  const std::uint32_t flags = sample_.throttle_flags.value_or(0);
  reading.under_voltage = (flags & throttled::kUnderVoltage) != 0;
  reading.throttled =
      (flags & (throttled::kCapped | throttled::kSlowed | throttled::kSoftLimit)) != 0;
  if (!virtual_) governor_->CanCap(cap_.InForce());
  // Without a mode of the owner's the governor steers where it has the better lever.
  if (!virtual_ && !options_.settings.mode) {
    mode_ = cap_.InForce() ? GovernorMode::kCool : GovernorMode::kMax;
    governor_->Set(mode_);
  }
  allowance_ = governor_->Step(reading, Seconds(kPeriod));
  const double part = governor_->WorkPart(allowance_);
  if (!lately_) lately_ = part;
  *lately_ += (part - *lately_) / kLately;
  Say(allowance_.why);
  if (now < keep_at_) return;
  keep_at_ = now + kKeepEvery;
  KeepState();
}

std::optional<std::uint32_t> BoardKeeper::MostMilliwatts() const {
  if (!modelled_) return std::nullopt;
  const Power most = ModelledPower(model_, model_.cores, model_.most_mhz);
  return static_cast<std::uint32_t>(std::lround(1000 * most.watts));
}

std::optional<std::uint32_t> BoardKeeper::OutlookPermille() const {
  if (!lately_ || *lately_ <= 0 || mode_ == GovernorMode::kMax || mode_ == GovernorMode::kOff) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(
      std::lround(1000 * std::min(kMostOutlook, governor_->SustainedPart() / *lately_)));
}

void BoardKeeper::Cap(Instant now) {
  if (virtual_ || mode_ == GovernorMode::kOff) return;
  const bool asks = mode_ == GovernorMode::kCool || !options_.settings.mode;
  if (!asks) return;
  const bool full = clock_.Next(allowance_.full_part);
  const double mhz = allowance_.cap_mhz > 0 && !full ? allowance_.cap_mhz : model_.most_mhz;
  cap_.Cap(static_cast<std::uint32_t>(std::lround(mhz)), now);
}

void BoardKeeper::KeepState() const {
  if (mode_ == GovernorMode::kOff || mode_ == GovernorMode::kMax) return;
  // Lost: the governor begins from the model.
  std::ofstream(options_.state / "governor", std::ios::trunc) << governor_->State().Text() << '\n'
                                                              << called_ << '\n';
}

void BoardKeeper::Say(const std::string& why) {
  if (std::exchange(why_, why) == why) return;
  news_.push_back(why.empty() ? "heat: all is well again" : "heat: " + why);
}

std::vector<std::string> BoardKeeper::TakeNews() { return std::exchange(news_, {}); }

}  // namespace picube
