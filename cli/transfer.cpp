#include "cli/transfer.h"

#include <fmt/format.h>

#include <memory>
#include <utility>
#include <vector>

#include "protocol/transport/blob_transfer.h"

namespace picube {
namespace {

// Counts the silence of the server: a transfer gives up when it got nowhere for
// `Patience::silence`, or for a few answers' time if nothing was ever heard.
class Stall {
 public:
  explicit Stall(const Client& client) : client_(client), moved_(client.Now()) {}

  void Moved() {
    moved_ = client_.Now();
    heard_ = true;
    idle_ = 0;
  }
  // A round without an error that brought nothing, though the server answered: many of them mean
  // that it never will.
  [[nodiscard]] Status Idle() {
    constexpr int kMost = 20;
    if (++idle_ < kMost) return {};
    return Fail(ErrorKind::kProject, "the server answers, but the transfer does not go on.",
                "Look into its log; the same command again goes on where this one stopped.");
  }
  // Whether to try again after `error`.
  [[nodiscard]] bool Bears(const Error& error) const {
    const Patience& patience = client_.patience();
    const Duration most = heard_ ? patience.silence : patience.answer * patience.attempts;
    return error.kind == ErrorKind::kLink && client_.Now() - moved_ < most;
  }

 private:
  const Client& client_;
  Instant moved_;
  bool heard_ = false;
  int idle_ = 0;
};

// The next chunks to put, as many as the upload lets go now.
Result<std::vector<Message>> NextPuts(BlobUpload& upload) {
  std::vector<Message> puts;
  while (true) {
    Result<std::optional<PutChunk>> put = upload.Next();
    if (!put) return std::unexpected(put.error());
    if (!*put) return puts;
    puts.emplace_back(std::move(**put));
  }
}

}  // namespace

Status Upload(Client& client, const std::string& path, const BlobRef& blob,
              const TransferProgress& progress) {
  Result<std::unique_ptr<ChunkSource>> source = ChunkSource::Open(path, blob);
  if (!source) return std::unexpected(source.error());
  BlobUpload upload(std::move(*source));
  Stall stall(client);
  while (!upload.Complete()) {
    Result<std::vector<Message>> puts = NextPuts(upload);
    if (!puts) return std::unexpected(puts.error());
    if (puts->empty()) {  // everything sent and confirmed, yet not complete: ask how it stands
      upload.Restart();
      continue;
    }
    Result<std::vector<Message>> answers = client.AskAll(*puts);
    if (!answers) {
      if (!stall.Bears(answers.error())) return std::unexpected(answers.error());
      upload.Restart();
      continue;
    }
    const std::uint64_t before = upload.Confirmed();
    for (const Message& answer : *answers) {
      if (const auto* state = std::get_if<PutState>(&answer)) upload.Accept(*state);
    }
    if (upload.Complete() || upload.Confirmed() != before) {
      stall.Moved();
    } else if (Status idle = stall.Idle(); !idle) {
      return idle;
    }
    progress(upload.Complete() ? blob.size : upload.Confirmed(), blob.size);
  }
  return {};
}

Status Download(Client& client, const BlobRef& blob, const std::string& path,
                const TransferProgress& progress) {
  Result<std::unique_ptr<PartFile>> part = PartFile::Open(path);
  if (!part) return std::unexpected(part.error());
  Result<BlobAssembly> assembly = BlobAssembly::Start(blob, std::move(*part));
  if (!assembly) return std::unexpected(assembly.error());
  BlobDownload download(std::move(*assembly), limits::kChunkCredit);
  Stall stall(client);
  bool started_over = false;
  while (!download.Complete()) {
    download.Restart();  // one question at a time: each ends before the next
    const std::optional<GetChunk> get = download.Next();
    if (!get) break;
    Status taken;
    std::uint32_t left = get->credit;
    const std::uint64_t start = download.NextOffset();
    const Status asked = client.AskMany(*get, [&](const Message& answer) {
      const auto* chunk = std::get_if<Chunk>(&answer);
      if (chunk == nullptr) return --left > 0;
      const std::uint64_t before = download.NextOffset();
      taken = download.Accept(*chunk);
      if (taken && download.NextOffset() > before) stall.Moved();
      progress(download.NextOffset(), blob.size);
      return taken && !download.Complete() && --left > 0;
    });
    if (!taken) {  // damaged: what an earlier run left may be at fault, so try once from the start
      if (taken.error().kind != ErrorKind::kRefused) return taken;
      if (started_over) {
        return Fail(ErrorKind::kProject, fmt::format("{} arrived damaged, twice.", path),
                    "Nothing was kept of it; look into the server's log for its blob store.");
      }
      started_over = true;
      continue;
    }
    if (!asked && !stall.Bears(asked.error())) return asked;
    if (asked && download.NextOffset() == start && !download.Complete()) {
      if (Status idle = stall.Idle(); !idle) return idle;
    }
  }
  return {};
}

}  // namespace picube
