// Avahi's C handles as owners, and the texts of its errors. Only for protocol/lan.
#pragma once

#include <avahi-client/client.h>
#include <avahi-client/lookup.h>
#include <avahi-client/publish.h>
#include <avahi-common/error.h>
#include <avahi-common/simple-watch.h>
#include <avahi-common/thread-watch.h>

#include <memory>

namespace picube::lan {

struct Free {
  void operator()(AvahiThreadedPoll* poll) const { avahi_threaded_poll_free(poll); }
  void operator()(AvahiSimplePoll* poll) const { avahi_simple_poll_free(poll); }
  void operator()(AvahiClient* client) const { avahi_client_free(client); }
  void operator()(AvahiServiceBrowser* browser) const { avahi_service_browser_free(browser); }
};
using ThreadedPoll = std::unique_ptr<AvahiThreadedPoll, Free>;
using SimplePoll = std::unique_ptr<AvahiSimplePoll, Free>;
using Client = std::unique_ptr<AvahiClient, Free>;
using Browser = std::unique_ptr<AvahiServiceBrowser, Free>;

}  // namespace picube::lan
