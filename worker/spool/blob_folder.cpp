#include "worker/spool/blob_folder.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <utility>

#include "protocol/crypto/hash.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

agent::BlobState StateOf(const BlobAssembly& assembly) {
  return {assembly.Blob().hash, assembly.NextOffset(), assembly.Complete(), std::nullopt};
}

// Of the sink: the disk is full, or this machine cannot keep it. Of the bytes: the link's, to be
// fetched afresh.
Error Meant(Error error) {
  const bool ours = error.kind == ErrorKind::kStore || error.kind == ErrorKind::kHost;
  if (!ours) error.kind = ErrorKind::kLink;
  return error;
}

fs::path PartOf(fs::path path) {
  path += ".part";
  return path;
}

// Nothing if it cannot be read, or `stop` says so.
std::optional<BlobRef> HashUnless(const std::function<bool()>& stop, const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  Bytes piece(1 << 20, '\0');
  Hasher hasher;
  BlobRef blob;
  while (file && !(stop && stop())) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const auto got = static_cast<std::size_t>(file.gcount());
    hasher.Update(BytesView(piece).substr(0, got));
    blob.size += got;
  }
  if (!file.eof()) return std::nullopt;
  blob.hash = hasher.Finish();
  return blob;
}

}  // namespace

Result<BlobFolder> BlobFolder::Open(fs::path folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return Fail(ErrorKind::kStore,
                "cannot make the folder " + folder.string() + ": " + error.message() + ".");
  }
  return BlobFolder(std::move(folder));
}

fs::path BlobFolder::PathOf(const Digest& blob) const { return folder_ / ToHex(blob); }

BlobFolder::Contents BlobFolder::Load(const std::vector<BlobRef>& wanted,
                                      const std::function<bool()>& stop) {
  Contents contents;
  std::vector<std::pair<fs::file_time_type, BlobRef>> found;
  std::vector<fs::path> remove;
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    const fs::path& path = it->path();
    Digest hash;
    if (!FromHex(path.stem().string(), hash)) continue;
    if (path.has_extension()) {
      const auto needed = [&](const BlobRef& blob) { return blob.hash == hash; };
      if (std::ranges::none_of(wanted, needed)) remove.push_back(path);
      continue;
    }
    const std::optional<BlobRef> real = HashUnless(stop, path);
    if (stop && stop()) return contents;
    std::error_code no_time;
    const auto used = fs::last_write_time(path, no_time);
    if (real && real->hash == hash) {
      found.emplace_back(used, *real);
      continue;
    }
    contents.warnings.push_back("the cached input " + path.string() +
                                " is damaged and is fetched again when it is needed.");
    remove.push_back(path);
  }
  for (const fs::path& path : remove) fs::remove(path, error);
  std::ranges::sort(found, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second.hash < b.second.hash;
  });
  for (auto& [used, blob] : found) contents.blobs.push_back(blob);
  return contents;
}

agent::BlobState BlobFolder::Begin(const BlobRef& blob) {
  incoming_.clear();  // the agent fetches one at a time
  auto part = PartFile::Open(PathOf(blob.hash).string());
  if (!part) return {blob.hash, 0, false, Meant(part.error())};
  auto assembly = BlobAssembly::Start(blob, *std::move(part));
  if (!assembly) return {blob.hash, 0, false, Meant(assembly.error())};
  agent::BlobState state = StateOf(*assembly);
  if (!state.complete) incoming_.emplace(blob.hash, *std::move(assembly));
  return state;
}

agent::BlobState BlobFolder::Store(const Chunk& chunk) {
  const auto found = incoming_.find(chunk.blob);
  if (found == incoming_.end()) {
    return {chunk.blob, 0, false, Error{ErrorKind::kLink, "a chunk of a blob not asked for.", {}}};
  }
  const Status taken = found->second.Accept(chunk);
  agent::BlobState state = StateOf(found->second);
  if (!taken) state.error = Meant(taken.error());
  if (state.complete) incoming_.erase(found);
  return state;
}

void BlobFolder::Drop(const Digest& blob) {
  incoming_.erase(blob);
  std::error_code gone;
  fs::remove(PathOf(blob), gone);
  fs::remove(PartOf(PathOf(blob)), gone);
}

fs::path BlobFolder::Use(const Digest& blob) const {
  fs::path path = PathOf(blob);
  std::error_code kept;  // only the order of eviction after a restart depends on it
  fs::last_write_time(path, fs::file_time_type::clock::now(), kept);
  return path;
}

}  // namespace picube
