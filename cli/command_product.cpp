// product: what a batch has made, file by file. A file has its name only when it is whole and its
// hash is right; one that is there already with the same content is not fetched again.
#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "cli/json_views.h"
#include "cli/names.h"
#include "cli/session.h"
#include "cli/text.h"
#include "cli/transfer.h"
#include "cli/views.h"
#include "protocol/transport/blob_transfer.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

// The name comes from the server: it must stay inside the folder.
Status CheckFileName(const std::string& name) {
  const bool inside = !name.empty() && name != "." && name != ".." &&
                      name.find_first_of("/\\") == std::string::npos && Clean(name) == name;
  if (inside) return {};
  return Fail(ErrorKind::kProject,
              fmt::format("the server offers a file called \"{}\".", Clean(name)),
              "It is not downloaded: a product's file has a plain name.");
}

Status MakeFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) return {};
  return Fail(ErrorKind::kHost,
              fmt::format("cannot make the folder {}: {}.", folder.string(), error.message()),
              "Name another one with --output DIR.");
}

// True if the file is there already with this content. An error if it is there with another.
Result<bool> IsThere(const fs::path& path, const BlobRef& blob, bool force) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return false;
  const Result<BlobRef> held = HashFile(path.string());
  if (held && *held == blob) return true;
  if (force) return false;
  return Fail(ErrorKind::kUser, fmt::format("{} is there already and differs.", path.string()),
              "Name another folder with --output DIR, or replace it with --force.");
}

Result<SavedFile> Fetch(Session& session, const ProductFile& file, const fs::path& folder,
                        bool force) {
  if (Status good = CheckFileName(file.name); !good) return std::unexpected(good.error());
  SavedFile saved{.file = file, .path = (folder / file.name).string(), .fetched = false};
  const Result<bool> there = IsThere(saved.path, file.blob, force);
  if (!there) return std::unexpected(there.error());
  if (*there) return saved;
  const std::unique_ptr<ProgressLine> line = session.MakeTransferProgress();
  const auto progress = [&](std::uint64_t done, std::uint64_t total) {
    if (line == nullptr) return;
    line->Show({.label = file.name,
                .done = done,
                .total = total,
                .amount = fmt::format("{} of {}", HumanBytes(done), HumanBytes(total)),
                .rate = {},
                .note = {}},
               session.world().now());
  };
  if (Status got = Download(session.client(), file.blob, saved.path, progress); !got) {
    return std::unexpected(got.error());
  }
  saved.fetched = true;
  return saved;
}

// The answer has no files: whether they will come depends on the batch.
Error NoProduct(Session& session, std::uint64_t id) {
  const Result<Answer> answer = session.client().AskFor<Answer>(QueryFor(QueryKind::kBatch, id));
  if (!answer) return answer.error();
  if (answer->batches.empty()) {
    return {ErrorKind::kUser, fmt::format("there is no batch {}.", id),
            "`picube status` lists the batches."};
  }
  const BatchInfo& batch = answer->batches.front();
  return {ErrorKind::kUser, NoProductText(batch),
          HasEnded(batch) ? fmt::format("Why: `picube explain batch {}`.", id)
                          : fmt::format("`picube watch {}` waits for it.", id)};
}

}  // namespace

Exit Run(Session& session, const ProductCommand& command) {
  if (Status connected = session.Connect(); !connected) return session.Fail(connected.error());
  const std::uint64_t id = command.batch.value;
  const Result<Answer> answer = session.client().AskFor<Answer>(QueryFor(QueryKind::kProduct, id));
  if (!answer) return session.Fail(answer.error());
  if (answer->product.empty()) return session.Fail(NoProduct(session, id));
  const fs::path folder = command.output.empty() ? fmt::format("batch-{}", id) : command.output;
  if (Status made = MakeFolder(folder); !made) return session.Fail(made.error());
  std::vector<SavedFile> files;
  std::string text;
  for (const ProductFile& file : answer->product) {
    Result<SavedFile> saved = Fetch(session, file, folder, command.force);
    if (!saved) return session.Fail(saved.error());
    text +=
        fmt::format("{}  ({}, {})\n", saved->path, Clean(file.what), HumanBytes(file.blob.size));
    files.push_back(std::move(*saved));
  }
  return session.Show(ProductJson(command.batch, files), text);
}

}  // namespace picube
