// submit: check here, upload, submit, and perhaps wait. Everything that can be wrong with the data
// is found before the server hears of it.
#include <fmt/format.h>

#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "cli/json_views.h"
#include "cli/session.h"
#include "cli/submission.h"
#include "cli/text.h"
#include "cli/transfer.h"
#include "cli/views.h"
#include "protocol/base/limits.h"
#include "protocol/transport/blob_transfer.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

Status CheckCounts(const ApplicationInfo& info, const SubmitCommand& command) {
  const std::size_t files = command.files.size();
  if (files >= info.least_files && files <= info.most_files) return {};
  const std::string wanted =
      info.most_files == 0
          ? "takes no file"
          : fmt::format("takes {}", info.files_help.empty() ? "files" : info.files_help);
  return Fail(ErrorKind::kUser, fmt::format("{} {}; {} were given.", info.name, wanted, files),
              fmt::format("`picube submit {} --help` shows what it needs.", info.name));
}

Status CheckName(const std::string& what, const std::string& name) {
  if (name.size() <= limits::kNameBytes && Clean(name) == name) return {};
  return Fail(ErrorKind::kUser,
              fmt::format("the {} \"{}\" is no good.", what, Shorten(Clean(name), 40)),
              fmt::format("Use at most {} bytes of ordinary letters.", limits::kNameBytes));
}

}  // namespace

Result<Dataset> MakeDataset(const std::vector<std::string>& files) {
  Dataset dataset;
  std::set<std::string> names;
  for (const std::string& file : files) {
    const fs::path path(file);
    std::error_code error;
    if (!fs::is_regular_file(path, error)) {
      const std::string why = error                     ? error.message()
                              : fs::exists(path, error) ? "not an ordinary file"
                                                        : "no such file";
      return Fail(ErrorKind::kUser, fmt::format("cannot read {}: {}.", Clean(file), why),
                  "Check the path.");
    }
    const std::string name = path.filename().string();
    if (Status good = CheckName("file name", name); !good) return std::unexpected(good.error());
    if (!names.insert(name).second) {
      return Fail(ErrorKind::kUser, fmt::format("two files are called {}.", name),
                  "Rename one: a dataset tells its files apart by name.");
    }
    dataset.files.push_back({.name = name, .path = path});
  }
  return dataset;
}

namespace {

// What the server will do with the data first: so mistakes are named here, before any upload.
Status CheckSplit(const Application& application, const Dataset& dataset,
                  const Parameters& parameters) {
  Result<std::unique_ptr<UnitSource>> units = application.Split(dataset, parameters);
  if (!units) return std::unexpected(units.error());
  if ((*units)->Total() > 0) return {};
  return Fail(
      ErrorKind::kUser, "this makes no work at all.",
      fmt::format("`picube submit {} --help` explains the parameters.", application.Info().name));
}

}  // namespace

Result<std::vector<UploadedFile>> HashFiles(const Dataset& dataset) {
  std::vector<UploadedFile> hashed;
  for (const Dataset::File& file : dataset.files) {
    Result<BlobRef> blob = HashFile(file.path.string());
    if (!blob) return std::unexpected(blob.error());
    hashed.push_back({file.name, *blob});
  }
  return hashed;
}

Status UploadFile(Session& session, const std::string& path, const UploadedFile& file) {
  const std::unique_ptr<ProgressLine> line = session.MakeTransferProgress();
  const Instant started = session.world().now();
  std::optional<std::uint64_t> first;  // where the server was already
  Progress shown{.label = "upload " + file.name,
                 .total = file.blob.size,
                 .amount = {},
                 .rate = {},
                 .note = {}};
  const auto progress = [&](std::uint64_t done, std::uint64_t total) {
    if (!first) first = done;
    const double seconds = Seconds(session.world().now() - started);
    const double rate = seconds > 0.5 ? static_cast<double>(done - *first) / seconds : 0;
    shown.done = done;
    shown.amount = fmt::format("{} of {}", HumanBytes(done), HumanBytes(total));
    if (rate >= 1) {
      shown.rate = HumanBytes(static_cast<std::uint64_t>(rate)) + "/s";
      shown.left_ms = static_cast<std::uint64_t>(static_cast<double>(total - done) / rate * 1000);
    }
    if (line != nullptr) line->Show(shown, session.world().now());
  };
  Status uploaded = Upload(session.client(), path, file.blob, progress);
  if (uploaded && line != nullptr) line->Finish(shown);
  return uploaded;
}

Submit MakeSubmit(Session& session, const SubmitCommand& command,
                  const std::vector<UploadedFile>& files) {
  Submit submit{.name = command.name,
                .application = command.application,
                .parameters = command.parameters,
                .files = {},
                .replication = command.replication,
                .priority = command.priority,
                .request_key = command.request_key.empty() ? session.world().make_request_key()
                                                           : command.request_key};
  for (const UploadedFile& file : files) submit.files.push_back({file.name, file.blob});
  return submit;
}

namespace {

Exit WaitFor(Session& session, const Submitted& submitted, const Submit& submit,
             const std::vector<UploadedFile>& files) {
  const Result<BatchInfo> ended = FollowBatch(session, submitted.batch);
  if (!ended) {
    Error error = ended.error();
    error.next += fmt::format(" Batch {} was submitted: `picube watch {}` goes on.",
                              submitted.batch.value, submitted.batch.value);
    return session.Fail(error);
  }
  session.Show(SubmittedJson(submitted.batch, submit.request_key, files, &*ended), EndText(*ended));
  return ExitOf(*ended);
}

}  // namespace

Result<std::pair<Dataset, std::vector<UploadedFile>>> Prepare(Session& session,
                                                              const SubmitCommand& command) {
  const Application* application = session.world().applications.Find(command.application);
  if (application == nullptr) {
    return Fail(ErrorKind::kUser, fmt::format("there is no application {}.", command.application),
                "`picube submit --help` lists them.");
  }
  if (Status good = CheckCounts(application->Info(), command); !good) {
    return std::unexpected(good.error());
  }
  for (const auto& [what, name] :
       {std::pair{"name", command.name}, std::pair{"request key", command.request_key}}) {
    if (Status good = CheckName(what, name); !good) return std::unexpected(good.error());
  }
  Result<Dataset> dataset = MakeDataset(command.files);
  if (!dataset) return std::unexpected(dataset.error());
  if (Status good = CheckSplit(*application, *dataset, command.parameters); !good) {
    return std::unexpected(good.error());
  }
  Result<std::vector<UploadedFile>> files = HashFiles(*dataset);
  if (!files) return std::unexpected(files.error());
  return std::pair{std::move(*dataset), std::move(*files)};
}

Exit Run(Session& session, const SubmitCommand& command) {
  if (command.fit.on) return RunFit(session, command);
  const auto prepared = Prepare(session, command);
  if (!prepared) return session.Fail(prepared.error());
  const auto& [dataset, files] = *prepared;
  if (Status connected = session.Connect(); !connected) return session.Fail(connected.error());
  for (std::size_t i = 0; i < files.size(); ++i) {
    const Status uploaded = UploadFile(session, dataset.files[i].path.string(), files[i]);
    if (!uploaded) return session.Fail(uploaded.error());
  }
  const Submit submit = MakeSubmit(session, command, files);
  const Result<Submitted> submitted = session.client().AskFor<Submitted>(submit);
  if (!submitted) {
    Error error = submitted.error();
    if (error.kind == ErrorKind::kLink) {
      error.next += fmt::format(
          " It may have been taken: the same command with --request-key {} "
          "makes no second batch.",
          submit.request_key);
    }
    return session.Fail(error);
  }
  const std::uint64_t id = submitted->batch.value;
  if (command.wait) {
    if (!session.json()) session.world().out << fmt::format("batch {}\n", id) << std::flush;
    return WaitFor(session, *submitted, submit, files);
  }
  return session.Show(SubmittedJson(submitted->batch, submit.request_key, files, nullptr),
                      fmt::format("batch {}\n\nFollow it:   picube watch {}\n"
                                  "The product: picube product {}\n",
                                  id, id, id));
}

}  // namespace picube
