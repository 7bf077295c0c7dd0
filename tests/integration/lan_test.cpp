// A server is found on the local network by its announcement. Needs namespaces and an Avahi daemon
// of its own; skipped where either is missing.
#include <gtest/gtest.h>

#include "tests/integration/processes.h"

namespace picube::test {
namespace {

bool Has(const std::string& program) {
  return RunToEnd({"/bin/sh", "-c", "command -v " + program}).code == 0;
}

TEST(Lan, ServerIsFoundByItsAnnouncementWithTheFingerprintOfItsKey) {
  for (const char* needed : {"avahi-daemon", "dbus-daemon", "unshare", "ip"}) {
    if (!Has(needed)) GTEST_SKIP() << "skipped: no " << needed << " on this machine";
  }
  const std::vector<std::string> apart = {"/usr/bin/unshare", "-nmpf", "--kill-child"};
  auto words = apart;
  words.insert(words.end(), {"true"});
  if (RunToEnd(words).code != 0) GTEST_SKIP() << "skipped: namespaces need root here";
  const Folder folder;
  words = apart;
  words.insert(words.end(),
               {PICUBE_LAN_SCENARIO, folder.Path().string(), PICUBE_SERVER, PICUBE_WORKER});
  const Output run = RunToEnd(words, {}, 2min);
  ASSERT_EQ(run.code, 0) << run.errors << ReadText(folder.Path() / "avahi.log")
                         << ReadText(folder.Path() / "server.log");
  const std::string log = ReadText(folder.Path() / "server.log");
  const auto key = log.find(", key ");
  ASSERT_NE(key, log.npos) << log;
  const std::string fingerprint = log.substr(key + 6, 19);
  const std::string heard = ReadText(folder.Path() / "heard.json");
  EXPECT_EQ(Field(heard, "key_fingerprint"), fingerprint) << log;
  EXPECT_NE(Field(heard, "name").find("PiCube Grid on "), std::string::npos) << heard;
  const std::string port =
      run.out.substr(run.out.rfind(':') + 1, run.out.find('\n') - run.out.rfind(':') - 1);
  EXPECT_EQ(Field(heard, "endpoint"), "tcp://10.77.0.1:" + port);
  EXPECT_EQ(Field(ReadText(folder.Path() / "again.json"), "key_fingerprint"), fingerprint)
      << "announced again after the daemon was started anew";
  EXPECT_EQ(ReadText(folder.Path() / "gone.json"), "[]\n") << "a server that ended is not heard";
}

}  // namespace
}  // namespace picube::test
