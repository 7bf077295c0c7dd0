#include <gtest/gtest.h>
#include <sys/stat.h>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "protocol/crypto/hash.h"
#include "protocol/crypto/join_code.h"
#include "protocol/crypto/keys.h"
#include "protocol/crypto/signatures.h"
#include "protocol/qr/qr.h"
#include "tests/files.h"
#include "tests/protocol/samples.h"

namespace picube {
namespace {

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Crypto : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(InitCrypto()); }
};
using Hashes = Crypto;
using KeyFile = Crypto;
using Signatures = Crypto;
using JoinCodes = Crypto;

// --- Hashes --------------------------------------------------------------------------------------

TEST_F(Hashes, AreBlake2bOf256Bits) {
  // Of "abc", by another program: b2sum --length=256.
  EXPECT_EQ(ToHex(Hash("abc")), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

TEST_F(Hashes, OfPiecesIsTheHashOfTheWhole) {
  Hasher hasher;
  hasher.Update("a");
  Hasher other = hasher;
  hasher.Update("");
  hasher.Update("bc");
  other.Update("d");
  EXPECT_EQ(hasher.Finish(), Hash("abc"));
  EXPECT_EQ(other.Finish(), Hash("ad"));
  hasher.Reset();
  EXPECT_EQ(hasher.Finish(), Hash(""));
}

// --- Key files -----------------------------------------------------------------------------------

TEST_F(KeyFile, GivesBackTheKeysThatWereSaved) {
  const test::Folder folder;
  const Keys keys = MakeKeys();
  ASSERT_TRUE(SaveKeys(folder / "keys", keys));
  ASSERT_TRUE(SaveKeys(folder / "keys", keys));  // over an old file too
  struct stat facts = {};
  ASSERT_EQ(::stat((folder / "keys").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  const Result<Keys> loaded = LoadKeys(folder / "keys");
  ASSERT_TRUE(loaded) << loaded.error().Text();
  EXPECT_EQ(loaded->transport.key, keys.transport.key);
  EXPECT_EQ(loaded->signing.key, keys.signing.key);
  EXPECT_EQ(std::memcmp(loaded->transport.secret.Data(), keys.transport.secret.Data(), 32), 0);
  EXPECT_TRUE(Verify(keys.signing.key, "text", Sign(loaded->signing, "text")));
  EXPECT_FALSE(std::filesystem::exists(folder / "keys.new"));
}

TEST_F(KeyFile, ThatOthersMayReadIsRefusedWithTheCommandThatMendsIt) {
  const test::Folder folder;
  ASSERT_TRUE(SaveKeys(folder / "keys", MakeKeys()));
  for (const mode_t mode : {0644U, 0660U, 0602U}) {
    ASSERT_EQ(::chmod((folder / "keys").c_str(), mode), 0);
    const Result<Keys> loaded = LoadKeys(folder / "keys");
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().next, "Run: chmod 600 " + (folder / "keys").string());
  }
}

TEST_F(KeyFile, ThatIsDamagedIsRefused) {
  const test::Folder folder;
  ASSERT_TRUE(SaveKeys(folder / "keys", MakeKeys()));
  const std::string whole = ReadText(folder / "keys");
  for (std::size_t i = 0; i < whole.size(); i += 7) {
    std::string changed = whole;
    changed[i] = changed[i] == '0' ? '1' : '0';
    std::ofstream(folder / "keys") << changed;
    EXPECT_FALSE(LoadKeys(folder / "keys")) << i;
  }
  std::ofstream(folder / "keys") << whole.substr(0, whole.size() - 1);
  EXPECT_TRUE(Contains(LoadKeys(folder / "keys").error().what, "damaged"));
  std::ofstream(folder / "keys") << "picube-keys 2\n";
  EXPECT_TRUE(Contains(LoadKeys(folder / "keys").error().what, "version unknown"));
}

TEST_F(KeyFile, ThatIsMissingIsAnErrorWithItsPath) {
  const test::Folder folder;
  EXPECT_TRUE(Contains(LoadKeys(folder / "none").error().what, (folder / "none").string()));
  EXPECT_FALSE(SaveKeys(folder / "none/keys", MakeKeys()));
}

TEST_F(KeyFile, AMovedSecretLeavesNothingBehind) {
  Secret<32> secret = MakeTransportKeys().secret;
  const Secret<32> moved = std::move(secret);
  const Secret<32> zero;
  EXPECT_EQ(std::memcmp(secret.Data(), zero.Data(), 32), 0);  // NOLINT: what is left is the claim
  EXPECT_NE(std::memcmp(moved.Data(), zero.Data(), 32), 0);
}

// --- Signatures ----------------------------------------------------------------------------------

TEST_F(Signatures, OfAReportCoverEveryLeaseAndDigestInOrder) {
  const SigningKeys keys = MakeSigningKeys();
  Report report = std::get<Report>(samples::Named("report").message);
  report.results.push_back(report.results.front());
  report.results.back().lease = {2000};
  EXPECT_FALSE(VerifyReport(keys.key, Report{}));
  report.signature = SignReport(keys, report);
  EXPECT_TRUE(VerifyReport(keys.key, report));
  EXPECT_FALSE(VerifyReport(MakeSigningKeys().key, report));

  Report changed = report;
  changed.results[0].lease.value ^= 1;
  EXPECT_FALSE(VerifyReport(keys.key, changed));
  changed = report;
  changed.results[1].digest.bytes[31] ^= 1;
  EXPECT_FALSE(VerifyReport(keys.key, changed));
  changed = report;
  std::swap(changed.results[0], changed.results[1]);
  EXPECT_FALSE(VerifyReport(keys.key, changed));
  changed = report;
  changed.earlier.clear();
  EXPECT_FALSE(VerifyReport(keys.key, changed));
}

TEST_F(Signatures, OfAReportAreOverTheDocumentedBytes) {
  ReportText text;
  EXPECT_TRUE(text.Empty());
  text.Add({0x0102030405060708}, samples::Counting<Digest>(0x20));
  EXPECT_EQ(ToHex(text.Text()), ToHex(BytesView("picube/v1/report\0", 17)) + "0807060504030201" +
                                    ToHex(samples::Counting<Digest>(0x20)));
  text.Clear();
  EXPECT_TRUE(text.Empty());
}

TEST_F(Signatures, OfAnEnrolmentMeanOneServerAndOneInvitation) {
  const Keys host = MakeKeys();
  const TransportKey server = MakeTransportKeys().key;
  const TransportKey invitation = MakeTransportKeys().key;
  Enrol enrol{PrincipalKind::kHost, "pi3", host.transport.key, host.signing.key, {}};
  enrol.proof = SignEnrol(host.signing,
                          {server, invitation, enrol.transport_key, enrol.signing_key, enrol.name});
  EXPECT_TRUE(VerifyEnrol(enrol, server, invitation));
  EXPECT_FALSE(VerifyEnrol(enrol, invitation, invitation));
  EXPECT_FALSE(VerifyEnrol(enrol, server, server));
  Enrol renamed = enrol;
  renamed.name = "pi4";
  EXPECT_FALSE(VerifyEnrol(renamed, server, invitation));
  Enrol other = enrol;
  other.transport_key = MakeTransportKeys().key;
  EXPECT_FALSE(VerifyEnrol(other, server, invitation));
}

// --- Join codes ----------------------------------------------------------------------------------

JoinCode Code() {
  JoinCode code;
  code.kind = PrincipalKind::kOperator;
  code.expires = {1'790'000'000'000};
  code.server_transport_key = samples::Counting<TransportKey>(0x10);
  code.server_signing_key = samples::Counting<SigningKey>(0x50);
  code.invitation_secret = MakeTransportKeys().secret;
  code.endpoint = "tcp://cube.local:7100";
  return code;
}
constexpr WallTime kBefore{1'789'999'999'999};

TEST_F(JoinCodes, CarryAllThatIsNeededToJoin) {
  const JoinCode code = Code();
  const std::string text = EncodeJoinCode(code);
  EXPECT_TRUE(text.starts_with("picube1-"));
  const Result<JoinCode> parsed = ParseJoinCode(text, kBefore);
  ASSERT_TRUE(parsed) << parsed.error().Text();
  EXPECT_EQ(parsed->kind, code.kind);
  EXPECT_EQ(parsed->expires, code.expires);
  EXPECT_EQ(parsed->server_transport_key, code.server_transport_key);
  EXPECT_EQ(parsed->server_signing_key, code.server_signing_key);
  EXPECT_EQ(parsed->endpoint, code.endpoint);
  EXPECT_EQ(parsed->Invitation().key, code.Invitation().key);
}

TEST_F(JoinCodes, DoNotMindDashesCaseBlanksAndLookAlikes) {
  const std::string text = EncodeJoinCode(Code());
  std::string sloppy = "  PiCube1-";
  for (const char c : text.substr(8)) {
    if (c == '-') continue;
    sloppy += c == '0' ? 'o' : c == '1' ? 'l' : static_cast<char>(std::tolower(c));
    if (sloppy.size() % 20 == 0) sloppy += "\n ";
  }
  EXPECT_TRUE(ParseJoinCode(sloppy + "\n", kBefore));
}

TEST_F(JoinCodes, MistypedAnywhereAreNoticed) {
  const std::string text = EncodeJoinCode(Code());
  for (std::size_t i = 8; i < text.size(); ++i) {
    if (text[i] == '-') continue;
    std::string wrong = text;
    wrong[i] = text[i] == '7' ? '8' : '7';
    EXPECT_FALSE(ParseJoinCode(wrong, kBefore)) << i;
  }
  std::string wrong = text;
  wrong[9] = 'U';
  EXPECT_TRUE(Contains(ParseJoinCode(wrong, kBefore).error().what, "'U' at place 2"));
  EXPECT_TRUE(Contains(ParseJoinCode("picube1-00000", kBefore).error().what, "too short"));
  for (std::size_t cut = 1; cut < 30; ++cut) {
    EXPECT_FALSE(ParseJoinCode(text.substr(0, text.size() - cut), kBefore)) << cut;
  }
  EXPECT_TRUE(Contains(ParseJoinCode("hello", kBefore).error().what, "not a join code"));
  EXPECT_FALSE(ParseJoinCode("", kBefore));
}

TEST_F(JoinCodes, ExpireByTheWallClock) {
  const std::string text = EncodeJoinCode(Code());
  const Result<JoinCode> late = ParseJoinCode(text, {1'790'000'000'000});
  ASSERT_FALSE(late);
  EXPECT_TRUE(Contains(late.error().what, "expired"));
}

TEST_F(JoinCodes, FitAQrCodeOnATerminal) {
  const std::string qr = QrText(EncodeJoinCode(Code()));
  EXPECT_TRUE(Contains(qr, "█"));
  const auto lines = std::count(qr.begin(), qr.end(), '\n');
  EXPECT_GT(lines, 20);
  EXPECT_LT(lines, 48);
  EXPECT_EQ(QrText(std::string(4000, 'x')), "");
}

}  // namespace
}  // namespace picube
