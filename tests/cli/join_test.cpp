#include <gtest/gtest.h>
#include <sys/stat.h>

#include "cli/profile.h"
#include "protocol/crypto/join_code.h"
#include "protocol/crypto/keys.h"
#include "protocol/crypto/signatures.h"
#include "tests/cli/fake_server.h"

namespace picube {
namespace {

class JoinTest : public testing::Test {
 protected:
  JoinTest() : server_keys_(MakeKeys()), invitation_(MakeTransportKeys()) {
    desk_.server.answer = [this](const Message& message) -> std::optional<Message> {
      if (const auto* enrol = std::get_if<Enrol>(&message)) {
        EXPECT_EQ(enrol->kind, PrincipalKind::kOperator);
        EXPECT_TRUE(VerifyEnrol(*enrol, server_keys_.transport.key, invitation_.key));
        return enrol_answer_;
      }
      if (std::holds_alternative<Query>(message)) return query_answer_;
      return std::nullopt;
    };
  }

  [[nodiscard]] std::string Code(PrincipalKind kind = PrincipalKind::kOperator,
                                 std::int64_t expires_ms = 1'772'000'100'000) const {
    return EncodeJoinCode({.kind = kind,
                           .expires = {expires_ms},
                           .server_transport_key = server_keys_.transport.key,
                           .server_signing_key = server_keys_.signing.key,
                           .invitation_secret = invitation_.secret.Copy(),
                           .endpoint = "tcp://cube.local:7100"});
  }
  [[nodiscard]] static unsigned Mode(const std::string& path) {
    struct stat facts{};
    return stat(path.c_str(), &facts) == 0 ? facts.st_mode & 0777U : 0;
  }

  Desk desk_;
  Keys server_keys_;
  TransportKeys invitation_;
  std::optional<Message> enrol_answer_ = Enrolled{{9}, "ada-2", "ada"};
  std::optional<Message> query_answer_ = Refused{ErrorKind::kRefused, "no.", ""};
};

TEST_F(JoinTest, AnInvitationBecomesAProfileThatOnlyItsOwnerReads) {
  ASSERT_EQ(desk_.Run({"join", Code()}), Exit::kOk) << desk_.err;
  EXPECT_NE(desk_.out.find("as ada-2"), std::string::npos);
  EXPECT_EQ(desk_.server.Last<Enrol>().name, "ada");
  EXPECT_EQ(Mode(desk_.Path("profile/keys")), 0600U);
  EXPECT_EQ(Mode(desk_.Path("profile")), 0700U);
  const Result<Profile> profile = LoadProfile(desk_.folder / "profile");
  ASSERT_TRUE(profile.has_value());
  EXPECT_EQ(profile->server.endpoint, "tcp://cube.local:7100");
  EXPECT_EQ(profile->server.key, server_keys_.transport.key);
  EXPECT_EQ(profile->keys.transport.key, desk_.server.Last<Enrol>().transport_key);
}

TEST_F(JoinTest, ASecondJoinDoesNotOverwriteTheFirst) {
  ASSERT_EQ(desk_.Run({"join", Code()}), Exit::kOk);
  EXPECT_EQ(desk_.Run({"join", Code()}), Exit::kWrongUsage);
  EXPECT_NE(desk_.err.find("has joined a server already"), std::string::npos);
}

TEST_F(JoinTest, AMistypedExpiredOrWorkersCodeIsRefusedWithoutAskingAnyone) {
  std::string code = Code();
  code[20] = code[20] == '0' ? '1' : '0';
  EXPECT_EQ(desk_.Run({"join", code}), Exit::kWrongUsage);
  EXPECT_EQ(desk_.Run({"join", "hello"}), Exit::kWrongUsage);
  EXPECT_EQ(desk_.Run({"join", Code(PrincipalKind::kOperator, 1'000)}), Exit::kWrongUsage);
  EXPECT_EQ(desk_.Run({"join", Code(PrincipalKind::kHost)}), Exit::kWrongUsage);
  EXPECT_NE(desk_.err.find("picube-worker join"), std::string::npos);
  EXPECT_EQ(desk_.connections, 0);
}

TEST_F(JoinTest, ACodeThatWasUsedIsRefused) {
  enrol_answer_ = Refused{ErrorKind::kRefused, "this invitation was used.", ""};
  EXPECT_EQ(desk_.Run({"join", Code()}), Exit::kRefused);
  EXPECT_NE(desk_.err.find("ask for a new one"), std::string::npos);
  EXPECT_FALSE(HasProfile(desk_.folder / "profile"));
}

TEST_F(JoinTest, AJoinWhoseAnswerWasLostIsCompletedByTheSameCommand) {
  enrol_answer_.reset();
  EXPECT_EQ(desk_.Run({"join", Code()}), Exit::kUnreachable);
  const TransportKey first = desk_.server.Last<Enrol>().transport_key;
  enrol_answer_ = Refused{ErrorKind::kRefused, "this invitation was used.", ""};
  query_answer_ = Answer{.server = ExampleServer(),
                         .batches = {},
                         .hosts = {},
                         .product = {},
                         .headline = {},
                         .reasons = {}};
  EXPECT_EQ(desk_.Run({"join", Code()}), Exit::kOk) << desk_.err;
  EXPECT_EQ(desk_.server.Last<Enrol>().transport_key, first);
  EXPECT_TRUE(LoadProfile(desk_.folder / "profile").has_value());
}

TEST_F(JoinTest, KeysThatTheServerHasRetiredDoNotStandInTheWay) {
  enrol_answer_.reset();
  EXPECT_EQ(desk_.Run({"join", Code()}), Exit::kUnreachable);
  const TransportKey retired = desk_.server.Last<Enrol>().transport_key;
  desk_.server.answer = [&](const Message& message) -> std::optional<Message> {
    const auto* enrol = std::get_if<Enrol>(&message);
    const bool known = enrol == nullptr || enrol->transport_key == retired;
    if (known) return Refused{ErrorKind::kRefused, "this key is enrolled already.", ""};
    return Enrolled{{9}, "ada-2", "ada"};
  };
  EXPECT_EQ(desk_.Run({"join", Code()}), Exit::kOk) << desk_.err;
  EXPECT_NE(desk_.server.Last<Enrol>().transport_key, retired);
}

TEST_F(JoinTest, ANameThatIsTooLongIsWrongUsageBeforeTheCodeIsUsed) {
  EXPECT_EQ(desk_.Run({"join", Code(), "--name", std::string(65, 'x')}), Exit::kWrongUsage);
  EXPECT_EQ(desk_.Run({"join", Code(), "--name", "caf\xe9"}), Exit::kWrongUsage);
  EXPECT_EQ(desk_.connections, 0);
}

TEST_F(JoinTest, KeysThatOthersMayReadAreRefused) {
  ASSERT_EQ(desk_.Run({"join", Code()}), Exit::kOk);
  chmod(desk_.Path("profile/keys").c_str(), 0644);
  EXPECT_EQ(desk_.Run({"status"}), Exit::kGridError);
  EXPECT_NE(desk_.err.find("chmod"), std::string::npos) << desk_.err;
}

TEST_F(JoinTest, WithoutAProfileTheErrorSaysHowToGetOne) {
  EXPECT_EQ(desk_.Run({"status"}), Exit::kWrongUsage);
  EXPECT_NE(desk_.err.find("picube join CODE"), std::string::npos);
  EXPECT_NE(desk_.err.find("--server-state"), std::string::npos);
}

TEST_F(JoinTest, ADamagedEndpointFileIsNamed) {
  ASSERT_EQ(desk_.Run({"join", Code()}), Exit::kOk);
  desk_.Write("profile/endpoint", "tcp://cube.local:7100\nnot a key\n");
  EXPECT_EQ(desk_.Run({"status"}), Exit::kGridError);
  EXPECT_NE(desk_.err.find("endpoint is damaged"), std::string::npos);
}

TEST(Profiles, OneThatIsNamedIsTheOnlyOne) {
  CommonOptions common;
  std::map<std::string, std::string> variables{{"HOME", "/home/ada"}};
  const Environment environment = [&](const std::string& name) { return variables[name]; };
  using Folders = std::vector<std::filesystem::path>;
  EXPECT_EQ(ProfileFolders(common, environment),
            (Folders{"/home/ada/.config/picube", "/var/lib/picube/operator",
                     "/home/ada/.local/share/picube/server/operator"}));
  variables["PICUBE_PROFILE"] = "/p";
  EXPECT_EQ(ProfileFolders(common, environment), (Folders{"/p"}));
  common.profile = "/q";
  EXPECT_EQ(ProfileFolders(common, environment), (Folders{"/q"}));
  common.server_state = "/s";
  EXPECT_EQ(ProfileFolders(common, environment), (Folders{"/s/operator"}));
}

}  // namespace
}  // namespace picube
