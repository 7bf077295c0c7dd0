#include "cli/arguments.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "cli/text.h"
#include "tests/cli/fake_server.h"

namespace picube {
namespace {

class Arguments : public testing::Test {
 protected:
  Arguments() { applications_.Add(std::make_unique<FakeApplication>()); }

  Parsed Parse(const std::vector<std::string>& words) const {
    return ParseArguments(words, applications_);
  }
  template <class T>
  T Command(const std::vector<std::string>& words) const {
    const Parsed parsed = Parse(words);
    if (const auto* wrong = std::get_if<WrongUsage>(&parsed)) ADD_FAILURE() << wrong->what;
    const auto* invocation = std::get_if<Invocation>(&parsed);
    const T* command = invocation == nullptr ? nullptr : std::get_if<T>(&invocation->command);
    EXPECT_NE(command, nullptr);
    return command == nullptr ? T{} : *command;
  }
  WrongUsage Wrong(const std::vector<std::string>& words) const {
    const Parsed parsed = Parse(words);
    const auto* wrong = std::get_if<WrongUsage>(&parsed);
    EXPECT_NE(wrong, nullptr);
    return wrong == nullptr ? WrongUsage{} : *wrong;
  }
  std::string Help(const std::vector<std::string>& words) const {
    const Parsed parsed = Parse(words);
    const auto* help = std::get_if<HelpText>(&parsed);
    EXPECT_NE(help, nullptr);
    return help == nullptr ? "" : help->text;
  }

  ApplicationRegistry applications_;
};

TEST_F(Arguments, SubmitTakesFilesParametersAndPolicyInAnyOrder) {
  const auto submit = Command<SubmitCommand>(
      {"submit", "mosaic", "--threshold", "22", "a.pic", "--replication", "quorum:3", "b.pic",
       "--distinct-owners", "--name=sky", "--priority", "-7", "--wait", "--fft-length=131072"});
  EXPECT_EQ(submit.application, "mosaic");
  EXPECT_EQ(submit.files, (std::vector<std::string>{"a.pic", "b.pic"}));
  EXPECT_EQ(submit.parameters, (Parameters{{"threshold", "22"}, {"fft-length", "131072"}}));
  EXPECT_EQ(submit.replication.kind, ReplicationKind::kQuorum);
  EXPECT_EQ(submit.replication.quorum, 3U);
  EXPECT_TRUE(submit.replication.distinct_owners);
  EXPECT_EQ(submit.name, "sky");
  EXPECT_EQ(submit.priority, -7);
  EXPECT_TRUE(submit.wait);
}

TEST_F(Arguments, ParameterValuesMayBeginWithAMinus) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"submit", "mosaic", "f", "--chirp=-11.45:-11.40"},
        std::vector<std::string>{"submit", "mosaic", "--chirp", "-11.45:-11.40", "f"}}) {
    const auto submit = Command<SubmitCommand>(words);
    EXPECT_EQ(submit.parameters, (Parameters{{"chirp", "-11.45:-11.40"}}));
    EXPECT_EQ(submit.files, (std::vector<std::string>{"f"}));
  }
}

TEST_F(Arguments, ParametersNotGivenAreLeftToTheServer) {
  EXPECT_TRUE(Command<SubmitCommand>({"submit", "mosaic", "f"}).parameters.empty());
}

TEST_F(Arguments, AnUnknownParameterIsAnsweredWithTheNearest) {
  const WrongUsage wrong = Wrong({"submit", "mosaic", "f", "--trheshold=22"});
  EXPECT_EQ(wrong.what, "mosaic: unknown option \"--trheshold\".");
  EXPECT_EQ(wrong.next, "Did you mean --threshold?");
  EXPECT_EQ(Wrong({"submit", "mosaic", "f", "--xyzzy", "22"}).next,
            "`picube submit mosaic --help` shows what there is.");
}

TEST_F(Arguments, AnUnknownCommandOrApplicationIsAnsweredWithTheNearest) {
  EXPECT_EQ(Wrong({"stauts"}).what, "picube: unknown command \"stauts\".");
  EXPECT_EQ(Wrong({"stauts"}).next, "Did you mean status?");
  EXPECT_EQ(Wrong({"submit", "mosiac", "f"}).next, "Did you mean mosaic?");
  EXPECT_EQ(Wrong({"host", "retrie", "pi3"}).next, "Did you mean retire?");
  EXPECT_EQ(Wrong({"submit"}).next, "Use one of: mosaic.");
}

TEST_F(Arguments, CommandsAsNamesOfFilesAndHostsAreJustNames) {
  EXPECT_EQ(Command<SubmitCommand>({"submit", "mosaic", "status"}).files.front(), "status");
  EXPECT_EQ(Command<ControlCommand>({"host", "retire", "drain"}).control.text, "drain");
}

TEST_F(Arguments, BatchesAreNamedByNumber) {
  EXPECT_EQ(Command<StatusCommand>({"status"}).batch, std::nullopt);
  EXPECT_EQ(Command<StatusCommand>({"status", "3"}).batch, BatchId{3});
  EXPECT_EQ(Command<WatchCommand>({"watch", "3"}).batch, BatchId{3});
  const auto product = Command<ProductCommand>({"product", "3", "--output", "out", "--force"});
  EXPECT_EQ(product.output, "out");
  EXPECT_TRUE(product.force);
  for (const char* wrong : {"x", "0", "-1", "1.5", "99999999999999999999"}) Wrong({"watch", wrong});
  Wrong({"watch"});
  EXPECT_EQ(Wrong({"watch", "3", "4"}).what, "watch: unknown word \"4\".");
}

TEST_F(Arguments, ExplainTakesANumberAndForHostsAName) {
  EXPECT_EQ(Command<ExplainCommand>({"explain", "unit", "17"}).id, 17U);
  EXPECT_EQ(Command<ExplainCommand>({"explain", "unit", "17"}).kind, QueryKind::kExplainUnit);
  EXPECT_EQ(Command<ExplainCommand>({"explain", "host", "pi3"}).name, "pi3");
  EXPECT_EQ(Command<ExplainCommand>({"explain", "batch", "2"}).kind, QueryKind::kExplainBatch);
  EXPECT_EQ(Wrong({"explain", "batch", "x"}).next, "`picube status` lists the batches.");
  EXPECT_EQ(Wrong({"explain", "weather", "1"}).next, "Use unit, host or batch.");
}

TEST_F(Arguments, ControlsBecomeControlMessages) {
  EXPECT_EQ(Command<ControlCommand>({"cancel", "3"}).control,
            (Control{.kind = ControlKind::kCancelBatch, .id = 3, .text = {}}));
  EXPECT_EQ(Command<ControlCommand>({"retry", "3"}).control,
            (Control{.kind = ControlKind::kRetryFailed, .id = 3, .text = {}}));
  EXPECT_EQ(Command<ControlCommand>({"priority", "3", "-5"}).control,
            (Control{.kind = ControlKind::kSetPriority, .id = 3, .text = {}, .number = -5}));
  EXPECT_EQ(Command<ControlCommand>({"host", "drain", "pi3"}).control,
            (Control{.kind = ControlKind::kDrainHost, .text = "pi3", .number = 1}));
  EXPECT_EQ(Command<ControlCommand>({"host", "undrain", "7"}).control,
            (Control{.kind = ControlKind::kDrainHost, .id = 7, .text = {}}));
  EXPECT_EQ(Command<ControlCommand>({"host", "retire", "pi3"}).control,
            (Control{.kind = ControlKind::kRetireHost, .text = "pi3"}));
  Wrong({"priority", "3", "21"});
}

TEST_F(Arguments, SettingsOfAHostBecomeLinesOfYaml) {
  const Control control =
      Command<ControlCommand>({"host", "set", "pi3", "wishes.hours=22:00-06:00", "threads="})
          .control;
  EXPECT_EQ(control.kind, ControlKind::kSetHost);
  EXPECT_EQ(control.text, "pi3");
  EXPECT_EQ(control.settings, (std::vector<std::string>{"wishes.hours: 22:00-06:00", "threads:"}));
  EXPECT_EQ(Command<ControlCommand>({"host", "set", "7", "threads=2"}).control.id, 7U);
  EXPECT_EQ(Wrong({"host", "set", "pi3", "threads"}).what, "threads is no setting.");
  Wrong({"host", "set", "pi3"});
}

TEST_F(Arguments, InvitationsSayForWhomAndHowLong) {
  EXPECT_EQ(Command<ControlCommand>({"invite"}).control,
            (Control{.kind = ControlKind::kInvite, .text = {}, .number = 86400}));
  const auto invite =
      Command<ControlCommand>({"invite", "--operator", "--owner", "bob", "--valid", "30m", "--qr"});
  EXPECT_EQ(invite.control, (Control{.kind = ControlKind::kInvite,
                                     .text = "bob",
                                     .number = 1800,
                                     .principal = PrincipalKind::kOperator}));
  EXPECT_TRUE(invite.qr);
  EXPECT_EQ(Wrong({"invite", "--valid", "soon"}).next, "Use for example 30m, 24h or 7d.");
  EXPECT_EQ(Wrong({"invite", "--valid", "31d"}).next, "A join code is good for at most 30 days.");
}

TEST_F(Arguments, ReplicationIsSingleOrAQuorumWithinBounds) {
  EXPECT_EQ(ParseReplication("single")->kind, ReplicationKind::kSingle);
  EXPECT_EQ(ParseReplication("quorum:2")->quorum, 2U);
  for (const char* wrong : {"quorum", "quorum:", "quorum:1", "quorum:7", "quorum:2x", "twice"}) {
    EXPECT_FALSE(ParseReplication(wrong)) << wrong;
  }
  EXPECT_EQ(Wrong({"submit", "mosaic", "f", "--replication", "twice"}).what,
            "--replication twice is not a policy.");
}

TEST_F(Arguments, CommonOptionsMayStandAnywhere) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--json", "--profile", "P", "host", "drain", "x"},
        std::vector<std::string>{"host", "drain", "x", "--json", "--profile", "P"}}) {
    const Parsed parsed = Parse(words);
    ASSERT_TRUE(std::holds_alternative<Invocation>(parsed));
    EXPECT_TRUE(std::get<Invocation>(parsed).common.json);
    EXPECT_EQ(std::get<Invocation>(parsed).common.profile, "P");
  }
}

TEST_F(Arguments, HelpFitsOneScreen) {
  const std::string help = Help({"--help"});
  EXPECT_EQ(Help({}), help);
  EXPECT_LE(std::count(help.begin(), help.end(), '\n'), 40);
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(Columns(line), 80U) << line;
  ExpectGolden("help.txt", help);
  ExpectGolden("help_submit_mosaic.txt", Help({"submit", "mosaic", "--help"}));
  EXPECT_EQ(Help({"--version"}).rfind("picube ", 0), 0U);
}

}  // namespace
}  // namespace picube
