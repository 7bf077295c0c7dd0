#include <gtest/gtest.h>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <string>

#include "protocol/base/limits.h"
#include "protocol/base/rng.h"
#include "protocol/wire/codec.h"
#include "protocol/wire/pack.h"
#include "tests/protocol/samples.h"

namespace picube {
namespace {

const std::string kGoldenFolder = PICUBE_SOURCE_DIR "/tests/protocol/golden/";

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Hexadecimal digits of a dump: a '#' begins a comment, blanks and line ends do not matter.
std::string Digits(const std::string& dump) {
  std::string digits;
  bool comment = false;
  for (const char c : dump) {
    if (c == '#') comment = true;
    if (c == '\n') comment = false;
    if (!comment && !std::isspace(static_cast<unsigned char>(c))) digits += c;
  }
  return digits;
}

std::string Why(BytesView bytes) {
  const Result<Envelope> decoded = Decode(bytes);
  return decoded ? "" : decoded.error().Text();
}

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Codec, EveryMessageComesBackAsItWas) {
  std::set<std::uint16_t> types;
  for (const samples::Sample& sample : samples::All()) {
    const Result<Envelope> decoded = Decode(Encode(sample.envelope));
    ASSERT_TRUE(decoded) << sample.name << ": " << decoded.error().Text();
    EXPECT_EQ(*decoded, sample.envelope) << sample.name;
    types.insert(TypeOf(sample.envelope.message));
  }
  EXPECT_EQ(types.size(), std::size_t{kMessageTypes});
}

TEST(Codec, TypesAreNumberedAndNamed) {
  EXPECT_EQ(TypeOf(Enrol{}), 1);
  EXPECT_EQ(TypeOf(Report{}), 8);
  EXPECT_EQ(TypeOf(Refused{}), 27);
  EXPECT_EQ(TypeName(Report{}), "Report");
  EXPECT_EQ(TypeName(27), "Refused");
  EXPECT_EQ(TypeOf(SettingsTaken{}), 29);
  EXPECT_EQ(TypeName(30), "unknown");
}

// PICUBE_WRITE_GOLDEN=1 in the environment writes the files anew: only for new messages.
TEST(Codec, BytesAreThoseOfTheGoldenFiles) {
  const bool write = std::getenv("PICUBE_WRITE_GOLDEN") != nullptr;
  for (const samples::Sample& sample : samples::All()) {
    const std::string path = kGoldenFolder + sample.name + ".hex";
    const std::string hex = ToHex(Encode(sample.envelope));
    if (write) {
      std::ofstream file(path);
      for (std::size_t i = 0; i < hex.size(); i += 64) file << hex.substr(i, 64) << '\n';
    }
    EXPECT_EQ(hex, Digits(ReadText(path))) << sample.name;
  }
}

TEST(Codec, TheProtocolDocumentShowsTheGoldenBytes) {
  std::ifstream page(PICUBE_SOURCE_DIR "/docs/PROTOCOL.md");
  ASSERT_TRUE(page);
  std::map<std::string, std::string> dumps;
  std::string* open = nullptr;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("```")) {
      open = line.starts_with("```hex ") ? &dumps[line.substr(7)] : nullptr;
    } else if (open != nullptr) {
      *open += line + "\n";
    }
  }
  for (const samples::Sample& sample : samples::All()) {
    ASSERT_TRUE(dumps.contains(sample.name)) << "PROTOCOL.md shows no " << sample.name;
    EXPECT_EQ(Digits(dumps[sample.name]), ToHex(Encode(sample.envelope))) << sample.name;
  }
}

TEST(Codec, AMessageCutAnywhereIsRefused) {
  for (const samples::Sample& sample : samples::All()) {
    const Bytes whole = Encode(sample.envelope);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(Decode(BytesView(whole).substr(0, size))) << sample.name << " " << size;
    }
    EXPECT_TRUE(Contains(Why(whole + '\0'), "bytes after its end")) << sample.name;
  }
}

TEST(Codec, AnyChangedByteIsRefusedOrMeansSomethingThatEncodesAgain) {
  for (const samples::Sample& sample : samples::All()) {
    const Bytes whole = Encode(sample.envelope);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      for (const int change : {0x01, 0x10, 0x80, 0xff}) {
        Bytes changed = whole;
        changed[i] = static_cast<char>(changed[i] ^ change);
        const Result<Envelope> decoded = Decode(changed);
        if (!decoded) continue;
        EXPECT_EQ(*Decode(Encode(*decoded)), *decoded) << sample.name << " " << i;
      }
    }
  }
}

TEST(Codec, RandomBytesAreRefusedWithoutHarm) {
  Rng rng(7);
  for (int round = 0; round < 20000; ++round) {
    // Half of them with a good envelope, so that bodies are reached.
    Bytes bytes = round % 2 == 0 ? Bytes("\x94\x02", 2) : Bytes();
    if (round % 2 == 0) {
      bytes += static_cast<char>(1 + rng.Below(kMessageTypes));
      bytes += '\x07';
    }
    for (std::uint64_t left = rng.Below(64); left > 0; --left) {
      bytes += static_cast<char>(rng.Next());
    }
    const Result<Envelope> decoded = Decode(bytes);
    if (!decoded) continue;
    EXPECT_EQ(*Decode(Encode(*decoded)), *decoded);
  }
}

TEST(Codec, AnOversizedMessageIsRefused) {
  EXPECT_TRUE(Contains(Why(Bytes(limits::kMessageBytes + 1, '\x94')), "too large"));
}

TEST(Codec, AnnouncedSizesAllocateNothing) {
  // Announces 2^32-1 results, 2^31 bytes of payload, a map of 2^32-1 pairs.
  for (const std::string_view body :
       {std::string_view("\x81\x01\xdd\xff\xff\xff\xff", 7),
        std::string_view("\x81\x01\x91\x83\x01\x00\x03\xc6\x80\x00\x00\x00", 12),
        std::string_view("\xdf\xff\xff\xff\xff", 5)}) {
    EXPECT_TRUE(Contains(Why(Bytes("\x94\x02\x08\x01", 4) + Bytes(body)), "ends too early"));
  }
}

TEST(Codec, AnotherVersionIsRefusedButItsHeaderCanBeRead) {
  Bytes bytes = Encode({2, 4711, Watch{{2}}});
  bytes[1] = 3;
  EXPECT_TRUE(Contains(Why(bytes), "protocol version 3; this program speaks 1 to 2"));
  EXPECT_EQ(PeekHeader(bytes), (Header{3, 23, 4711}));
  bytes[1] = 0;
  EXPECT_FALSE(Decode(bytes));
}

TEST(Codec, TheHeaderOfADamagedBodyCanBeRead) {
  Bytes bytes = Encode(samples::Named("report"));
  bytes.resize(bytes.size() / 2);
  EXPECT_FALSE(Decode(bytes));
  EXPECT_EQ(PeekHeader(bytes), (Header{2, 8, 4}));
  EXPECT_EQ(PeekHeader(""), std::nullopt);
  EXPECT_EQ(PeekHeader("GET / HTTP/1.1\r\n"), std::nullopt);
}

TEST(Codec, AnUnknownTypeIsRefused) {
  EXPECT_TRUE(Contains(Why(Bytes("\x94\x02\x1e\x01\x80", 5)), "type 30 is unknown"));
}

// A Watch with an unknown key 9 whose value is `value`.
Bytes WatchWithExtra(const Bytes& value) {
  return Bytes("\x94\x02\x17\x0b\x82\x01\x02\x09", 8) + value;
}

TEST(Codec, UnknownKeysAreSkippedWhateverTheyHold) {
  for (const std::string_view value : {std::string_view("\x07", 1), std::string_view("\xc0", 1),
                                       std::string_view("\x92\xa1x\x81\x01\xc4\x01\x00", 8),
                                       std::string_view("\xc7\x02\x05\x01\x02", 5)}) {
    const Result<Envelope> decoded = Decode(WatchWithExtra(Bytes(value)));
    ASSERT_TRUE(decoded) << decoded.error().Text();
    EXPECT_EQ(decoded->message, Message(Watch{{2}}));
  }
}

TEST(Codec, UnknownValuesAreNotNestedWithoutEnd) {
  const std::size_t deep = pack::Reader::kSkipDepth;
  EXPECT_TRUE(Decode(WatchWithExtra(Bytes(deep, '\x91') + '\x01')));
  EXPECT_FALSE(Decode(WatchWithExtra(Bytes(deep + 1, '\x91') + '\x01')));
  EXPECT_FALSE(Decode(WatchWithExtra(Bytes(100'000, '\x91') + '\x01')));
}

TEST(Codec, AMissingRequiredKeyIsNamed) {
  EXPECT_EQ(Why(Bytes("\x94\x02\x17\x0b\x80", 5)), "Watch: batch (key 1): this key is missing");
}

TEST(Codec, AKeyThatStandsTwiceIsRefused) {
  EXPECT_TRUE(Contains(Why(Bytes("\x94\x02\x17\x0b\x82\x01\x02\x01\x03", 9)), "do not ascend"));
}

TEST(Codec, AnErrorSaysWhereItIs) {
  Report report;
  report.results.resize(1);
  report.signature = Signature{};
  Bytes bytes = Encode({2, 1, report});
  const std::size_t lease = bytes.find(Bytes("\x01\x00\x03", 3));  // key 1, lease 0, key 3
  ASSERT_NE(lease, Bytes::npos);
  bytes[lease + 1] = '\xc3';
  EXPECT_EQ(Why(bytes), "Report: results (key 1): lease (key 1): an unsigned integer was expected");
}

TEST(Codec, WhatAHostSaysOfItsHeatAndItsJoulesTravels) {
  const auto round = [](const Message& message) {
    const auto decoded = Decode(Encode({2, 1, message}));
    return decoded && decoded->message == message;
  };
  Readings readings;
  readings.temperature_millicelsius = 79'123;
  readings.milliwatts = 3700;
  readings.fan_rpm = 2300;
  readings.slowed_why = "held at 79 degrees";
  readings.outlook_permille = 570;
  readings.most_milliwatts = 3700;
  EXPECT_TRUE(round(Heartbeat{.alive = {}, .readings = readings, .paused_why = {}}));
  Pulse pulse{.renewed_ms = 1000};
  pulse.peers = {{.name = "pi2",
                  .silent_ms = 4000,
                  .readings = readings,
                  .paused_why = "at night",
                  .unit = {17},
                  .permille = 400}};
  EXPECT_TRUE(round(pulse));
  pulse.peers.resize(limits::kPeers + 1, pulse.peers[0]);
  EXPECT_FALSE(Decode(Encode({2, 1, pulse}))) << "more than a site may have";
  EXPECT_TRUE(
      round(NoWork{.reason = NoWorkReason::kResting, .ask_again_ms = 20'000, .rest_ms = 600'000}));
  Report report;
  report.results = {{.lease = {7}, .digest = {}, .payload = "x", .cost = {}}};
  report.results[0].payload_bytes = 1;
  report.results[0].cost = {.millijoules = 5000,
                            .energy_source = EnergySource::kPmic,
                            .top_millicelsius = {},
                            .marginal_millijoules = 3000};
  EXPECT_TRUE(round(report));
  Answer answer;
  answer.hosts.emplace_back();
  answer.hosts[0].id = {1};
  answer.hosts[0].name = "pi2";
  answer.hosts[0].site = "lab";
  answer.hosts[0].energy = {
      .results = 3, .millijoules = 9000, .marginal_millijoules = 4000, .sources = 6};
  EXPECT_TRUE(round(answer));
}

TEST(Codec, ValuesOutOfRangeAreRefused) {
  Heartbeat heartbeat;
  heartbeat.alive = {{{1}, 1001}};
  EXPECT_TRUE(Contains(Why(Encode({2, 1, heartbeat})), "permille (key 2): the number is out of"));
  EXPECT_FALSE(Decode(Encode({2, 1, NoWork{static_cast<NoWorkReason>(12), 0}})));
  EXPECT_FALSE(Decode(Encode({2, 1, GetChunk{{}, 0, 0}})));
  EXPECT_FALSE(Decode(Encode({2, 1, GetChunk{{}, limits::kBlobBytes + 1, 1}})));
  Submit submit;
  submit.application = "seti";
  submit.priority = 21;
  EXPECT_FALSE(Decode(Encode({2, 1, submit})));
  submit.priority = 0;
  submit.parameters["x"] = Bytes(limits::kParametersBytes + 1, 'x');
  EXPECT_FALSE(Decode(Encode({2, 1, submit})));
}

TEST(Codec, ListsBeyondTheirLimitAreRefused) {
  Report report;
  report.signature = Signature{};
  report.results.resize(limits::kResultsPerReport);
  EXPECT_TRUE(Decode(Encode({2, 1, report})));
  report.results.resize(limits::kResultsPerReport + 1);
  EXPECT_TRUE(Contains(Why(Encode({2, 1, report})), "list is too long"));
}

TEST(Codec, NumbersThatAreNotFiniteAreRefused) {
  Assign assign = std::get<Assign>(samples::Named("assign").message);
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(),
                           std::numeric_limits<double>::infinity(), -1.0, 1e31}) {
    assign.leases[0].cost_flop = bad;
    EXPECT_FALSE(Decode(Encode({2, 1, assign}))) << bad;
  }
}

TEST(Codec, ALeaseMustNameTermsThatAreThere) {
  Assign assign = std::get<Assign>(samples::Named("assign").message);
  assign.leases[0].terms = 1;
  EXPECT_TRUE(Contains(Why(Encode({2, 1, assign})), "terms that are absent"));
}

TEST(Codec, APayloadHasTheSizeThatIsSaid) {
  Report report = std::get<Report>(samples::Named("report").message);
  report.results[0].payload_bytes += 1;
  EXPECT_FALSE(Decode(Encode({2, 1, report})));
  report.results[0].payload.clear();  // a blob, but small enough to be inline
  EXPECT_FALSE(Decode(Encode({2, 1, report})));
  report.results[0].payload_bytes = limits::kInlinePayloadBytes + 1;
  EXPECT_TRUE(Decode(Encode({2, 1, report})));
}

TEST(Codec, FileNamesAreWithoutFolders) {
  Submit submit = std::get<Submit>(samples::Named("submit").message);
  for (const std::string name : {"../../etc/passwd", "..", "", "a/b", "a\\b", "a\nb"}) {
    submit.files[0].name = name;
    EXPECT_FALSE(Decode(Encode({2, 1, submit}))) << name;
  }
}

TEST(Codec, AStrangeErrorTextDoesNotKeepAResultFromArriving) {
  Report report = std::get<Report>(samples::Named("report_v1").message);
  report.results[1].error_text = "\x1b[2Jbad \xff byte " + std::string(5000, 'x');
  const Result<Envelope> decoded = Decode(Encode({2, 1, report}));
  ASSERT_TRUE(decoded) << decoded.error().Text();
  const std::string& text = std::get<Report>(decoded->message).results[1].error_text;
  EXPECT_TRUE(text.starts_with("?[2Jbad ? byte xxx"));
  EXPECT_EQ(text.size(), limits::kTextBytes);
}

TEST(Text, OnlyCleanUtf8IsClean) {
  for (const char* good : {"", "plain", "Grüße, 電波 \U0001F6F0", "two\nlines\tand a tab"}) {
    EXPECT_TRUE(pack::IsCleanText(good)) << good;
  }
  for (const char* bad :
       {"\x01", "\x7f", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82",
        "\xc2\x9b"
        "31m"}) {
    EXPECT_FALSE(pack::IsCleanText(bad));
    EXPECT_TRUE(pack::IsCleanText(pack::CleanText(bad, 100)));
  }
  EXPECT_EQ(pack::CleanText("aé", 2), "a");  // never half a character
}

// --- Versions ------------------------------------------------------------------------------------

TEST(Versions, AVersionOneReportMustBeSigned) {
  Report report = std::get<Report>(samples::Named("report_v1").message);
  report.signature.reset();
  Bytes bytes = Encode({2, 1, report});
  EXPECT_TRUE(Decode(bytes));
  bytes[1] = 1;
  EXPECT_TRUE(Contains(Why(bytes), "version 1 needs a signature"));
}

TEST(Versions, FieldsOfVersionTwoAreRefusedInVersionOne) {
  for (const char* name : {"report", "ack"}) {
    Bytes bytes = Encode(samples::Named(name));
    bytes[1] = 1;
    EXPECT_TRUE(Contains(Why(bytes), "newer protocol version")) << name;
  }
}

TEST(VersionsDeathTest, EncodingThemForVersionOneIsTheCallersMistake) {
  Envelope envelope = samples::Named("report");
  envelope.version = 1;
  EXPECT_DEATH((void)Encode(envelope), "newer protocol version");
}

TEST(Versions, AnAnswerInAVersionThatCannotCarryItIsAnError) {
  const Envelope ack = samples::Named("ack");
  Bytes out = "kept";
  const Status encoded = TryEncodeTo(1, 9, ack.message, out);
  ASSERT_FALSE(encoded);
  EXPECT_TRUE(Contains(encoded.error().what, "assign")) << encoded.error().what;
  EXPECT_EQ(out, "kept");
  EXPECT_FALSE(TryEncodeTo(3, 9, ack.message, out));
  EXPECT_TRUE(TryEncodeTo(2, 9, ack.message, out));
}

// What the programs of a later version will speak.
constexpr Versions kLater{.oldest = 2, .newest = 3};

TEST(Versions, GreetingsAreUnderstoodWhateverElseAProgramSpeaks) {
  std::size_t greetings = 0;
  for (const samples::Sample& sample : samples::All()) {
    Bytes bytes = Encode(sample.envelope);
    bytes[1] = static_cast<char>(kGreetingVersion);
    const bool greets = IsGreeting(sample.envelope.message);
    if (greets) ++greetings;
    EXPECT_EQ(Decode(bytes, kLater).has_value(), greets) << sample.name;
  }
  EXPECT_GE(greetings, 5U);
}

// The neighbours of a raise: a worker of versions 1 and 2 greets a server of versions 2 and 3.
TEST(Versions, AWorkerOfTheVersionBeforeIsWelcomedAfterARaise) {
  const Envelope hello{kGreetingVersion, 1, Hello{.oldest_version = 1, .newest_version = 2}};
  const auto heard = Decode(Encode(hello), kLater);
  ASSERT_TRUE(heard) << heard.error().Text();
  EXPECT_EQ(std::get<Hello>(heard->message).newest_version, 2);
  const auto welcome = Decode(Encode({kGreetingVersion, 1, Welcome{.version = 2}}));
  ASSERT_TRUE(welcome) << welcome.error().Text();
  const auto refused = Decode(Encode({kGreetingVersion, 1, Refused{}}), kLater);
  EXPECT_TRUE(refused) << "and so can a worker that is too old be told so";
}

TEST(Versions, EarlierResultsNeedASignature) {
  Report report = std::get<Report>(samples::Named("report").message);
  report.signature.reset();
  EXPECT_TRUE(Contains(Why(Encode({2, 1, report})), "earlier results without a signature"));
}

TEST(Versions, OneSignatureCoversAtMost256Results) {
  Report report = std::get<Report>(samples::Named("report").message);
  report.earlier.resize(limits::kResultsPerReport - report.results.size(), report.earlier.at(0));
  EXPECT_TRUE(Decode(Encode({2, 1, report})));
  report.earlier.push_back(report.earlier.at(0));
  EXPECT_TRUE(Contains(Why(Encode({2, 1, report})), "at most 256 results"));
}

// --- Sizes ---------------------------------------------------------------------------------------

TEST(Sizes, PartsAreNeverLargerThanSaid) {
  constexpr std::uint64_t kMost = ~std::uint64_t{0};
  UnitResult result;
  result.lease.value = kMost;
  result.outcome = Outcome::kError;
  result.digest = samples::Counting<Digest>(1);
  result.payload.assign(300, 'p');
  result.payload_bytes = kMost;
  result.cost = {kMost, kMost, kMost, EnergySource::kMeter, -2'000'000'000};
  result.error_kind = ErrorKind::kHost;
  result.error_text.assign(300, 't');
  LeaseOffer offer;
  offer.lease.value = offer.unit.value = offer.deadline_ms = kMost;
  offer.terms = ~std::uint32_t{0};
  offer.parameters.assign(300, 'p');
  offer.inputs.assign(16, {samples::Counting<Digest>(1), kMost});
  offer.cost_flop = 1;
  WorkTerms terms;
  terms.batch.value = kMost;
  terms.application = {std::string(64, 'n'), ~std::uint32_t{0}};
  terms.bounds = {kMost, kMost, kMost, kMost};
  terms.inputs.assign(64, {samples::Counting<Digest>(1), kMost});

  const std::size_t empty_report = Encode({2, kMost, Report{}}).size();
  Report report;
  report.results = {result};
  EXPECT_LE(Encode({2, kMost, report}).size() - empty_report, WireBytes(result) + 2);
  const std::size_t empty_assign = Encode({2, kMost, Assign{}}).size();
  EXPECT_LE(Encode({2, kMost, Assign{{}, {}, {offer}}}).size() - empty_assign, WireBytes(offer));
  EXPECT_LE(Encode({2, kMost, Assign{{}, {terms}, {}}}).size() - empty_assign, WireBytes(terms));
}

TEST(Sizes, AnAnswerIsCutToOneMessage) {
  Answer answer = std::get<Answer>(samples::Named("answer").message);
  answer.more = false;
  FitAnswer(answer);
  EXPECT_FALSE(answer.more);
  answer.hosts.resize(3000, answer.hosts.front());
  FitAnswer(answer);
  EXPECT_TRUE(answer.more);
  EXPECT_GT(answer.hosts.size(), 100U);
  EXPECT_TRUE(Decode(Encode({2, 1, answer})));
}

}  // namespace
}  // namespace picube
