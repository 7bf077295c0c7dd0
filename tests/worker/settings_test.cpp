// worker.yaml, the log's bound, the command line and the join code, without a server.
#include "worker/settings.h"

#include <gtest/gtest.h>

#include "protocol/crypto/join_code.h"
#include "protocol/crypto/keys.h"
#include "tests/files.h"
#include "worker/core/agent.h"
#include "worker/link/join.h"
#include "worker/log.h"
#include "worker/worker.h"

namespace picube {
namespace {

class SettingsTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path File() const { return temp_.Path() / "worker.yaml"; }
  [[nodiscard]] std::string ErrorOf(const std::string& text) const {
    test::WriteText(File(), text);
    const auto settings = LoadSettings(File());
    return settings ? "no error" : settings.error().what;
  }
  test::Folder temp_;
};

TEST_F(SettingsTest, ComeBackAsTheyWereWritten) {
  WorkerSettings settings;
  settings.server = "tcp://[::1]:7100";
  settings.server_key.bytes[0] = 9;
  settings.server_signing_key.bytes[31] = 8;
  settings.name = "no: \"yaml\" #here";
  settings.threads = 3;
  settings.cache_mb = 77;
  settings.offline_hours = 6;
  settings.reconnect_spread = 4;
  ASSERT_TRUE(SaveSettings(File(), settings));
  const auto read = LoadSettings(File());
  ASSERT_TRUE(read) << read.error().Text();
  EXPECT_EQ(read->server, settings.server);
  EXPECT_EQ(read->server_key, settings.server_key);
  EXPECT_EQ(read->server_signing_key, settings.server_signing_key);
  EXPECT_EQ(read->name, settings.name);
  EXPECT_EQ(read->threads, 3);
  EXPECT_EQ(read->cache_mb, 77U);
  EXPECT_EQ(read->offline_hours, 6);
  EXPECT_EQ(read->reconnect_spread, 4);
}

TEST_F(SettingsTest, EndpointsAreKeptAndWhatPeopleWroteStays) {
  test::WriteText(File(),
                  "# mine\nserver: tcp://a:1\nendpoints: [tcp://old:1]\nthreads: 3  # of four\n");
  const std::vector<std::string> told = {"tcp://b:2", "tcp://[::1]:3",
                                         "tcp://a-rather-long-name.of-a-server.example.org:7425"};
  ASSERT_TRUE(SaveEndpoints(File(), told));
  const auto read = LoadSettings(File());
  ASSERT_TRUE(read) << read.error().Text();
  EXPECT_EQ(read->endpoints, told);
  EXPECT_EQ(read->threads, 3);
  const std::string text = test::ReadText(File());
  EXPECT_NE(text.find("# mine"), std::string::npos);
  EXPECT_NE(text.find("# of four"), std::string::npos);
}

TEST_F(SettingsTest, AListThatPeopleWroteOverSeveralLinesIsLeftAlone) {
  const std::string text = "server: tcp://a:1\nendpoints:\n  - tcp://old:1\n";
  test::WriteText(File(), text);
  EXPECT_FALSE(SaveEndpoints(File(), {"tcp://b:2"}));
  EXPECT_EQ(test::ReadText(File()), text);
}

TEST_F(SettingsTest, ErrorsNameFileLineAndColumn) {
  EXPECT_NE(ErrorOf("server: tcp://a:1\nthreads: many\n").find("worker.yaml:2:10: a whole number"),
            std::string::npos);
  EXPECT_NE(ErrorOf("colour: red\n").find("worker.yaml:1:1: unknown setting 'colour'"),
            std::string::npos);
  EXPECT_NE(ErrorOf("server_key: 12\n").find(":1:13: 64 hexadecimal digits"), std::string::npos);
  EXPECT_NE(ErrorOf("name: [a\n").find("worker.yaml:"), std::string::npos);
  EXPECT_NE(ErrorOf("just words\n").find("`name: value`"), std::string::npos);
}

TEST_F(SettingsTest, AMissingFileSaysHowToJoin) {
  const auto settings = LoadSettings(temp_.Path() / "none.yaml");
  ASSERT_FALSE(settings);
  EXPECT_NE(settings.error().next.find("join CODE"), std::string::npos);
}

TEST(WorkerLogs, ABurstIsCutAndCounted) {
  LogGate gate;
  int written = 0;
  for (int i = 0; i < 1000; ++i) written += gate.Allows(Instant{5'000'000}) ? 1 : 0;
  EXPECT_EQ(written, LogGate::kBurst);
  EXPECT_EQ(gate.TakeLeftOut(), 940U);
  EXPECT_FALSE(gate.Allows(Instant{5'500'000}));
  EXPECT_TRUE(gate.Allows(Instant{6'000'000}));
}

// --- Commands that need no server ---------------------------------------------------------------

class CommandTest : public SettingsTest {
 protected:
  CommandTest() {
    EXPECT_TRUE(InitCrypto());
    options_.state = temp_.Path();
  }
  [[nodiscard]] static JoinCode SomeCode() {
    JoinCode code;
    code.expires = WallTime{std::int64_t{1} << 45};  // the year 3084
    code.server_transport_key = MakeTransportKeys().key;
    code.server_signing_key = MakeSigningKeys().key;
    code.invitation_secret = MakeTransportKeys().secret.Copy();
    code.endpoint = "tcp://127.0.0.1:7100";
    return code;
  }
  [[nodiscard]] int Run() const { return RunWorker(options_, ApplicationRegistry{}); }

  WorkerOptions options_;
};

TEST_F(CommandTest, AWorkerThatHasNotJoinedSaysSo) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(Run(), 9);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("picube-worker join CODE"),
            std::string::npos);
}

TEST_F(CommandTest, AKeyFileThatOthersCanReadIsRefused) {
  WorkerSettings settings;
  settings.server = "tcp://127.0.0.1:7100";
  settings.server_key = MakeTransportKeys().key;
  ASSERT_TRUE(SaveSettings(File(), settings));
  const auto keys = temp_.Path() / "worker.keys";
  ASSERT_TRUE(SaveKeys(keys.string(), MakeKeys()));
  std::filesystem::permissions(keys, std::filesystem::perms(0644));
  testing::internal::CaptureStderr();
  EXPECT_EQ(Run(), 9);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("chmod"), std::string::npos);
}

TEST_F(CommandTest, JoinCodesThatCannotBeGoodAreToldApart) {
  const std::string text = EncodeJoinCode(SomeCode());
  EXPECT_TRUE(ReadJoinCode(text, WallTime{1}));

  std::string typo = text;
  typo[20] = typo[20] == '7' ? '8' : '7';
  EXPECT_EQ(ReadJoinCode(typo, WallTime{1}).error().code, WorkerExit::kBadCode);
  EXPECT_EQ(ReadJoinCode("hello", WallTime{1}).error().code, WorkerExit::kBadCode);

  const WallTime late{(std::int64_t{1} << 45) + 1};
  EXPECT_EQ(ReadJoinCode(text, late).error().code, WorkerExit::kCodeExpired);

  JoinCode person = SomeCode();
  person.kind = PrincipalKind::kOperator;
  EXPECT_EQ(ReadJoinCode(EncodeJoinCode(person), WallTime{1}).error().code, WorkerExit::kBadCode);
}

TEST_F(CommandTest, ANameThatIsNoneIsWrongUsage) {
  options_.name = std::string(65, 'x');
  testing::internal::CaptureStderr();
  EXPECT_EQ(JoinProject(options_, EncodeJoinCode(SomeCode())), 2);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("64 bytes"), std::string::npos);
}

TEST_F(CommandTest, AMistypedCodeLeavesNothingBehind) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(JoinProject(options_, "picube1-nonsense"), 6);
  static_cast<void>(testing::internal::GetCapturedStderr());
  EXPECT_TRUE(std::filesystem::is_empty(temp_.Path()));
}

}  // namespace
}  // namespace picube
