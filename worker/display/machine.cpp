#include "worker/display/machine.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <utility>

#include "hardware/fan/cooling_device.h"

namespace picube {
namespace {

constexpr Duration kNamesEvery = 10s;

std::string HostName() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

std::string TextOf(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = {};
  const void* bytes = nullptr;
  if (address->sa_family == AF_INET) {
    bytes = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
  } else if (address->sa_family == AF_INET6) {
    const auto* six = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    if (!IN6_IS_ADDR_LINKLOCAL(six)) bytes = six;
  }
  if (bytes == nullptr || ::inet_ntop(address->sa_family, bytes, text, sizeof text) == nullptr) {
    return {};
  }
  return text;
}

// The first IPv4 address of a network that is up, else the first IPv6 one that others can reach.
std::string OwnAddress() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return {};
  std::string found;
  bool four = false;
  for (const ifaddrs* one = all; one != nullptr && !four; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_UP) == 0) continue;
    if ((one->ifa_flags & IFF_LOOPBACK) != 0) continue;
    std::string text = TextOf(one->ifa_addr);
    if (text.empty()) continue;
    four = one->ifa_addr->sa_family == AF_INET;
    if (four || found.empty()) found = std::move(text);
  }
  ::freeifaddrs(all);
  return found;
}

}  // namespace

std::optional<TimeOnDisplay> TimeOnDisplayOf(std::time_t now) {
  std::tm local{};
  if (::localtime_r(&now, &local) == nullptr || local.tm_year < 124) return std::nullopt;
  return TimeOnDisplay{.year = local.tm_year + 1900,
                       .month = local.tm_mon + 1,
                       .day = local.tm_mday,
                       .hour = local.tm_hour,
                       .minute = local.tm_min};
}

MachineView::MachineView(std::function<BoardSample()> sample, std::optional<std::uint32_t> cores,
                         std::filesystem::path root)
    : sample_(std::move(sample)), root_(std::move(root)), cores_(cores) {}

DisplayView MachineView::Look(Instant now, std::time_t wall) {
  if (!named_ || now - *named_ >= kNamesEvery) {
    named_ = now;
    host_ = HostName();
    address_ = OwnAddress();
  }
  const BoardSample sample = sample_();
  DisplayView view;
  view.host = host_;
  view.address = address_;
  view.time = TimeOnDisplayOf(wall);
  view.temperature_millicelsius = sample.temperature_millicelsius;
  view.clock_mhz = sample.real_clock_mhz ? sample.real_clock_mhz : sample.clock_mhz;
  view.core_millivolts = sample.core_millivolts;
  view.throttle_flags = sample.throttle_flags;
  if (sample.load_permille && cores_) view.load_hundredths = *sample.load_permille * *cores_ / 10;
  if (const auto fan = ReadFan(root_)) view.fan = {.rpm = fan->rpm, .percent = fan->percent};
  return view;
}

}  // namespace picube
