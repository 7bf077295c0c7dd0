// The operator's commands that switch hosts: run one by one, bounded, and heard of when they fail.
#include "server/gateway/power_commands.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>

#include "tests/files.h"

namespace picube {
namespace {

class Troubles {
 public:
  void Tell(const std::string& text) {
    const std::lock_guard lock(mutex_);
    all_.push_back(text);
    told_.notify_all();
  }
  [[nodiscard]] std::string First() {
    std::unique_lock lock(mutex_);
    told_.wait_for(lock, std::chrono::seconds(30), [this] { return !all_.empty(); });
    return all_.empty() ? "" : all_.front();
  }

 private:
  std::mutex mutex_;
  std::condition_variable told_;
  std::vector<std::string> all_;
};

TEST(PowerCommands, GetTheHostAsTheirLastWord) {
  const test::Folder folder;
  Troubles troubles;
  const auto tell = [&](const std::string& text) { troubles.Tell(text); };
  {
    PowerCommands power("/usr/bin/test off = ", "/usr/bin/test on = ", tell);
    power.Switch("pi; rm -rf x", false);
    // `test off = "pi; rm -rf x"` is false: the name is one word, and no shell has read it.
    EXPECT_EQ(troubles.First(), "/usr/bin/test pi; rm -rf x ended with code 1");
  }
}

TEST(PowerCommands, WhatDoesNotEndIsKilledAndSaid) {
  Troubles troubles;
  PowerCommands power(
      "/bin/sleep 600", "/bin/true", [&](const std::string& text) { troubles.Tell(text); }, 100ms);
  power.Switch("1", false);
  EXPECT_EQ(troubles.First(), "/bin/sleep 1 did not end in time and was killed");
}

TEST(PowerCommands, WhatIsNotThereIsSaid) {
  Troubles troubles;
  PowerCommands power("/no/such/program", "/bin/true",
                      [&](const std::string& text) { troubles.Tell(text); });
  power.Switch("pi1", false);
  const std::string said = troubles.First();
  // An emulator begins a process that ends at once.
  if (said == "/no/such/program pi1 ended with code 127") return;
  EXPECT_EQ(said, "cannot run /no/such/program pi1: No such file or directory");
}

TEST(PowerCommands, WithoutCommandsNothingHappens) {
  PowerCommands power("", "", [](const std::string& text) { FAIL() << text; });
  power.Switch("pi1", false);
}

}  // namespace
}  // namespace picube
