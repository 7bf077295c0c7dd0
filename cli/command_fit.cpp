// submit --fit: a search of the application's, whose steps are batches. Two are under way at once,
// so that no machine waits for the slowest of the other.
//
// The folder keeps what a search needs to go on after this program has ended: `fit.id`, made once,
// of which the request keys of all batches are made, and the product of each settled step. The
// search is asked and told in the same order again, takes the same way, and a batch that was handed
// in already is not made twice.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "cli/submission.h"
#include "cli/text.h"
#include "cli/transfer.h"
#include "cli/views.h"
#include "protocol/transport/blob_transfer.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kUnderWay = 2;
constexpr std::uint64_t kMostPoints = 10'000;   // of a step
constexpr std::uint64_t kPointsForNobody = 24;  // while no host is connected

fs::path FolderOf(const SubmitCommand& command) {
  return command.fit.output.empty() ? "fit" : command.fit.output;
}

std::unexpected<Error> Unwritten(const fs::path& path) {
  return Fail(ErrorKind::kHost, fmt::format("cannot write {}.", path.string()),
              "Check the disk, or name another folder with --output DIR.");
}

// Whole or not at all.
Status WriteWhole(const fs::path& path, const std::string& text) {
  const fs::path part = path.string() + ".part";
  std::error_code error;
  std::ofstream file(part, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (file) fs::rename(part, path, error);
  if (!file || error) return Unwritten(path);
  return {};
}

std::string ReadWhole(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The step of the search that a folder holds; 0 if there is none.
std::uint64_t StepOf(const fs::path& folder) {
  std::istringstream lines(ReadWhole(folder / "fit.id"));
  for (std::string line; std::getline(lines, line);) {
    std::uint64_t step = 0;
    if (!line.starts_with("step ")) continue;
    std::from_chars(line.data() + 5, line.data() + line.size(), step);
    return step <= kMostPoints ? step : 0;
  }
  return 0;
}

// What the search depends on: another one must not go on in the same folder.
std::string Description(const SubmitCommand& command, const std::vector<UploadedFile>& files) {
  std::string text = fmt::format("{}\nevaluations {}\nseed {}\nstep {}\n", command.application,
                                 command.fit.evaluations, command.fit.seed, command.fit.step);
  for (const auto& [name, value] : command.parameters) text += name + " " + value + "\n";
  for (const UploadedFile& file : files) text += ToHex(file.blob.hash) + "\n";
  return text;
}

class FitRun {
 public:
  FitRun(Session& session, const SubmitCommand& command, std::unique_ptr<Search> search,
         Dataset dataset, std::vector<UploadedFile> files)
      : session_(session),
        command_(command),
        search_(std::move(search)),
        dataset_(std::move(dataset)),
        files_(std::move(files)),
        folder_(FolderOf(command)) {}

  Exit Go() {
    if (Status opened = OpenFolder(); !opened) return session_.Fail(opened.error());
    if (Status connected = session_.Connect(); !connected) return session_.Fail(connected.error());
    for (std::size_t i = 0; i < files_.size(); ++i) {
      const std::string path = dataset_.files[i].path.string();
      if (Status uploaded = UploadFile(session_, path, files_[i]); !uploaded) {
        return session_.Fail(uploaded.error());
      }
    }
    while (!search_->Enough() || !under_way_.empty()) {
      while (!search_->Enough() && under_way_.size() < kUnderWay) {
        if (Status begun = Begin(); !begun) return session_.Fail(begun.error());
      }
      if (Status settled = Settle(); !settled) return session_.Fail(settled.error());
    }
    const auto made = search_->Finish(folder_);
    if (!made) return session_.Fail(made.error());
    std::string text = search_->Progress() + "\n";
    std::vector<SavedFile> saved;
    for (const MergedFile& file : *made) {
      text += fmt::format("{}  ({})\n", file.path.string(), file.what);
      const Result<BlobRef> blob = HashFile(file.path.string());
      if (!blob) return session_.Fail(blob.error());
      saved.push_back({{file.name, file.what, *blob}, file.path.string(), true});
    }
    return session_.Show(ProductJson(last_batch_, saved), text);
  }

 private:
  struct Step {
    std::uint64_t number = 0;
    std::optional<BatchId> batch;  // none if its product is here already
  };

  [[nodiscard]] fs::path StepPath(std::uint64_t number) const {
    return folder_ / fmt::format("step-{:06}.csv", number);
  }

  Status OpenFolder() {
    std::error_code error;
    fs::create_directories(folder_, error);
    if (error) return Unwritten(folder_);
    const std::string description = Description(command_, files_);
    const fs::path path = folder_ / "fit.id";
    if (fs::exists(path, error)) {
      const std::string had = ReadWhole(path);
      const auto end = had.find('\n');
      if (end == std::string::npos || had.substr(end + 1) != description) {
        return Fail(ErrorKind::kUser,
                    fmt::format("{} belongs to another search.", folder_.string()),
                    "Give the same files and options to go on with it, or another --output DIR.");
      }
      id_ = had.substr(0, end);
      return {};
    }
    id_ = session_.world().make_request_key();
    return WriteWhole(path, id_ + "\n" + description);
  }

  Status Begin() {
    const Step step{begun_++, {}};
    const std::string content = search_->Propose();
    std::error_code error;
    under_way_.push_back(step);
    if (fs::exists(StepPath(step.number), error)) return {};
    const fs::path path = folder_ / "points.csv";
    if (Status written = WriteWhole(path, content); !written) return written;
    const Result<BlobRef> blob = HashFile(path.string());
    if (!blob) return std::unexpected(blob.error());
    std::vector<UploadedFile> files = files_;
    files.push_back({"points.csv", *blob});
    if (Status uploaded = UploadFile(session_, path.string(), files.back()); !uploaded) {
      return uploaded;
    }
    SubmitCommand own = command_;
    own.request_key = fmt::format("{}-{}", id_, step.number);
    own.name = command_.name.empty() ? fmt::format("fit step {}", step.number) : command_.name;
    if (!own.parameters.contains("units")) {
      own.parameters["units"] = std::to_string(command_.fit.step);
    }
    const auto submitted = session_.client().AskFor<Submitted>(MakeSubmit(session_, own, files));
    if (!submitted) return std::unexpected(submitted.error());
    under_way_.back().batch = last_batch_ = submitted->batch;
    return {};
  }

  // The earliest step to its end.
  Status Settle() {
    const Step step = under_way_.front();
    under_way_.pop_front();
    if (step.batch) {
      if (Status fetched = Fetch(*step.batch, StepPath(step.number)); !fetched) return fetched;
    }
    if (Status taken = search_->Take(StepPath(step.number)); !taken) return taken;
    session_.Note(search_->Progress());
    return {};
  }

  Status Fetch(BatchId batch, const fs::path& to) {
    const Result<BatchInfo> ended = FollowBatch(session_, batch);
    if (!ended) return std::unexpected(ended.error());
    const Result<Answer> answer =
        session_.client().AskFor<Answer>(QueryFor(QueryKind::kProduct, batch.value));
    if (!answer) return std::unexpected(answer.error());
    for (const ProductFile& file : answer->product) {
      if (file.name != search_->StepFile()) continue;
      return Download(session_.client(), file.blob, to.string(),
                      [](std::uint64_t, std::uint64_t) {});
    }
    return Fail(ErrorKind::kUser,
                fmt::format("batch {} of the search has no product.", batch.value),
                fmt::format("Why: `picube explain batch {}`. The same command goes on from {}.",
                            batch.value, folder_.string()));
  }

  Session& session_;
  const SubmitCommand& command_;
  std::unique_ptr<Search> search_;
  Dataset dataset_;
  std::vector<UploadedFile> files_;
  fs::path folder_;
  std::string id_;
  std::uint64_t begun_ = 0;
  std::deque<Step> under_way_;
  BatchId last_batch_;
};

}  // namespace

std::uint64_t PointsForHosts(const std::vector<HostInfo>& hosts) {
  std::uint64_t cores = 0;
  for (const HostInfo& host : hosts) {
    if (host.connected && !host.draining && !host.retired) cores += host.facts.cores;
  }
  return cores == 0 ? kPointsForNobody : std::min(kMostPoints, 2 * cores);
}

Exit RunFit(Session& session, const SubmitCommand& given) {
  auto prepared = Prepare(session, given);
  if (!prepared) return session.Fail(prepared.error());
  auto& [dataset, files] = *prepared;
  SubmitCommand command = given;
  // A search goes on with the step it began with, whoever is connected by then.
  if (command.fit.step == 0) command.fit.step = StepOf(FolderOf(command));
  if (command.fit.step == 0) {
    if (Status connected = session.Connect(); !connected) return session.Fail(connected.error());
    const auto hosts = AskPages(session.client(), QueryKind::kHosts, &Answer::hosts);
    if (!hosts) return session.Fail(hosts.error());
    command.fit.step = PointsForHosts(*hosts);
  }
  const Application* application = session.world().applications.Find(command.application);
  auto search = application->StartSearch(
      dataset, command.parameters, {command.fit.evaluations, command.fit.seed, command.fit.step});
  if (!search) return session.Fail(search.error());
  return FitRun(session, command, std::move(*search), std::move(dataset), std::move(files)).Go();
}

}  // namespace picube
