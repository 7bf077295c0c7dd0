// worker.yaml changed by its owner, and by the server's operator.
#include "worker/owner.h"

#include <gtest/gtest.h>

#include "tests/files.h"
#include "worker/settings_edit.h"

namespace picube {
namespace {

// --- The text ------------------------------------------------------------------------------------

std::string Edited(const std::string& text, const std::vector<std::string>& lines) {
  const auto edited = EditSettings(text, lines);
  return edited ? *edited : "no: " + edited.error().what;
}

TEST(SettingsEdited, OneLineChangesAndAllElseStays) {
  const std::string text =
      "# mine\nserver: tcp://a:1\nthreads: 3  # of four\n\nname: \"# x\"\n# the end\n";
  EXPECT_EQ(Edited(text, {"threads: 2"}),
            "# mine\nserver: tcp://a:1\nthreads: 2  # of four\n\nname: \"# x\"\n# the end\n");
  EXPECT_EQ(Edited(text, {"threads:"}), "# mine\nserver: tcp://a:1\n\nname: \"# x\"\n# the end\n");
  EXPECT_EQ(Edited(text, {"cache_mb: 5"}), text + "cache_mb: 5\n");
  EXPECT_EQ(Edited(text, {"cache_mb:"}), text);
}

TEST(SettingsEdited, WishesAreFoundWithinTheirBlock) {
  const std::string text =
      "wishes:  # at night\n    # both\n    hours:\n    - 22:00-06:00\n    - 12:00-13:00\n"
      "    cores: 2\n\n# other\nthreads: 3\n";
  EXPECT_EQ(Edited(text, {"wishes.hours: 20:00-21:00"}),
            "wishes:  # at night\n    # both\n    hours: 20:00-21:00\n    cores: 2\n\n# other\n"
            "threads: 3\n");
  EXPECT_EQ(Edited(text, {"wishes.hours:", "wishes.cpu_percent: 50"}),
            "wishes:  # at night\n    # both\n    cores: 2\n    cpu_percent: 50\n\n# other\n"
            "threads: 3\n");
  EXPECT_EQ(Edited("threads: 3\n", {"wishes.cores: 1"}), "threads: 3\nwishes:\n  cores: 1\n");
  EXPECT_EQ(Edited("wishes:\nthreads: 3\n", {"wishes.cores: 1"}),
            "wishes:\n  cores: 1\nthreads: 3\n");
  EXPECT_EQ(Edited("wishes: {cores: 2}\n", {"wishes: {cores: 1}"}), "wishes: {cores: 1}\n");
}

TEST(SettingsEdited, WhatIsNotTheOperatorsIsRefused) {
  EXPECT_EQ(Edited("", {"server: tcp://b:2"}).substr(0, 35), "no: 'server' is not set from afar. ");
  EXPECT_EQ(Edited("", {"wishes.: 1"}), "no: '' is no setting's name.");
  EXPECT_EQ(Edited("", {"wishes.a b: 1"}), "no: 'a b' is no setting's name.");
  EXPECT_EQ(Edited("", {"threads: 1\nserver: x"}),
            "no: a line of the form `name: value` was expected.");
  EXPECT_EQ(Edited("wishes: {cores: 2}\n", {"wishes.cores: 1"}),
            "no: the wishes in worker.yaml are on one line; set `wishes` whole.");
}

// --- The machine ---------------------------------------------------------------------------------

class OwnedWorker : public ::testing::Test {
 protected:
  void Begin(const std::string& text) {
    test::WriteText(File(), text);
    Owner::Place place;
    place.settings_file = File();
    place.load = [this] { return LoadSettings(File()); };
    place.board_root = temp_.Path();
    place.volume_file = temp_.Path() / "volume";
    place.facts.memory_bytes = 8ULL << 30;
    place.facts.applications = {{"primes", 1}, {"seti", 2}};
    owner_.emplace(std::move(place), LoadSettings(File()).value());
  }
  [[nodiscard]] std::filesystem::path File() const { return temp_.Path() / "worker.yaml"; }
  agent::Allowance Allowed(std::uint64_t moved = 0) {
    return owner_->Step(Instant{1}, {}, moved).allowance;
  }

  test::Folder temp_;
  std::optional<Owner> owner_;
};

TEST_F(OwnedWorker, OffersWhatItsOwnerGives) {
  Begin(
      "threads: 4\ncache_mb: 100\n"
      "wishes: {cores: 2, memory_mb: 512, disk_mb: 10, down_kbps: 80, applications: seti}\n");
  const agent::Allowance allowance = Allowed();
  EXPECT_EQ(allowance.threads, 2U);
  EXPECT_EQ(allowance.facts.memory_bytes, 512ULL << 20);
  EXPECT_EQ(allowance.cache_bytes, 10ULL << 20);
  EXPECT_EQ(allowance.down_bytes_per_second, 10'000U);
  ASSERT_EQ(allowance.facts.applications.size(), 1U);
  EXPECT_EQ(allowance.facts.applications[0].name, "seti");
}

TEST_F(OwnedWorker, AMistakeInTheFileLeavesTheOldSettingsInForce) {
  Begin("threads: 4\nwishes: {cores: 2}\n");
  test::WriteText(File(), "threads: 4\nwishes: {cores: many}\n");
  const Status read = owner_->Reload();
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().what.find("worker.yaml:2:17: a whole number"), std::string::npos)
      << read.error().what;
  EXPECT_EQ(Allowed().threads, 2U);
  test::WriteText(File(), "threads: 4\nwishes: {cores: 3}\n");
  EXPECT_TRUE(owner_->Reload());
  EXPECT_EQ(Allowed().threads, 3U);
}

TEST_F(OwnedWorker, WhatAnOperatorSetsIsInForceAndInTheFile) {
  Begin("threads: 4  # all\n");
  const auto set = owner_->Set({"wishes.cores: 1", "log_level: debug"});
  ASSERT_TRUE(set) << set.error().what;
  EXPECT_EQ(*set, "set: wishes.cores, log_level (from the next start on).");
  EXPECT_EQ(Allowed().threads, 1U);
  EXPECT_EQ(test::ReadText(File()), "threads: 4  # all\nwishes:\n  cores: 1\nlog_level: debug\n");
}

TEST_F(OwnedWorker, AnOperatorsMistakeChangesNothing) {
  const std::string text = "server: tcp://a:1\nthreads: 4\n";
  Begin(text);
  const auto many = owner_->Set({"wishes.cpu_percent: 200"});
  ASSERT_FALSE(many);
  EXPECT_NE(many.error().what.find("worker.yaml:4:16: a whole number from 1 to 100"),
            std::string::npos)
      << many.error().what;
  EXPECT_FALSE(owner_->Set({"threads: [2"}));
  EXPECT_FALSE(owner_->Set({"server: tcp://b:2"}));
  EXPECT_EQ(test::ReadText(File()), text);
}

TEST_F(OwnedWorker, AnOwnerMayLetNoOperatorSetTheMachine) {
  const std::string text = "threads: 4\nwishes: {set_by_operator: false}\n";
  Begin(text);
  EXPECT_FALSE(owner_->Set({"threads: 2"}));
  EXPECT_EQ(test::ReadText(File()), text);
  EXPECT_EQ(Allowed().threads, 4U);
}

TEST_F(OwnedWorker, TheExampleOfTheDocumentationIsUnderstood) {
  const std::string page = test::ReadText(PICUBE_SOURCE_DIR "/docs/WORKER.md");
  const std::string begin = "```yaml\n";
  const std::size_t from = page.find(begin);
  ASSERT_NE(from, std::string::npos);
  const std::size_t to = page.find("```", from + begin.size());
  const auto settings =
      ParseSettings("worker.yaml", page.substr(from + begin.size(), to - from - begin.size()));
  ASSERT_TRUE(settings) << settings.error().what;
  const Wishes& wishes = settings->wishes;
  ASSERT_EQ(wishes.profiles.size(), 2U);
  EXPECT_EQ(wishes.profiles[0].only_when_idle, (IdleWish{0.5, 1.5, 10}));
  EXPECT_EQ(wishes.profiles[0].hours.size(), 2U);
  EXPECT_EQ(wishes.profiles[1].applications, (std::vector<std::string>{"seti", "pulsar"}));
  EXPECT_EQ(ProfileAt(wishes, {.day = 1, .weekday = 0, .minute = 9 * 60})->name, "office");
  EXPECT_EQ(ProfileAt(wishes, {.day = 1, .weekday = 5, .minute = 60})->name, "night");
}

TEST_F(OwnedWorker, TheDaysVolumeOutlivesTheProcess) {
  const std::string text = "wishes: {volume_mb_per_day: 10}\n";
  Begin(text);
  EXPECT_EQ(Allowed(9 << 20).no_inputs, "");
  Begin(text);
  EXPECT_EQ(Allowed(0).no_inputs, "");
  EXPECT_NE(Allowed(1 << 20).no_inputs, "");
}

}  // namespace
}  // namespace picube
