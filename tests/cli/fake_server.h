// A server for the tests of the command line: answers from prepared values, keeps blobs in memory,
// loses what it is told to lose. Its clock moves only while somebody waits for it.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "cli/link.h"
#include "cli/program.h"
#include "workunits/application.h"

namespace picube {

struct FakeServer {
  // Answers everything but chunks; nothing = silence.
  std::function<std::optional<Message>(const Message&)> answer;
  std::vector<Message> asked;                     // everything that arrived, chunks too
  std::vector<BatchProgress> watched;             // what a Watch is told, in order, in one go
  std::map<Digest, std::string> blobs;            // whole
  std::map<Digest, std::string> arriving;         // in part
  int lose = 0;                                   // so many requests that come next are lost
  std::optional<std::size_t> break_after_chunks;  // then silence
  std::optional<Error> link_error;                // what Receive fails with
  Instant now{1'000'000};

  std::vector<Envelope> Handle(const Envelope& envelope);
  [[nodiscard]] std::unique_ptr<Link> Connect();
  // How many of the messages asked are of type T, and the last of them.
  template <class T>
  [[nodiscard]] int Count() const {
    int count = 0;
    for (const Message& each : asked) count += std::holds_alternative<T>(each) ? 1 : 0;
    return count;
  }
  template <class T>
  [[nodiscard]] T Last() const {
    T last{};
    for (const Message& each : asked) {
      if (const T* it = std::get_if<T>(&each)) last = *it;
    }
    return last;
  }

 private:
  Message TakeChunk(const PutChunk& put);
  std::vector<Message> GiveChunks(const GetChunk& get) const;
  std::size_t chunks_ = 0;
};

// An application with one of everything: at least one file, which must begin with "data".
class FakeApplication final : public Application {
 public:
  FakeApplication();
  [[nodiscard]] const ApplicationInfo& Info() const override { return info_; }
  [[nodiscard]] Result<std::unique_ptr<UnitSource>> Split(
      const Dataset& dataset, const Parameters& parameters) const override;
  [[nodiscard]] ComputeOutcome Compute(const UnitInput&, ComputeContext&) const override {
    return Stopped{};
  }
  [[nodiscard]] Result<std::unique_ptr<Merger>> StartMerge(
      const Dataset&, const Parameters&, const std::filesystem::path&) const override {
    return Fail(ErrorKind::kProject, "no merge here.");
  }

 private:
  ApplicationInfo info_;
};

// A folder of its own, a world around the fake server, and what `picube` printed.
class Desk {
 public:
  Desk();
  ~Desk();
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  // Runs `picube` with these words; `out` and `err` are what it printed.
  Exit Run(const std::vector<std::string>& words);
  // Writes a file below the folder and gives its path.
  std::string Write(const std::string& name, const std::string& content) const;
  [[nodiscard]] std::string Path(const std::string& name) const { return (folder / name).string(); }
  // Makes the profile that Run finds by PICUBE_PROFILE.
  void Join() const;

  std::filesystem::path folder;
  FakeServer server;
  std::map<std::string, std::string> variables;
  ApplicationRegistry applications;
  bool terminal = false;
  std::string out, err;
  int connections = 0;
  int keys_made = 0;
};

[[nodiscard]] std::string ReadAll(const std::filesystem::path& path);

// Compares with tests/cli/golden/NAME; PICUBE_REWRITE=1 writes it instead.
void ExpectGolden(const std::string& name, const std::string& text);

// Examples with every field set.
[[nodiscard]] BatchInfo ExampleBatch();
[[nodiscard]] HostInfo ExampleHost();
[[nodiscard]] ServerInfo ExampleServer();

}  // namespace picube
